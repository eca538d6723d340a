//! Holds the fallbacks of attempts to its manners, by scripted peers: when it climbs, when it stops, what it keeps.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use smtp_tls_exporter::facts::observation::{Fallback, Outcome};
use testkit::World;
use testkit::any_port;
use testkit::peer::acts::{alert, ready};
use testkit::peer::{Act, Credentials, Leaf, Script, Server, Speech};

use crate::probed::{LONG, Probed, SHORT, probe};
use crate::watched::world;

const HOST: &str = "mx.bears.test";

static ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
static ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];

/// A first flight up to TLS 1.2: a version, a suite, and a chain.
fn flight(version: [u8; 2], suite: [u8; 2], chain: &[&[u8]]) -> Act {
    let hello = [&version[..], &[7; 32], &[0], &suite, &[0]].concat();
    let list: Vec<u8> = chain.iter().flat_map(|der| long(der)).collect();
    let messages = [vec![2], long(&hello), vec![11], long(&long(&list))].concat();
    let length = u16::try_from(messages.len())
        .expect("a short flight")
        .to_be_bytes();
    Act::Send([&[22], &version[..], &length, &messages].concat())
}

/// Content behind a length of three bytes.
fn long(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len())
        .expect("a short flight")
        .to_be_bytes();
    [&length[1..], content].concat()
}

/// Probes a peer that plays this to every connection; and how often STARTTLS was asked for.
async fn play(authority: &World, acts: Vec<Act>, limit: &str) -> (Probed, usize) {
    let script = Script::start(ready(acts)).await.expect("a peer");
    let probed = probe(authority, script.address, "starttls", limit).await;
    let heard = script.heard().matches("STARTTLS\r\n").count();
    (probed, heard)
}

fn attempts(probed: &Probed) -> Vec<(&str, &str)> {
    let attempts = probed.observation.attempts.iter();
    attempts
        .map(|a| (a.fallback.as_str(), a.outcome.as_str()))
        .collect()
}

#[tokio::test]
async fn a_refusal_is_answered_by_two_more_attempts_and_no_more() {
    let authority = world();
    let broken = Act::Send(vec![0x16, 3, 3, 0, 4, 9, 0, 0, 0]);
    for (act, reason) in [
        (alert(40), "tls_no_common_parameters"),
        (alert(70), "tls_version_unsupported"),
        (alert(80), "tls_alert"),
        (Act::Reset, "tls_closed"),
        (broken, "tls_protocol_error"),
    ] {
        let (probed, sessions) = play(&authority, vec![act], LONG).await;
        probed.assert_failed(reason, "handshake", reason);
        let fallbacks = ["modern", "compatible", "legacy"].map(|fallback| (fallback, reason));
        assert_eq!((attempts(&probed), sessions), (fallbacks.to_vec(), 3));
    }
}

#[tokio::test]
async fn silence_and_clear_text_are_not_answered_by_another_attempt() {
    let authority = world();
    let clear = vec![Act::say("220 what?")];
    for (acts, reason, limit) in [
        (vec![Act::Hang], "tls_timeout", SHORT),
        (clear, "not_tls", LONG),
    ] {
        let (probed, sessions) = play(&authority, acts, limit).await;
        probed.assert_failed(reason, "handshake", reason);
        assert_eq!(attempts(&probed), [("modern", reason)]);
        assert_eq!(sessions, 1);
    }
}

/// What no OpenSSL of today can play.
#[tokio::test]
async fn ssl_3_and_rc4_are_named_and_the_certificate_read() {
    let authority = world();
    let issued = authority.authority.issue(&Leaf::server(HOST, -30, 60));
    let chain: Vec<&[u8]> = issued.chain.iter().map(AsRef::as_ref).collect();
    for (version, name, reason) in [
        ([3, 0], "SSLv3", "tls_version_unsupported"),
        ([3, 3], "TLSv1.2", "tls_no_common_parameters"),
    ] {
        let rc4 = flight(version, [0, 5], &chain);
        let (probed, _) = play(&authority, vec![rc4], LONG).await;
        probed.assert_failed(name, "handshake", reason);
        probed.assert_certificate(name, 60);
        assert_eq!(probed.value("handshake_success"), Some(0.0));
        let last = probed.observation.attempts.last().unwrap();
        assert_eq!(last.fallback, Fallback::Legacy);
        assert_eq!(last.outcome, Outcome::CertificateRead);
        let info = probed.metrics.one("smtp_tls_connection_info", &[]).unwrap();
        let labels = ["fallback", "tls_version", "cipher_suite", "key_exchange"];
        let found = labels.map(|label| info.label(label).unwrap());
        assert_eq!(found, ["legacy", name, "TLS_RSA_WITH_RC4_128_SHA", "RSA"]);
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_is_a_failure_that_hides_nothing() {
    let authority = world();
    let [mine, other] = [0, 1].map(|_| authority.authority.issue(&Leaf::server(HOST, -30, 60)));
    let stolen = Credentials {
        chain: mine.chain,
        key: other.key,
    };
    for (versions, name) in [(ONLY_12, "TLS 1.2"), (ONLY_13, "TLS 1.3")] {
        let speech = Speech {
            versions,
            ..Speech::default()
        };
        let server = Server::start(any_port([127, 0, 0, 1]), &stolen, speech).await;
        let server = server.unwrap();
        let probed = probe(&authority, server.address, "starttls", LONG).await;
        probed.assert_failed(name, "handshake", "handshake_signature_invalid");
        probed.assert_certificate(name, 60);
        assert_eq!(probed.value("handshake_success"), Some(0.0), "{name}");
        let refused = ("modern", "handshake_signature_invalid");
        assert_eq!(attempts(&probed), [refused], "{name}");
    }
}

/// A leaf, its intermediate and these needless others.
fn bulky(authority: &World, others: usize) -> Credentials {
    let mut credentials = authority.authority.issue(&Leaf::server(HOST, -30, 60));
    let other = authority.authority.root.der().clone();
    credentials.chain.extend(std::iter::repeat_n(other, others));
    credentials
}

async fn present(
    authority: &World,
    credentials: &Credentials,
    versions: &'static [&'static SupportedProtocolVersion],
) -> Probed {
    let speech = Speech {
        versions,
        ..Speech::default()
    };
    let server = Server::start(any_port([127, 0, 0, 1]), credentials, speech).await;
    let server = server.expect("a server");
    probe(authority, server.address, "starttls", LONG).await
}

#[tokio::test]
async fn a_chain_of_more_than_64_kib_is_read_where_it_is_in_clear() {
    let authority = world();
    let read = [
        ("modern", "chain_too_large"),
        ("legacy", "certificate_read"),
    ];
    for others in [150, 380] {
        let credentials = bulky(&authority, others);
        for versions in [ONLY_12, rustls::ALL_VERSIONS] {
            let probed = present(&authority, &credentials, versions).await;
            let case = format!("{others} others");
            probed.assert_failed(&case, "handshake", "chain_too_large");
            assert_eq!(attempts(&probed), read, "{case}");
            assert_eq!(probed.value("handshake_success"), Some(0.0), "{case}");
            let days = probed.value("cert_expiry_seconds").map(|s| s / 86_400.0);
            assert_eq!(days, Some(60.0), "{case}");
            assert_eq!(probed.value("cert_subject_match"), Some(1.0), "{case}");
            let trust = [("check", "trust")];
            let trusted = probed.metrics.value("smtp_tls_check_success", &trust);
            assert_eq!(trusted, Some(1.0), "{case}");
        }
    }
}

/// A leaf with these needless names, and its intermediate.
fn many_names(authority: &World, others: usize) -> Credentials {
    let others: Vec<_> = (0..others)
        .map(|nth| format!("h{nth:05}.bears.test"))
        .collect();
    let names: Vec<_> = others.iter().map(String::as_str).chain([HOST]).collect();
    authority.authority.issue(&Leaf {
        names: &names,
        ..Leaf::server(HOST, -30, 60)
    })
}

#[tokio::test]
async fn a_leaf_of_more_than_64_kib_is_read_where_it_is_in_clear() {
    let authority = world();
    for others in [4_000, 12_000] {
        let credentials = many_names(&authority, others);
        let size = credentials.chain[0].len();
        assert!((70_000..250_000).contains(&size), "{size}");
        for versions in [ONLY_12, rustls::ALL_VERSIONS] {
            let probed = present(&authority, &credentials, versions).await;
            let case = format!("{size} bytes");
            probed.assert_failed(&case, "handshake", "chain_too_large");
            probed.assert_certificate(&case, 60);
            assert_eq!(probed.value("handshake_success"), Some(0.0), "{case}");
            let kib = format!(
                "{} KiB",
                credentials.chain.iter().map(|c| c.len()).sum::<usize>() / 1024
            );
            assert!(probed.detail().contains(&kib), "{}", probed.detail());
            let state = [("state", "Broken")];
            let state = probed.metrics.value("smtp_tls_state", &state);
            assert_eq!(state, Some(1.0), "{case}");
        }
    }
}

#[tokio::test]
async fn a_chain_that_cannot_be_read_is_said_to_be_too_large() {
    let authority = world();
    let encrypted = "cannot be read, as TLS 1.3 encrypts them";
    for (credentials, versions, why) in [
        (bulky(&authority, 150), ONLY_13, encrypted),
        (many_names(&authority, 4_000), ONLY_13, encrypted),
        (bulky(&authority, 700), ONLY_12, "256 KiB"),
        (many_names(&authority, 15_000), ONLY_12, "256 KiB"),
    ] {
        let probed = present(&authority, &credentials, versions).await;
        probed.assert_failed(why, "handshake", "chain_too_large");
        probed.assert_no_certificate(why);
        assert!(probed.detail().contains(why), "{}", probed.detail());
    }
}
