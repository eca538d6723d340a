//! An address and a certificate into a running Exim that offers STARTTLS there. Exim conflicts with
//! Postfix in Debian, so it is one that tests/run.sh has unpacked below `target`, not installed.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::network::vacant;
use testkit::process::{Process, require_root};

use super::certificates::HOST;

/// The user that Exim becomes; its package would have created one.
pub(in crate::real) const NOBODY: u32 = 65534;

/// A running Exim.
pub(crate) struct Exim {
    address: SocketAddr,
    process: Process,
}

impl Exim {
    /// Starts Exim at `address`; it presents what stands in the file `chain`.
    pub(crate) fn start(place: &Path, address: &str, chain: &Path) -> Self {
        Self::start_with(place, address, chain, "")
    }

    /// Starts Exim behind a load balancer.
    pub(crate) fn start_hidden(place: &Path, address: &str, chain: &Path) -> Self {
        Self::start_with(place, address, chain, "hosts_proxy = 127.0.0.0/8\n")
    }

    fn start_with(place: &Path, address: &str, chain: &Path, more: &str) -> Self {
        require_root();
        let address = vacant(address);
        let home = place.join("exim");
        fs::create_dir(&home).expect("a new directory");
        let ours = home.join("chain.pem");
        fs::copy(chain, &ours).expect("a copy of a file of ours");
        let log = home.join("mainlog");
        fs::write(&log, "").expect("a file of ours");
        for file in [&home, &ours, &log] {
            chown(file, Some(NOBODY), Some(NOBODY)).expect("root may do this");
        }
        fs::write(
            home.join("exim.conf"),
            format!("{more}{}", settings(&home, address)),
        )
        .expect("a file of ours");
        let mut process = Process::start("Exim", &mut daemon(&home), &log);
        process.log_with("listening for SMTP");
        Self { address, process }
    }

    /// Waits for a line of the log with `words`, then gives the whole log.
    pub(crate) fn log_with(&mut self, words: &str) -> String {
        self.process.log_with(words)
    }

    /// Sends what no decent client sends: the second command before the answer to the first.
    pub(crate) fn impatient_client(&mut self) {
        let mut stream = TcpStream::connect(self.address).expect("Exim listens");
        stream
            .write_all(b"EHLO impatient.test\r\nSTARTTLS\r\n")
            .expect("Exim takes what is sent");
        self.log_with("synchronization error");
    }
}

fn daemon(home: &Path) -> Command {
    let mut daemon = command(home);
    daemon.arg("-C").arg(home.join("exim.conf")).arg("-bdf");
    daemon
}

/// The unpacked Exim, which finds its libraries and its user's name.
pub(in crate::real) fn command(home: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/real-peers/exim");
    let binary = root.join("usr/sbin/exim4");
    assert!(
        binary.is_file(),
        "Exim is not unpacked; tests/run.sh does that"
    );
    let mut exim = Command::new(binary);
    exim.env("LD_LIBRARY_PATH", libraries(&root))
        .env("LD_PRELOAD", "libnss_wrapper.so")
        .env("NSS_WRAPPER_PASSWD", users(home))
        .env("NSS_WRAPPER_GROUP", groups(home));
    exim
}

/// The directory of libraries that Debian names after the machine (x86_64-linux-gnu and so on), and the one it is in.
fn libraries(root: &Path) -> OsString {
    let all = root.join("usr/lib");
    let own = fs::read_dir(&all)
        .expect("unpacked libraries")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|directory| directory.join("libnss_wrapper.so").exists())
        .expect("nss_wrapper beside Exim; tests/run.sh unpacks it");
    std::env::join_paths([own, all]).expect("paths without a colon")
}

fn users(home: &Path) -> PathBuf {
    let file = home.join("passwd");
    let text = format!("root:x:0:0::/:/bin/sh\nDebian-exim:x:{NOBODY}:{NOBODY}::/:/bin/false\n");
    fs::write(&file, text).expect("a file of ours");
    file
}

fn groups(home: &Path) -> PathBuf {
    let file = home.join("group");
    fs::write(&file, format!("root:x:0:\nDebian-exim:x:{NOBODY}:\n")).expect("a file of ours");
    file
}

/// Nobody is told that pipelining is allowed, so whoever does it is logged.
fn settings(home: &Path, address: SocketAddr) -> String {
    let (ip, port, home) = (address.ip(), address.port(), home.display());
    format!(
        "primary_hostname = {HOST}
local_interfaces = {ip}
daemon_smtp_ports = {port}
spool_directory = {home}/spool
log_file_path = {home}/%slog
pid_file_path = {home}/pid
keep_environment =
tls_advertise_hosts = *
tls_certificate = {home}/chain.pem
tls_privatekey = {home}/chain.pem
pipelining_advertise_hosts =
pipelining_connect_advertise_hosts =
log_selector = +smtp_connection +smtp_protocol_error +smtp_syntax_error +smtp_no_mail +tls_cipher
acl_smtp_rcpt = nobody
begin acl
nobody:
  deny
"
    )
}
