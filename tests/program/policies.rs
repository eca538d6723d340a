//! MTA-STS policies that the program remembers: over kill -9, over disks that hang, over reloads; and DNS answers over
//! reloads.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::exposition::value;
use testkit::network::{free_address, get};
use testkit::peer::{Answer, Dns, Leaf, Page, PolicyHost, Server, Speech, Tunnel, Zone};
use testkit::process::{Process, program};
use testkit::{Exporter, World, any_port};

use crate::PROGRAM;

const MX: &str = "mx.bears.test";
const POLICY: &str = "version: STSv1\nmode: enforce\nmx: mx.bears.test\nmax_age: 1209600\n";

/// Mail domains `den0.test`, `den1.test` and so on with one MX host, whose policy hosts are aliases of one name with an
/// address for each of `hosts`.
struct Dens {
    world: World,
    mx: Server,
    dns: Dns,
    hosts: Vec<PolicyHost>,
    tunnel: Tunnel,
    domains: usize,
    /// More of `probe:`.
    probe: &'static str,
}

impl Dens {
    async fn new(domains: usize, addresses: u8) -> Self {
        let world = World::today();
        let names: Vec<_> = (0..domains)
            .map(|n| format!("mta-sts.den{n}.test"))
            .collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let leaf = Leaf {
            names: &names,
            ..Leaf::server(names[0], -10, 80)
        };
        let credentials = world.authority.issue(&leaf);
        let mut hosts = Vec::new();
        for last in 1..=addresses {
            let page = Page::Text(POLICY.to_owned());
            let host = PolicyHost::start(any_port([127, 0, 0, last]), &credentials, page);
            hosts.push(host.await.unwrap());
        }
        let ways: Vec<(SocketAddr, SocketAddr)> = hosts
            .iter()
            .map(|host| (SocketAddr::new(host.address.ip(), 443), host.address))
            .collect();
        Self {
            mx: testkit::serve(&world.issue(MX, -10, 80), Speech::default()).await,
            dns: Dns::start(zone(domains, addresses)).await.unwrap(),
            tunnel: Tunnel::start(&ways).await.unwrap(),
            world,
            hosts,
            domains,
            probe: "",
        }
    }

    /// With these lines besides the usual ones.
    fn config(&self, more: &str) -> String {
        let (dns, tunnel, port) = (
            self.dns.address,
            self.tunnel.address,
            self.mx.address.port(),
        );
        let target =
            |n| format!("- {{name: den{n}, mx: den{n}.test, ports: [{port}], views: v}}\n");
        let targets: String = (0..self.domains).map(target).collect();
        format!(
            "{more}\nprobe: {{min_interval: 0s, per_address: 50{}}}\ntrust: {{roots: root.pem}}\n\
             views: {{v: {{resolvers: 'udp://{dns}', proxy: 'http://{tunnel}'}}}}\ntargets:\n{targets}",
            self.probe
        )
    }

    fn start(&self, more: &str) -> Exporter {
        let file = self.world.write("dens.yml", &self.config(more));
        PROGRAM.serving(&file).start()
    }

    /// Reads these lines in the place of the others.
    fn reload(&self, exporter: &Exporter, more: &str) {
        exporter.rewrite("dens.yml", &self.config(more));
        let reloaded = exporter.fetch("/-/reload", &["-X", "POST"]);
        assert_eq!(reloaded.status, 200, "{}", reloaded.body);
    }

    /// A state directory, and senders' roots.
    fn keeping(&self, name: &str) -> String {
        let directory = self.world.path(name);
        std::fs::create_dir_all(&directory).unwrap();
        format!("{BELIEVED}\nstate_directory: {name}")
    }

    fn requests(&self) -> usize {
        self.hosts.iter().map(|host| host.log().len()).sum()
    }

    /// Scrapes until so many requests came to the policy hosts.
    fn until_requests(&self, exporter: &Exporter, count: usize) {
        exporter.until("asked", |exporter| {
            exporter.body("/metrics");
            self.requests() >= count
        });
    }
}

const BELIEVED: &str = "published: {policy_roots: root.pem}";

fn zone(domains: usize, addresses: u8) -> Zone {
    let address = |last| Answer::Address(Ipv4Addr::new(127, 0, 0, last).into());
    let mut zone = Zone::from([
        (MX, vec![address(1)]),
        ("edge.cdn.test", (1..=addresses).map(address).collect()),
    ]);
    for n in 0..domains {
        let name = |prefix| &*format!("{prefix}den{n}.test").leak();
        zone.insert(name(""), vec![Answer::Mx(10, MX)]);
        zone.insert(name("_mta-sts."), vec![Answer::Txt(vec!["v=STSv1; id=7"])]);
        zone.insert(name("mta-sts."), vec![Answer::Cname("edge.cdn.test")]);
    }
    zone
}

/// Ends it at once, as the kernel does when memory runs out.
fn kill(mut exporter: Exporter) {
    exporter.signal("KILL");
    exporter.ended();
}

fn of(den: usize) -> String {
    format!("target=\"den{den}\",domain=\"den{den}.test\",view=\"v\"")
}

/// What is known of a policy: whether it is to be enforced, when this text was first seen, when last, and how long it is
/// kept.
fn policy(metrics: &str, den: usize) -> [Option<f64>; 4] {
    let of = of(den);
    [
        format!("smtp_tls_mta_sts_info{{{of},id=\"7\",mode=\"enforce\"}}"),
        format!("smtp_tls_mta_sts_policy_timestamp_seconds{{{of}}}"),
        format!("smtp_tls_mta_sts_fetch_timestamp_seconds{{{of}}}"),
        format!("smtp_tls_mta_sts_max_age_seconds{{{of}}}"),
    ]
    .map(|series| value(metrics, &series))
}

fn is_known(metrics: &str, den: usize) -> bool {
    let line = format!(
        "smtp_tls_mta_sts_info{{{},id=\"7\",mode=\"enforce\"}} 1",
        of(den)
    );
    metrics.lines().any(|one| one == line)
}

/// How the endpoint of the first domain is judged.
fn judged(metrics: &str) -> Option<f64> {
    let mut lines = metrics.lines();
    let line = lines.find(|line| {
        line.starts_with("smtp_tls_check_success{target=\"den0\"")
            && line.contains("check=\"mta_sts\"")
    });
    line?.rsplit(' ').next()?.parse().ok()
}

fn reason(metrics: &str, reason: &str) -> Option<f64> {
    let of = of(0);
    let series = format!(
        "smtp_tls_published_failure_info{{{of},mechanism=\"mta_sts\",reason=\"{reason}\"}}"
    );
    value(metrics, &series)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_policy_outlives_kill_9() {
    let mut dens = Dens::new(1, 1).await;
    let keeping = dens.keeping("state");
    let exporter = dens.start(&keeping);
    let before = exporter.body("/metrics");
    assert!(is_known(&before, 0), "{before}");
    assert_eq!(policy(&before, 0)[3], Some(1_209_600.0));
    kill(exporter);
    dens.hosts.clear();
    let after = dens.start(&keeping).body("/metrics");
    assert_eq!(policy(&after, 0), policy(&before, 0), "{after}");
    let of = of(0);
    let fetched = format!("smtp_tls_mta_sts_fetch_success{{{of},address=\"127.0.0.1\"}}");
    let covered = format!("smtp_tls_mta_sts_mx_covered{{{of},host=\"{MX}\"}}");
    assert_eq!(value(&after, &fetched), Some(0.0));
    assert_eq!(value(&after, &covered), Some(1.0));
    assert_eq!(reason(&after, "sts_fetch_error"), Some(1.0));
    assert_eq!(judged(&after), Some(1.0), "{after}");
    // Without that memory nobody would know.
    let without = dens.start(BELIEVED).body("/metrics");
    assert!(
        !is_known(&without, 0) && judged(&without).is_none(),
        "{without}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_while_it_writes_lose_nothing_that_was_shown() {
    let mut dens = Dens::new(30, 1).await;
    let keeping = dens.keeping("state");
    let mut shown = BTreeSet::new();
    for written in [1, 4, 9, 14, 20, 26] {
        let before = dens.requests();
        let exporter = dens.start(&keeping);
        let metrics = exporter.url("/metrics");
        let scraper = std::thread::spawn(move || {
            let scrape = || {
                Command::new("curl")
                    .args(["-s", "-o", "/dev/null", &metrics])
                    .status()
            };
            while scrape().is_ok_and(|ended| ended.success()) {}
        });
        let begun = Instant::now();
        while dens.requests() < before + written {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{}",
                dens.requests()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let short = "X-Prometheus-Scrape-Timeout-Seconds: 0.6";
        let metrics = exporter.fetch("/metrics", &["-H", short]).body;
        shown.extend((0..dens.domains).filter(|den| is_known(&metrics, *den)));
        assert!(
            !exporter.log().contains("state_directory"),
            "{}",
            exporter.log()
        );
        kill(exporter);
        scraper.join().unwrap();
    }
    assert!(shown.len() >= 10, "{shown:?}");
    dens.hosts.clear();
    let exporter = dens.start(&keeping);
    let after = exporter.body("/metrics");
    let known: BTreeSet<_> = (0..dens.domains)
        .filter(|den| is_known(&after, *den))
        .collect();
    assert!(known.is_superset(&shown), "{shown:?} {known:?} {after}");
}

/// Whoever opens the file waits, until this is dropped: it is leased to another process (fcntl(2)).
struct Lease(Child);

impl Lease {
    /// `None` where files cannot be leased.
    fn of(file: &Path) -> Option<Self> {
        const TAKE: &str = "$SIG{IO} = 'IGNORE'; $| = 1; open(my $f, '+<', $ARGV[0]) or die; \
             print fcntl($f, 1024, 1) ? \"held\\n\" : \"$!\\n\"; sleep 40";
        let mut perl = Command::new(program("perl"));
        perl.args(["-e", TAKE]).arg(file).stdout(Stdio::piped());
        let mut child = perl.spawn().expect("perl");
        let mut said = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut said).expect("a line");
        let lease = Self(child);
        if said != "held\n" {
            eprintln!("!!! SKIPPED: no file can be leased here, so none hangs: {said}");
            return None;
        }
        Some(lease)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_hangs_holds_up_neither_the_start_nor_a_scrape() {
    let mut dens = Dens::new(3, 1).await;
    let keeping = dens.keeping("state");
    let exporter = dens.start(&keeping);
    assert!(is_known(&exporter.body("/metrics"), 0));
    kill(exporter);
    dens.hosts.clear();
    let Some(lease) = Lease::of(&dens.world.path("state/policies.sqlite")) else {
        return;
    };
    let begun = Instant::now();
    let exporter = dens.start(&keeping);
    let metrics = exporter.body("/metrics");
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
    assert!(!is_known(&metrics, 0), "{metrics}");
    let probed = "smtp_tls_probe_success{target=\"den0\"";
    assert_eq!(value(&metrics, probed), Some(1.0));
    let begun = Instant::now();
    dens.reload(&exporter, &keeping);
    exporter.body("/metrics");
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
    let silent = "state_directory does not answer";
    assert_eq!(
        exporter.log().matches(silent).count(),
        1,
        "{}",
        exporter.log()
    );
    drop(lease);
    exporter.until("read after all", |exporter| {
        is_known(&exporter.body("/metrics"), 0)
    });
    assert!(exporter.log().contains("state_directory answers again"));
    let metrics = exporter.body("/metrics");
    exporter.until("read of all", |e| {
        (0..3).all(|den| is_known(&e.body("/metrics"), den))
    });
    assert_eq!(policy(&metrics, 0)[3], Some(1_209_600.0));
}

/// Questions take turns, 50 a second; in half a second comes no turn for many of 80.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_waited_for_its_turn_is_no_failure_of_minutes() {
    let dens = Dens {
        probe: ", timeout: 2s",
        ..Dens::new(40, 1).await
    };
    let exporter = dens.start(BELIEVED);
    exporter.until("all known", |exporter| {
        let metrics = exporter.body("/metrics");
        (0..dens.domains).all(|den| is_known(&metrics, den))
    });
    assert_eq!(dens.requests(), dens.domains);
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_carry_policies_wherever_they_are_to_be_remembered() {
    let mut dens = Dens::new(1, 1).await;
    let (one, two) = (dens.keeping("one"), dens.keeping("two"));
    let exporter = dens.start(BELIEVED);
    let before = exporter.body("/metrics");
    assert!(is_known(&before, 0), "{before}");
    // Where something else may be remembered is looked again.
    for (directory, requests) in [(&*one, 2), (&*two, 3), (BELIEVED, 3), (&*one, 4)] {
        dens.reload(&exporter, directory);
        dens.until_requests(&exporter, requests);
        let metrics = exporter.body("/metrics");
        let known = policy(&metrics, 0);
        assert_eq!(known[..2], policy(&before, 0)[..2], "{directory}");
        assert_eq!(judged(&metrics), Some(1.0));
    }
    assert!(
        !exporter.log().contains("state_directory is of no use"),
        "{}",
        exporter.log()
    );
    assert_eq!(dens.requests(), 4);
    kill(exporter);
    dens.hosts.clear();
    for directory in [one, two] {
        let metrics = dens.start(&directory).body("/metrics");
        assert_eq!(
            policy(&metrics, 0)[..2],
            policy(&before, 0)[..2],
            "{directory}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_with_other_roots_asks_again_and_forgets_no_policy() {
    let dens = Dens::new(1, 1).await;
    let exporter = dens.start(BELIEVED);
    let before = exporter.body("/metrics");
    assert_eq!(
        (judged(&before), reason(&before, "sts_webpki_invalid")),
        (Some(1.0), None)
    );
    exporter.rewrite("dens.yml", &dens.config(""));
    exporter.signal("HUP");
    exporter.until("doubted", |exporter| {
        reason(&exporter.body("/metrics"), "sts_webpki_invalid") == Some(1.0)
    });
    let doubted = exporter.body("/metrics");
    assert_eq!(policy(&doubted, 0), policy(&before, 0), "{doubted}");
    assert_eq!(
        judged(&doubted),
        Some(0.0),
        "senders do not believe the MX host either"
    );
    dens.reload(&exporter, BELIEVED);
    let last = exporter.body("/metrics");
    assert_eq!(
        (judged(&last), reason(&last, "sts_webpki_invalid")),
        (Some(1.0), None)
    );
    assert_eq!(policy(&last, 0)[1], policy(&before, 0)[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_host_may_be_an_alias_with_several_addresses() {
    let dens = Dens::new(1, 3).await;
    let exporter = dens.start(BELIEVED);
    let metrics = exporter.body("/metrics");
    for (host, last) in dens.hosts.iter().zip(1..) {
        let series = format!(
            "smtp_tls_mta_sts_fetch_success{{{},address=\"127.0.0.{last}\"}}",
            of(0)
        );
        assert_eq!(value(&metrics, &series), Some(1.0), "{metrics}");
        // The alias changes neither the name in the handshake nor that in the request (RFC 8461 §8.2).
        let log = host.log();
        assert!(log[0].starts_with("mta-sts.den0.test GET "), "{log:?}");
        assert!(
            log[0]
                .to_lowercase()
                .contains("\r\nhost: mta-sts.den0.test\r\n")
        );
    }
    assert_eq!(judged(&metrics), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: run tests/run.sh"]
async fn a_policy_host_may_be_nginx_in_front_of_another() {
    let mut dens = Dens::new(1, 1).await;
    for (name, file) in [("mta-sts.den0.test", "right"), ("cdn.test", "wrong")] {
        let (chain, key) = dens.world.issue(name, -10, 80).pem();
        dens.world.write(&format!("{file}.pem"), &chain);
        dens.world.write(&format!("{file}.key"), &key);
    }
    let (front, behind) = (free_address(), free_address());
    let place = dens.world.directory().to_owned();
    dens.world
        .write("nginx.conf", &nginx_conf(&place, front, behind));
    let mut nginx = Command::new(program("nginx"));
    nginx
        .arg("-p")
        .arg(&place)
        .arg("-c")
        .arg(place.join("nginx.conf"));
    nginx.args(["-e", "stderr"]);
    let mut nginx = Process::start("nginx", &mut nginx, &place.join("nginx.log"));
    nginx.until("nginx serves", || get(behind, "/.well-known/mta-sts.txt"));
    dens.tunnel = Tunnel::start(&[(([127, 0, 0, 1], 443).into(), front)])
        .await
        .unwrap();
    dens.hosts.clear();
    let metrics = dens.start(BELIEVED).body("/metrics");
    assert!(is_known(&metrics, 0), "{metrics}");
    assert_eq!(judged(&metrics), Some(1.0));
    assert_eq!(reason(&metrics, "sts_fetch_error"), None);
}

/// Who is asked for another name than ours presents another certificate; whatever may be compressed is.
fn nginx_conf(place: &Path, front: SocketAddr, behind: SocketAddr) -> String {
    let place = place.display();
    let text = POLICY.replace('\n', "\\n");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|one| format!("{one}_temp_path {place}/{one};\n"))
        .concat();
    format!(
        "pid {place}/nginx.pid;
        error_log stderr crit;
        daemon off;
        events {{}}
        http {{
            access_log off;
            {temporary}
            gzip on; gzip_min_length 1; gzip_types text/plain; gzip_proxied any;
            server {{
                listen {front} ssl http2 default_server;
                ssl_certificate wrong.pem; ssl_certificate_key wrong.key;
                return 421;
            }}
            server {{
                listen {front} ssl http2;
                server_name mta-sts.den0.test;
                ssl_certificate right.pem; ssl_certificate_key right.key;
                add_header Strict-Transport-Security max-age=1;
                location / {{ proxy_pass http://{behind}; }}
            }}
            server {{
                listen {behind};
                default_type text/plain;
                location = /.well-known/mta-sts.txt {{ return 200 '{text}'; }}
            }}
        }}
"
    )
}

/// In user and kernel mode, by /proc (100 ticks a second), and the memory that it takes.
fn cost(exporter: &Exporter) -> (Duration, String) {
    let read = |name| std::fs::read_to_string(format!("/proc/{}/{name}", exporter.id())).unwrap();
    let stat = read("stat");
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
    let status = read("status");
    let memory = status.lines().find(|line| line.starts_with("VmRSS"));
    let memory = memory
        .unwrap()
        .split_whitespace()
        .skip(1)
        .collect::<Vec<_>>();
    (Duration::from_millis(ticks * 10), memory.join(" "))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of some 30 s: tests/run.sh"]
async fn the_policies_of_two_hundred_domains_cost_little() {
    let dens = Dens::new(200, 1).await;
    let keeping = dens.keeping("state");
    let off = "defaults: {expect: {mta_sts: off, tlsrpt: off}}";
    for (what, more, is_asked) in [
        ("neither MTA-STS nor TLSRPT", off, false),
        ("both", keeping.as_str(), true),
        ("both, from the state directory", keeping.as_str(), true),
    ] {
        let begun = Instant::now();
        let exporter = dens.start(more);
        let (mut longest, mut scrapes) = (Duration::ZERO, 0);
        loop {
            let asked = Instant::now();
            let metrics = exporter.body("/metrics");
            longest = longest.max(asked.elapsed());
            scrapes += 1;
            let probed = metrics.matches("smtp_tls_handshake_success{").count();
            let known = (0..200).filter(|den| is_known(&metrics, *den)).count();
            if probed == 200 && (known == 200 || !is_asked) {
                break;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{probed} {known}"
            );
        }
        let (cpu, memory) = cost(&exporter);
        let taken = begun.elapsed();
        println!(
            "{what}: all known after {taken:.1?} and {scrapes} scrapes, the longest {longest:.1?}; CPU {cpu:?}, {memory}"
        );
        assert!(longest < Duration::from_secs(15), "{longest:?}");
        kill(exporter);
    }
    println!(
        "at most {} connections to the policy host at a time",
        dens.hosts[0].most_clients()
    );
    assert!(dens.hosts[0].most_clients() <= 64);
    assert!(dens.requests() >= 200);
}

/// A host with a TLSA record, signed.
async fn signed(port: u16, record: [u8; 3]) -> Dns {
    let owner: &str = format!("_{port}._tcp.{MX}").leak();
    let address = Answer::Address(Ipv4Addr::LOCALHOST.into());
    let zone = Zone::from([
        ("", vec![Answer::Ns("ns.bears.test"), Answer::Signed]),
        (MX, vec![address, Answer::Signed]),
        (
            owner,
            vec![Answer::Tlsa(record, vec![7; 32]), Answer::Signed],
        ),
    ]);
    Dns::start(zone).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_forgets_no_answer_of_a_view_that_stays_the_same() {
    let world = World::today();
    let mx = testkit::serve(&world.issue(MX, -10, 80), Speech::default()).await;
    let port = mx.address.port();
    let (first, second) = (signed(port, [3, 1, 1]).await, signed(port, [1, 1, 1]).await);
    let config = |dns: &Dns, probe: &str| {
        format!(
            "probe: {{min_interval: 0s{probe}}}\ntrust: {{roots: root.pem}}\n\
             views: {{v: {{resolvers: 'udp://{}', dnssec: trust, family: ipv4}}}}\n\
             targets: [{{name: bear, host: {MX}, ports: [{port}], views: v}}]\n",
            dns.address
        )
    };
    let file = world.write("bear.yml", &config(&first, ""));
    let exporter = PROGRAM.serving(&file).start();
    let standing = |metrics: &str, standing: &str| {
        let host = format!("target=\"bear\",host=\"{MX}\",port=\"{port}\",view=\"v\"");
        value(
            metrics,
            &format!("smtp_tls_dane_standing{{{host},standing=\"{standing}\"}}"),
        )
    };
    assert_eq!(standing(&exporter.body("/metrics"), "usable"), Some(1.0));
    let asked = first.asked();
    for unrelated in [", per_address: 2", ", timeout: 9s"] {
        exporter.rewrite("bear.yml", &config(&first, unrelated));
        assert_eq!(exporter.fetch("/-/reload", &["-X", "POST"]).status, 200);
        let metrics = exporter.body("/metrics");
        assert_eq!(standing(&metrics, "usable"), Some(1.0), "{unrelated}");
        assert_eq!(first.asked(), asked, "{unrelated}");
    }
    exporter.rewrite("bear.yml", &config(&second, ""));
    assert_eq!(exporter.fetch("/-/reload", &["-X", "POST"]).status, 200);
    let metrics = exporter.body("/metrics");
    assert_eq!(standing(&metrics, "unusable"), Some(1.0), "{metrics}");
    assert_eq!((first.asked(), second.asked() > 0), (asked, true));
}
