//! A name server to ask into a running Unbound that validates, over UDP, TCP, TLS and HTTPS; must not know who asks it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use testkit::process::{Process, program, until};

use super::free_port;
use super::knot::ZONE;

/// A validating resolver at work.
pub(crate) struct Unbound {
    pub(crate) plain: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) https: SocketAddr,
    _process: Process,
}

impl Unbound {
    /// Asks `upstream` for the zone; believes what leads to `anchor`. `chain` and `key` are PEM.
    pub(crate) fn start(
        place: &Path,
        upstream: SocketAddr,
        anchor: &str,
        (chain, key): (&str, &str),
    ) -> Self {
        let directory = place.join(format!("unbound-{}", upstream.port()));
        fs::create_dir(&directory).expect("a new directory");
        for (file, content) in [("anchor", anchor), ("chain", chain), ("key", key)] {
            fs::write(directory.join(file), content).expect("a file of ours");
        }
        let [plain, tls, https] = [(); 3].map(|()| free_port());
        let here = directory.display();
        let at = |address: SocketAddr| format!("{}@{}", address.ip(), address.port());
        // "test" is a zone of Unbound's own (RFC 6761) unless it is told otherwise.
        let config = format!(
            "server:\n  directory: {here}\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n\
             \n  interface: {}\n  interface: {}\n  interface: {}\n  tls-port: {}\n  https-port: {}\n\
             \n  tls-service-pem: {here}/chain\n  tls-service-key: {here}/key\n\
             \n  module-config: \"validator iterator\"\n  trust-anchor-file: {here}/anchor\n\
             \n  do-not-query-localhost: no\n  local-zone: \"test.\" nodefault\n  verbosity: 1\n\
             remote-control:\n  control-enable: no\n\
             stub-zone:\n  name: {ZONE}\n  stub-addr: {}\n",
            at(plain),
            at(tls),
            at(https),
            tls.port(),
            https.port(),
            at(upstream)
        );
        let file = directory.join("unbound.conf");
        fs::write(&file, config).expect("a file of ours");
        let mut command = Command::new(program("unbound"));
        command.arg("-d").arg("-c").arg(&file);
        let process = Process::start("unbound", &mut command, &directory.join("log"));
        until("unbound listens", || {
            let connected = std::net::TcpStream::connect(https);
            connected.map(drop).map_err(|e| e.to_string())
        });
        Self {
            plain,
            tls,
            https,
            _process: process,
        }
    }
}
