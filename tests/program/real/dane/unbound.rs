//! A name server's zones behind resolvers that differ in what they make of DNSSEC; must not know who asks them.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::process::{Process, program};

use super::zones::{NAME_SERVER, NameServer, PLAIN};

/// What a resolver makes of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Validating,
    /// It validates, and answers all the same what is bogus.
    Permissive,
    Blind,
}

/// A running resolver at the port 53 of an address.
pub(super) struct Unbound {
    /// Every question is told there.
    pub(super) log: PathBuf,
    _process: Process,
}

impl Unbound {
    /// Asks the name server for all zones.
    pub(super) fn start(place: &Path, address: &str, kind: Kind, zones: &NameServer) -> Self {
        Self::through(place, address, kind, zones, NAME_SERVER)
    }

    /// Asks this name server for [`PLAIN`].
    pub(super) fn through(
        place: &Path,
        address: &str,
        kind: Kind,
        zones: &NameServer,
        name_server: &str,
    ) -> Self {
        let home = place.join(format!("unbound-{address}-{kind:?}"));
        fs::create_dir_all(&home).expect("a directory");
        let modules = match kind {
            Kind::Validating => "\"validator iterator\"",
            Kind::Permissive => "\"validator iterator\"\n  val-permissive-mode: yes",
            Kind::Blind => "iterator",
        };
        // "test." is a zone of Unbound's own (RFC 6761) unless it is told otherwise. Query names are minimised, as by
        // default.
        let config = format!(
            "server:\n  directory: {here}\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  \
             interface: {address}\n  do-not-query-localhost: no\n  local-zone: \"test.\" nodefault\n  verbosity: 1\n  log-queries: yes\n  \
             module-config: {modules}\n  trust-anchor-file: {anchor}\n  num-threads: 1\n\
             remote-control:\n  control-enable: no\n\
             stub-zone:\n  name: \".\"\n  stub-addr: {NAME_SERVER}\n\
             stub-zone:\n  name: {PLAIN}\n  stub-addr: {name_server}\n",
            here = home.display(),
            anchor = zones.anchor.display(),
        );
        let file = home.join("unbound.conf");
        fs::write(&file, config).expect("a file of ours");
        let mut command = Command::new(program("unbound"));
        command.arg("-d").arg("-c").arg(&file);
        let name = format!("unbound, {kind:?}");
        let log = home.join("log");
        let mut process = Process::start(&name, &mut command, &log);
        process.until("unbound listens", || {
            let connected = TcpStream::connect((address, 53));
            connected.map(drop).map_err(|e| e.to_string())
        });
        Self {
            log,
            _process: process,
        }
    }
}
