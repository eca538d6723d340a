//! This machine's own resolv.conf and hosts file, in a mount namespace: needs root, as tests/run.sh has.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use smtp_tls_exporter::reason::Reason;
use testkit::peer::{Answer, Dns, Zone};
use testkit::process::scratch;
use tokio::net::{TcpListener, UdpSocket};

use crate::PROGRAM;
use crate::watched::at;

/// Servers of resolv.conf have the port 53, so they need an address of their own.
const FIRST: &str = "127.53.0.1:53";
const SECOND: &str = "127.53.0.2:53";

async fn serve(address: &str, zone: Zone) -> Dns {
    let udp = UdpSocket::bind(address).await.unwrap();
    let tcp = TcpListener::bind(address).await.unwrap();
    Dns::serve(zone, udp, tcp).unwrap()
}

/// What the table says of each host, with these files in place of the machine's own.
fn check(
    place: &Path,
    resolv: &str,
    hosts_file: &[u8],
    hosts: &[&str],
) -> BTreeMap<String, String> {
    std::fs::write(place.join("resolv.conf"), resolv).unwrap();
    std::fs::write(place.join("hosts"), hosts_file).unwrap();
    let targets: Vec<_> = hosts
        .iter()
        .map(|host| format!("{{host: {host}, ports: 9}}"))
        .collect();
    let config = format!("targets: [{}]", targets.join(", "));
    std::fs::write(place.join("c.yml"), config).unwrap();
    let script = "mount --bind resolv.conf /etc/resolv.conf && mount --bind hosts /etc/hosts && exec \"$0\" check \
                  --config.file c.yml";
    let mut command = Command::new("unshare");
    let command = command.args(["-m", "sh", "-c", script, PROGRAM.path()]);
    let output = command.current_dir(place).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let row = |host: &&str| {
        let line = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(host));
        let line = line.unwrap_or_else(|| panic!("{host} is missing in {text}"));
        let words: Vec<_> = line.split_whitespace().collect();
        let is_found = words[1].ends_with(":9");
        let why = words.iter().find_map(|w| w.strip_suffix(':'));
        let end = if is_found {
            words[1]
        } else {
            why.unwrap_or("")
        };
        ((*host).to_owned(), end.to_owned())
    };
    hosts.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root (a mount namespace): run tests/run.sh"]
async fn names_are_completed_and_looked_up_as_the_c_library_does() {
    let place = scratch();
    let inside = "postfix.mail.svc.cluster.local";
    let zone: Zone = [(inside, vec![at(1)]), ("postfix.mail", vec![at(2)])].into();
    let first = serve(FIRST, zone.clone()).await;
    let silent = serve(SECOND, zone_of_silence(&zone)).await;
    let search = "search mail.svc.cluster.local svc.cluster.local\n";
    let hosts = b"192.0.2.7 b\xe4r\n127.0.0.3 listed.bears.test\n";
    let ask = |resolv: String| {
        let names = [
            "postfix",
            "postfix.mail",
            inside,
            "listed.bears.test",
            "gone.bears.test",
        ];
        let ends = check(place.path(), &resolv, hosts, &names);
        names.map(|name| ends[name].clone())
    };
    let missing = Reason::DnsNotFound.as_str();
    for (resolv, dotted) in [
        (
            format!("nameserver 127.53.0.1\n{search}options ndots:5\n"),
            "127.0.0.1:9",
        ),
        (format!("nameserver 127.53.0.1\n{search}"), "127.0.0.2:9"),
        (
            format!("nameserver 127.53.0.2\nnameserver 127.53.0.1\n{search}options timeout:1\n"),
            "127.0.0.2:9",
        ),
    ] {
        let expected = ["127.0.0.1:9", dotted, "127.0.0.1:9", "127.0.0.3:9", missing];
        assert_eq!(ask(resolv.clone()), expected, "{resolv}");
    }
    assert!(first.asked() > 0 && silent.asked() > 0);
}

/// Nobody answers for these names, nor for those that the search list makes of them.
fn zone_of_silence(zone: &Zone) -> Zone {
    let silence = |name: &&'static str| (*name, vec![Answer::Silence]);
    let more = [
        "postfix",
        "postfix.svc.cluster.local",
        "gone.bears.test",
        "gone.bears.test.mail.svc.cluster.local",
        "gone.bears.test.svc.cluster.local",
    ];
    zone.keys().chain(&more).map(silence).collect()
}
