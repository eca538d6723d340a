//! Targets along several views against DNS servers and mail servers in this process, through snapshots.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::dns::{AddressFamily, Addresses, Asking, Exchanger, Lookup, Resolvers};
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render;
use smtp_tls_exporter::report::{Snapshot, State};
use smtp_tls_exporter::timestamp::Timestamp;
use testkit::fleet;
use testkit::peer::{Answer, Dns};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::watched::{
    RELAY, Watched, at, clock, dns, endpoints, metrics, reason, scrape, table, world, zone,
};

#[tokio::test]
async fn a_split_horizon_says_where_each_view_leads() {
    let world = world();
    let (healthy, expired) = (world.issue(RELAY, -30, 60), world.issue(RELAY, -93, -3));
    let (port, _servers) = fleet(0, &[(31, &healthy), (32, &expired)]).await;
    let inside = dns(&[(RELAY, &[at(31)])]).await;
    let outside = dns(&[(RELAY, &[at(32)])]).await;
    let yaml = format!(
        "views:\n  internal: {{resolvers: 'udp://{}'}}\n  external: {{resolvers: 'tcp://{}'}}\n\
         targets: [{{host: {RELAY}, ports: {port}, views: [internal, external]}}]",
        inside.address, outside.address
    );
    let snapshot = world.look(&yaml).await;
    let relay = RELAY.to_owned();
    assert_eq!(
        endpoints(&snapshot.targets[0]),
        [
            ("127.0.0.31".into(), relay.clone(), State::Inconsistent),
            ("127.0.0.32".into(), relay, State::Expired),
        ]
    );
    let said = table(&snapshot);
    let inside = "internal: valid until 2026-07-31 (issuer Bear Issuing CA, SHA-256";
    let outside = "views_differ: external: expired 2026-05-29 (issuer Bear Issuing CA, SHA-256";
    assert!(said.contains(inside) && said.contains(outside), "{said}");
    assert!(
        said.contains("127.0.0.31:") && said.contains("(internal)"),
        "{said}"
    );
    let text = metrics(&snapshot);
    for line in [
        format!("smtp_tls_target_views_agree{{target=\"{RELAY}\"}} 0"),
        format!("smtp_tls_target_resolved{{target=\"{RELAY}\",view=\"external\"}} 1"),
        format!("smtp_tls_target_endpoints{{target=\"{RELAY}\",view=\"internal\"}} 1"),
        format!("smtp_tls_target_distinct_certificates{{target=\"{RELAY}\",offer=\"any\"}} 2"),
    ] {
        assert!(text.contains(&line), "{line} is missing in\n{text}");
    }
    let json = render::json(&snapshot);
    assert!(json.contains("\"views_agree\": false"), "{json}");
}

#[tokio::test]
async fn views_that_agree_are_healthy() {
    let world = world();
    let leaf = world.issue(RELAY, -30, 60);
    let (port, _servers) = fleet(0, &[(33, &leaf), (34, &leaf)]).await;
    let inside = dns(&[(RELAY, &[at(33)])]).await;
    let outside = dns(&[(RELAY, &[at(34), at(33)])]).await;
    let yaml = format!(
        "views: {{a: {{resolvers: 'udp://{}'}}, b: {{resolvers: 'udp://{}'}}}}\n\
         targets: [{{host: {RELAY}, ports: {port}, views: [a, b]}}]",
        inside.address, outside.address
    );
    let snapshot = world.look(&yaml).await;
    assert_eq!(snapshot.targets[0].entries.len(), 3);
    assert_eq!(snapshot.targets[0].state(), State::Healthy);
    assert!(metrics(&snapshot).contains("views_agree{target=\"mailrelay.bears.test\"} 1"));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_again_over_tcp() {
    let world = world();
    let dns = dns(&[(RELAY, &[Answer::TooLong, at(39)])]).await;
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://{}'}}}}\ntargets: [{{host: {RELAY}, views: v}}]",
        dns.address
    );
    let settings = world.settings(&yaml);
    let resolvers = Resolvers::new(settings.policies(), Duration::from_secs(5));
    let found = resolvers.addresses("v", RELAY, AddressFamily::Ipv4).await;
    let found: Vec<_> = found
        .unwrap()
        .value
        .records
        .iter()
        .map(|r| r.address)
        .collect();
    assert_eq!(found, [IpAddr::from([127, 0, 0, 39])]);
}

#[tokio::test]
async fn a_dead_resolver_delays_no_other_view() {
    let world = world();
    let leaf = world.issue(RELAY, -30, 60);
    let (port, _servers) = fleet(0, &[(40, &leaf)]).await;
    let dead = dns(&[(RELAY, &[Answer::Silence])]).await;
    let alive = dns(&[(RELAY, &[at(40)])]).await;
    let yaml = format!(
        "views: {{dead: {{resolvers: 'udp://{}'}}, alive: {{resolvers: 'udp://{}'}}}}\n\
         targets: [{{host: {RELAY}, ports: {port}, views: [dead, alive]}}]",
        dead.address, alive.address
    );
    // Nobody waits so long: if the dead view held up the other, nothing would be in at the deadline.
    let resolvers = Resolvers::new(world.settings(&yaml).policies(), Duration::from_secs(600));
    let rounds = world.rounds_with(&yaml, resolvers, clock);
    let mut deadline = Duration::from_secs(1);
    let snapshot = loop {
        let snapshot = rounds.scrape(Instant::now() + deadline).await;
        let is_in = snapshot.entries().any(|(_, e)| e.obtained_at.is_some());
        if is_in || deadline > Duration::from_secs(60) {
            break snapshot;
        }
        deadline *= 2;
    };
    let target = &snapshot.targets[0];
    assert_eq!(target.entries.len(), 1, "{}", table(&snapshot));
    assert_eq!(reason(target), Some(Reason::Pending));
    assert_eq!(target.views.agree(), None);
}

#[tokio::test]
async fn last_known_addresses_are_probed_on_and_called_so() {
    let world = world();
    let leaf = world.issue(RELAY, -30, 60);
    let (port, _servers) = fleet(0, &[(41, &leaf)]).await;
    let dns = dns(&[(RELAY, &[at(41)])]).await;
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://{}'}}}}\ntargets: [{{host: {RELAY}, ports: {port}, views: v}}]",
        dns.address
    );
    let rounds = world.rounds_with(&yaml, Forgetful(dns.address), clock);
    let look = || scrape(&rounds);
    assert_eq!(look().await.targets[0].state(), State::Healthy);
    dns.change(zone(&[(RELAY, &[Answer::Code(ResponseCode::Refused)])]));
    let snapshot = look().await;
    let target = &snapshot.targets[0];
    assert_eq!(target.entries[0].state, State::Healthy);
    assert_eq!(target.state(), State::Critical);
    assert_eq!(target.resolutions[0].last_known, 1);
    let said = table(&snapshot);
    assert!(
        said.contains("its last known endpoint is probed on"),
        "{said}"
    );
    assert!(said.contains("last known address"), "{said}");
    assert!(render::json(&snapshot).contains("\"last_known\": true"));
    let text = metrics(&snapshot);
    assert!(
        text.contains("smtp_tls_target_resolved{target=\"mailrelay.bears.test\",view=\"v\"} 0")
    );
    assert!(text.contains("smtp_tls_probe_success{"));
}

#[tokio::test]
async fn half_an_answer_loses_no_endpoint_and_names_the_family() {
    let world = world();
    let leaf = world.issue(RELAY, -30, 60);
    let (port, _servers) = fleet(0, &[(44, &leaf)]).await;
    let dns = dns(&[]).await;
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://{}'}}}}\ndefaults: {{ports: {port}, views: v}}\n\
         targets: [{{host: {RELAY}}}, {{mx: bears.test}}]",
        dns.address
    );
    let rounds = world.rounds_with(&yaml, Forgetful(dns.address), clock);
    let answers = |failing: Option<Answer>| {
        let both = [at(44), Answer::Address("::1".parse().unwrap())];
        let relay: Vec<_> = failing.into_iter().chain(both).collect();
        let mx: &[Answer] = &[Answer::Mx(10, RELAY)];
        dns.change(zone(&[(RELAY, &relay), ("bears.test", mx)]));
    };
    answers(None);
    let look = || scrape(&rounds);
    assert_eq!(reason(&look().await.targets[0]), None);
    for (kind, family) in [(RecordType::AAAA, "IPv6"), (RecordType::A, "IPv4")] {
        for code in [Some(ResponseCode::ServFail), None] {
            answers(Some(Answer::Fails(kind, code)));
            let snapshot = look().await;
            let text = metrics(&snapshot);
            for (nth, name) in [(0, RELAY), (1, "mx:bears.test")] {
                let found = &snapshot.targets[nth].resolutions[0];
                assert_eq!((found.endpoints, found.last_known), (2, 1), "{kind} {name}");
                assert_eq!(found.state(), Some(State::Warning));
                for line in [
                    format!("smtp_tls_target_resolved{{target=\"{name}\",view=\"v\"}} 1"),
                    format!(
                        "smtp_tls_target_failure_info{{target=\"{name}\",view=\"v\",reason=\"dns_error\"}} 1"
                    ),
                ] {
                    assert!(text.contains(&line), "{line}\n{text}");
                }
            }
            let told = format!("{family} addresses of {RELAY} unknown: ");
            for said in [table(&snapshot), render::json(&snapshot)] {
                assert!(said.contains(&told), "{said}");
            }
            let page = render::target(&snapshot.targets[0], &snapshot, "0");
            assert!(page.contains(&told), "{page}");
        }
    }
    answers(None);
    let whole = look().await;
    assert_eq!(
        (
            reason(&whole.targets[0]),
            whole.targets[0].resolutions[0].last_known
        ),
        (None, 0)
    );
}

static SECONDS: AtomicI64 = AtomicI64::new(0);

#[tokio::test]
async fn a_name_that_hands_out_some_of_its_addresses_keeps_all_its_endpoints() {
    fn later() -> Timestamp {
        clock().plus_seconds(SECONDS.load(Ordering::Relaxed))
    }
    let world = world();
    let (old, new) = (world.issue(RELAY, -40, 50), world.issue(RELAY, -30, 60));
    let (port, _servers) = fleet(0, &[(45, &new), (46, &old), (47, &new)]).await;
    let dns = dns(&[(RELAY, &[at(45), at(46)])]).await;
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://{}'}}}}\ntargets: [{{host: {RELAY}, ports: {port}, views: v}}]",
        dns.address
    );
    let rounds = world.rounds_with(&yaml, Forgetful(dns.address), later);
    let look = async |seconds: i64| {
        SECONDS.store(seconds, Ordering::Relaxed);
        scrape(&rounds).await
    };
    let seen = |snapshot: &Snapshot| {
        let target = &snapshot.targets[0];
        (
            target.entries.len(),
            target.last_known.len(),
            reason(target),
            target.state(),
        )
    };
    assert_eq!(seen(&look(0).await), (2, 0, None, State::Inconsistent));
    // The TTL of these records is a minute.
    dns.change(zone(&[(RELAY, &[at(45), at(47)])]));
    let turned = look(3599).await;
    assert_eq!(seen(&turned), (3, 1, None, State::Inconsistent));
    let said = table(&turned);
    assert!(said.contains("last known address"), "{said}");
    assert_eq!(seen(&look(3600).await), (2, 0, None, State::Healthy));
    dns.change(zone(&[(
        RELAY,
        &[Answer::Address("0.0.0.0".parse().unwrap()), at(45)],
    )]));
    let filtered = look(3601).await;
    let unusable = Some(Reason::AddressUnusable);
    assert_eq!(seen(&filtered), (2, 1, unusable, State::Warning));
    assert!(table(&filtered).contains("has the address 0.0.0.0"));
}

/// Asks anew each time: the resolvers' cache would hide that DNS changed.
struct Forgetful(SocketAddr);

impl Lookup for Forgetful {
    fn addresses<'a>(
        &'a self,
        view: &'a str,
        name: &'a str,
        family: AddressFamily,
    ) -> Asking<'a, Addresses> {
        let fresh = self.fresh(view);
        Box::pin(async move { fresh.addresses(view, name, family).await })
    }

    fn exchangers<'a>(&'a self, view: &'a str, domain: &'a str) -> Asking<'a, Vec<Exchanger>> {
        let fresh = self.fresh(view);
        Box::pin(async move { fresh.exchangers(view, domain).await })
    }
}

impl Forgetful {
    fn fresh(&self, view: &str) -> Resolvers {
        let yaml = format!(
            "views: {{{view}: {{resolvers: 'udp://{}'}}}}\ntargets: [{{host: a}}]",
            self.0
        );
        let config =
            Config::parse(Path::new("x.yml"), yaml.as_bytes(), "me").expect("a configuration");
        Resolvers::new(config.settings.policies(), Duration::from_secs(5))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_look_ups_at_once_are_answered() {
    const COUNT: usize = 5000;
    let names: Vec<&'static str> = (0..COUNT)
        .map(|n| &*format!("mx{n}.bears.test").leak())
        .collect();
    let records: Vec<_> = names.iter().map(|name| (*name, vec![at(50)])).collect();
    let dns = Dns::start(records.into_iter().collect()).await.unwrap();
    for scheme in ["udp", "tcp"] {
        let yaml = format!(
            "views: {{v: {{resolvers: '{scheme}://{}'}}}}\ntargets: [{{host: a}}]",
            dns.address
        );
        let config = Config::parse(Path::new("x.yml"), yaml.as_bytes(), "me").unwrap();
        let policies = config.settings.policies();
        let resolvers = Arc::new(Resolvers::new(policies, Duration::from_secs(120)));
        let mut asking = JoinSet::new();
        for name in &names {
            let (resolvers, name) = (Arc::clone(&resolvers), *name);
            asking.spawn(async move { resolvers.addresses("v", name, AddressFamily::Any).await });
        }
        let answers = asking.join_all().await;
        let failed: Vec<_> = answers.iter().filter_map(|a| a.as_ref().err()).collect();
        assert!(
            failed.is_empty(),
            "{scheme}: {} {:?}",
            failed.len(),
            failed.first()
        );
        let asked = dns.asked();
        let again = resolvers
            .addresses("v", names[0], AddressFamily::Ipv4)
            .await;
        assert!(again.is_ok());
        assert_eq!(dns.asked(), asked, "answers are kept for their TTL");
    }
}

#[tokio::test]
async fn a_source_address_is_started_from() {
    let world = world();
    let leaf = world.issue(RELAY, -30, 60);
    let (port, _servers) = fleet(0, &[(43, &leaf)]).await;
    let here = format!(
        "views: {{here: {{source_address: 127.0.0.99}}, away: {{source_address: 192.0.2.77}}}}\n\
         targets: [{{host: {RELAY}, addresses: [127.0.0.43, '::1'], ports: {port}, views: [here, away]}}]"
    );
    let snapshot = world.look(&here).await;
    let seen: Vec<_> = snapshot
        .entries()
        .map(|(_, e)| {
            (
                e.endpoint.view.to_string(),
                e.endpoint.address.to_string(),
                e.reason(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("here".into(), "127.0.0.43".into(), None),
            (
                "away".into(),
                "127.0.0.43".into(),
                Some(Reason::ConnectUnreachable)
            ),
        ],
        "the other family cannot be reached from there"
    );
}

#[test]
fn mistakes_in_views_are_one_line_that_names_the_place() {
    let file = Path::new("x.yml");
    for (yaml, expected) in [
        (
            "views: {default: {}}",
            "x.yml:1: views.default: always this machine's resolver without a proxy, expected another name",
        ),
        (
            "views:\n  v:\n    resolvers: ['udp://9.9.9.9', 'quic://9.9.9.9']",
            "x.yml:3: views.v.resolvers[1]: 'quic://9.9.9.9': unknown scheme, expected system, udp://ADDRESS, tcp://ADDRESS, tls://ADDRESS#NAME or https://HOST/dns-query",
        ),
        (
            "views:\n  v:\n    proxy: socks9://bear:honey@gate:1080",
            "x.yml:3: views.v.proxy: an unknown kind of proxy, expected socks5://[USER:PASSWORD@]HOST:PORT or http://[USER:PASSWORD@]HOST:PORT (special characters of the password as %40)",
        ),
        (
            "views: {v: {source_address: 192.0.2.1, family: ipv6}}",
            "x.yml:1: views.v.source_address: of the other address family, expected one of the family to be probed",
        ),
        (
            "views: {v: {proxy: 'http://gate:3128', dnssec: validate}}",
            "x.yml:1: views.v: the proxy resolves its names, expected resolvers beside dnssec and family",
        ),
        (
            "views: {v: {resolver: system}}",
            "x.yml:1: views.v.resolver: unknown key (did you mean resolvers?), expected one of resolvers, dnssec, trust_anchor, proxy, source_address, family",
        ),
        (
            "views: {inside: {}}\ntargets:\n- host: a\n  views: insid",
            "x.yml:4: targets[0].views: 'insid' is unknown (did you mean inside?), expected default or inside",
        ),
        (
            "views: {v: {proxy: 'http://gate:3128'}}\ntargets:\n- mx: bears.test\n  views: v",
            "x.yml:3: targets[0]: in view v the proxy resolves names, and knows no MX records, expected a view with resolvers",
        ),
        (
            "targets:\n- mx: 192.0.2.1",
            "x.yml:2: targets[0].mx: an address, expected a mail domain",
        ),
        (
            "targets:\n- mx: bears.test\n  host: a",
            "x.yml:2: targets[0].mx: beside host or addresses, expected it alone",
        ),
    ] {
        let yaml = if yaml.contains("targets") {
            yaml.to_owned()
        } else {
            format!("{yaml}\ntargets: [{{host: a}}]")
        };
        let error = Config::parse(file, yaml.as_bytes(), "me").unwrap_err();
        assert_eq!(error.to_string(), expected, "{yaml}");
        assert!(!error.to_string().contains("honey"));
    }
}

#[tokio::test]
async fn who_asks_again_and_again_leaves_nobody_waiting() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let world = world();
    let rounds = world.rounds(&format!(
        "targets: [{{host: {RELAY}, addresses: [127.0.0.1], ports: [{port}]}}]"
    ));
    let soon = || Instant::now() + Duration::from_millis(5);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    rounds.scrape(soon()).await;
    let with_one_probe = tasks();
    for _ in 0..50 {
        rounds.scrape(soon()).await;
    }
    let left = tasks();
    assert!(with_one_probe > 0, "the silent server is being probed");
    assert!(left < with_one_probe + 10, "{left} tasks");
}
