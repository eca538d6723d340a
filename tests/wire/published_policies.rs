//! What mail domains publish, from policy hosts and DNS to findings: every answer that a policy host may give, and what
//! is remembered of it over time, over a restart and over a crash.

use std::future::ready;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_tls_exporter::dns::{
    AddressFamily, AddressRecord, Addresses, Answer, Asking, AskingPublished, Exchanger, Lookup,
    LookupFault, Unanswered,
};
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render::{self, Encoding, Format};
use smtp_tls_exporter::report::Snapshot;
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::verdict::{Demand, Finding};
use smtp_tls_exporter::watch::{Clock, Rounds};
use testkit::exposition::value;
use testkit::peer::{Authority, Credentials, Leaf, Page, PolicyHost, Server};
use testkit::{World, fleet};
use tokio::time::{Instant, sleep};

use crate::watched::{NOW, Watched, clock, one_exchanger, over, scrape, texts, world};

const DAY: i64 = 86_400;

/// The DNS of `bears.test`, which changes.
#[derive(Clone, Default)]
struct Den(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    /// Of `_mta-sts`; `None`: nobody can tell.
    record: Option<Vec<&'static str>>,
    tlsrpt: Vec<&'static str>,
    /// Of the policy host.
    addresses: Vec<IpAddr>,
}

impl Den {
    fn new(id: &'static str, addresses: &[SocketAddr]) -> Self {
        let den = Self::default();
        den.tell(Some(vec![id]));
        let all = addresses.iter().map(SocketAddr::ip);
        den.0.lock().unwrap().addresses = all.collect();
        den
    }

    fn tell(&self, record: Option<Vec<&'static str>>) {
        self.0.lock().unwrap().record = record;
    }

    fn records(&self, name: &str) -> Result<Vec<&'static str>, Unanswered> {
        let known = self.0.lock().unwrap();
        match name {
            "_mta-sts.bears.test" => known.record.clone().ok_or_else(|| {
                Unanswered::Failed(LookupFault {
                    reason: Reason::DnsError,
                    detail: "SERVFAIL".to_owned(),
                })
            }),
            "_smtp._tls.bears.test" => Ok(known.tlsrpt.clone()),
            other => panic!("nobody asks for {other}"),
        }
    }
}

impl Lookup for Den {
    fn addresses<'a>(
        &'a self,
        _view: &'a str,
        name: &'a str,
        _family: AddressFamily,
    ) -> Asking<'a, Addresses> {
        let addresses = match name {
            "mta-sts.bears.test." => self.0.lock().unwrap().addresses.clone(),
            _ => vec![[127, 0, 0, 51].into()],
        };
        if addresses.is_empty() {
            return Box::pin(ready(Err(LookupFault {
                reason: Reason::DnsNotFound,
                detail: format!("{name} does not exist"),
            })));
        }
        let record = |address| AddressRecord { address, ttl: None };
        Box::pin(ready(Ok(Answer::unproven(Addresses {
            records: addresses.into_iter().map(record).collect(),
            ..Addresses::default()
        }))))
    }

    fn exchangers<'a>(&'a self, _view: &'a str, _domain: &'a str) -> Asking<'a, Vec<Exchanger>> {
        one_exchanger()
    }

    fn texts<'a>(&'a self, _view: &'a str, name: &'a str) -> AskingPublished<'a, Box<[u8]>> {
        let found = self.records(name).map(|records| texts(&records));
        Box::pin(ready(found))
    }
}

/// A policy for `mx1.bears.test`.
fn policy(mode: &str, mx: &str, max_age: i64) -> String {
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {max_age}\r\n")
}

fn good() -> Page {
    Page::Text(policy("enforce", "mx1.bears.test", 14 * DAY))
}

const ID: &str = "v=STSv1; id=1;";

/// An MX host and the rounds that look at its domain.
struct Watch {
    rounds: Arc<Rounds>,
    _servers: Vec<Server>,
}

/// Whoever looks, so often as he likes.
struct Look<'a> {
    world: &'a World,
    den: &'a Den,
    /// Of the policy host.
    port: u16,
    clock: Clock,
    state: Option<&'a Path>,
}

impl Look<'_> {
    async fn begin(&self) -> Watch {
        let leaf = self.world.issue("mx1.bears.test", -3, 87);
        let (port, servers) = fleet(0, &[(51, &leaf)]).await;
        let yaml = format!("targets: [{{name: den, mx: bears.test, ports: {port}}}]");
        let mut settings = self.world.settings(&yaml);
        let watched = &mut settings.targets[0];
        let expected = Arc::make_mut(&mut watched.expectations);
        (expected.mta_sts, expected.tlsrpt) = (Demand::Opportunistic, Demand::Opportunistic);
        settings.published.roots = Arc::clone(&expected.roots);
        settings.published.port = self.port;
        settings.published.interval = Duration::ZERO;
        settings.published.timeout = Duration::from_secs(2);
        settings.published.state_directory = self.state.map(Path::to_owned);
        Watch {
            rounds: over(settings, self.den.clone(), self.clock),
            _servers: servers,
        }
    }
}

impl Watch {
    /// Looks until the domain's or the endpoint's finding is as wanted.
    async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        for _ in 0..200 {
            let snapshot = scrape(&self.rounds).await;
            if wanted(&snapshot) {
                return snapshot;
            }
            sleep(Duration::from_millis(20)).await;
        }
        let last = scrape(&self.rounds).await;
        panic!("{:?} {:?}", of_domain(&last), of_endpoint(&last));
    }
}

fn of_domain(snapshot: &Snapshot) -> Finding {
    let found = snapshot.domains[0].verdict.of_check("mta_sts_policy");
    found.unwrap().clone()
}

fn of_endpoint(snapshot: &Snapshot) -> Finding {
    let found = snapshot.targets[0].entries[0].verdict.of_check("mta_sts");
    found.unwrap().clone()
}

fn reason(finding: &Finding) -> Option<Reason> {
    match finding {
        Finding::Fail(failure) => Some(failure.reason),
        _ => None,
    }
}

fn evidence(finding: &Finding) -> String {
    match finding {
        Finding::Fail(failure) => failure.evidence.clone(),
        other => format!("{other:?}"),
    }
}

/// The certificate of the policy host.
fn certificate(world: &World) -> Credentials {
    world.issue("mta-sts.bears.test", -3, 87)
}

async fn host(last: u8, port: u16, credentials: &Credentials, page: Page) -> PolicyHost {
    let address = ([127, 0, 0, last], port).into();
    let host = PolicyHost::start(address, credentials, page).await;
    host.unwrap()
}

/// What the first look finds where one policy host serves this.
async fn first_look(world: &World, credentials: &Credentials, page: Page) -> Snapshot {
    let host = host(61, 0, credentials, page).await;
    let den = Den::new(ID, &[host.address]);
    let watch = Look {
        world,
        den: &den,
        port: host.address.port(),
        clock,
        state: None,
    };
    scrape(&watch.begin().await.rounds).await
}

#[tokio::test]
async fn a_policy_is_asked_for_as_senders_do() {
    let world = world();
    let host = host(61, 0, &certificate(&world), good()).await;
    let den = Den::new(ID, &[host.address]);
    den.0.lock().unwrap().tlsrpt = vec!["v=TLSRPTv1; rua=mailto:tls@bears.test"];
    let look = Look {
        world: &world,
        den: &den,
        port: host.address.port(),
        clock,
        state: None,
    };
    let snapshot = scrape(&look.begin().await.rounds).await;
    assert_eq!(of_domain(&snapshot), Finding::Pass);
    assert_eq!(of_endpoint(&snapshot), Finding::Pass);
    let tlsrpt = snapshot.domains[0].verdict.of_check("tlsrpt");
    assert_eq!(tlsrpt, Some(&Finding::Pass));
    shown(&snapshot);
    let log = host.log();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].starts_with("mta-sts.bears.test GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
    assert!(
        log[0]
            .to_ascii_lowercase()
            .contains("\r\nhost: mta-sts.bears.test\r\n")
    );
    let facts = snapshot.domains[0].facts.sts.as_deref().unwrap();
    assert_eq!(facts.fetches[0].chain.len(), 2);
    assert_eq!(facts.current.as_ref().unwrap().last_seen, Timestamp(NOW));
}

/// What is known of the policy is in the metrics.
fn shown(snapshot: &Snapshot) {
    let text = render::probe_metrics(snapshot, Format::Text, Encoding::Identity);
    let text = String::from_utf8(text).unwrap();
    let domain = "target=\"den\",domain=\"bears.test\",view=\"default\"";
    let policy_host = format!("{domain},address=\"127.0.0.61\"");
    for (series, expected) in [
        (format!("info{{{domain},id=\"1\",mode=\"enforce\"}}"), 1.0),
        (format!("fetch_success{{{policy_host}}}"), 1.0),
        (
            format!("mx_covered{{{domain},host=\"mx1.bears.test\"}}"),
            1.0,
        ),
    ] {
        let series = format!("smtp_tls_mta_sts_{series}");
        assert_eq!(value(&text, &series), Some(expected), "{series}");
    }
    for (series, most) in [
        (format!("cert_expiry_seconds{{{policy_host}}}"), 87 * DAY),
        (
            format!("cert_not_after_timestamp_seconds{{{policy_host}}}"),
            NOW + 87 * DAY,
        ),
        (
            format!("cert_not_before_timestamp_seconds{{{policy_host}}}"),
            NOW,
        ),
        (format!("max_age_seconds{{{domain}}}"), 366 * DAY),
        (format!("policy_timestamp_seconds{{{domain}}}"), NOW),
        (format!("fetch_timestamp_seconds{{{domain}}}"), NOW),
    ] {
        let series = format!("smtp_tls_mta_sts_{series}");
        let found = value(&text, &series).unwrap_or_else(|| panic!("{series}\n{text}"));
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let fits = found > 0.0 && found <= most as f64;
        assert!(fits, "{series} {found}");
    }
}

#[tokio::test]
async fn every_answer_of_a_policy_host_has_its_reason() {
    let world = world();
    let credentials = certificate(&world);
    let text = |change: &dyn Fn(String) -> String| {
        Page::Text(change(policy("enforce", "mx1.bears.test", 14 * DAY)))
    };
    use Reason::{StsFetchError, StsPolicyInvalid};
    for (page, wanted, told) in [
        (
            Page::Status("302 Found", "Location: https://elsewhere.test/"),
            StsFetchError,
            "a redirect (status 302 Found to https://elsewhere.test/)",
        ),
        (
            Page::Status("404 Not Found", "X: y"),
            StsFetchError,
            "status 404 Not Found",
        ),
        (
            Page::Endless(64 * 1024 + 1),
            StsFetchError,
            "more than 64 KiB",
        ),
        (Page::Drip, StsFetchError, "did not come in time"),
        (Page::Silence, StsFetchError, "did not come in time"),
        (Page::Cut, StsFetchError, "the document ended early"),
        (
            text(&|t| t.replace("\r\n", "\r")),
            StsPolicyInvalid,
            "line 1: a CR within a line",
        ),
        (
            text(&|t| t + "mx: 192.0.2.1\r\n"),
            StsPolicyInvalid,
            "line 5: mx '192.0.2.1' is an address",
        ),
        (
            text(&|t| format!("\u{feff}{t}")),
            StsPolicyInvalid,
            "line 1: a byte order mark",
        ),
        (Page::Endless(64 * 1024), StsPolicyInvalid, "line 1: 'aaa"),
    ] {
        let snapshot = first_look(&world, &credentials, page.clone()).await;
        let finding = of_domain(&snapshot);
        assert_eq!(reason(&finding), Some(wanted), "{page:.60?}: {finding:?}");
        assert!(evidence(&finding).contains(told), "{finding:?}");
        assert!(matches!(of_endpoint(&snapshot), Finding::NotApplicable(_)));
    }
    let doubled = text(&|t| t + "mode: none\r\n");
    let snapshot = first_look(&world, &credentials, doubled).await;
    let Finding::Remark(remark) = of_domain(&snapshot) else {
        panic!("the first counts");
    };
    assert_eq!(remark, "line 5: a second mode: only the first counts");
    assert_eq!(of_endpoint(&snapshot), Finding::Pass);
}

#[tokio::test]
async fn what_is_behind_a_bad_certificate_is_not_even_asked_for() {
    let world = world();
    let leaf = |name, until| Leaf::server(name, -30, until);
    let elsewhere = Authority::new("Wolf", NOW);
    let (name, authority) = ("mta-sts.bears.test", &world.authority);
    for (credentials, told) in [
        (authority.issue(&leaf(name, -1)), "cert_expired"),
        (
            authority.issue(&leaf("www.bears.test", 60)),
            "name_mismatch",
        ),
        (elsewhere.issue(&leaf(name, 60)), "unknown_issuer"),
        (authority.self_signed(&leaf(name, 60)), "self_signed"),
    ] {
        let host = host(61, 0, &credentials, good()).await;
        let den = Den::new(ID, &[host.address]);
        let look = Look {
            world: &world,
            den: &den,
            port: host.address.port(),
            clock,
            state: None,
        };
        let snapshot = scrape(&look.begin().await.rounds).await;
        let finding = of_domain(&snapshot);
        assert_eq!(reason(&finding), Some(Reason::StsWebpkiInvalid), "{told}");
        let told = format!("127.0.0.61: {told}: ");
        assert!(evidence(&finding).starts_with(&told), "{finding:?}");
        assert!(host.log().is_empty(), "{told}");
        let facts = snapshot.domains[0].facts.sts.as_deref().unwrap();
        assert!(
            !facts.fetches[0].chain.is_empty(),
            "its certificate is known"
        );
    }
}

#[tokio::test]
async fn every_address_is_asked() {
    let world = world();
    let credentials = certificate(&world);
    let first = host(61, 0, &credentials, good()).await;
    let port = first.address.port();
    let other = Page::Text(policy("enforce", "old.bears.test", 14 * DAY));
    let second = host(62, port, &credentials, other).await;
    let den = Den::new(ID, &[first.address, second.address]);
    let look = Look {
        world: &world,
        den: &den,
        port,
        clock,
        state: None,
    };
    let watch = look.begin().await;
    let finding = of_domain(&scrape(&watch.rounds).await);
    assert_eq!(
        reason(&finding),
        Some(Reason::StsPolicyDiffers),
        "{finding:?}"
    );
    second.serve(good());
    watch.until(|seen| of_domain(seen) == Finding::Pass).await;
    drop(second);
    let seen = watch.until(|seen| reason(&of_domain(seen)).is_some()).await;
    let told = "127.0.0.62 (one of 2 addresses): connect: ";
    assert!(
        evidence(&of_domain(&seen)).starts_with(told),
        "{:?}",
        of_domain(&seen)
    );
    // Some sender may have it from there.
    let former = reason(&of_endpoint(&seen));
    assert_eq!(former, Some(Reason::StsCachedMxMismatch));
}

#[tokio::test]
async fn a_policy_host_that_is_gone_is_told_and_a_dns_failure_loses_nothing() {
    let world = world();
    let host = host(61, 0, &certificate(&world), good()).await;
    let den = Den::new(ID, &[host.address]);
    let look = Look {
        world: &world,
        den: &den,
        port: host.address.port(),
        clock,
        state: None,
    };
    let watch = look.begin().await;
    assert_eq!(of_domain(&scrape(&watch.rounds).await), Finding::Pass);
    den.tell(None);
    let lost = |seen: &Snapshot| reason(&of_domain(seen)) == Some(Reason::DnsError);
    let seen = watch.until(lost).await;
    assert_eq!(of_endpoint(&seen), Finding::Pass, "the policy is known");
    let facts = seen.domains[0].facts.sts.as_deref().unwrap();
    assert!(facts.fetches[0].policy().is_some(), "and what was fetched");
    shown(&seen);
    den.tell(Some(vec![ID]));
    den.0.lock().unwrap().addresses.clear();
    let gone = |seen: &Snapshot| reason(&of_domain(seen)) == Some(Reason::StsHostNotFound);
    let seen = watch.until(gone).await;
    assert_eq!(of_endpoint(&seen), Finding::Pass);
    den.tell(Some(Vec::new()));
    let withdrawn = |seen: &Snapshot| reason(&of_domain(seen)) == Some(Reason::StsWithdrawn);
    watch.until(withdrawn).await;
}

#[tokio::test]
async fn a_slow_policy_host_holds_no_scrape() {
    let world = world();
    let host = host(61, 0, &certificate(&world), Page::Drip).await;
    let den = Den::new(ID, &[host.address]);
    let look = Look {
        world: &world,
        den: &den,
        port: host.address.port(),
        clock,
        state: None,
    };
    let watch = look.begin().await;
    let begun = Instant::now();
    let deadline = begun + Duration::from_millis(700);
    let snapshot = watch.rounds.scrape(deadline).await;
    assert!(
        begun.elapsed() < Duration::from_millis(1900),
        "{:?}",
        begun.elapsed()
    );
    assert!(matches!(of_domain(&snapshot), Finding::Unknown(_)));
    assert!(snapshot.targets[0].entries[0].observation.leaf().is_some());
    let cut = |seen: &Snapshot| reason(&of_domain(seen)) == Some(Reason::StsFetchError);
    watch.until(cut).await;
    // What is known answers; the next look goes on behind it.
    let begun = Instant::now();
    scrape(&watch.rounds).await;
    assert!(
        begun.elapsed() < Duration::from_millis(1900),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_text_that_changes_needs_a_new_id() {
    let world = world();
    let host = host(61, 0, &certificate(&world), good()).await;
    let den = Den::new(ID, &[host.address]);
    let look = Look {
        world: &world,
        den: &den,
        port: host.address.port(),
        clock,
        state: None,
    };
    let watch = look.begin().await;
    assert_eq!(of_domain(&scrape(&watch.rounds).await), Finding::Pass);
    let wider = policy("enforce", "*.bears.test", 14 * DAY);
    host.serve(Page::Text(wider));
    let unchanged = |seen: &Snapshot| reason(&of_domain(seen)) == Some(Reason::StsIdUnchanged);
    let seen = watch.until(unchanged).await;
    assert!(evidence(&of_domain(&seen)).contains("the id 1 did not"));
    den.tell(Some(vec!["v=STSv1; id=2"]));
    watch
        .until(|seen| matches!(of_domain(seen), Finding::Pass))
        .await;
}

/// Days since [`NOW`].
static DAYS: AtomicI64 = AtomicI64::new(0);

#[tokio::test]
async fn a_former_policy_counts_as_long_as_senders_keep_it_also_after_a_crash() {
    let later: Clock = || Timestamp(NOW + DAYS.load(Ordering::Relaxed) * DAY);
    let world = world();
    let old = Page::Text(policy("enforce", "mx0.bears.test", 5 * DAY));
    let host = host(61, 0, &certificate(&world), old).await;
    let den = Den::new(ID, &[host.address]);
    let state = tempfile::tempdir().unwrap();
    let port = host.address.port();
    let look = |state| Look {
        world: &world,
        den: &den,
        port,
        clock: later,
        state: Some(state),
    };
    let first = look(state.path()).begin().await;
    let seen = scrape(&first.rounds).await;
    assert_eq!(reason(&of_endpoint(&seen)), Some(Reason::StsMxMismatch));
    host.serve(good());
    den.tell(Some(vec!["v=STSv1; id=2"]));
    let cached = |seen: &Snapshot| reason(&of_endpoint(seen)) == Some(Reason::StsCachedMxMismatch);
    let seen = first.until(cached).await;
    let told = "the policy before (id 1) lacks mx1.bears.test; senders may keep it until 2026-06-06T00:00:00Z";
    assert_eq!(evidence(&of_endpoint(&seen)), told);

    // What is on disk at this moment is all that is left after kill -9.
    let crashed = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(state.path()).unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, crashed.path().join(file.file_name().unwrap())).unwrap();
    }
    let second = look(crashed.path()).begin().await;
    assert_eq!(evidence(&of_endpoint(&scrape(&second.rounds).await)), told);

    // While the first still has it, another process remembers in memory only.
    let beside = look(state.path()).begin().await;
    assert_eq!(of_endpoint(&scrape(&beside.rounds).await), Finding::Pass);

    DAYS.store(6, Ordering::Relaxed);
    second
        .until(|seen| of_endpoint(seen) == Finding::Pass)
        .await;
    drop((second, host));
    // A look of the second that is under way may have the file open a little longer.
    for _ in 0..50 {
        let third = look(crashed.path()).begin().await;
        let seen = scrape(&third.rounds).await;
        assert_eq!(reason(&of_domain(&seen)), Some(Reason::StsFetchError));
        if of_endpoint(&seen) == Finding::Pass {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the policy is not known from before");
}

#[tokio::test]
async fn a_state_directory_that_is_of_no_use_stops_nothing() {
    let world = world();
    let host = host(61, 0, &certificate(&world), good()).await;
    let den = Den::new(ID, &[host.address]);
    let damaged = tempfile::tempdir().unwrap();
    std::fs::write(
        damaged.path().join("policies.sqlite"),
        "not a database at all\n".repeat(500),
    )
    .unwrap();
    let missing = damaged.path().join("missing");
    for state in [damaged.path(), &missing] {
        let look = Look {
            world: &world,
            den: &den,
            port: host.address.port(),
            clock,
            state: Some(state),
        };
        let seen = scrape(&look.begin().await.rounds).await;
        assert_eq!(of_domain(&seen), Finding::Pass, "{}", state.display());
    }
}

#[tokio::test]
async fn senders_believe_roots_of_their_own() {
    let world = world();
    let host = host(61, 0, &certificate(&world), good()).await;
    let den = Den::new(ID, &[host.address]);
    // The MX host has a certificate of another authority, which the target believes and senders do not.
    let elsewhere = Authority::new("Wolf", NOW);
    world.write("wolf.pem", &elsewhere.root_pem());
    let leaf = elsewhere.issue(&Leaf::server("mx1.bears.test", -3, 87));
    let (port, _servers) = fleet(0, &[(51, &leaf)]).await;
    let yaml = format!(
        "probe: {{timeout: 4s, min_interval: 0s}}\n\
         targets: [{{name: den, mx: bears.test, ports: {port}, expect: {{roots: wolf.pem}}}}]"
    );
    let mut settings = world.parsed(&yaml);
    let believed = world.settings("targets: [{name: x, host: x.bears.test}]");
    let roots = &believed.targets[0].expectations.roots;
    settings.published.roots = Arc::clone(roots);
    settings.published.port = host.address.port();
    let expected = Arc::make_mut(&mut settings.targets[0].expectations);
    expected.mta_sts = Demand::Opportunistic;
    let seen = scrape(&over(settings, den, clock)).await;
    let trust = seen.targets[0].entries[0].verdict.of_check("trust");
    assert_eq!(trust, Some(&Finding::Pass));
    let finding = of_endpoint(&seen);
    assert_eq!(reason(&finding), Some(Reason::StsCertificateInvalid));
    assert!(
        evidence(&finding).starts_with("unknown_issuer"),
        "{finding:?}"
    );
}
