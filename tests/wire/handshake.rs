//! Holds the handshake to the failure table: every way it fails has its reason, every way it succeeds its facts, and
//! a certificate that was shown stays known whatever happens afterwards.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use testkit::peer::acts::{BANNER, alert, line, offered, ready};
use testkit::peer::{Act, HangUp, Speech};

use crate::probed::{cases, play, visit};
use crate::watched::HELO;

static ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
static ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];

/// A ServerHello of TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA.
fn old_hello() -> Act {
    let mut record = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    record.extend([7; 32]);
    record.extend([0, 0x00, 0x2f, 0]);
    Act::Send(record)
}

#[tokio::test]
async fn handshakes_that_fail() {
    let broken = Act::Send(vec![0x16, 3, 3, 0, 4, 9, 0, 0, 0]);
    let cases = cases! {
        "an end after 220": "handshake" "tls_closed" <- offered(vec![Act::say("220 ready")]);
        "an end after the hello": "handshake" "tls_closed" <- ready(vec![]);
        "a reset": "handshake" "tls_closed" <- ready(vec![Act::Reset]);
        "nothing": "handshake" "tls_timeout" <- ready(vec![Act::Hang]);
        "clear text": "handshake" "not_tls" <- ready(vec![Act::say("220 hello?")]);
        "only old TLS": "handshake" "tls_version_unsupported" <- ready(vec![alert(70)]);
        "an old hello": "handshake" "tls_version_unsupported" <- ready(vec![old_hello()]);
        "nothing in common": "handshake" "tls_no_common_parameters" <- ready(vec![alert(40)]);
        "too weak for it": "handshake" "tls_no_common_parameters" <- ready(vec![alert(71)]);
        "its own fault": "handshake" "tls_alert" <- ready(vec![alert(80)]);
        "no such name": "handshake" "tls_alert" <- ready(vec![alert(112)]);
        "a broken record": "handshake" "tls_protocol_error" <- ready(vec![broken]);
    };
    let brought = play(&cases, "starttls").await;
    for (case, (probed, _)) in cases.iter().zip(&brought) {
        assert_eq!(probed.value("starttls_offered"), Some(1.0), "{}", case.name);
        let phases = ["connect", "greeting", "ehlo", "starttls", "handshake"];
        assert_eq!(probed.phases(), phases, "{}", case.name);
        assert_eq!(probed.observation.banner.as_deref(), Some(BANNER));
    }
    for (nth, number) in [(9, "(80)"), (10, "(112)")] {
        let detail = brought[nth].0.detail();
        assert!(detail.contains(number), "{detail}");
    }
}

#[tokio::test]
async fn implicit_tls_that_is_none() {
    let page = vec![Act::AwaitBytes, Act::say("HTTP/1.0 400 Bad Request")];
    let cases = cases! {
        "mail in clear": "handshake" "not_tls" <- line("220 bear.bears.test ESMTP");
        "a page in clear": "handshake" "not_tls" <- page;
        "nothing": "handshake" "tls_timeout" <- vec![Act::Hang];
        "an end": "handshake" "tls_closed" <- vec![Act::AwaitBytes];
        "an alert": "handshake" "tls_alert" <- vec![Act::AwaitBytes, alert(80)];
    };
    for (probed, _) in play(&cases, "implicit").await {
        assert_eq!(probed.phases(), ["connect", "handshake"]);
        assert_eq!(probed.value("starttls_offered"), None);
    }
}

#[tokio::test]
async fn the_transcript_of_an_exchange_server() {
    let speech = Speech {
        banner: BANNER.to_owned(),
        keywords: &["SIZE 37748736", "PIPELINING", "DSN", "CHUNKING"],
        starttls_reply: "220 2.0.0 SMTP server ready",
        versions: ONLY_12,
        ..Speech::default()
    };
    let (probed, server) = visit(speech).await;
    assert_eq!(probed.failure(), None);
    assert_eq!(probed.value("probe_success"), Some(1.0));
    assert_eq!(probed.value("handshake_success"), Some(1.0));
    assert_eq!(probed.value("starttls_offered"), Some(1.0));
    probed.assert_certificate("Exchange", 60);
    let ehlo = format!("EHLO {HELO}");
    let log = ["CONNECT", &ehlo, "STARTTLS", "TLS", &ehlo, "QUIT"];
    assert_eq!(server.log(), log);
    let spoken = [
        &format!("< 220 {BANNER}"),
        &format!("> {ehlo}"),
        "< 250-bear.bears.test",
        "< 250-SIZE 37748736",
        "< 250-PIPELINING",
        "< 250-DSN",
        "< 250-CHUNKING",
        "< 250 STARTTLS",
        "> STARTTLS",
        "< 220 2.0.0 SMTP server ready",
        &format!("> {ehlo}"),
        "< 250-bear.bears.test",
        "< 250-SIZE 37748736",
        "< 250-PIPELINING",
        "< 250-DSN",
        "< 250 CHUNKING",
        "> QUIT",
        "< 221 2.0.0 bye",
    ];
    assert_eq!(probed.transcript(), spoken);
    let info = probed.metrics.one("smtp_tls_connection_info", &[]).unwrap();
    assert_eq!(info.label("tls_version"), Some("TLSv1.2"));
    assert!(
        info.label("cipher_suite")
            .unwrap()
            .starts_with("TLS_ECDHE_ECDSA_WITH_")
    );
}

#[tokio::test]
async fn implicit_tls_speaks_no_starttls() {
    let speech = Speech {
        implicit: true,
        versions: ONLY_13,
        ..Speech::default()
    };
    let (probed, server) = visit(speech).await;
    assert_eq!(probed.failure(), None);
    assert_eq!(probed.value("starttls_offered"), None);
    assert_eq!(
        probed.phases(),
        ["connect", "handshake", "greeting", "ehlo", "quit"]
    );
    let ehlo = format!("EHLO {HELO}");
    assert_eq!(server.log(), ["CONNECT", "TLS", &ehlo, "QUIT"]);
    let info = probed.metrics.one("smtp_tls_connection_info", &[]).unwrap();
    assert_eq!(info.label("tls_version"), Some("TLSv1.3"));
    assert_eq!(info.label("cipher_suite"), Some("TLS_AES_128_GCM_SHA256"));
    assert!(
        info.label("key_exchange")
            .is_some_and(|group| !group.is_empty())
    );
}

#[tokio::test]
async fn clear_text_behind_the_220_is_told_and_the_certificate_kept() {
    let speech = Speech {
        starttls_reply: "220 2.0.0 ready\r\n250 injected",
        ..Speech::default()
    };
    let (probed, server) = visit(speech).await;
    probed.assert_failed("injection", "starttls", "plaintext_after_starttls");
    probed.assert_certificate("injection", 60);
    assert_eq!(probed.value("handshake_success"), Some(1.0));
    let transcript = probed.transcript();
    assert!(
        !transcript.iter().any(|line| line.contains("injected")),
        "taken for an answer"
    );
    assert_eq!(server.log().last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn a_client_certificate_that_is_demanded_hides_nothing() {
    for (versions, name) in [(ONLY_12, "TLS 1.2"), (ONLY_13, "TLS 1.3")] {
        for implicit in [false, true] {
            let speech = Speech {
                implicit,
                demands_client_certificate: true,
                versions,
                ..Speech::default()
            };
            let (probed, _server) = visit(speech).await;
            let case = format!("{name}, implicit: {implicit}");
            probed.assert_failed(&case, "handshake", "client_cert_required");
            probed.assert_certificate(&case, 60);
            assert_eq!(probed.value("handshake_success"), Some(0.0), "{case}");
            assert_eq!(probed.value("connection_info"), None, "{case}");
            assert!(probed.observation.client_certificate_requested, "{case}");
        }
    }
}

/// TLS 1.2 is done before a server hangs up late; what it hangs up for is the same.
#[tokio::test]
async fn whoever_demands_a_client_certificate_may_hang_up_without_an_alert() {
    let ways = [HangUp::End, HangUp::Reset, HangUp::Late, HangUp::LateReset];
    for (versions, name) in [(ONLY_12, "TLS 1.2"), (ONLY_13, "TLS 1.3")] {
        for (hang_up, implicit) in ways.iter().flat_map(|way| [(*way, false), (*way, true)]) {
            let speech = Speech {
                implicit,
                demands_client_certificate: true,
                hang_up: Some(hang_up),
                versions,
                ..Speech::default()
            };
            let (probed, server) = visit(speech).await;
            let case = format!("{name}, {hang_up:?}, implicit: {implicit}");
            // A reset may overtake the last message of the handshake.
            let completed = probed.value("handshake_success") == Some(1.0);
            match (hang_up, name) {
                (HangUp::Late, "TLS 1.2") => assert!(completed, "{case}"),
                (HangUp::LateReset, "TLS 1.2") => {}
                _ => assert!(!completed, "{case}"),
            }
            let phase = match (completed, implicit) {
                (false, _) => "handshake",
                (true, false) => "ehlo",
                (true, true) => "greeting",
            };
            probed.assert_failed(&case, phase, "client_cert_required");
            probed.assert_certificate(&case, 60);
            assert!(probed.detail().contains("got none"), "{case}");
            assert_eq!(server.connections(), 1, "{case}: asked again in vain");
        }
    }
}

/// Half a megabyte of them: a ticket costs the client more than the line.
#[tokio::test]
async fn endless_session_tickets_are_given_up() {
    let speech = Speech {
        tickets: Some(5_000),
        versions: ONLY_13,
        ..Speech::default()
    };
    let (probed, server) = visit(speech).await;
    probed.assert_failed("tickets", "ehlo", "protocol_error");
    probed.assert_certificate("tickets", 60);
    assert_eq!(probed.value("handshake_success"), Some(1.0));
    assert_eq!(server.connections(), 1, "asked again in vain");
}
