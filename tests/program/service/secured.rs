//! The listener with TLS, client certificates, passwords, headers and limits, as the exporter-toolkit's file asks.

use std::net::SocketAddr;
use std::sync::Arc;

use data_encoding::BASE64;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use testkit::curl::{Got, curl};
use testkit::peer::{Credentials, Leaf};
use testkit::{Exporter, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::config;
use crate::PROGRAM;

const NAME: &str = "exporter.bears.test";

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        BASE64.encode(der)
    )
}

fn chain(credentials: &Credentials) -> String {
    credentials
        .chain
        .iter()
        .map(|der| pem("CERTIFICATE", der))
        .collect()
}

fn key(credentials: &Credentials) -> String {
    pem("PRIVATE KEY", credentials.key.secret_der())
}

fn start(den: &World, web: &str) -> Exporter {
    let server = den.authority.issue(&Leaf::server(NAME, -10, 80));
    let client = Leaf {
        purposes: &[ExtendedKeyUsagePurpose::ClientAuth],
        ..Leaf::server("prometheus.bears.test", -10, 80)
    };
    let client = den.authority.issue(&client);
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let setup = PROGRAM
        .over(&config("", &[nobody]))
        .file("root.pem", &den.authority.root_pem())
        .file("server.crt", &chain(&server))
        .file("server.key", &key(&server))
        .file("client.crt", &chain(&client))
        .file("client.key", &key(&client))
        .file("web.yml", web);
    let file = setup.path("web.yml").display().to_string();
    setup.argument(format!("--web.config.file={file}")).start()
}

/// Asks as a client that knows the CA and the name.
fn ask(exporter: &Exporter, path: &str, arguments: &[&str]) -> Got {
    let port = exporter.address.port();
    let root = exporter.path("root.pem");
    let resolve = format!("{NAME}:{port}:127.0.0.1");
    let mut all = vec!["--cacert", root.to_str().unwrap(), "--resolve", &resolve];
    all.extend(arguments);
    curl(&format!("https://{NAME}:{port}{path}"), &all)
}

const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_in_the_versions_that_are_asked_for() {
    let den = World::today();
    let both = start(&den, TLS);
    for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"], &["--http2"]] {
        let got = ask(&both, "/-/healthy", version);
        assert_eq!(
            (got.status, got.body.as_str()),
            (200, "Healthy\n"),
            "{version:?}"
        );
    }
    assert_eq!(both.fetch("/-/healthy", &[]).status, 0, "no plain HTTP");
    let newest = start(&den, &format!("{TLS}  min_version: TLS13\n"));
    assert_eq!(ask(&newest, "/-/healthy", &["--tls-max", "1.2"]).status, 0);
    assert_eq!(ask(&newest, "/-/healthy", &[]).status, 200);
    let one = format!(
        "{TLS}  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
    );
    let one = start(&den, &one);
    let suite = |name| ask(&one, "/-/healthy", &["--ciphers", name]).status;
    assert_eq!(suite("ECDHE-ECDSA-AES256-GCM-SHA384"), 200);
    assert_eq!(suite("ECDHE-ECDSA-AES128-GCM-SHA256"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_show_the_certificate_that_is_demanded() {
    let den = World::today();
    let demand = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: root.pem\n";
    let good = "  client_allowed_sans: [prometheus.bears.test]\n";
    let mutual = start(&den, &format!("{TLS}{demand}{good}"));
    let files = |exporter: &Exporter| {
        let path = |name| exporter.path(name).display().to_string();
        [
            path("client.crt"),
            path("client.key"),
            path("server.crt"),
            path("server.key"),
        ]
    };
    let [certificate, key, ..] = &files(&mutual);
    let shown = ["--cert", certificate, "--key", key];
    assert_eq!(ask(&mutual, "/-/healthy", &shown).status, 200);
    assert_eq!(ask(&mutual, "/-/healthy", &[]).status, 0);
    let [_, _, other, other_key] = &files(&mutual);
    let other = ["--cert", other, "--key", other_key];
    assert_eq!(
        ask(&mutual, "/-/healthy", &other).status,
        0,
        "no client's certificate"
    );
    let picky = start(
        &den,
        &format!("{TLS}{demand}  client_allowed_sans: [fox.test]\n"),
    );
    let [certificate, key, ..] = &files(&picky);
    let shown = ["--cert", certificate, "--key", key];
    assert_eq!(ask(&picky, "/-/healthy", &shown).status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_need_their_password_on_every_path() {
    let hash = bcrypt::hash("honey", 4).unwrap();
    let den = World::today();
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: SAMEORIGIN\n    Strict-Transport-Security: max-age=60\n";
    let exporter = start(
        &den,
        &format!("{TLS}{headers}basic_auth_users:\n  bear: {hash}\n"),
    );
    for path in ["/", "/metrics", "/-/healthy", "/nowhere"] {
        let got = ask(&exporter, path, &[]);
        assert_eq!(got.status, 401, "{path}");
        assert!(got.head.contains("www-authenticate: basic realm="));
    }
    for (login, status) in [
        ("bear:honey", 200),
        ("bear:HONEY", 401),
        ("fox:honey", 401),
        ("bear:honey", 200),
    ] {
        let got = ask(&exporter, "/-/healthy", &["-u", login]);
        assert_eq!(got.status, status, "{login}");
        assert!(got.head.contains("x-frame-options: sameorigin"));
        assert!(got.head.contains("strict-transport-security: max-age=60"));
    }
}

/// As a certificate on a server that does not answer any more: whoever opens a pipe that nobody writes to waits for
/// ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_read_keeps_the_old_one() {
    let den = World::today();
    let mut exporter = start(&den, TLS);
    assert_eq!(ask(&exporter, "/metrics", &[]).status, 200);
    let file = exporter.path("server.crt");
    std::fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    exporter.until("refused", |e| e.log().contains("is a FIFO"));
    let metrics = ask(&exporter, "/metrics", &[]).body;
    for (file, is_good) in [("server.crt", 0), ("server.key", 1)] {
        let labels = format!("{{file=\"{file}\",kind=\"web_certificate\"}} {is_good}\n");
        let line = format!("smtp_tls_exporter_file_last_load_successful{labels}");
        assert!(metrics.contains(&line), "{metrics}");
    }
    for _ in 0..3 {
        assert_eq!(ask(&exporter, "/metrics", &[]).status, 200);
    }
    let told = exporter.log();
    assert_eq!(told.matches("is a FIFO").count(), 1, "{told}");
    exporter.signal("TERM");
    assert!(exporter.ended().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_users_are_replaced_while_it_runs() {
    let den = World::today();
    let exporter = start(&den, TLS);
    let subject = |exporter: &Exporter| ask(exporter, "/-/healthy", &["-v"]).head;
    assert!(subject(&exporter).contains("cn=exporter.bears.test"));
    let renewed = den.authority.issue(&Leaf {
        common_name: "renewed",
        names: &[NAME],
        ..Leaf::server("", -1, 80)
    });
    exporter.rewrite("server.key", &key(&renewed));
    exporter.rewrite("server.crt", &chain(&renewed));
    exporter.until("renewed", |e| subject(e).contains("cn=renewed"));
    exporter.rewrite("web.yml", "tls_server_confg: {}");
    exporter.until("refused", |e| {
        e.log().contains("tls_server_confg: unknown key")
    });
    assert_eq!(
        ask(&exporter, "/-/healthy", &[]).status,
        200,
        "the old one stays"
    );
    let hash = bcrypt::hash("honey", 4).unwrap();
    exporter.rewrite(
        "web.yml",
        &format!("{TLS}basic_auth_users:\n  bear: {hash}\n"),
    );
    exporter.until("closed", |e| ask(e, "/-/healthy", &[]).status == 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_requests_than_the_rate_are_put_off() {
    let exporter = start(&World::today(), "rate_limit: {interval: 1h, burst: 3}\n");
    let statuses: Vec<_> = (0..5)
        .map(|_| exporter.fetch("/-/healthy", &[]).status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

/// How a second connection of this client to the exporter begins.
async fn second_handshake(exporter: &Exporter, config: &Arc<ClientConfig>) -> HandshakeKind {
    let mut kind = None;
    for _ in 0..2 {
        let stream = std::net::TcpStream::connect(exporter.address).unwrap();
        stream.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(stream).unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        let connector = TlsConnector::from(Arc::clone(config));
        let mut stream = connector.connect(name, stream).await.unwrap();
        let head = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut answer = String::new();
        // Whoever closes without an alert has answered all the same.
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        kind = stream.get_ref().1.handshake_kind();
    }
    kind.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_outlive_the_certificate_of_its_client() {
    let den = World::today();
    let demand = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: root.pem\n";
    let (mutual, open) = (start(&den, &format!("{TLS}{demand}")), start(&den, TLS));
    let client = den.authority.issue(&Leaf {
        purposes: &[ExtendedKeyUsagePurpose::ClientAuth],
        ..Leaf::server("prometheus.bears.test", -10, 80)
    });
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(den.authority.root_pem().as_bytes());
    roots.add(root.unwrap()).unwrap();
    let roots = Arc::new(roots);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(Arc::clone(&roots))
            .with_client_auth_cert(client.chain.clone(), client.key.clone_key())
            .unwrap();
        let config = Arc::new(config);
        assert_eq!(
            second_handshake(&open, &config).await,
            HandshakeKind::Resumed
        );
        let kind = second_handshake(&mutual, &config).await;
        assert_eq!(kind, HandshakeKind::Full, "{version:?}");
    }
}
