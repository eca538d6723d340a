//! An Exim that sends, with a log for each message or without, and does with its mail what its administrator would.

use std::fs;
use std::io::Write;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use testkit::process::{output, require_root};

use super::super::certificates::{Authority, HOST};
use super::super::exim::{NOBODY, command};
use super::peers::{CLOSED, PORTS, Peers};
use super::seen::Seen;
use crate::PROGRAM;

/// Where the closed port is: an address of its own, for over an open connection Exim sends more mail for that address,
/// whatever its port.
const NOBODYS: &str = "127.0.26.9";

/// A host of which no address takes mail, each for a reason of its own: nobody listens, and no connection leads there.
const DUAL: &str = "mx.dual.test";
const DUALS: [&str; 2] = ["127.0.26.8", "127.255.255.255"];

/// It runs only as long as it is asked to do something.
pub(super) struct EximRelay {
    home: PathBuf,
}

impl EximRelay {
    /// Sets it up; it presents what stands in the file `chain`.
    pub(super) fn new(
        place: &Path,
        peers: &Peers,
        chain: &Path,
        authority: &Authority,
        logs: bool,
    ) -> Self {
        require_root();
        let home = place.join("exim");
        fs::create_dir(&home).expect("a new directory");
        let relay = Self { home };
        relay.replace_certificate(chain);
        let roots = relay.home.join("roots.pem");
        fs::copy(authority.roots(), &roots).expect("a copy of a file of ours");
        fs::write(relay.home.join("mainlog"), "").expect("a file of ours");
        for file in [&relay.home, &roots, &relay.home.join("mainlog")] {
            chown(file, Some(NOBODY), Some(NOBODY)).expect("root may do this");
        }
        let settings = settings(&relay.home, &peers.address, logs);
        fs::write(relay.home.join("exim.conf"), settings).expect("a file of ours");
        fs::write(relay.home.join("hosts"), hosts(&peers.address)).expect("a file of ours");
        relay
    }

    fn command(&self) -> Command {
        let mut exim = command(&self.home);
        exim.env("NSS_WRAPPER_HOSTS", self.home.join("hosts"));
        exim
    }

    fn exim(&self, arguments: &[&str]) -> Command {
        let mut exim = self.command();
        exim.arg("-C")
            .arg(self.home.join("exim.conf"))
            .args(arguments);
        exim
    }

    /// Takes a message and tries to deliver it at once.
    pub(super) fn send(&self, recipient: &str) {
        let mut child = self
            .exim(&["-odf", "-oi", "-f", "bear@bears.test", recipient])
            .stdin(Stdio::piped())
            .spawn()
            .expect("Exim");
        let mut message = child.stdin.take().expect("a pipe");
        message
            .write_all(b"Subject: honey\n\nThere is some left.\n")
            .expect("it is read");
        drop(message);
        assert!(child.wait().expect("it ends").success());
    }

    /// What `collect` says of it.
    pub(super) fn seen(&self) -> Seen {
        let exim = self.command();
        let mut collect = PROGRAM.command();
        collect
            .args(["collect", "exim", "--config-dir"])
            .arg(&self.home);
        for (name, value) in exim.get_envs() {
            collect.env(name, value.unwrap_or_default());
        }
        let folder = Path::new(exim.get_program()).parent().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        collect.env("PATH", format!("{}:{path}", folder.display()));
        Seen::parse(&output(&mut collect))
    }

    /// What an administrator does when the client's certificate has ended.
    pub(super) fn replace_certificate(&self, chain: &Path) {
        let ours = self.home.join("client.pem");
        fs::copy(chain, &ours).expect("a copy of a file of ours");
        chown(&ours, Some(NOBODY), Some(NOBODY)).expect("root may do this");
    }

    /// Exim leaves all messages alone.
    pub(super) fn freeze_everything(&self) {
        let listed = output(&mut self.exim(&["-bp"]));
        let ids = listed.lines().filter(|line| line.contains(" <"));
        for id in ids.filter_map(|line| line.split_whitespace().nth(2)) {
            output(&mut self.exim(&["-Mf", id]));
        }
    }

    /// Tries everything again, frozen or not.
    pub(super) fn deliver_everything(&self) {
        output(&mut self.exim(&["-qff"]));
    }
}

/// With this file, also an address is known only when it stands there, as its own name.
fn hosts(address: &str) -> String {
    let own = [address, NOBODYS].map(|own| format!("{own} {own}\n"));
    let duals = DUALS.map(|dual| format!("{dual} {DUAL}\n"));
    [own, duals].concat().concat()
}

fn settings(home: &Path, address: &str, logs: bool) -> String {
    let exim = command(home);
    let program = exim.get_program().to_string_lossy().into_owned();
    let home = home.display();
    let routes = PORTS.iter().map(|(domain, port)| {
        let at = if *port == CLOSED { NOBODYS } else { address };
        format!("{domain} {at}::{port}")
    });
    let dual = format!("dual.test {DUAL}::{CLOSED} byname");
    let routes: Vec<_> = routes.chain([dual]).collect();
    format!(
        "primary_hostname = {HOST}
exim_path = {program}
keep_environment = LD_LIBRARY_PATH:LD_PRELOAD:NSS_WRAPPER_PASSWD:NSS_WRAPPER_GROUP:NSS_WRAPPER_HOSTS
spool_directory = {home}/spool
split_spool_directory = {logs}
log_file_path = {home}/%slog
pid_file_path = {home}/pid
message_logs = {logs}
tls_advertise_hosts =
begin routers
fixed:
  driver = manualroute
  route_list = {routes}
  self = send
  transport = sender
begin transports
sender:
  driver = smtp
  hosts_require_tls = *
  tls_certificate = ${{if exists{{{home}/client.pem}}{{{home}/client.pem}}{{}}}}
  tls_verify_certificates = {home}/roots.pem
  tls_verify_hosts = *
  tls_verify_cert_hostnames =
varying:
  driver = smtp
  tls_certificate = {home}/$sender_address_domain.pem
begin retry
* * F,2h,1m
",
        routes = routes.join(" ; ")
    )
}
