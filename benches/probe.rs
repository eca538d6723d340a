//! What a probe costs, as ratios within one run: CPU of whole probes against CPU of bare TLS handshakes.
//!
//! `cargo bench --bench probe`. The figures are of the client side alone: it runs on a thread of its own, whose CPU
//! time is read; the servers run on another. Ratios travel between machines, microseconds do not.
#![expect(clippy::disallowed_methods, reason = "measures programs from outside")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use rustls::{ServerConfig, ServerConnection};
use smtp_tls_exporter::cli::BUILD;
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::counters::Counters;
use smtp_tls_exporter::dns::Resolvers;
use smtp_tls_exporter::probe::Tls;
use smtp_tls_exporter::process::ProcessFacts;
use smtp_tls_exporter::render::{self, Encoding, Exporter, Format, Reload};
use smtp_tls_exporter::report::Snapshot;
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::watch::{Rounds, system_clock};
use testkit::peer::{Authority, Credentials, Leaf, Server, Speech};
use tokio::runtime;

const ENDPOINTS: usize = 1000;
const ROUNDS: usize = 5;
const NAME: &str = "mx.bears.test";

fn main() {
    let authority = Authority::new("Bench", system_clock().0);
    let credentials = authority.issue(&Leaf::server(NAME, -10, 80));
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("root.pem");
    std::fs::write(root, authority.root_pem()).expect("a file");
    let address = serve(credentials.clone());
    let config = config(address.port());
    let file = directory.path().join("bench.yml");
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let bare = bare_handshakes(&credentials);
        let whole =
            whole_probes(&Config::parse(&file, config.as_bytes(), "bench.test").expect("settings"));
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        println!("round {round}: bare handshake {bare:?}, whole probe {whole:?}, ratio {ratio:.2}");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "median: a whole probe (connect to QUIT, facts, verdict, metrics) costs {:.2} x a bare handshake (target: at most 2.5)",
        ratios[ROUNDS / 2]
    );
    one_scrape(&Config::parse(&file, config.as_bytes(), "bench.test").expect("settings"));
}

/// One listener on every loopback address, in a thread of its own.
fn serve(credentials: Credentials) -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let any: SocketAddr = "0.0.0.0:0".parse().expect("an address");
            let server = Server::start(any, &credentials, Speech::default()).await;
            let server = server.expect("a server");
            tell.send(server.address).expect("somebody listens");
            std::future::pending::<()>().await;
        });
    });
    told.recv().expect("a server")
}

/// Every endpoint has an address of its own, so that nobody waits for manners.
fn config(port: u16) -> String {
    let addresses: Vec<_> = (0..ENDPOINTS)
        .map(|i| {
            IpAddr::from([
                127,
                9,
                u8::try_from(i / 250).unwrap_or(0),
                u8::try_from(i % 250 + 1).unwrap_or(1),
            ])
            .to_string()
        })
        .collect();
    format!(
        "trust: {{roots: root.pem}}\nprobe: {{min_interval: 0s}}\ntargets:\n- {{name: fleet, host: {NAME}, ports: [{port}], addresses: [{}]}}\n",
        addresses.join(", ")
    )
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// CPU of one probe with everything that belongs to it, measured on the thread that does it all.
fn whole_probes(config: &Config) -> Duration {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let counters = Counters::new().expect("counters");
    let rounds = runtime.block_on(async { rounds(config, counters.clone()) });
    let before = cpu();
    let text = runtime.block_on(async {
        let snapshot = scrape(&rounds).await;
        let exporter = Exporter {
            counters: &counters,
            process: ProcessFacts::default(),
            build: &BUILD,
            reload: Reload {
                successful: true,
                loaded_at: Timestamp(0),
            },
        };
        render::metrics(&snapshot, &exporter, Format::Text, Encoding::Identity)
    });
    let text = String::from_utf8_lossy(&text);
    let spent = cpu() - before;
    assert_eq!(text.matches("\nsmtp_tls_probe_success{").count(), ENDPOINTS);
    assert_eq!(count(&text, "smtp_tls_probe_success", "1"), ENDPOINTS);
    spent / u32::try_from(ENDPOINTS).unwrap_or(1)
}

fn count(text: &str, name: &str, value: &str) -> usize {
    let begin = format!("{name}{{");
    let end = format!("}} {value}");
    text.lines()
        .filter(|line| line.starts_with(&begin) && line.ends_with(&end))
        .count()
}

fn rounds(config: &Config, counters: Counters) -> Arc<Rounds> {
    Arc::new(Rounds::new(
        config.settings.clone(),
        Resolvers::new(config.settings.policies(), Duration::from_secs(1)),
        Tls::new().expect("TLS"),
        system_clock,
        counters,
    ))
}

async fn scrape(rounds: &Arc<Rounds>) -> Arc<Snapshot> {
    rounds
        .scrape(tokio::time::Instant::now() + Duration::from_secs(60))
        .await
}

/// All endpoints in one scrape, with the threads that the exporter has.
fn one_scrape(config: &Config) {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let rounds = rounds(config, Counters::new().expect("counters"));
        let begun = Instant::now();
        let snapshot = scrape(&rounds).await;
        let wall = begun.elapsed();
        let good = snapshot.entries().filter(|(_, e)| e.is_success()).count();
        println!("one scrape of {ENDPOINTS} endpoints: {good} successful, {wall:?}");
        assert_eq!(good, ENDPOINTS);
    });
}

/// CPU of the client's side of a handshake in memory, with a verifier that checks the handshake signature only.
fn bare_handshakes(credentials: &Credentials) -> Duration {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let client = client_config(&provider);
    let server = server_config(&provider, credentials);
    let mut spent = Duration::ZERO;
    for _ in 0..ENDPOINTS {
        spent += bare_handshake(&client, &server);
    }
    spent / u32::try_from(ENDPOINTS).unwrap_or(1)
}

fn client_config(provider: &Arc<CryptoProvider>) -> Arc<ClientConfig> {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    let same_groups = CryptoProvider {
        kx_groups: vec![X25519, SECP256R1, SECP384R1, X25519MLKEM768],
        ..(**provider).clone()
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(same_groups))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(SignatureOnly(Arc::clone(provider))))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

fn server_config(provider: &Arc<CryptoProvider>, credentials: &Credentials) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.key.clone_key());
    Arc::new(config.expect("a certificate"))
}

fn bare_handshake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Duration {
    let name = ServerName::try_from(NAME).expect("a name");
    let mut server = ServerConnection::new(Arc::clone(server)).expect("a server");
    let mut wire = Vec::new();
    let begun = cpu();
    let mut client = ClientConnection::new(Arc::clone(client), name).expect("a client");
    let mut spent = cpu() - begun;
    while client.is_handshaking() || client.wants_write() {
        let begun = cpu();
        wire.clear();
        while client.wants_write() {
            client.write_tls(&mut wire).expect("memory");
        }
        spent += cpu() - begun;
        feed(&wire, |bytes| server.read_tls(bytes));
        server.process_new_packets().expect("a good client");
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).expect("memory");
        }
        let begun = cpu();
        feed(&wire, |bytes| client.read_tls(bytes));
        client.process_new_packets().expect("a good server");
        spent += cpu() - begun;
    }
    spent
}

fn feed(mut bytes: &[u8], mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>) {
    while !bytes.is_empty() {
        read(&mut bytes).expect("memory");
    }
}

/// The least that a client must check.
#[derive(Debug)]
struct SignatureOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for SignatureOnly {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
