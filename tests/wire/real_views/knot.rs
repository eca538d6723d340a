//! Zones into a running Knot DNS, and into signed zones; must not know who asks for them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use testkit::process::{Process, output, program};

use super::free_port;

/// The zone that every server has.
pub(crate) const ZONE: &str = "bears.test";

/// A zone file with these records beside SOA and NS.
pub(crate) fn zone(records: &str) -> String {
    format!(
        "$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns bear 1 60 60 6000 60\n@ NS ns\nns A 127.0.0.1\n{records}\n"
    )
}

/// The zone file signed, and the key that its signatures end at. One key for all: hickory asks the parent about every
/// key of a zone that is no anchor, and this zone has no parent.
pub(crate) fn signed(place: &Path, zone: &str) -> (String, String) {
    signed_as(place, zone, "on", &[])
}

/// The same with NSEC3 `on` or `off`, and with more arguments for kzonesign.
pub(crate) fn signed_as(
    place: &Path,
    zone: &str,
    nsec3: &str,
    arguments: &[&str],
) -> (String, String) {
    let directory = place.join(format!("signed{}{}", nsec3, arguments.concat()));
    fs::create_dir_all(directory.join("out")).expect("a new directory");
    let here = directory.display();
    let config = format!(
        "database:\n  storage: {here}\npolicy:\n  - id: p\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n    nsec3: {nsec3}\n\
         template:\n  - id: default\n    storage: {here}\n\
         zone:\n  - domain: {ZONE}\n    file: zone\n    dnssec-signing: on\n    dnssec-policy: p\n"
    );
    fs::write(directory.join("knot.conf"), config).expect("a file of ours");
    fs::write(directory.join("zone"), zone).expect("a file of ours");
    let mut sign = Command::new(program("kzonesign"));
    sign.arg("-c").arg(directory.join("knot.conf"));
    sign.args(arguments);
    output(sign.arg("-o").arg(directory.join("out")).arg(ZONE));
    let text = fs::read_to_string(directory.join("out/zone")).expect("a signed zone");
    let key = text.lines().find_map(|line| line.split_once("DNSKEY\t257"));
    let (_, key) = key.expect("a key-signing key");
    let anchor = format!("{ZONE}. 3600 IN DNSKEY 257{key}\n");
    (text, anchor)
}

/// A name server at work.
pub(crate) struct Knot {
    pub(crate) address: SocketAddr,
    _process: Process,
}

impl Knot {
    /// Serves a zone file as it is.
    pub(crate) fn start(place: &Path, name: &str, zone: &str) -> Self {
        let directory = place.join(name);
        fs::create_dir(&directory).expect("a new directory");
        fs::write(directory.join("zone"), zone).expect("a file of ours");
        let (address, here) = (free_port(), directory.display());
        let config = format!(
            "server:\n  listen: {}@{}\n  rundir: {here}\ndatabase:\n  storage: {here}\n\
             log:\n  - target: stderr\n    any: info\n\
             template:\n  - id: default\n    storage: {here}\n    zonefile-sync: -1\n    journal-content: none\n\
             zone:\n  - domain: {ZONE}\n    file: zone\n",
            address.ip(),
            address.port()
        );
        let file = directory.join("knot.conf");
        fs::write(&file, config).expect("a file of ours");
        let mut command = Command::new(program("knotd"));
        let log = directory.join("log");
        let mut process = Process::start(name, command.arg("-c").arg(&file), &log);
        process.log_with("server started");
        Self {
            address,
            _process: process,
        }
    }
}
