//! Targets behind proxies that are scripts in this process, through snapshots.

use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render;
use smtp_tls_exporter::report::Snapshot;
use testkit::peer::{Act, Script};

use crate::watched::{RELAY, Watched, metrics, table, world};

/// Waits for a request, sends this at once with a greeting behind it, and goes on as a mail server.
fn proxy(requests: usize, reply: &[u8]) -> Vec<Act> {
    let mut acts = vec![Act::AwaitBytes; requests - 1];
    for n in 1..requests {
        acts.insert(2 * n - 1, Act::Send(vec![5, 0]));
    }
    let mut glued = reply.to_vec();
    glued.extend_from_slice(b"220 glued.bears.test ESMTP\r\n");
    acts.extend([Act::AwaitBytes, Act::Send(glued), Act::AwaitBytes]);
    acts.extend([
        Act::say("250 no more"),
        Act::Await("QUIT"),
        Act::say("221 bye"),
    ]);
    acts
}

async fn through(url: &str) -> Snapshot {
    let yaml = format!(
        "views: {{p: {{proxy: '{url}'}}}}\n\
         targets: [{{host: {RELAY}, addresses: 192.0.2.7, views: p}}, {{host: far.test, views: p}}]"
    );
    world().look(&yaml).await
}

#[tokio::test]
async fn bytes_glued_to_a_proxys_reply_are_the_servers() {
    let connect = proxy(1, b"HTTP/1.1 200 OK\r\nVia: den\r\n\r\n");
    let socks = proxy(2, &[5, 0, 0, 1, 127, 0, 0, 1, 0, 25]);
    for (scheme, acts) in [("http", connect), ("socks5", socks)] {
        let den = Script::start(acts).await.unwrap();
        let snapshot = through(&format!("{scheme}://{}", den.address)).await;
        for (_, entry) in snapshot.entries() {
            let banner = entry.observation.banner.as_deref();
            assert_eq!(
                banner,
                Some("glued.bears.test ESMTP"),
                "{}",
                table(&snapshot)
            );
            assert_eq!(entry.reason(), Some(Reason::StarttlsNotOffered));
        }
        // An address that is known is handed over as it is, a name as a name: the proxy looks it up.
        let heard = den.heard();
        assert!(heard.contains("far.test"), "{heard}");
        let direct = &snapshot.targets[0].entries[0].endpoint;
        let named = &snapshot.targets[1].entries[0].endpoint;
        assert_eq!(
            (direct.at().as_str(), named.at().as_str()),
            ("192.0.2.7:25", "far.test:25")
        );
        if scheme == "http" {
            assert!(heard.contains("CONNECT 192.0.2.7:25 HTTP/1.1\r\nHost: 192.0.2.7:25\r\n"));
        }
    }
}

#[tokio::test]
async fn a_proxy_that_fails_never_looks_like_the_server() {
    let silent = Script::start(vec![Act::Hang]).await.unwrap();
    let gone = Script::start(vec![Act::Hang]).await.unwrap().address;
    let says = |text: &'static str| vec![Act::Await("CONNECT"), Act::say(text), Act::say("")];
    let wants_password = Script::start(says("HTTP/1.1 407 Who are you?"))
        .await
        .unwrap();
    let forbids = Script::start(says("HTTP/1.1 403 No bears")).await.unwrap();
    let cannot = Script::start(says("HTTP/1.1 502 Not reached"))
        .await
        .unwrap();
    let socks = |code| {
        let reply = Act::Send(vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
        vec![
            Act::AwaitBytes,
            Act::Send(vec![5, 0]),
            Act::AwaitBytes,
            reply,
        ]
    };
    let ruleset = Script::start(socks(2)).await.unwrap();
    let refused = Script::start(socks(5)).await.unwrap();
    let general = Script::start(socks(1)).await.unwrap();
    let no_method = vec![Act::AwaitBytes, Act::Send(vec![5, 0xff])];
    let no_method = Script::start(no_method).await.unwrap();
    let smtp = Script::start(vec![Act::say("220 no proxy"), Act::Hang])
        .await
        .unwrap();
    for (scheme, address, expected) in [
        ("http", silent.address, Reason::ProxyTimeout),
        ("socks5", silent.address, Reason::ProxyTimeout),
        ("http", gone, Reason::ProxyUnreachable),
        ("socks5", gone, Reason::ProxyUnreachable),
        ("http", wants_password.address, Reason::ProxyAuth),
        ("http", forbids.address, Reason::ProxyRefused),
        ("http", cannot.address, Reason::ProxyFailed),
        ("socks5", no_method.address, Reason::ProxyAuth),
        ("socks5", ruleset.address, Reason::ProxyRefused),
        ("socks5", general.address, Reason::ProxyFailed),
        ("socks5", smtp.address, Reason::ProxyFailed),
        // The one thing that a proxy can say of the server for certain.
        ("socks5", refused.address, Reason::ConnectRefused),
    ] {
        let snapshot = through(&format!("{scheme}://{address}")).await;
        let entry = &snapshot.targets[0].entries[0];
        assert_eq!(
            entry.reason(),
            Some(expected),
            "{scheme}: {}",
            table(&snapshot)
        );
        let fault = entry.observation.fault.as_ref().unwrap();
        assert!(fault.detail.contains("the proxy"), "{}", fault.detail);
    }
}

#[tokio::test]
async fn a_proxys_password_is_shown_nowhere() {
    let den = Script::start(vec![Act::Await("CONNECT"), Act::Reset])
        .await
        .unwrap();
    let url = format!("http://bear:h0ney%21@{}", den.address);
    let snapshot = through(&url).await;
    for shown in [
        table(&snapshot),
        render::json(&snapshot),
        metrics(&snapshot),
        format!("{snapshot:?}"),
        format!(
            "{:?}",
            world().settings(&format!(
                "views: {{p: {{proxy: '{url}'}}}}\ntargets: [{{host: a, views: p}}]"
            ))
        ),
    ] {
        assert!(
            !shown.contains("h0ney") && !shown.contains("YmVhcjpoMG5leSE"),
            "{shown}"
        );
    }
    assert!(
        den.heard()
            .contains("Proxy-Authorization: Basic YmVhcjpoMG5leSE=")
    );
}

/// Up to the end of the greeting's session; what the server heard is returned.
async fn announced(version: &str, address: &str) -> (String, Snapshot) {
    let acts = vec![
        Act::AwaitBytes,
        Act::say("220 hidden.bears.test ESMTP"),
        Act::Await("EHLO"),
        Act::say("250 no more"),
        Act::Await("QUIT"),
    ];
    let at = format!("{address}:0").parse().expect("an address");
    let server = Script::start_at(at, acts).await.expect("a peer");
    let port = server.address.port();
    let yaml = format!(
        "defaults: {{proxy_protocol: {version}}}\n\
         targets: [{{addresses: ['{}'], ports: [{port}]}}]",
        server.address.ip()
    );
    let snapshot = world().look(&yaml).await;
    (server.heard(), snapshot)
}

#[tokio::test]
async fn a_header_goes_before_everything_else() {
    let (heard, snapshot) = announced("v1", "127.0.0.1").await;
    let entry = &snapshot.targets[0].entries[0];
    assert_eq!(
        entry.observation.banner.as_deref(),
        Some("hidden.bears.test ESMTP")
    );
    let port = entry.endpoint.port;
    let line = heard.lines().next().unwrap_or_default();
    let ours = line
        .strip_prefix("PROXY TCP4 127.0.0.1 127.0.0.1 ")
        .and_then(|ports| ports.strip_suffix(&format!(" {port}")));
    assert!(
        ours.is_some_and(|port| port.parse::<u16>().is_ok()),
        "{heard}"
    );
    let (heard, _) = announced("v2", "127.0.0.1").await;
    let header = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01";
    assert!(heard.starts_with(header), "{heard:?}");
    let (heard, _) = announced("v1", "[::1]").await;
    assert!(heard.starts_with("PROXY TCP6 ::1 ::1 "), "{heard}");
}

/// Behind a proxy of the view nobody knows the addresses of the last connection.
#[tokio::test]
async fn through_a_tunnel_the_addresses_are_unknown() {
    let den = Script::start(vec![
        Act::Await("\r"),
        Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Act::Await("PROXY UNKNOWN\r\n"),
        Act::say("220 hidden.bears.test ESMTP"),
        Act::Await("QUIT"),
    ]);
    let den = den.await.unwrap();
    let yaml = format!(
        "views: {{p: {{proxy: 'http://{}'}}}}\n\
         targets: [{{host: far.test, views: p, proxy_protocol: v1}}]",
        den.address
    );
    let snapshot = world().look(&yaml).await;
    let entry = &snapshot.targets[0].entries[0];
    let banner = entry.observation.banner.as_deref();
    assert_eq!(banner, Some("hidden.bears.test ESMTP"), "{}", den.heard());
}

#[tokio::test]
async fn who_may_wait_for_a_header_is_asked_for_it() {
    let closing = Script::start(vec![Act::Drip(b"2", std::time::Duration::from_millis(50))]);
    let closing = closing.await.unwrap();
    let yaml = format!(
        "targets: [{{addresses: 127.0.0.1, ports: [{}]}}]",
        closing.address.port()
    );
    let said = table(&world().look(&yaml).await);
    assert!(said.contains("connection_closed"), "{said}");
    assert!(said.contains("set proxy_protocol"), "{said}");
}

/// Where TLS begins at once, nothing is read before the hello.
#[tokio::test]
async fn who_may_wait_for_a_header_before_tls_is_asked_for_it() {
    for (acts, reason) in [
        (vec![Act::AwaitBytes], "tls_closed"),
        (vec![Act::Await("PROXY ")], "tls_timeout"),
    ] {
        let backend = Script::start(acts).await.unwrap();
        for (tls, is_told) in [("implicit", true), ("implicit, proxy_protocol: v1", false)] {
            let yaml = format!(
                "targets: [{{addresses: 127.0.0.1, ports: [{}], tls: {tls}}}]",
                backend.address.port()
            );
            let said = table(&world().look(&yaml).await);
            assert_eq!(said.contains("set proxy_protocol"), is_told, "{said}");
            assert!(!is_told || said.contains(reason), "{said}");
        }
    }
}
