//! One endpoint, one probe: what it brought, and what is to be said about it.

use std::net::SocketAddr;
use std::sync::Arc;

use smtp_tls_exporter::facts::observation::{Observation, Speaker};
use testkit::World;
use testkit::peer::{Act, Leaf, Script, Server, Speech};
use testkit::{Exposition, any_port};

use crate::watched::{NOW, Names, Watched, metrics, scrape, world};

const HOST: &str = "mx.bears.test";
const DAY: i64 = 86_400;

/// What a probe of one endpoint brought: the metrics, and the observation behind them.
pub(crate) struct Probed {
    pub(crate) metrics: Exposition,
    pub(crate) observation: Arc<Observation>,
}

/// Ends what would never end.
pub(crate) const SHORT: &str = "1s";
/// For what ends by itself, however busy the machine is.
pub(crate) const LONG: &str = "30s";

/// Probes one address.
pub(crate) async fn probe(world: &World, address: SocketAddr, tls: &str, limit: &str) -> Probed {
    let (ip, port) = (address.ip(), address.port());
    let config = format!(
        "probe: {{timeout: {limit}}}\ntrust: {{roots: root.pem}}\n\
         targets: [{{host: {HOST}, addresses: [\"{ip}\"], ports: [{port}], tls: {tls}}}]\n"
    );
    let snapshot = scrape(&world.named(&config, Names::default())).await;
    let (_, entry) = snapshot.entries().next().expect("one endpoint");
    Probed {
        metrics: Exposition::parse(&metrics(&snapshot)),
        observation: Arc::clone(&entry.observation),
    }
}

impl Probed {
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.metrics.value(&format!("smtp_tls_{name}"), &[])
    }

    /// The phases that have a duration.
    pub(crate) fn phases(&self) -> Vec<&str> {
        let all = self
            .metrics
            .all("smtp_tls_probe_phase_duration_seconds", &[]);
        all.iter()
            .filter_map(|sample| sample.label("phase"))
            .collect()
    }

    pub(crate) fn failure(&self) -> Option<(String, String)> {
        self.metrics.failure(&[])
    }

    /// The evidence for the failure.
    pub(crate) fn detail(&self) -> &str {
        let fault = self.observation.fault.as_ref();
        fault.map_or("", |fault| &fault.detail)
    }

    /// The dialogue, one line each: `> EHLO x`, `< 250 ok`; the prober's own notes are left out.
    pub(crate) fn transcript(&self) -> Vec<String> {
        let spoken = self.observation.transcript.iter();
        spoken
            .filter_map(|line| match line.speaker {
                Speaker::Client => Some(format!("> {}", line.text)),
                Speaker::Server => Some(format!("< {}", line.text)),
                Speaker::Note => None,
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn assert_failed(&self, case: &str, phase: &str, reason: &str) {
        let expected = Some((phase.to_owned(), reason.to_owned()));
        assert_eq!(self.failure(), expected, "{case}: {:?}", self.observation);
        assert_eq!(self.value("probe_success"), Some(0.0), "{case}");
        assert!(self.value("probe_duration_seconds") < Some(30.0), "{case}");
        assert_eq!(self.value("probe_timestamp_seconds"), Some(seconds(NOW)));
    }

    /// No certificate was seen, and nothing is said about one.
    #[track_caller]
    pub(crate) fn assert_no_certificate(&self, case: &str) {
        assert_eq!(self.value("handshake_success"), Some(0.0), "{case}");
        let about = ["smtp_tls_cert_", "smtp_tls_chain_"];
        for name in self.metrics.names(&[]) {
            assert!(!about.iter().any(|a| name.starts_with(a)), "{case}: {name}");
        }
        // What an old hello says of the version is known without a certificate, and nothing else is.
        let judged = self.metrics.all("smtp_tls_check_success", &[]);
        assert!(
            judged
                .iter()
                .all(|s| s.label("check") == Some("tls_version")),
            "{case}"
        );
        let agreed = self.metrics.all("smtp_tls_connection_info", &[]);
        assert!(
            agreed.iter().all(|s| s.label("fallback") == Some("legacy")),
            "{case}"
        );
        let distinct = self.value("target_distinct_certificates");
        assert_eq!(distinct, None, "{case}");
    }

    /// The certificate was seen and every metric of it is there.
    #[track_caller]
    pub(crate) fn assert_certificate(&self, case: &str, days: i64) {
        let left = self.value("cert_expiry_seconds");
        assert_eq!(left, Some(seconds(days * DAY)), "{case}");
        assert_eq!(self.value("cert_info"), Some(1.0), "{case}");
        assert_eq!(self.value("chain_certificates"), Some(2.0), "{case}");
        assert_eq!(self.value("cert_subject_match"), Some(1.0), "{case}");
        let trust = [("check", "trust")];
        let trusted = self.metrics.value("smtp_tls_check_success", &trust);
        assert_eq!(trusted, Some(1.0), "{case}");
    }
}

/// Whole seconds as a sample has them.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn seconds(n: i64) -> f64 {
    n as f64
}

/// How a scripted peer misbehaves, and what is to be said about it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) acts: Vec<Act>,
    pub(crate) phase: &'static str,
    pub(crate) reason: &'static str,
}

/// A table of cases, one a line: `"name": "phase" "reason" <- acts;`
macro_rules! cases {
    ($($name:literal: $phase:literal $reason:literal <- $acts:expr;)+) => {
        [$($crate::probed::Case {
            name: $name,
            acts: $acts,
            phase: $phase,
            reason: $reason,
        }),+]
    };
}
pub(crate) use cases;

/// Plays all cases at once; what each probe brought, in their order.
pub(crate) async fn play(cases: &[Case], tls: &str) -> Vec<(Probed, String)> {
    let world = Arc::new(world());
    let mut running = Vec::new();
    for case in cases {
        let script = Script::start(case.acts.clone()).await.expect("a peer");
        let ends = !case.reason.ends_with("_timeout");
        let limit = if ends { LONG } else { SHORT };
        let (world, tls) = (Arc::clone(&world), tls.to_owned());
        running.push(tokio::spawn(async move {
            let probed = probe(&world, script.address, &tls, limit).await;
            (probed, script.heard())
        }));
    }
    let mut brought = Vec::new();
    for (case, task) in cases.iter().zip(running) {
        let (probed, heard) = task.await.expect("no panic");
        probed.assert_failed(case.name, case.phase, case.reason);
        probed.assert_no_certificate(case.name);
        brought.push((probed, heard));
    }
    brought
}

/// Probes a whole server.
pub(crate) async fn visit(speech: Speech) -> (Probed, Server) {
    let world = world();
    let credentials = world.authority.issue(&Leaf::server(HOST, -30, 60));
    let tls = if speech.implicit {
        "implicit"
    } else {
        "starttls"
    };
    let server = Server::start(any_port([127, 0, 0, 1]), &credentials, speech);
    let server = server.await.expect("a server");
    (probe(&world, server.address, tls, LONG).await, server)
}
