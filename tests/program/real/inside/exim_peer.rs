//! Two Exims that take mail only from who presents a good certificate: they break off the handshake, one in each version
//! of TLS.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use testkit::network::vacant;
use testkit::process::Process;

use super::super::certificates::{Authority, HOST, RENEWED};
use super::super::exim::{NOBODY, command};

/// Ports, and what they speak.
const PORTS: [(u16, &str); 2] = [(2610, "1.2"), (2611, "1.3")];

/// Both, running.
pub(super) struct EximPeers {
    _processes: Vec<Process>,
}

impl EximPeers {
    /// Starts them at this address.
    pub(super) fn start(place: &Path, address: &str, authority: &Authority) -> Self {
        let chain = authority.issue("exim-peer", &RENEWED);
        let start = |(port, version)| started(place, address, port, version, &chain, authority);
        Self {
            _processes: PORTS.into_iter().map(start).collect(),
        }
    }
}

fn started(
    place: &Path,
    address: &str,
    port: u16,
    version: &str,
    chain: &Path,
    authority: &Authority,
) -> Process {
    vacant(&format!("{address}:{port}"));
    let home = place.join(format!("exim-peer-{port}"));
    fs::create_dir(&home).expect("a new directory");
    fs::copy(chain, home.join("chain.pem")).expect("a copy of a file of ours");
    fs::copy(authority.roots(), home.join("roots.pem")).expect("a copy of a file of ours");
    fs::write(home.join("mainlog"), "").expect("a file of ours");
    for name in [".", "chain.pem", "roots.pem", "mainlog"] {
        chown(home.join(name), Some(NOBODY), Some(NOBODY)).expect("root may do this");
    }
    let settings = settings(&home, address, port, version);
    fs::write(home.join("exim.conf"), settings).expect("a file of ours");
    let mut exim = command(&home);
    exim.arg("-C").arg(home.join("exim.conf")).arg("-bdf");
    let mut process = Process::start("the receiving Exim", &mut exim, &home.join("mainlog"));
    process.log_with("listening for SMTP");
    process
}

fn settings(home: &Path, address: &str, port: u16, version: &str) -> String {
    let home = home.display();
    format!(
        "primary_hostname = {HOST}
local_interfaces = {address}
daemon_smtp_ports = {port}
spool_directory = {home}/spool
log_file_path = {home}/%slog
pid_file_path = {home}/pid
keep_environment = LD_LIBRARY_PATH:LD_PRELOAD:NSS_WRAPPER_PASSWD:NSS_WRAPPER_GROUP
tls_advertise_hosts = *
tls_certificate = {home}/chain.pem
tls_privatekey = {home}/chain.pem
tls_verify_certificates = {home}/roots.pem
tls_verify_hosts = *
tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS{version}
queue_only
acl_smtp_rcpt = everybody
acl_smtp_data = everybody
begin acl
everybody:
  accept
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
"
    )
}
