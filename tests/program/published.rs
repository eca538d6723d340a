//! What is published about a mail domain, as the program shows it: in its metrics, on its page, in the table and in JSON.

use serde_json::Value;
use smtp_tls_exporter::certificate::Certificate;
use testkit::World;
use testkit::exposition::value;
use testkit::http::request;
use testkit::peer::{Answer, Dns, Server, Speech, Zone};

use crate::{PROGRAM, run};

const DOMAIN: &str = "bears.test";
const HOST: &str = "mx.bears.test";

/// A mail domain whose only host serves one certificate, and has these records besides that of its key.
struct Den {
    world: World,
    server: Server,
    dns: Dns,
    own: Vec<u8>,
}

impl Den {
    async fn new() -> Self {
        let world = World::today();
        let credentials = world.issue(HOST, -10, 80);
        let server = testkit::serve(&credentials, Speech::default()).await;
        let leaf = Certificate::from_der(&credentials.chain[0]);
        let own = leaf.association(1, 1).unwrap().into_owned();
        let dns = Dns::start(Zone::new()).await.expect("a name server");
        let next = world.issue(HOST, 0, 90);
        world.write("next.pem", &Certificate::from_der(&next.chain[0]).to_pem());
        let config = format!(
            "trust: {{roots: root.pem}}\n\
             views: {{v: {{resolvers: 'udp://{}', dnssec: trust}}}}\n\
             targets:\n- {{name: den, mx: {DOMAIN}, ports: [{}], views: v, expect: {{dane_next: next.pem}}}}\n",
            dns.address,
            server.address.port(),
        );
        world.write("den.yml", &config);
        Self {
            world,
            server,
            dns,
            own,
        }
    }

    /// Signs all, with these TLSA records.
    fn publish(&self, records: &[([u8; 3], &[u8])]) {
        self.publish_under(HOST, records);
    }

    /// Signs all, with these TLSA records under the name that the host is, or is an alias of.
    fn publish_under(&self, base: &'static str, records: &[([u8; 3], &[u8])]) {
        let tlsa = records.iter();
        let tlsa = tlsa.map(|(bits, data)| Answer::Tlsa(*bits, data.to_vec()));
        let signed = [Answer::Signed, Answer::Ttl(3600, 3000)];
        let owner: &str = format!("_{}._tcp.{base}", self.server.address.port()).leak();
        self.dns.change(Zone::from([
            // The later counts, where both are one name.
            (HOST, vec![Answer::Cname(base), Answer::Signed]),
            ("", vec![Answer::Ns("ns.bears.test"), Answer::Signed]),
            (DOMAIN, vec![Answer::Mx(10, HOST), Answer::Signed]),
            (
                base,
                vec![Answer::Address([127, 0, 0, 1].into()), Answer::Signed],
            ),
            (owner, tlsa.chain(signed).collect()),
            (
                "_smtp._tls.bears.test",
                vec![Answer::Txt(vec![
                    "v=TLSRPTv1; rua=mailto:tls@bears.test,https://r.bears.test/",
                ])],
            ),
            (
                "_mta-sts.bears.test",
                vec![Answer::Txt(vec!["v=STSv1; id=20261128"])],
            ),
        ]));
    }

    async fn check(&self, more: &[&str]) -> (String, Option<i32>) {
        let file = self.world.path("den.yml").display().to_string();
        let arguments = ["check", "--config.file", &file];
        let ended = run(&[&arguments, more].concat()).await;
        (ended.stdout, ended.code)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_its_record_is_told_everywhere() {
    let den = Den::new().await;
    den.publish(&[([3, 1, 1], &[7; 32]), ([1, 1, 1], &[8; 32])]);
    let (table, code) = den.check(&[]).await;
    assert_eq!(code, Some(2), "{table}");
    assert!(table.contains("Undeliverable"), "{table}");
    let line = table.lines().find(|line| line.starts_with("DANE "));
    let line = line.unwrap_or_else(|| panic!("{table}"));
    for said in [
        "3 1 1 07070707… matches nothing served",
        "1 1 1 08080808… unusable",
        "dane_mismatch",
    ] {
        assert!(line.contains(said), "{said}: {line}");
    }
    for next in [
        "Next: publish the record that the command tlsa prints for 127.0.0.1:",
        "Next: give the policy host of bears.test an address",
    ] {
        assert!(table.contains(next), "{next}: {table}");
    }
    let (json, _) = den.check(&["--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    let dane = &json["targets"][0]["published"]["dane"][0];
    assert_eq!(dane["standing"], "secure");
    assert_eq!(dane["records"][1]["result"], "unmatched", "{dane}");
    assert_eq!(dane["reasons"][0], "dane_mismatch", "{dane}");
    let exporter = PROGRAM.serving(&den.world.path("den.yml")).start();
    let scrape = request(exporter.address, "GET", "/metrics", &[]);
    let scrape = scrape.await.unwrap().body;
    let port = den.server.address.port();
    let host = format!("target=\"den\",host=\"{HOST}\",port=\"{port}\",view=\"v\"");
    for (series, expected) in [
        (format!("smtp_tls_dane_standing{{{host},standing=\"usable\"}}"), 1.0),
        (format!("smtp_tls_dane_standing{{{host},standing=\"none\"}}"), 0.0),
        (format!("smtp_tls_dane_records{{{host},usage=\"3\",selector=\"1\",matching_type=\"1\",result=\"unmatched\"}}"), 1.0),
        (format!("smtp_tls_dane_records{{{host},usage=\"1\",selector=\"1\",matching_type=\"1\",result=\"unusable\"}}"), 1.0),
        (format!("smtp_tls_dane_info{{{host},base_domain=\"{HOST}\"}}"), 1.0),
        (format!("smtp_tls_dane_ttl_seconds{{{host}}}"), 3600.0),
        (format!("smtp_tls_dane_rollover_ready{{{host}}}"), 0.0),
        (format!("smtp_tls_dane_next_published{{{host},file=\"next.pem\"}}"), 0.0),
        (format!("smtp_tls_published_failure_info{{{host},mechanism=\"dane\",reason=\"dane_mismatch\"}}"), 1.0),
        (format!("smtp_tls_published_failure_info{{{host},mechanism=\"dane\",reason=\"dane_next_missing\"}}"), 1.0),
        ("smtp_tls_dnssec_available{view=\"v\"}".to_owned(), 1.0),
        ("smtp_tls_tlsrpt_destinations{target=\"den\",domain=\"bears.test\",view=\"v\",scheme=\"https\"}".to_owned(), 1.0),
        ("smtp_tls_mta_sts_info{target=\"den\",domain=\"bears.test\",view=\"v\",id=\"20261128\",mode=\"unknown\"}".to_owned(), 1.0),
        ("smtp_tls_published_failure_info{target=\"den\",domain=\"bears.test\",view=\"v\",mechanism=\"mta_sts\",reason=\"sts_host_not_found\"}".to_owned(), 1.0),
    ] {
        assert_eq!(value(&scrape, &series), Some(expected), "{series}");
    }
    let page = request(exporter.address, "GET", "/targets/den", &[]);
    let page = page.await.unwrap().body;
    assert!(page.contains("<h2>Published policy</h2>"), "{page}");
    assert!(
        page.contains(&format!("3 1 1 {}", "07".repeat(32))),
        "{page}"
    );
}

/// RFC 7672 §2.2.3: the records of an alias may stand at the end of it. There is where a new one has to be.
#[tokio::test(flavor = "multi_thread")]
async fn records_at_the_end_of_an_alias_are_told_there() {
    let den = Den::new().await;
    den.publish_under("mx.hosting.test", &[([3, 1, 1], &[7; 32])]);
    let port = den.server.address.port();
    let owner = format!("_{port}._tcp.mx.hosting.test");
    let (table, _) = den.check(&[]).await;
    let fault = format!("none of the records at {owner} ");
    assert!(table.contains(&fault), "{table}");
    let exporter = PROGRAM.serving(&den.world.path("den.yml")).start();
    let scrape = request(exporter.address, "GET", "/metrics", &[]);
    let scrape = scrape.await.unwrap().body;
    let host = format!("target=\"den\",host=\"{HOST}\",port=\"{port}\",view=\"v\"");
    let series = format!("smtp_tls_dane_info{{{host},base_domain=\"mx.hosting.test\"}}");
    assert_eq!(value(&scrape, &series), Some(1.0), "{scrape}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_the_key_is_all_that_senders_need() {
    let den = Den::new().await;
    let own = den.own.clone();
    den.publish(&[([3, 1, 1], &own), ([3, 1, 1], &[7; 32])]);
    let (table, _) = den.check(&[]).await;
    let line = table.lines().find(|line| line.starts_with("DANE "));
    let line = line.unwrap_or_else(|| panic!("{table}"));
    assert!(line.contains(" matches, "), "{line}");
    assert!(line.contains("ready for the next key"), "{line}");
    assert!(!line.contains("dane_mismatch"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_changed_before_its_record_is_known_from_before() {
    let den = Den::new().await;
    den.publish(&[([3, 1, 1], &den.own)]);
    let config = std::fs::read_to_string(den.world.path("den.yml")).unwrap();
    den.world
        .write("den.yml", &format!("probe: {{min_interval: 0s}}\n{config}"));
    let exporter = PROGRAM.serving(&den.world.path("den.yml")).start();
    let port = den.server.address.port();
    let series = format!(
        "smtp_tls_check_success{{target=\"den\",host=\"{HOST}\",port=\"{port}\",view=\"v\",\
         address=\"127.0.0.1\",offer=\"any\",check=\"dane\"}}"
    );
    let renewed = den.world.issue(HOST, -1, 89);
    for expected in [1.0, 0.0] {
        let scrape = request(exporter.address, "GET", "/metrics", &[]);
        let scrape = scrape.await.unwrap().body;
        assert_eq!(value(&scrape, &series), Some(expected));
        den.server.present(&renewed);
    }
    let page = request(exporter.address, "GET", "/targets/den", &[]);
    let page = page.await.unwrap().body;
    assert!(page.contains("the key changed before the record"), "{page}");
}

#[tokio::test]
async fn a_configuration_says_what_is_watched_of_whom_and_why_not() {
    let world = World::today();
    let views =
        "views: {far: {resolvers: 'tls://192.0.2.1', dnssec: trust}, near: {family: ipv4}}\n";
    let targets = "targets:\n- {name: a, mx: a.test, views: [far, near], expect: {dane: required, tlsrpt: off}}\n\
                   - {name: b, host: b.test, views: far, expect: {dane: off}}\n- {name: c, host: c.test}\n";
    let file = world.write("config.yml", &format!("{views}{targets}"));
    let file = file.display().to_string();
    let ended = run(&["--config.check", "--config.file", &file]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for line in [
        "a: mx:a.test (25 starttls); DANE required in far; MTA-STS; no TLSRPT: off\n",
        "b: b.test (25 starttls)\n",
        "c: c.test (25 starttls)\n",
        "DANE: 1 of 3 targets; 1 without a view with dnssec: trust, 1 with expect.dane: off\n",
    ] {
        assert!(ended.stdout.contains(line), "{line}\n{}", ended.stdout);
    }
    for (expect, complaint) in [
        (
            "dane: opportunistic",
            "expect.dane: no view of the target has dnssec: trust",
        ),
        ("mta_sts: required", "expect.mta_sts: of mail domains only"),
        ("tlsrpt: required", "expect.tlsrpt: of mail domains only"),
    ] {
        let text = format!("targets:\n- {{host: c.test, expect: {{{expect}}}}}\n");
        let file = world.write("wrong.yml", &text).display().to_string();
        let ended = run(&["--config.check", "--config.file", &file]).await;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let said = format!("wrong.yml:2: targets[0]: {complaint}");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    }
}

/// Questions have turns, 50 a second; who looks once waits for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_waits_for_all_it_asked() {
    let world = World::today();
    let mut zone = Zone::from([("", vec![Answer::Ns("ns.bears.test"), Answer::Signed])]);
    let mut targets = String::new();
    for nth in 0..40 {
        let host: &str = format!("mx{nth}.bears.test").leak();
        let owner: &str = format!("_1._tcp.{host}").leak();
        let address = Answer::Address([127, 0, 0, 1].into());
        zone.insert(host, vec![address, Answer::Signed]);
        zone.insert(
            owner,
            vec![Answer::Tlsa([3, 1, 1], vec![7; 32]), Answer::Signed],
        );
        targets += &format!("- {{host: {host}, ports: [1], views: v}}\n");
    }
    let dns = Dns::start(zone).await.expect("a name server");
    let config = format!(
        "probe: {{timeout: 1s, per_address: 40}}\nviews: {{v: {{resolvers: 'udp://{}', dnssec: trust}}}}\n\
         targets:\n{targets}",
        dns.address
    );
    let file = world.write("many.yml", &config).display().to_string();
    let ended = run(&["check", "--json", "--config.file", &file]).await;
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    let targets = json["targets"].as_array().unwrap();
    let standings = targets
        .iter()
        .map(|target| &target["published"]["dane"][0]["standing"]);
    let secure = standings.filter(|standing| *standing == "secure").count();
    assert_eq!(secure, 40, "{}", ended.stdout);
}
