//! Holds the dialogue to the failure table: every misbehaviour before TLS has its phase and reason, costs bounded time,
//! and takes nothing away that was learnt before.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use smtp_tls_exporter::reason::Reason;
use testkit::any_port;
use testkit::peer::acts::{BANNER, alert};
use testkit::peer::acts::{farewell, greeted, line, offered};
use testkit::peer::{Act, Speech};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::probed::{LONG, SHORT, cases};
use crate::probed::{play, probe, visit};
use crate::watched::{HELO, Names, Watched, measure, world};

/// So long that the connection is surely open: a reset before that is one of the connection attempt.
const MOMENT: Duration = Duration::from_millis(100);
/// Longer than a probe may take.
const AGES: Duration = Duration::from_secs(60);

#[tokio::test]
async fn greetings_that_do_not_come_or_are_none() {
    let mut overlong = b"220 ".to_vec();
    overlong.resize(1 << 20, b'x');
    let garbage = Act::Send(vec![0xff, 0x00, 0x7f, 0x1b]);
    let cases = cases! {
        "nothing": "greeting" "greeting_timeout" <- vec![Act::Hang];
        "a tarpit": "greeting" "greeting_timeout" <- vec![Act::Drip(b"220 bear", AGES)];
        "half a greeting": "greeting" "greeting_timeout" <- line("220-wait");
        "an end": "greeting" "connection_closed" <- vec![];
        "a reset": "greeting" "connection_closed" <- vec![Act::Drip(b"2", MOMENT), Act::Reset];
        "an overlong line": "greeting" "protocol_error" <- vec![Act::Send(overlong), Act::Hang];
        "garbage": "greeting" "protocol_error" <- vec![garbage, Act::Hang];
        "a flood": "greeting" "protocol_error" <- vec![Act::Flood(b"\0\0\0\0")];
        "HTTP": "greeting" "protocol_error" <- line("HTTP/1.1 400 Bad Request");
        "a TLS alert": "greeting" "unexpected_tls" <- vec![alert(10), Act::Hang];
    };
    for (probed, heard) in play(&cases, "starttls").await {
        assert_eq!(probed.phases(), ["connect", "greeting"]);
        assert_eq!(probed.value("starttls_offered"), None);
        assert_eq!(heard, "", "nothing is said before the greeting");
    }
}

#[tokio::test]
async fn greetings_that_refuse() {
    let busy = "421 4.3.2 Too many connections";
    let cases = cases! {
        "busy": "greeting" "greeting_4xx" <- line(busy);
        "refused": "greeting" "greeting_5xx" <- farewell("554 no service");
        "never mail": "greeting" "greeting_5xx" <- farewell("521 does not accept mail");
    };
    let brought = play(&cases, "starttls").await;
    let heard: Vec<_> = brought.iter().map(|(_, heard)| heard.as_str()).collect();
    assert_eq!(heard, ["", "QUIT\r\n", "QUIT\r\n"], "a 421 is a farewell");
    let (first, _) = &brought[0];
    assert_eq!(first.transcript(), [format!("< {busy}")]);
    assert_eq!(first.detail(), busy);
}

#[tokio::test]
async fn codes_that_answer_nothing_are_no_refusals() {
    let cases = cases! {
        "a greeting of 354": "greeting" "protocol_error" <- line("354 send it");
        "a greeting of 150": "greeting" "protocol_error" <- line("150 wait");
        "a greeting of 650": "greeting" "protocol_error" <- line("650 what");
        "EHLO to 334": "ehlo" "protocol_error" <- greeted(line("334 VXNlcm5hbWU6"));
        "EHLO to 199": "ehlo" "protocol_error" <- greeted(line("199 wait"));
        "STARTTLS to 354": "starttls" "protocol_error" <- offered(line("354 send it"));
        "STARTTLS to 100": "starttls" "protocol_error" <- offered(line("100 wait"));
    };
    let brought = play(&cases, "starttls").await;
    for (case, (probed, heard)) in cases.iter().zip(&brought) {
        let said = case.acts[case.acts.len() - 2].clone();
        let Act::Send(said) = said else {
            panic!("{}", case.name)
        };
        let said = String::from_utf8(said).unwrap();
        assert!(
            probed.detail().contains(said.trim_end()),
            "{}",
            probed.detail()
        );
        assert!(!heard.contains("QUIT"), "nobody knows what it waits for");
    }
}

#[tokio::test]
async fn an_answer_to_ehlo_that_is_a_second_greeting_is_quoted() {
    let cases = cases! {
        "late": "starttls" "starttls_not_offered" <- greeted(farewell("220 mx ready"));
    };
    let (probed, _) = &play(&cases, "starttls").await[0];
    assert!(
        probed.detail().contains("220 mx ready"),
        "{}",
        probed.detail()
    );
}

/// As Postfix and OpenSSL go on.
#[tokio::test]
async fn any_2xx_begins_tls() {
    for starttls_reply in ["250 go", "200 go", "299-go\r\n299 ahead"] {
        let speech = Speech {
            starttls_reply,
            ..Speech::default()
        };
        let (probed, _server) = visit(speech).await;
        assert_eq!(probed.failure(), None, "{starttls_reply}");
        assert_eq!(probed.value("handshake_success"), Some(1.0));
    }
}

#[tokio::test]
async fn ehlo_that_fails() {
    let cases = cases! {
        "a bad name": "ehlo" "ehlo_rejected" <- greeted(farewell("501 5.5.4 Invalid domain name"));
        "no ESMTP": "ehlo" "ehlo_rejected" <- greeted(farewell("502 5.5.1 what?"));
        "a policy": "ehlo" "ehlo_rejected" <- greeted(farewell("550 5.7.1 no"));
        "nothing": "ehlo" "ehlo_timeout" <- greeted(vec![Act::Hang]);
        "an end": "ehlo" "connection_closed" <- greeted(vec![]);
        "a reset": "ehlo" "connection_closed" <- greeted(vec![Act::Reset]);
        "endless lines": "ehlo" "protocol_error" <- greeted(vec![Act::Flood(b"250-again\r\n")]);
        "an endless line": "ehlo" "protocol_error" <- greeted(vec![Act::Flood(b"250 xxxx")]);
        "two codes": "ehlo" "protocol_error" <- greeted(line("250-a\r\n251 b"));
    };
    let brought = play(&cases, "starttls").await;
    for (case, (probed, heard)) in cases.iter().zip(&brought) {
        let begun = &probed.phases()[..3];
        assert_eq!(begun, ["connect", "greeting", "ehlo"], "{}", case.name);
        assert_eq!(probed.observation.banner.as_deref(), Some(BANNER));
        assert_eq!(probed.value("starttls_offered"), None, "{}", case.name);
        assert!(heard.starts_with(&format!("EHLO {HELO}\r\n")), "{heard}");
    }
    for (_, heard) in &brought[..3] {
        assert!(heard.ends_with("\r\nQUIT\r\n"), "{heard}");
    }
}

#[tokio::test]
async fn starttls_that_is_not_offered() {
    let without = "250-bear.bears.test\r\n250-SIZE 1000\r\n250 8BITMIME";
    let as_name = "250 STARTTLS";
    let cisco = "250-bear.bears.test\r\n250-XXXXXXXA\r\n250 8BITMIME";
    let other = "250-bear.bears.test\r\n250 ********";
    let cases = cases! {
        "without": "starttls" "starttls_not_offered" <- greeted(farewell(without));
        "as a name": "starttls" "starttls_not_offered" <- greeted(farewell(as_name));
        "by Cisco": "starttls" "starttls_masked" <- greeted(farewell(cisco));
        "by another": "starttls" "starttls_masked" <- greeted(farewell(other));
    };
    for (probed, heard) in play(&cases, "starttls").await {
        assert_eq!(heard, format!("EHLO {HELO}\r\nQUIT\r\n"));
        assert_eq!(probed.value("starttls_offered"), Some(0.0));
        assert_eq!(probed.observation.banner.as_deref(), Some(BANNER));
    }
}

#[tokio::test]
async fn starttls_that_is_offered_and_refused() {
    let for_now = "454 4.7.0 TLS not available due to temporary reason";
    let cases = cases! {
        "for now": "starttls" "starttls_4xx" <- offered(farewell(for_now));
        "not at all": "starttls" "starttls_5xx" <- offered(farewell("502 5.5.1 no"));
        "nothing": "starttls" "starttls_timeout" <- offered(vec![Act::Hang]);
        "an end": "starttls" "connection_closed" <- offered(vec![]);
        "garbage": "starttls" "protocol_error" <- offered(line("hello"));
    };
    let brought = play(&cases, "starttls").await;
    for (case, (probed, heard)) in cases.iter().zip(&brought) {
        assert_eq!(probed.value("starttls_offered"), Some(1.0), "{}", case.name);
        let begun = &probed.phases()[..4];
        assert_eq!(begun, ["connect", "greeting", "ehlo", "starttls"]);
        assert!(heard.starts_with(&format!("EHLO {HELO}\r\nSTARTTLS\r\n")));
    }
    for (_, heard) in &brought[..2] {
        assert!(heard.ends_with("\r\nQUIT\r\n"), "{heard}");
    }
}

#[tokio::test]
async fn connections_that_fail() {
    let authority = world();
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind(any_port([127, 0, 0, 1])).unwrap();
    let closed = probe(&authority, bound.local_addr().unwrap(), "starttls", SHORT).await;
    closed.assert_failed("nobody listens", "connect", "connect_refused");

    // The broadcast address of the loopback network: the system refuses it without a packet.
    let broadcast = ([127, 255, 255, 255], 25).into();
    let unreachable = probe(&authority, broadcast, "starttls", LONG).await;
    unreachable.assert_failed("no way there", "connect", "connect_unreachable");

    let (full, _waiting) = full_listener().await.unwrap();
    let silent = probe(&authority, full.local_addr().unwrap(), "starttls", SHORT).await;
    silent.assert_failed("no answer", "connect", "connect_timeout");
    for probed in [closed, unreachable, silent] {
        assert_eq!(probed.phases(), ["connect"]);
        probed.assert_no_certificate("no connection");
    }
}

/// A listener whose queue is full, so that further attempts get no answer.
async fn full_listener() -> io::Result<(TcpListener, Vec<TcpStream>)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(any_port([127, 0, 0, 1]))?;
    let listener = socket.listen(1)?;
    let address = listener.local_addr()?;
    let mut waiting = Vec::new();
    while let Ok(opened) = timeout(Duration::from_millis(300), connect(address)).await {
        waiting.push(opened?);
    }
    Ok((listener, waiting))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    TcpSocket::new_v4()?.connect(address).await
}

#[tokio::test]
async fn names_that_are_not_found() {
    let config = "targets: [{host: gone.bears.test}, {host: broken.bears.test}]";
    let mut names = Names::default();
    let servfail = Err(Reason::DnsError);
    names.0.insert("broken.bears.test", servfail);
    let metrics = measure(&world().named(config, names)).await;
    for (target, reason) in [
        ("gone.bears.test", "dns_not_found"),
        ("broken.bears.test", "dns_error"),
    ] {
        let of = [("target", target)];
        let resolved = metrics.value("smtp_tls_target_resolved", &of);
        assert_eq!(resolved, Some(0.0), "{target}");
        let why = metrics.one("smtp_tls_target_failure_info", &of).unwrap();
        assert_eq!(why.label("reason"), Some(reason));
        assert_eq!(why.label("view"), Some("default"));
        assert_eq!(metrics.value("smtp_tls_target_endpoints", &of), Some(0.0));
    }
}

/// A server that listens for more after each command before it answers; what it heard between its replies.
async fn patient_server(listener: TcpListener) -> io::Result<Vec<String>> {
    let (mut stream, _) = listener.accept().await?;
    let mut heard = vec![more(&mut stream).await?];
    for reply in [
        "220-bear\r\n220-of\r\n220 bears\r\n",
        "250-bear\r\n250-PIPELINING\r\n250 SIZE 1\r\n",
        "221 bye\r\n",
    ] {
        stream.write_all(reply.as_bytes()).await?;
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await?;
        let first = String::from_utf8_lossy(&buffer[..read]);
        heard.push(format!("{first}{}", more(&mut stream).await?));
    }
    Ok(heard)
}

/// What comes within a moment.
async fn more(stream: &mut TcpStream) -> io::Result<String> {
    let mut buffer = [0; 1024];
    let read = timeout(Duration::from_millis(60), stream.read(&mut buffer)).await;
    let read = read.unwrap_or(Ok(0))?;
    Ok(String::from_utf8_lossy(&buffer[..read]).into_owned())
}

#[tokio::test]
async fn one_command_at_a_time_and_none_before_the_whole_greeting() {
    let listener = TcpListener::bind(any_port([127, 0, 0, 1])).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(patient_server(listener));
    let probed = probe(&world(), address, "starttls", LONG).await;
    probed.assert_failed("no STARTTLS", "starttls", "starttls_not_offered");
    assert_eq!(probed.observation.banner.as_deref(), Some("bear"));
    let heard = server.await.unwrap().unwrap();
    assert_eq!(heard, ["", &format!("EHLO {HELO}\r\n"), "QUIT\r\n", ""]);
}

#[tokio::test]
async fn a_farewell_that_fails_is_nobodys_fault() {
    let speech = Speech {
        answers_quit: false,
        ..Speech::default()
    };
    let (probed, _server) = visit(speech).await;
    assert_eq!(probed.failure(), None);
    assert_eq!(probed.value("probe_success"), Some(1.0));
    assert!(probed.phases().contains(&"quit"));
}
