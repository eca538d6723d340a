//! Mail domains that publish what senders are to hold to, well and badly: their name servers, policy hosts and mail servers,
//! and the configuration that watches them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use crate::peer::{Answer, Credentials, Dns, Page, PolicyHost, Server, Tunnel, Zone};
use crate::{World, any_port, fleet};

/// The domains while they run: all ends with it.
pub struct Published {
    world: World,
    /// What the exporter is to be started with.
    pub config: PathBuf,
    _mail: Vec<Server>,
    _policies: Vec<PolicyHost>,
    _names: [Dns; 2],
    _tunnel: Tunnel,
}

/// The mail hosts, each with the last part of its address.
const HOSTS: [(u8, &str); 6] = [
    (11, "mx1.bears.test"),
    (12, "mx2.bears.test"),
    (13, "mx.honey.test"),
    (14, "mx.berry.test"),
    (15, "mx.cub.test"),
    (16, "mx.paw.test"),
];
/// The policy hosts: the last part of the address, the mode of the policy, and how many days the certificate lasts.
const POLICIES: [(u8, &str, &str, i64); 3] = [
    (61, "bears.test", "enforce", 80),
    (62, "honey.test", "testing", 12),
    (63, "cub.test", "none", 45),
];
const DOMAINS: [&str; 5] = [
    "bears.test",
    "honey.test",
    "berry.test",
    "cub.test",
    "paw.test",
];

impl Published {
    /// Starts them all, with certificates of today.
    pub async fn start() -> Self {
        let world = World::today();
        let leaves = HOSTS.map(|(_, host)| world.issue(host, -10, 80));
        let cast: Vec<_> = HOSTS
            .iter()
            .zip(&leaves)
            .map(|((last, _), leaf)| (*last, leaf))
            .collect();
        let (port, mail) = fleet(1, &cast).await;
        let zone = zone(port, &leaves);
        let names = [name_server(zone.clone()).await, name_server(zone).await];
        // The lab's resolver does not validate.
        names[1].validates(false);
        let policies = policies(&world).await;
        let ways = POLICIES.iter().zip(&policies);
        let ways = ways.map(|((last, ..), host)| (policy_address(*last), host.address));
        let ways: Vec<_> = ways.collect();
        let tunnel = Tunnel::start(&ways).await.expect("a proxy");
        let config = config(port, &names, tunnel.address);
        Self {
            config: world.write("published.yml", &config),
            world,
            _mail: mail,
            _policies: policies,
            _names: names,
            _tunnel: tunnel,
        }
    }

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        self.world.directory()
    }
}

async fn name_server(zone: Zone) -> Dns {
    Dns::start(zone).await.expect("a name server")
}

/// Where DNS says that a policy host is: behind the proxy it is elsewhere.
fn policy_address(last: u8) -> SocketAddr {
    ([127, 0, 1, last], 443).into()
}

async fn policies(world: &World) -> Vec<PolicyHost> {
    let mut hosts = Vec::new();
    for (_, domain, mode, until_day) in POLICIES {
        let credentials = world.issue(&format!("mta-sts.{domain}"), -10, until_day);
        let text =
            format!("version: STSv1\r\nmode: {mode}\r\nmx: *.{domain}\r\nmax_age: 1209600\r\n");
        let host = PolicyHost::start(any_port([127, 0, 0, 1]), &credentials, Page::Text(text));
        hosts.push(host.await.expect("a policy host"));
    }
    hosts
}

/// What DNS says of all of them. What is wrong: the records of honey.test are of another key, those of paw.test are for
/// clients on the web and its TLSRPT record names no place, berry.test is not signed and its policy host is not there, and
/// nobody answers for the records of mx2.bears.test.
fn zone(port: u16, leaves: &[Credentials; 6]) -> Zone {
    let mut zone = Zone::from([("", vec![Answer::Ns("ns.bears.test"), Answer::Signed])]);
    for (last, host) in HOSTS {
        let signed = (host != "mx.berry.test").then_some(Answer::Signed);
        let address = Answer::Address([127, 0, 1, last].into());
        zone.insert(host, [address].into_iter().chain(signed).collect());
    }
    for domain in DOMAINS {
        let hosts = HOSTS
            .iter()
            .filter(|(_, host)| host.ends_with(&format!(".{domain}")));
        let hosts = hosts.map(|(last, host)| Answer::Mx(u16::from(*last), host));
        zone.insert(domain, hosts.chain([Answer::Signed]).collect());
    }
    let own = |nth: usize| leaves[nth].spki_sha256();
    let mut records = |host: &str, answers: Vec<Answer>| {
        let signed = [Answer::Signed, Answer::Ttl(3600, 3000)];
        zone.insert(
            leaked(format!("_{port}._tcp.{host}")),
            answers.into_iter().chain(signed).collect(),
        );
    };
    let spare = Answer::Tlsa([3, 1, 1], vec![9; 32]);
    records(
        "mx1.bears.test",
        vec![Answer::Tlsa([3, 1, 1], own(0)), spare],
    );
    records(
        "mx2.bears.test",
        vec![Answer::Fails(
            RecordType::TLSA,
            Some(ResponseCode::ServFail),
        )],
    );
    records("mx.honey.test", vec![Answer::Tlsa([3, 1, 1], vec![7; 32])]);
    records("mx.paw.test", vec![Answer::Tlsa([1, 1, 1], own(5))]);
    let mut text = |name: String, text: &'static str| {
        zone.insert(leaked(name), vec![Answer::Txt(vec![text])]);
    };
    for domain in ["bears.test", "honey.test", "berry.test", "cub.test"] {
        text(format!("_mta-sts.{domain}"), "v=STSv1; id=20261128;");
    }
    for domain in ["bears.test", "cub.test"] {
        text(
            format!("_smtp._tls.{domain}"),
            "v=TLSRPTv1; rua=mailto:tls@bears.test",
        );
    }
    text("_smtp._tls.paw.test".to_owned(), "v=TLSRPTv1; rua=");
    for (last, domain, ..) in POLICIES {
        let address = Answer::Address([127, 0, 1, last].into());
        zone.insert(leaked(format!("mta-sts.{domain}")), vec![address]);
    }
    zone
}

/// A zone has names that stay.
fn leaked(name: String) -> &'static str {
    name.leak()
}

fn config(port: u16, [outside, lab]: &[Dns; 2], tunnel: SocketAddr) -> String {
    let (outside, lab) = (outside.address, lab.address);
    let domains = DOMAINS.map(|domain| {
        let name = domain.trim_end_matches(".test");
        format!("- {{name: {name}, mx: {domain}, ports: [{port}], views: external}}\n")
    });
    format!(
        "\
trust: {{roots: root.pem}}
published: {{policy_roots: root.pem}}
views:
  external: {{resolvers: 'udp://{outside}', dnssec: trust, proxy: 'http://{tunnel}'}}
  lab: {{resolvers: 'udp://{lab}', dnssec: trust}}
defaults: {{checks: {{same_certificate: off}}}}
targets:
- {{name: lab-relay, host: mx1.bears.test, ports: [{port}], views: lab}}
{}",
        domains.concat()
    )
}
