//! Records into signed zones below a root of the test's own, and a Knot DNS that serves them all; must not know who asks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::process::{Process, output, program};

/// Where all zones are served. At another port than 53 no resolver could follow a referral.
pub(super) const NAME_SERVER: &str = "127.0.0.53";

/// Where a server never answers.
pub(super) const SILENT: &str = "127.0.0.54";

pub(super) const PLAIN: &str = "plain.test";
pub(super) const NSEC3: &str = "nsec3.test";
pub(super) const OPT_OUT: &str = "optout.test";
/// Not signed, in an opt-out span of its parent.
pub(super) const OPT_OUT_CHILD: &str = "sub.optout.test";
pub(super) const UNSIGNED: &str = "unsigned.test";
/// Signed, but its parent says nothing of its key.
pub(super) const ISLAND: &str = "island.test";
pub(super) const WILD: &str = "wild.test";
pub(super) const DNAME: &str = "dname.test";
pub(super) const ED448: &str = "ed448.test";
/// TLSA and MX records are not those that were signed, nor is the address 127.9.9.9.
pub(super) const BOGUS: &str = "bogus.test";
/// No signature is valid any more.
pub(super) const EXPIRED: &str = "expired.test";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signing {
    None,
    Nsec,
    Nsec3,
    OptOut,
}

use Signing::{None as Unsigned, Nsec, Nsec3, OptOut};

/// Every zone below the root with its parent: children first, for a parent needs their keys.
const TREE: [(&str, &str, Signing); 12] = [
    (OPT_OUT_CHILD, OPT_OUT, Unsigned),
    (PLAIN, "test", Nsec),
    (NSEC3, "test", Nsec3),
    (OPT_OUT, "test", OptOut),
    (UNSIGNED, "test", Unsigned),
    (ISLAND, "test", Nsec),
    (WILD, "test", Nsec),
    (DNAME, "test", Nsec),
    (ED448, "test", Nsec),
    (BOGUS, "test", Nsec),
    (EXPIRED, "test", Nsec),
    ("test", ".", Nsec),
];

/// Records by zone, one a line, with names relative to the zone or with a dot at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Records(BTreeMap<&'static str, String>);

impl Records {
    pub(super) fn add(&mut self, zone: &'static str, line: &str) {
        let lines = self.0.entry(zone).or_default();
        lines.push_str(line);
        lines.push('\n');
    }

    /// Writes every zone to `place`, signed as it is to be, and the root's key to the file that is returned.
    fn write(&self, place: &Path) -> PathBuf {
        let mut above = Self::default();
        for (zone, parent, signing) in TREE {
            let lines = [self, &above].map(|of| of.0.get(zone).cloned().unwrap_or_default());
            let keys = write(place, zone, signing, &lines.concat());
            let label = zone.strip_suffix(&format!(".{parent}")).unwrap_or(zone);
            above.add(parent, &format!("{label} NS ns.test."));
            if let Some(keys) = keys.filter(|_| zone != ISLAND) {
                above.add(parent, read(&with_end(&keys, "ds")).trim());
            }
        }
        above.add(".", &format!("ns.test. A {NAME_SERVER}"));
        let keys = write(place, ".", Nsec, &above.0["."]);
        let anchor = place.join("anchor");
        let key = with_end(&keys.expect("a signed root"), "key");
        fs::copy(key, &anchor).expect("the root's key");
        anchor
    }
}

/// The path of keys with its ending. It has dots of its own.
fn with_end(keys: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}.{end}", keys.display()))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn file_of(zone: &str) -> String {
    format!("zone.{}", zone.trim_end_matches('.'))
}

/// Writes one zone; the result is the path of its keys without their endings, if it is signed.
fn write(place: &Path, zone: &str, signing: Signing, lines: &str) -> Option<PathBuf> {
    let serial = serial(place, zone);
    let origin = if zone == "." {
        "."
    } else {
        &format!("{zone}.")
    };
    let address = if zone == "test" {
        format!("ns A {NAME_SERVER}\n")
    } else {
        String::new()
    };
    let text = format!(
        "$ORIGIN {origin}\n$TTL 300\n@ SOA ns.test. bear.test. {serial} 3600 600 86400 60\n@ NS ns.test.\n{address}{lines}"
    );
    let file = place.join(file_of(zone));
    fs::write(&file, text).expect("a file of ours");
    (signing != Unsigned).then(|| sign(place, zone, origin, signing))
}

/// One more than the last time.
fn serial(place: &Path, zone: &str) -> u32 {
    let kept = place.join(format!("serial.{zone}"));
    let last = fs::read_to_string(&kept).map_or(0, |text| text.parse().expect("a serial of ours"));
    fs::write(&kept, (last + 1).to_string()).expect("a file of ours");
    last + 1
}

fn sign(place: &Path, zone: &str, origin: &str, signing: Signing) -> PathBuf {
    let algorithm = if zone == ED448 {
        "ED448"
    } else {
        "ECDSAP256SHA256"
    };
    // A zone that is signed again keeps its key.
    let kept = place.join(format!("keys.{zone}"));
    let key = fs::read_to_string(&kept).unwrap_or_else(|_| {
        let mut make = Command::new(program("ldns-keygen"));
        let made = output(
            make.current_dir(place)
                .args(["-a", algorithm, "-k", origin]),
        );
        let key = made.trim().to_owned();
        fs::write(&kept, &key).expect("a file of ours");
        key
    });
    let mut sign = Command::new(program("ldns-signzone"));
    sign.current_dir(place).args(["-o", origin]);
    match signing {
        Nsec3 => drop(sign.arg("-n")),
        OptOut => drop(sign.args(["-n", "-p"])),
        Nsec | Unsigned => {}
    }
    if zone == EXPIRED {
        sign.args(["-i", "20200101000000", "-e", "20200201000000"]);
    }
    let file = file_of(zone);
    output(sign.args(["-f", &format!("{file}.signed"), &file, &key]));
    let signed = read(&place.join(format!("{file}.signed")));
    let served = if zone == BOGUS {
        forged(&signed)
    } else {
        signed
    };
    fs::write(place.join(&file), served).expect("a file of ours");
    place.join(key)
}

/// The zone with other records than were signed.
fn forged(signed: &str) -> String {
    let forge = |line: &str| {
        let forged = line.replace("\tMX\t10 ", "\tMX\t11 ");
        let forged = forged.replace("\tA\t127.9.9.9", "\tA\t127.9.9.66");
        match forged.split_once("\tTLSA\t") {
            Some((owner, data)) => format!("{owner}\tTLSA\t{data}00\n"),
            None => format!("{forged}\n"),
        }
    };
    signed.lines().map(forge).collect()
}

/// A name server with all zones.
pub(super) struct NameServer {
    place: PathBuf,
    /// The file with the root's key.
    pub(super) anchor: PathBuf,
    _process: Process,
}

impl NameServer {
    /// Signs these records and serves them; everything is kept in `place`.
    pub(super) fn start(place: &Path, records: &Records) -> Self {
        let place = place.join("zones");
        fs::create_dir(&place).expect("a new directory");
        let anchor = records.write(&place);
        Self::serve(place, anchor, NAME_SERVER)
    }

    /// Serves at another address what this one serves now, and goes on when this one is changed: a secondary that nobody
    /// tells.
    pub(super) fn secondary(&self, place: &Path, address: &str) -> Self {
        let copy = place.join(format!("zones-{address}"));
        fs::create_dir(&copy).expect("a new directory");
        for (zone, ..) in TREE.iter().chain([&(".", "", Nsec)]) {
            let file = file_of(zone);
            fs::copy(self.place.join(&file), copy.join(&file)).expect("a zone");
        }
        Self::serve(copy, self.anchor.clone(), address)
    }

    /// Serves other records in [`PLAIN`] from now on.
    pub(super) fn change(&self, records: &Records) {
        let lines = records.0.get(PLAIN).map_or("", String::as_str);
        write(&self.place, PLAIN, Nsec, lines);
        let mut reload = Command::new(program("knotc"));
        reload.arg("-c").arg(self.place.join("knot.conf"));
        output(reload.args(["-b", "zone-reload", PLAIN]));
    }

    fn serve(place: PathBuf, anchor: PathBuf, address: &str) -> Self {
        let here = place.display();
        let zones: String = TREE
            .iter()
            .map(|(zone, ..)| *zone)
            .chain(["."])
            .map(|zone| format!("  - domain: {zone}\n    file: {}\n", file_of(zone)))
            .collect();
        let config = format!(
            "server:\n  listen: {address}@53\n  rundir: {here}\ndatabase:\n  storage: {here}\n\
             log:\n  - target: stderr\n    any: info\n\
             template:\n  - id: default\n    storage: {here}\n    zonefile-sync: -1\n    zonefile-load: whole\n    \
             journal-content: none\n\
             zone:\n{zones}"
        );
        let file = place.join("knot.conf");
        fs::write(&file, config).expect("a file of ours");
        let mut command = Command::new(program("knotd"));
        let log = place.join("log");
        let mut process = Process::start("knotd", command.arg("-c").arg(&file), &log);
        process.log_with("server started");
        Self {
            place,
            anchor,
            _process: process,
        }
    }
}
