//! Views against the real thing: two Knot DNS with a split horizon, a validating Unbound over UDP, TCP, TLS and HTTPS,
//! microsocks, Dante and tinyproxy. Needs what tests/run.sh installs; plain `cargo test` leaves these tests out.

mod gates;
mod knot;
mod proofs;
mod system;
mod unbound;

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use data_encoding::BASE64;
use smtp_tls_exporter::dns::{AddressFamily, Lookup, Resolvers};
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::report::State;
use testkit::World;
use testkit::fleet;
use testkit::peer::{Credentials, Leaf, Server, Speech};
use testkit::process::scratch;

use crate::watched::{RELAY, Watched, endpoints, metrics, reason, table, world};
use gates::Gate;
use knot::{Knot, signed, zone};
use unbound::Unbound;

/// An address on which nobody listens yet, neither by UDP nor by TCP.
fn free_port() -> SocketAddr {
    let (udp, _tcp) = taken_port();
    udp.local_addr().unwrap()
}

/// An address on which nobody else can listen, and nobody answers.
fn taken_port() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<_> = (0..text.len()).step_by(64).collect();
    let lines = lines.iter().map(|at| &text[*at..text.len().min(at + 64)]);
    let lines: Vec<_> = lines.collect();
    format!(
        "-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n",
        lines.join("\n")
    )
}

/// Chain and key. The clock of these tests stands still, that of the resolvers does not: valid for years.
fn certificate_of(world: &World, name: &str) -> (String, String) {
    let Credentials { chain, key } = world.authority.issue(&Leaf::server(name, -30, 1800));
    let chain: String = chain.iter().map(|c| pem("CERTIFICATE", c)).collect();
    (chain, pem("PRIVATE KEY", key.secret_der()))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Knot DNS: run tests/run.sh"]
async fn a_split_horizon_shows_what_each_side_serves() {
    let (world, place) = (world(), scratch());
    let (healthy, expired) = (world.issue(RELAY, -30, 60), world.issue(RELAY, -93, -3));
    let (port, _servers) = fleet(0, &[(61, &healthy), (62, &expired), (63, &expired)]).await;
    let inside = Knot::start(place.path(), "inside", &zone("mailrelay A 127.0.0.61"));
    let records = "mailrelay A 127.0.0.62\n@ MX 10 mx\nmx CNAME host\nhost A 127.0.0.63";
    let outside = Knot::start(place.path(), "outside", &zone(records));
    let yaml = format!(
        "views:\n  internal: {{resolvers: 'udp://{}'}}\n  external: {{resolvers: 'udp://{}'}}\n\
         targets:\n- {{host: {RELAY}, ports: {port}, views: [internal, external]}}\n\
         - {{mx: bears.test, ports: {port}, views: external, server_name: {RELAY}}}\n\
         - {{host: nobody.bears.test, views: external}}\n- {{host: elsewhere.example, views: external}}",
        inside.address, outside.address
    );
    let snapshot = world.look(&yaml).await;
    println!("{}", table(&snapshot));
    let relay = RELAY.to_owned();
    assert_eq!(
        endpoints(&snapshot.targets[0]),
        [
            ("127.0.0.61".into(), relay.clone(), State::Inconsistent),
            ("127.0.0.62".into(), relay, State::Expired),
        ]
    );
    assert!(
        metrics(&snapshot)
            .contains("smtp_tls_target_views_agree{target=\"mailrelay.bears.test\"} 0")
    );
    let mail = ("127.0.0.63".into(), "mx.bears.test".into(), State::Expired);
    assert_eq!(endpoints(&snapshot.targets[1]), [mail]);
    assert_eq!(reason(&snapshot.targets[2]), Some(Reason::DnsNotFound));
    // Not its zone: REFUSED, which is no statement about the name.
    assert_eq!(reason(&snapshot.targets[3]), Some(Reason::DnsError));
}

/// How a question ends: in so many addresses, or for a reason.
type End = Result<usize, Reason>;

/// What is asked how, and how the questions for the names good, missing, forged and many end.
type Case = (&'static str, String, &'static str, [End; 4]);

fn cases(unbound: &Unbound, knot: SocketAddr, dead: SocketAddr) -> [Case; 13] {
    let (plain, tls, https) = (unbound.plain, unbound.tls, unbound.https);
    let validate = "dnssec: validate, trust_anchor: anchor";
    let ok = [
        Ok(1),
        Err(Reason::DnsNotFound),
        Err(Reason::DnsError),
        Ok(150),
    ];
    let silent = [Err(Reason::DnsError); 4];
    [
        ("udp", format!("udp://{plain}"), "", ok),
        ("tcp", format!("tcp://{plain}"), "", ok),
        ("tls", format!("tls://{tls}#dns.bears.test"), "", ok),
        (
            "https",
            format!("https://{https}/dns-query#dns.bears.test"),
            "",
            ok,
        ),
        (
            "udp, validated here too",
            format!("udp://{plain}"),
            validate,
            ok,
        ),
        (
            "udp, validated here only",
            format!("udp://{}", knot),
            validate,
            ok,
        ),
        // Nobody looks at the signatures.
        (
            "udp, not validated",
            format!("udp://{}", knot),
            "",
            [Ok(1), Err(Reason::DnsNotFound), Ok(1), Ok(150)],
        ),
        ("udp, silent", format!("udp://{dead}"), "", silent),
        ("tcp, silent", format!("tcp://{dead}"), "", silent),
        ("tls, silent", format!("tls://{dead}"), "", silent),
        ("https, silent", format!("https://{dead}"), "", silent),
        (
            "tls, another name",
            format!("tls://{tls}#dns.foxes.test"),
            "",
            silent,
        ),
        (
            "https, another name",
            format!("https://{https}/#{}", "dns.foxes.test"),
            "",
            silent,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Knot DNS and Unbound: run tests/run.sh"]
async fn every_transport_tells_every_failure() {
    let (world, place) = (world(), scratch());
    let many: String = (1..=150).map(|n| format!("many A 127.0.1.{n}\n")).collect();
    let records = format!("good A 192.0.2.1\nforged A 192.0.2.2\n{many}");
    let (text, anchor) = signed(place.path(), &zone(&records));
    let forged = text.replace("192.0.2.2", "192.0.2.66");
    let knot = Knot::start(place.path(), "knot", &forged);
    let (chain, key) = certificate_of(&world, "dns.bears.test");
    let unbound = Unbound::start(place.path(), knot.address, &anchor, (&chain, &key));
    std::fs::write(world.directory().join("anchor"), &anchor).unwrap();
    let (_dead_udp, dead_tcp) = taken_port();
    let dead = dead_tcp.local_addr().unwrap();
    let cases = cases(&unbound, knot.address, dead);
    println!(
        "{:26} {:>18} {:>18} {:>18} {:>18}",
        "", "good", "missing", "forged", "many"
    );
    for (name, url, more, expected) in cases {
        let yaml = format!(
            "views: {{v: {{resolvers: '{url}', {more}}}}}\ntargets: [{{host: a, views: v}}]"
        );
        let settings = world.settings(&yaml);
        let deadline = Duration::from_secs(if name.contains("silent") { 1 } else { 10 });
        let resolvers = Resolvers::new(settings.policies(), deadline);
        let mut ends: Vec<End> = Vec::new();
        for host in ["good", "missing", "forged", "many"] {
            let host = format!("{host}.bears.test");
            let found = resolvers.addresses("v", &host, AddressFamily::Ipv4).await;
            ends.push(
                found
                    .map(|found| found.value.records.len())
                    .map_err(|fault| fault.reason),
            );
        }
        let said = ends.iter().map(|end| match end {
            Ok(count) => format!("{count:>18}"),
            Err(reason) => format!("{:>18}", reason.as_str()),
        });
        println!("{name:26} {}", said.collect::<Vec<_>>().join(" "));
        assert_eq!(ends, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs microsocks, Dante and tinyproxy: run tests/run.sh"]
async fn real_proxies_lead_to_the_server_or_say_why_not() {
    let (world, place) = (world(), scratch());
    let leaf = world.issue("localhost", -30, 60);
    let here = SocketAddr::from((IpAddr::from([127, 0, 0, 1]), 0));
    let server = Server::start(here, &leaf, Speech::default()).await.unwrap();
    let port = server.address.port();
    let nobody = free_port().port();
    let secret = Some(("bear", "honey"));
    let place = place.path();
    let gates = [
        Gate::microsocks(place, None),
        Gate::microsocks(place, secret),
        Gate::dante(place, 26),
        Gate::tinyproxy(place, &[port, nobody], None),
        Gate::tinyproxy(place, &[port], secret),
    ];
    let [micro, locked, dante, tiny, tiny_locked] = gates.each_ref().map(|gate| gate.address);
    let cases = [
        ("socks5", "", micro, port, None),
        ("socks5", "", micro, nobody, Some(Reason::ConnectRefused)),
        ("socks5", "bear:honey@", locked, port, None),
        (
            "socks5",
            "bear:salmon@",
            locked,
            port,
            Some(Reason::ProxyAuth),
        ),
        ("socks5", "", locked, port, Some(Reason::ProxyAuth)),
        ("socks5", "", dante, port, None),
        ("socks5", "", dante, 26, Some(Reason::ProxyRefused)),
        ("socks5", "", dante, nobody, Some(Reason::ConnectRefused)),
        ("http", "", tiny, port, None),
        ("http", "", tiny, 26, Some(Reason::ProxyRefused)),
        ("http", "", tiny, nobody, Some(Reason::ProxyFailed)),
        ("http", "bear:honey@", tiny_locked, port, None),
        (
            "http",
            "bear:salmon@",
            tiny_locked,
            port,
            Some(Reason::ProxyAuth),
        ),
        ("http", "", tiny_locked, port, Some(Reason::ProxyAuth)),
    ];
    for (scheme, user, gate, port, expected) in cases {
        // An address, and a name that the proxy finds.
        let yaml = format!(
            "views: {{p: {{proxy: '{scheme}://{user}{gate}'}}}}\ndefaults: {{ports: {port}, views: p}}\n\
             targets: [{{name: a, host: localhost, addresses: 127.0.0.1}}, {{name: b, host: localhost}}]"
        );
        let snapshot = world.look(&yaml).await;
        let reasons: Vec<_> = snapshot.entries().map(|(_, e)| e.reason()).collect();
        assert_eq!(
            reasons,
            [expected; 2],
            "{scheme} {user} {port}\n{}",
            table(&snapshot)
        );
    }
}
