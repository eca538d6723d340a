//! The command `collect` beside real mail servers that cannot get rid of their mail, each message for another reason; the
//! other sides are a Postfix of the test's own.

mod exim_peer;
mod exim_relay;
mod peers;
mod relay;
mod seen;

use std::fs;
use std::path::Path;
use std::process::Command;

use rustls::SupportedProtocolVersion;
use rustls::version::TLS12;
use testkit::World;
use testkit::peer::Speech;
use testkit::process::{output, scratch, until};

use self::exim_peer::EximPeers;
use self::exim_relay::EximRelay;
use self::peers::Peers;
use self::relay::Relay;
use self::seen::Seen;
use super::certificates::{Authority, EXPIRED, RENEWED};
use crate::PROGRAM;

/// Each next hop, what Postfix says of it, and what that is called.
const POSTFIX_SAYS: [(&str, &str, &str); 10] = [
    (
        "notls.test",
        "TLS is required, but was not offered by host",
        "peer_offers_no_tls",
    ),
    (
        "expired.test",
        "Server certificate not verified",
        "peer_cert_invalid",
    ),
    (
        "selfsigned.test",
        "Server certificate not verified",
        "peer_cert_invalid",
    ),
    (
        "othername.test",
        "Server certificate not verified",
        "peer_cert_invalid",
    ),
    // Three ways to insist on a certificate: Postfix refuses after the handshake, Exim hangs up, others send an alert.
    (
        "asks.test",
        "421 4.7.1 mailrelay.bears.test Error: Client certificate not trusted",
        "own_cert_refused",
    ),
    (
        "breaks12.test",
        "while performing the EHLO handshake",
        "connection_dropped",
    ),
    (
        "breaks13.test",
        "while performing the EHLO handshake",
        "connection_dropped",
    ),
    (
        "alerts12.test",
        "Cannot start TLS: handshake failure",
        "tls_handshake_failed",
    ),
    ("grey.test", "said: 451 4.7.1", "refused_temporarily"),
    ("closed.test", "Connection refused", "connect_refused"),
];
/// With it, a server refuses a certificate before the handshake ends.
static OLDER: &[&SupportedProtocolVersion] = &[&TLS12];
/// Whose mail waits for our certificate.
const OURS: [&str; 3] = ["asks.test", "breaks12.test", "breaks13.test"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, Exim and Postfix: run tests/run.sh"]
async fn postfix_says_why_each_message_waits_until_its_own_certificate_is_renewed() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let peers = Peers::start(place.path(), "127.0.26.1", &authority);
    let _strict = EximPeers::start(place.path(), "127.0.26.1", &authority);
    let mut world = World::today();
    let speech = Speech {
        demands_client_certificate: true,
        versions: OLDER,
        ..Speech::default()
    };
    let alerts = world.server("mx.bears.test", 80, speech).await;
    let old = authority.issue("client", &EXPIRED);
    let more = format!("alerts12.test smtp:[{}]:{}\n", alerts.ip(), alerts.port());
    let relay = Relay::start(place.path(), &peers, &old, &authority, &more);
    for (domain, ..) in POSTFIX_SAYS {
        relay.send(&[&format!("honey@{domain}")]);
    }
    relay.send(&["honey@notls.test", "fox@notls.test", "elk@closed.test"]);

    let seen = until("every message waits for a reason", || {
        let seen = relay.seen();
        let waiting = |(domain, ..): &(&str, &str, &str)| {
            let both = ["notls.test", "closed.test"].contains(domain);
            seen.messages(domain, "retry") == if both { 2 } else { 1 }
        };
        let all = POSTFIX_SAYS.iter().all(waiting);
        all.then_some(seen).ok_or_else(|| relay.seen().text)
    });
    for (domain, words, reason) in POSTFIX_SAYS {
        seen.waits(domain, words, reason, Some("smtp"));
    }
    seen.is_of("postfix", "mailrelay/out", true);
    seen.has_key("smtp", Some(true));
    seen.names_nobody();

    relay.replace_certificate(&authority.issue("renewed", &RENEWED));
    relay.flush();
    until("what waited for our certificate is gone", || {
        let seen = relay.seen();
        let left: u64 = OURS.iter().map(|domain| seen.total(domain)).sum();
        let is_done = left == 0 && seen.messages("closed.test", "retry") == 2;
        is_done.then_some(()).ok_or(seen.text)
    });

    relay.hold_everything();
    let held = relay.seen();
    assert_eq!(
        held.messages("closed.test", "suspended"),
        2,
        "{}",
        held.text
    );
    assert_eq!(held.messages("closed.test", "retry"), 0, "{}", held.text);

    let folder = relay.stop();
    let down = Seen::of(&["postfix", "--config-dir", &folder]);
    down.is_of("postfix", "mailrelay/out", false);
    assert_eq!(
        down.messages("closed.test", "suspended"),
        2,
        "{}",
        down.text
    );
}

#[test]
#[ignore = "needs root and Postfix: run tests/run.sh"]
fn postfix_services_instances_and_names_have_certificates_of_their_own() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let peers = Peers::start(place.path(), "127.0.26.2", &authority);
    let seen = Seen::of(&["postfix", "--config-dir", &peers.folder()]);
    seen.is_of("postfix", "mailrelay/peers", true);
    // Two services override the certificate; those that only ask for one or refuse TLS do not.
    let servers: Vec<_> = seen.uses("server");
    let services = ["127.0.26.2:2602/inet", "127.0.26.2:2603/inet", "smtpd"];
    let names = ["sni mx.bears.test", "sni .den.bears.test"];
    assert_eq!(
        servers,
        [&services[..], &names[..]].concat(),
        "{}",
        seen.text
    );
    assert_eq!(seen.uses("client"), ["smtp"], "{}", seen.text);
    let days = |id: &str| seen.days_left(id);
    assert!((88..=89).contains(&days("smtpd")) && (-4..0).contains(&days("127.0.26.2:2602/inet")));
    for id in [&services[..], &names[..1]].concat() {
        seen.has_key(id, Some(true));
    }
    // A file whose key is another's.
    seen.has_key("sni .den.bears.test", Some(false));

    let plain = fs::read_to_string(peers.log()).unwrap_or_default();
    assert!(plain.contains("daemon started"), "{plain}");
    let file = place.path().join("mx1.json");
    let written = PROGRAM.run_alone(&[
        "collect",
        "postfix",
        "--config-dir",
        &peers.folder(),
        "--output",
        &file.display().to_string(),
    ]);
    assert_eq!((written.code, &*written.stdout), (Some(0), ""));
    assert_eq!(Seen::read(&file).uses("server"), servers);
}

#[test]
#[ignore = "needs root and Postfix: run tests/run.sh"]
fn without_root_keys_are_unknown_and_not_missing() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let peers = Peers::start(place.path(), "127.0.26.4", &authority);
    let nobody = output(
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(PROGRAM.path())
            .args(["collect", "postfix", "--config-dir", &peers.folder()]),
    );
    let seen = Seen::parse(&nobody);
    assert!(nobody.contains("Permission denied"), "{nobody}");
    assert!(seen.errors("certificates"), "{nobody}");
    assert_eq!(seen.uses("server").len(), 5, "{nobody}");
}

#[test]
#[ignore = "needs root and Postfix: run tests/run.sh"]
fn twenty_thousand_messages_take_little_memory_and_time() {
    let place = scratch();
    let authority = Authority::new(place.path());
    let peers = Peers::start(place.path(), "127.0.26.3", &authority);
    let relay = Relay::start(
        place.path(),
        &peers,
        &authority.issue("client", &RENEWED),
        &authority,
        "",
    );
    for n in 0..20 {
        relay.send(&[&format!("honey@closed{n}.test")]);
    }
    until("all of them wait", || {
        let seen = relay.seen();
        let count = (0..20).filter(|n| seen.messages(&format!("closed{n}.test"), "retry") == 1);
        (count.count() == 20).then_some(()).ok_or(seen.text)
    });
    let folder = relay.stop();
    relay::multiply(Path::new(&folder), 1000);

    let file = place.path().join("mx1.json").display().to_string();
    let collected = || {
        Cost::of(Command::new(PROGRAM.path()).args([
            "collect",
            "postfix",
            "--config-dir",
            &folder,
            "--output",
            &file,
        ]))
    };
    // The lower of two: other tests run beside this one.
    let (first, second) = (collected(), collected());
    let ours = if first.seconds < second.seconds {
        first
    } else {
        second
    };
    let theirs = Cost::of(Command::new("postqueue").args(["-c", &folder, "-j"]));
    let seen = Seen::read(Path::new(&file));
    let total: u64 = (0..20)
        .map(|n| seen.messages(&format!("closed{n}.test"), "retry"))
        .sum();
    assert_eq!(total, 20_000, "{}", seen.text);
    println!("collect: {ours:?}, postqueue -j: {theirs:?}");
    assert!(ours.kilobytes < 32 << 10, "{ours:?}");
    assert!(ours.seconds < 3.0 * theirs.seconds, "{ours:?} {theirs:?}");
}

/// What a program and those that it started took.
#[derive(Debug)]
struct Cost {
    kilobytes: u64,
    seconds: f64,
}

impl Cost {
    fn of(command: &mut Command) -> Self {
        let mut measured = Command::new("/usr/bin/time");
        measured
            .args(["--quiet", "-f", "cost %M %U %S"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdout(std::process::Stdio::null());
        let done = measured
            .output()
            .expect("/usr/bin/time; tests/run.sh installs it");
        let said = String::from_utf8_lossy(&done.stderr);
        let cost = said.lines().find_map(|line| line.strip_prefix("cost "));
        let cost = cost.unwrap_or_else(|| panic!("{said}"));
        let [kilobytes, user, system] = cost.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{cost}");
        };
        let seconds = |text: &str| text.parse::<f64>().expect("seconds");
        Self {
            kilobytes: kilobytes.parse().expect("kilobytes"),
            seconds: seconds(user) + seconds(system),
        }
    }
}

/// Each next hop, what Exim says of it, what that is called, and by which transport mail goes there.
type Says = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

/// In the logs of messages.
const EXIM_SAYS: [Says; 8] = [
    (
        "notls.test",
        "a TLS session is required, but the server did not offer TLS support",
        "peer_offers_no_tls",
        Some("sender"),
    ),
    (
        "expired.test",
        "certificate verification failed",
        "peer_cert_invalid",
        Some("sender"),
    ),
    (
        "selfsigned.test",
        "certificate verification failed",
        "peer_cert_invalid",
        Some("sender"),
    ),
    (
        "asks.test",
        "closed connection",
        "connection_dropped",
        Some("sender"),
    ),
    (
        "breaks12.test",
        "TLS session: error on first read",
        "tls_handshake_failed",
        Some("sender"),
    ),
    (
        "breaks13.test",
        "TLS session: error on first read",
        "tls_handshake_failed",
        Some("sender"),
    ),
    (
        "grey.test",
        "451 4.7.1",
        "refused_temporarily",
        Some("sender"),
    ),
    (
        "closed.test",
        "Connection refused",
        "connect_refused",
        Some("sender"),
    ),
];
/// In the hints that are left without them. There is one reason for all ports of a host, so that only few can be tried;
/// who answered the recipient is not noted.
const EXIM_HINTS: [Says; 3] = [
    (
        "closed.test",
        "Connection refused",
        "connect_refused",
        Some("sender"),
    ),
    (
        "dual.test",
        "defer (101): Network is unreachable; defer (111): Connection refused",
        "connect_refused",
        Some("sender"),
    ),
    ("grey.test", "451 4.7.1", "refused_temporarily", None),
];

#[test]
#[ignore = "needs root, Exim and Postfix: run tests/run.sh"]
fn exim_says_why_each_message_waits_with_logs_of_messages_and_without() {
    for (address, logs) in [("127.0.26.5", true), ("127.0.26.6", false)] {
        let place = scratch();
        let authority = Authority::new(place.path());
        let peers = Peers::start(place.path(), address, &authority);
        let _strict = EximPeers::start(place.path(), address, &authority);
        let client = authority.issue("client", &EXPIRED);
        let exim = EximRelay::new(place.path(), &peers, &client, &authority, logs);
        let says = if logs {
            &EXIM_SAYS[..]
        } else {
            &EXIM_HINTS[..]
        };
        for (domain, ..) in says {
            exim.send(&format!("honey@{domain}"));
        }
        let seen = exim.seen();
        seen.is_of("exim", "mailrelay", false);
        for (domain, words, reason, transport) in says {
            seen.waits(domain, words, reason, *transport);
        }
        assert_eq!(seen.uses("client"), ["sender", "varying"], "{}", seen.text);
        seen.has_key("sender", Some(true));
        assert!((-4..0).contains(&seen.days_left("sender")), "{}", seen.text);
        seen.names_nobody();

        exim.freeze_everything();
        let frozen = exim.seen();
        assert_eq!(
            frozen.messages("closed.test", "suspended"),
            1,
            "{}",
            frozen.text
        );
        exim.replace_certificate(&authority.issue("renewed", &RENEWED));
        exim.deliver_everything();
        let seen = exim.seen();
        let left: u64 = OURS.iter().map(|domain| seen.total(domain)).sum();
        assert_eq!(left, 0, "{}", seen.text);
        assert_eq!(seen.total("closed.test"), 1, "{}", seen.text);
        let keep = format!("/tmp/exim14keep-{logs}");
        let _ = fs::remove_dir_all(&keep);
        let _ = Command::new("cp")
            .args(["-a"])
            .arg(place.path().join("exim"))
            .arg(&keep)
            .status();
        fs::write(format!("{keep}/seen.json"), &seen.text).unwrap();
    }
}
