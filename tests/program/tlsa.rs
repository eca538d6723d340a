//! Holds the command `tlsa` to what somebody needs who edits a zone file: what is served, what is to come, what to wait for.

use serde_json::Value;
use smtp_tls_exporter::certificate::Certificate;
use testkit::peer::{Answer, Credentials, Dns, Server, Speech, Zone};
use testkit::{Ended, World};

use crate::run;

const HOST: &str = "mx.bears.test";

/// A mail server, the name server that knows it, and the world that both are of.
struct Place {
    world: World,
    credentials: Credentials,
    server: Server,
    dns: Dns,
}

impl Place {
    async fn new() -> Self {
        let world = World::today();
        let credentials = world.issue(HOST, -10, 80);
        let server = testkit::serve(&credentials, Speech::default()).await;
        let dns = Dns::start(Zone::new()).await.expect("a name server");
        let config = format!(
            "views: {{v: {{resolvers: 'udp://{}', dnssec: trust}}}}\ntargets: [{{host: {HOST}, views: v}}]\n",
            dns.address
        );
        world.write("tlsa.yml", &config);
        let place = Self {
            world,
            credentials,
            server,
            dns,
        };
        place.publish(&[]);
        place
    }

    fn owner(&self) -> String {
        format!("_{}._tcp.{HOST}", self.server.address.port())
    }

    /// Signs these records, a day's TTL, and the server's address.
    fn publish(&self, records: &[([u8; 3], Vec<u8>)]) {
        let tlsa = records.iter().cloned();
        let tlsa = tlsa.map(|(bits, data)| Answer::Tlsa(bits, data));
        let signed = [Answer::Signed, Answer::Ttl(86_400, 86_400)];
        let address = Answer::Address([127, 0, 0, 1].into());
        let mut zone = Zone::from([
            ("", vec![Answer::Ns("ns.bears.test"), Answer::Signed]),
            (HOST, vec![address, Answer::Signed]),
        ]);
        if !records.is_empty() {
            // A test's own names live as long as it does.
            zone.insert(self.owner().leak(), tlsa.chain(signed).collect());
        }
        self.dns.change(zone);
    }

    /// What a record pins of what stands at this depth.
    fn data(&self, depth: usize) -> Vec<u8> {
        let certificate = Certificate::from_der(&self.credentials.chain[depth]);
        certificate.association(1, 1).unwrap().into_owned()
    }

    async fn tlsa(&self, more: &[&str]) -> Ended {
        let file = self.world.path("tlsa.yml").display().to_string();
        let target = format!("{HOST}:{}", self.server.address.port());
        let arguments = ["tlsa", &target, "--view", "v", "--config.file", &file];
        run(&[&arguments, more].concat()).await
    }
}

/// A line of a zone file.
fn line(place: &Place, ttl: u32, bits: [u8; 3], data: &[u8], remark: &str) -> String {
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    let [usage, selector, matching_type] = bits;
    let owner = place.owner();
    format!("{owner}. {ttl} IN TLSA {usage} {selector} {matching_type} {hex} ; {remark}\n")
}

#[track_caller]
fn says(ended: &Ended, code: i32, lines: &[&str]) {
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(code), ""),
        "{}",
        ended.stdout
    );
    for line in lines {
        assert!(ended.stdout.contains(line), "{line}\n{}", ended.stdout);
    }
}

#[tokio::test]
async fn what_is_served_is_held_against_what_is_published() {
    let place = Place::new().await;
    let (bits, own) = ([3, 1, 1], place.data(0));
    let at = format!("served at {}", place.server.address);
    let missing = line(&place, 3600, bits, &own, &format!("+ {at}"));
    says(
        &place.tlsa(&[]).await,
        2,
        &[&missing, "no TLSA records", "publish + at once"],
    );
    place.publish(&[(bits, own.clone())]);
    let right = line(&place, 86_400, bits, &own, &format!("= {at}"));
    let ended = place.tlsa(&[]).await;
    says(&ended, 0, &[&right]);
    assert_eq!(ended.stdout.lines().count(), 2, "{}", ended.stdout);
    place.publish(&[(bits, own), (bits, vec![7; 32]), ([1, 1, 1], vec![8; 32])]);
    let old = line(&place, 86_400, bits, &[7; 32], "- neither served nor next");
    let odd = line(
        &place,
        86_400,
        [1, 1, 1],
        &[8; 32],
        "- mail servers know usages 2 and 3 only",
    );
    let wait = "remove - no sooner than 172800 s (2 x TTL)";
    says(
        &place.tlsa(&[]).await,
        0,
        &[&right, &format!("; {old}"), &format!("; {odd}"), wait],
    );
}

#[tokio::test]
async fn a_key_to_come_and_an_issuer_have_records_or_lack_them() {
    let place = Place::new().await;
    let (bits, own) = ([3, 1, 1], place.data(0));
    place.publish(&[(bits, own.clone())]);
    let next = place.world.issue(HOST, 0, 90);
    let next = Certificate::from_der(&next.chain[0]);
    let file = place
        .world
        .write("next.pem", &next.to_pem())
        .display()
        .to_string();
    let data = next.association(1, 1).unwrap().into_owned();
    let missing = line(&place, 600, bits, &data, &format!("+ next {file}"));
    let wait = "after publishing +, wait 172800 s (2 x TTL)";
    let ended = place.tlsa(&["--next", &file, "--ttl", "600"]).await;
    says(&ended, 1, &[&missing, wait]);
    place.publish(&[(bits, own.clone()), (bits, data.clone())]);
    let right = line(&place, 86_400, bits, &data, &format!("= next {file}"));
    says(&place.tlsa(&["--next", &file]).await, 0, &[&right]);
    // Beside a stronger digest, the same would be skipped.
    let strong = Certificate::from_der(&place.credentials.chain[0]);
    let strong = strong.association(1, 2).unwrap().into_owned();
    place.publish(&[([3, 1, 2], strong), (bits, data)]);
    says(
        &place.tlsa(&["--next", &file]).await,
        1,
        &["IN TLSA 3 1 2 ", "; + next "],
    );
    place.publish(&[(bits, own)]);
    let issuer = place.data(1);
    let issuer = line(
        &place,
        86_400,
        [2, 1, 1],
        &issuer,
        "+ issuer of what is served at ",
    );
    let issuer = issuer.trim_end_matches('\n');
    says(&place.tlsa(&["--ta"]).await, 1, &[issuer]);
}

#[tokio::test]
async fn what_nobody_can_tell_is_no_missing_record() {
    let place = Place::new().await;
    place.dns.change(Zone::from([(
        HOST,
        vec![Answer::Address([127, 0, 0, 1].into())],
    )]));
    let untold = line(&place, 3600, [3, 1, 1], &place.data(0), "? served at ");
    let untold = untold.trim_end_matches('\n');
    let ended = place.tlsa(&[]).await;
    says(
        &ended,
        3,
        &[untold, "the resolver does not validate DNSSEC"],
    );
    let address = run(&["tlsa", "127.0.0.1"]).await;
    assert_eq!(address.code, Some(3));
    let complaint =
        "smtp-tls-exporter: 127.0.0.1: an address has no TLSA records, expected host or mx:domain";
    assert_eq!(address.complaint(), complaint);
    let missing = run(&["tlsa", HOST, "--next", "/nowhere/next.csr"]).await;
    assert_eq!(missing.code, Some(3));
    assert!(
        missing
            .complaint()
            .contains("--next: /nowhere/next.csr: cannot be read")
    );
}

#[tokio::test]
async fn scripts_read_json() {
    let place = Place::new().await;
    place.publish(&[([3, 1, 1], vec![7; 32])]);
    let ended = place.tlsa(&["--json"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["exit_status"], 2);
    let host = &json["hosts"][0];
    assert_eq!(host["owner"], place.owner());
    assert_eq!(
        (&host["ttl_seconds"], &host["wait_seconds"]),
        (&86_400.into(), &172_800.into())
    );
    let marks: Vec<_> = host["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["mark"])
        .collect();
    assert_eq!(marks, ["+", "-"]);
}
