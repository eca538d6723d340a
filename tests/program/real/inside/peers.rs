//! The other sides: a Postfix instance with a port for each way in which a server makes mail wait.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::network::vacant;
use testkit::process::{Process, output, program, require_root};

use super::super::certificates::{Authority, EXPIRED, HOST, RENEWED};
use super::super::postfix::install;

/// Where nobody listens.
pub(super) const CLOSED: u16 = 2608;

/// Domains and the ports that take their mail.
pub(super) const PORTS: [(&str, u16); 9] = [
    ("notls.test", 2601),
    ("expired.test", 2602),
    ("selfsigned.test", 2603),
    ("othername.test", 2604),
    ("asks.test", 2605),
    ("breaks12.test", 2610),
    ("breaks13.test", 2611),
    ("grey.test", 2607),
    ("closed.test", CLOSED),
];

/// What every sending or receiving instance needs.
pub(super) const SERVICES: &str = "
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
smtp unix - - n - - smtp
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// Whoever asks for a certificate takes only the authority's.
const ASKS: &str = " -o smtpd_tls_security_level=encrypt -o smtpd_tls_req_ccert=yes";

/// The running instance.
pub(super) struct Peers {
    pub(super) address: String,
    config: PathBuf,
    _process: Process,
}

impl Peers {
    /// Starts it at this address.
    pub(super) fn start(place: &Path, address: &str, authority: &Authority) -> Self {
        require_root();
        vacant(&format!("{address}:2601"));
        let home = place.join("other");
        let config = home.join("peers");
        for directory in [&home, &config, &home.join("queue")] {
            fs::create_dir(directory).expect("a new directory");
        }
        for (name, chain) in [
            ("renewed", authority.issue("peer", &RENEWED)),
            ("expired", authority.issue("old-peer", &EXPIRED)),
            ("selfsigned", authority.self_signed("stranger")),
            ("third", authority.issue("third-peer", &RENEWED)),
        ] {
            install(&chain, &home.join(name));
        }
        fs::write(config.join("main.cf"), main_cf(&home, authority)).expect("a file of ours");
        names(&home);
        fs::write(config.join("master.cf"), master_cf(address, &home)).expect("a file of ours");
        let process = started(&format!("Postfix at {address}"), &home, &config);
        Self {
            address: address.to_owned(),
            config,
            _process: process,
        }
    }

    /// Where its configuration lies.
    pub(super) fn folder(&self) -> String {
        self.config.display().to_string()
    }

    /// Where it logs.
    pub(super) fn log(&self) -> PathBuf {
        self.config.with_file_name("log")
    }
}

/// Starts an instance that is fully set up.
pub(super) fn started(name: &str, home: &Path, config: &Path) -> Process {
    output(
        Command::new(program("postfix"))
            .arg("-c")
            .args([config, Path::new("check")]),
    );
    let mut master = Command::new(program("master"));
    master.arg("-d").arg("-c").arg(config);
    let mut process = Process::start(name, &mut master, &home.join("log"));
    process.log_with("daemon started");
    process
}

/// A table of names: one with a chain of its own, one whose key belongs to another certificate.
fn names(home: &Path) {
    let part = |name: &str, label: &str| {
        let text = fs::read_to_string(home.join(name)).expect("a chain");
        let at = text.find(label).expect("both parts");
        let end = text[at..].find("-----END").expect("an end") + at;
        let end = text[end..].find('\n').map_or(text.len(), |n| end + n + 1);
        text[at..end].to_owned()
    };
    let swapped = part("renewed", "-----BEGIN PRIVATE") + &part("third", "-----BEGIN CERT");
    fs::write(home.join("swapped"), swapped).expect("a file of ours");
    let own = part("renewed", "-----BEGIN PRIVATE") + &part("renewed", "-----BEGIN CERT");
    fs::write(home.join("own"), own).expect("a file of ours");
    let table = format!(
        "# names\nmx.bears.test {0}/own\n.den.bears.test {0}/swapped\n",
        home.display()
    );
    let file = home.join("sni");
    fs::write(&file, table).expect("a file of ours");
    output(
        Command::new(program("postmap"))
            .args(["-F", "-c"])
            .arg(home.join("peers"))
            .arg(format!("hash:{}", file.display())),
    );
}

fn main_cf(home: &Path, authority: &Authority) -> String {
    let (home, roots) = (home.display(), authority.roots());
    let roots = roots.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = {HOST}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
local_recipient_maps =
alias_maps =
default_transport = discard
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = {home}/renewed
smtpd_tls_CAfile = {roots}
tls_server_sni_maps = hash:{home}/sni
smtpd_tls_session_cache_database =
"
    )
}

fn master_cf(address: &str, home: &Path) -> String {
    let home = home.display();
    let port = |number: u16, more: &str| format!("{address}:{number} inet n - n - - smtpd{more}\n");
    let ports = [
        port(2601, " -o smtpd_tls_security_level=none"),
        port(2602, &format!(" -o smtpd_tls_chain_files={home}/expired")),
        port(
            2603,
            &format!(" -o {{ smtpd_tls_chain_files = {home}/selfsigned }}"),
        ),
        port(2604, ""),
        port(2605, ASKS),
        port(
            2607,
            " -o { smtpd_recipient_restrictions = check_client_access static:{451 4.7.1 come back later} }",
        ),
    ];
    ports.concat() + SERVICES.trim_start()
}
