//! Two vantage points into what each sees of one target: the same name, and at each another certificate. As root the
//! vantages are network namespaces (needs iproute2, which tests/run.sh installs), otherwise addresses of 127.0.0.0/8.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use testkit::peer::{Credentials, Server, Speech};
use testkit::process::{Process, output, program};
use testkit::{World, ended, fleet};
use tokio::time::sleep;

use crate::PROGRAM;

const HOST: &str = "mailrelay.bears.test";
/// Where a mail server answers in each pair of namespaces.
const AT: &str = "192.0.2.25:25";
/// Names the directory with the credentials to the mail server of a namespace.
const CREDENTIALS: &str = "SMTP_TLS_EXPORTER_TEST_CREDENTIALS";
const SERVING: &str = "the mail server listens";
/// A mail server whose test was killed ends by itself, long after any test is done.
const LIFETIME: Duration = Duration::from_secs(180);

/// Past the test harness, which shows what `println!` says only when a test fails.
fn say(line: &str) {
    writeln!(io::stdout(), "vantages: {line}").expect("standard output");
}

// --- what two exporters see --------------------------------------------------------------------

/// A renewed and an expired certificate for one name, and a directory with the root.
struct Scene {
    world: World,
    renewed: Credentials,
    expired: Credentials,
}

impl Scene {
    fn new() -> Self {
        let world = World::today();
        Self {
            renewed: world.issue(HOST, -30, 60),
            expired: world.issue(HOST, -371, -6),
            world,
        }
    }

    /// What `check --json` sees of the target at this address; `exporter` is the program, wherever it runs.
    async fn seen_by(&self, mut exporter: Command, at: SocketAddr) -> Seen {
        let (address, port) = (at.ip(), at.port());
        let file = self.world.directory().join("check.yml");
        // DANE would ask the machine's resolver.
        let config = format!(
            "trust: {{roots: root.pem}}\ntargets:\n- {{name: hybrid-relay, host: {HOST}, \
             addresses: [{address}], ports: [{port}], tls: starttls, expect: {{dane: off}}}}\n"
        );
        fs::write(&file, config).expect("a file");
        exporter
            .args(["check", "--json", "--config.file"])
            .arg(file);
        let ended = ended(exporter).await;
        let report: Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        assert_eq!(report["targets"].as_array().map(Vec::len), Some(1));
        let seen = Seen {
            code: ended.code,
            target: report["targets"][0].clone(),
        };
        seen.assert_at(at);
        seen
    }
}

/// The one target, as one vantage sees it.
struct Seen {
    code: Option<i32>,
    target: Value,
}

impl Seen {
    /// Asserts that this is our target, with our name at this address and nothing else.
    fn assert_at(&self, at: SocketAddr) {
        let endpoints = self.target["endpoints"].as_array().expect("endpoints");
        assert_eq!(endpoints.len(), 1, "{}", self.target);
        let said = |key| &endpoints[0][key];
        assert_eq!(self.target["target"], "hybrid-relay");
        assert_eq!([said("host"), said("server_name")], [HOST, HOST]);
        assert_eq!(*said("address"), at.ip().to_string());
        assert_eq!(*said("port"), at.port());
    }

    /// The label of `smtp_tls_cert_info` by which the rule tells leaves apart.
    fn leaves(&self) -> BTreeSet<&str> {
        let endpoints = self.target["endpoints"].as_array().expect("endpoints");
        endpoints
            .iter()
            .map(|endpoint| &endpoint["certificate"]["fingerprint_sha256"])
            .map(|leaf| leaf.as_str().expect("a certificate"))
            .collect()
    }
}

/// Inside all is well, outside it is not, and the leaves are what `SmtpTlsVantagesDisagree` counts: those that not
/// every vantage sees.
fn assert_disagree(inside: &Seen, outside: &Seen) {
    let verdict = |seen: &Seen| (seen.code, seen.target["state"].clone());
    assert_eq!(verdict(inside), (Some(0), "Healthy".into()));
    assert_eq!(verdict(outside), (Some(2), "Expired".into()));
    assert_eq!(outside.target["endpoints"][0]["reason"], "cert_expired");
    let (inside, outside) = (inside.leaves(), outside.leaves());
    assert_eq!(inside.symmetric_difference(&outside).count(), 2);
}

async fn vantages_on_loopback() {
    let scene = Scene::new();
    let (_, servers) = fleet(74, &[(1, &scene.renewed), (2, &scene.expired)]).await;
    let inside = scene.seen_by(PROGRAM.command(), servers[0].address);
    let inside = inside.await;
    let outside = scene.seen_by(PROGRAM.command(), servers[1].address);
    assert_disagree(&inside, &outside.await);
}

#[tokio::test]
async fn two_vantages_of_one_name_see_two_certificates() {
    say("two addresses of 127.0.74.0/24");
    vantages_on_loopback().await;
}

#[tokio::test]
#[ignore = "needs root (network namespaces) and iproute2: run tests/run.sh"]
async fn two_namespaces_see_two_certificates_at_one_address() {
    let [inside, outside] = match LookupView::pair() {
        Ok(vantages) => vantages,
        Err(reason) => {
            say(&format!("no network namespaces, but 127.0.74.x: {reason}"));
            return vantages_on_loopback().await;
        }
    };
    say(&format!("network namespaces, each with its own {AT}"));
    let scene = Scene::new();
    let _renewed = inside.mail_server(scene.world.directory(), &scene.renewed);
    let _expired = outside.mail_server(scene.world.directory(), &scene.expired);
    let at = AT.parse().expect("an address");
    let inside = scene.seen_by(inside.here.command(PROGRAM.path()), at).await;
    let outside = scene
        .seen_by(outside.here.command(PROGRAM.path()), at)
        .await;
    assert_disagree(&inside, &outside);
}

// --- network namespaces --------------------------------------------------------------------------

/// A network namespace that goes with its value.
struct Namespace {
    ip: PathBuf,
    name: String,
}

impl Namespace {
    /// The error is the kernel's refusal.
    fn add(role: &str) -> Result<Self, String> {
        let new = Self {
            ip: program("ip"),
            name: format!("smtp-tls-{}-{role}", std::process::id()),
        };
        unless_refused(&mut new.ip(&["netns", "add", &new.name]))?;
        unless_refused(&mut new.command("true"))?;
        Ok(new)
    }

    fn ip(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.ip);
        command.args(arguments);
        command
    }

    /// A command that runs in this namespace. `ip` becomes the program, so signals to its id reach that.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.ip(&["netns", "exec", &self.name]);
        command.arg(program);
        command
    }

    fn address(&self, address: &str) {
        let interface = ["-n", &self.name, "address", "add", address, "dev", "mail0"];
        output(&mut self.ip(&interface));
        output(&mut self.ip(&["-n", &self.name, "link", "set", "mail0", "up"]));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let mut delete = self.ip(&["netns", "delete", &self.name]);
        // Where the kernel refused to make it, there is nothing to delete.
        let _ = delete.stderr(Stdio::null()).status();
    }
}

/// Where an exporter asks, and the only mail server that it reaches.
struct LookupView {
    here: Namespace,
    mail: Namespace,
}

impl LookupView {
    /// Inside and outside; the error says why there are none.
    fn pair() -> Result<[Self; 2], String> {
        let owner = fs::metadata("/proc/self").expect("/proc").uid();
        if owner != 0 {
            return Err("not root".to_owned());
        }
        Ok([Self::new("inside")?, Self::new("outside")?])
    }

    fn new(role: &str) -> Result<Self, String> {
        let new = Self {
            here: Namespace::add(role)?,
            mail: Namespace::add(&format!("{role}-mail"))?,
        };
        let (here, mail) = (&new.here.name, &new.mail.name);
        let ends = ["link", "add", "mail0", "netns", here, "type", "veth"];
        let mut link = new.here.ip(&ends);
        unless_refused(link.args(["peer", "name", "mail0", "netns", mail]))?;
        new.mail.address("192.0.2.25/24");
        new.here.address("192.0.2.1/24");
        Ok(new)
    }

    /// Starts this test binary once more, as the mail server.
    fn mail_server(&self, place: &Path, credentials: &Credentials) -> Process {
        let place = place.join(&self.mail.name);
        store(&place, credentials);
        let mut command = self.mail.command(env::current_exe().expect("this binary"));
        let only = ["--exact", "vantages::serve_in_this_namespace"];
        command.args(only).args(["--ignored", "--nocapture"]);
        command.env(CREDENTIALS, &place);
        let mut server = Process::start(&self.mail.name, &mut command, &place.join("log"));
        server.log_with(SERVING);
        server
    }
}

/// Runs this to its end. An error when the kernel does not allow it here, as in most containers; panics at any other.
fn unless_refused(command: &mut Command) -> Result<(), String> {
    let done = command.stdin(Stdio::null()).output();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    let refusals = ["not permitted", "denied", "not supported", "Unknown device"];
    let refused = refusals.iter().any(|refusal| said.contains(refusal));
    assert!(refused, "{command:?}: {said}");
    Err(said)
}

// --- the mail server of a namespace --------------------------------------------------------------

fn store(place: &Path, credentials: &Credentials) {
    fs::create_dir(place).expect("a directory");
    let [leaf, issuer] = [&credentials.chain[0], &credentials.chain[1]];
    let key = credentials.key.secret_der();
    for (name, der) in [("leaf", &leaf[..]), ("issuer", &issuer[..]), ("key", key)] {
        fs::write(place.join(name), der).expect("a file");
    }
}

fn stored(place: &Path) -> Credentials {
    let read = |name| fs::read(place.join(name)).expect("what the test has stored");
    Credentials {
        chain: ["leaf", "issuer"]
            .map(|name| CertificateDer::from(read(name)))
            .into(),
        key: PrivatePkcs8KeyDer::from(read("key")).into(),
    }
}

/// No test: a process of another namespace cannot be this one, so that is where the binary runs once more.
#[tokio::test]
#[ignore = "the mail server that another test here starts"]
async fn serve_in_this_namespace() {
    let Some(place) = env::var_os(CREDENTIALS) else {
        return;
    };
    let credentials = stored(Path::new(&place));
    let at = AT.parse().expect("an address");
    let server = Server::start(at, &credentials, Speech::default()).await;
    let _server = server.expect("an address of this namespace");
    say(SERVING);
    sleep(LIFETIME).await;
}
