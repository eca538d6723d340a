//! Holds `src/` to the architecture: which room may know which, that no file imports one that imports it, where each
//! foreign crate lives, how long a file may be.
//! The tables below are the rules; ARCHITECTURE.md says why.

mod rings;
mod source;
mod spellings;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use self::rings::{Link, links};
use self::source::Source;
use crate::root;

/// Words of the field: every room below may import these.
const BASICS: [&str; 8] = [
    "timestamp",
    "plain",
    "name",
    "reason",
    "metric",
    "recent",
    "beside",
    "hanging",
];

/// The rooms, and what else each may import. A row names only rooms above it: so there are no circles, and data flows
/// down.
const ROOMS: &[(&str, &str)] = &[
    ("timestamp", ""),
    ("plain", ""),
    ("name", ""),
    ("reason", ""),
    ("metric", ""),
    ("recent", ""),
    ("beside", ""),
    ("hanging", ""),
    ("process", ""),
    // Plays servers, and does not know who looks at them.
    ("demo", ""),
    ("counters", ""),
    // Reads text by its place, and knows no setting.
    ("yaml", ""),
    ("certificate", ""),
    ("facts", "certificate"),
    ("smtp", "facts"),
    ("pki", "certificate"),
    ("dns", "facts pki"),
    ("endpoint", "dns smtp"),
    ("collect", "certificate dns endpoint facts"),
    ("probe", "certificate facts pki smtp endpoint"),
    ("policy", "dns endpoint facts pki probe"),
    ("verdict", "certificate facts pki"),
    (
        "report",
        "certificate collect dns facts pki endpoint verdict",
    ),
    (
        "watch",
        "certificate collect counters dns facts pki policy probe report smtp endpoint verdict",
    ),
    ("advice", "facts report smtp endpoint verdict"),
    (
        "render",
        "advice certificate counters facts pki process report smtp endpoint verdict",
    ),
    ("app", "dns facts render watch"),
    // Of certificates it reads only the names of its own clients'.
    (
        "web",
        "app certificate counters endpoint process render report watch",
    ),
    // Stages own their settings types and never import config; it imports the types it fills (see SETTINGS).
    (
        "config",
        "certificate dns facts pki policy probe render report watch smtp endpoint verdict web yaml",
    ),
    // Builds what the settings name, so it sees the stages, but it runs none of them (see STEPS).
    (
        "cli",
        "app certificate collect config counters demo dns facts pki policy probe render report watch smtp endpoint \
         verdict web yaml",
    ),
    ("allocator", ""),
    ("main", "allocator cli"),
];

/// Of the busy stages, the only items that another room may name: settings, not deeds.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "config",
        "probe",
        "ClientCertificate ClientCertificateError Limits Proxy Route",
    ),
    ("config", "policy", "PolicySettings"),
    ("config", "render", "reserved_labels"),
    ("config", "report", "InsideSettings"),
    (
        "config",
        "watch",
        "Gate Module OnRequest Settings View Watched",
    ),
    (
        "config",
        "web",
        "Acceptor Access ClientAuth Header Rate TlsSettings header is_known is_spoken",
    ),
    ("web", "certificate", "Certificate SubjectName"),
    ("cli", "collect", "CollectOptions MailProgram inventory"),
    ("cli", "facts", "inventory"),
    ("cli", "policy", "PolicySettings"),
    ("cli", "probe", "Limits Tls"),
];

/// What joins two stages, and the one room that calls it.
const STEPS: &[(&str, &str)] = &[
    ("crate::collect::expand", "watch"),
    ("crate::probe::probe", "watch"),
    ("crate::pki::find_path", "watch"),
    ("crate::pki::anchored", "verdict"),
    ("crate::verdict::judge", "watch"),
];

/// No path below `src/` begins so.
const NOWHERE: &str = "no file";

/// Foreign crates (and some modules of std and tokio), and where each may be named: paths below `src/` begin so.
const FOREIGN: &[(&str, &str)] = &[
    (
        "aws_lc_rs",
        "certificate/ policy/http.rs probe/ web/passwords.rs",
    ),
    ("bcrypt", "web/passwords.rs"),
    ("clap", "cli/"),
    // Where what clippy.toml forbids everywhere is done.
    (
        "clippy::disallowed_methods",
        "cli/hostname.rs cli/inventory_file.rs collect/machine/file.rs collect/machine/program.rs config/named_file.rs \
         demo/ dns/clock.rs dns/file.rs dns/hickory/upstream.rs probe/connect.rs process.rs watch/mod.rs web/listener.rs",
    ),
    ("ctor", "main.rs"),
    (
        "data_encoding",
        "certificate/pem.rs demo/inside.rs facts/inventory probe/route.rs web/passwords.rs",
    ),
    ("flate2", "render/body.rs"),
    ("hickory_resolver", "demo/names.rs dns/hickory"),
    ("http_body_util", "policy/http.rs"),
    ("hyper", "policy/http.rs web/"),
    ("hyper_util", "policy/http.rs web/"),
    ("icu_properties", "plain.rs"),
    ("idna", "name.rs"),
    ("ipnet", "config/probe_endpoint.rs watch/request.rs"),
    ("libc", "collect/machine/file.rs config/named_file.rs"),
    ("listenfd", "cli/files.rs"),
    ("mimalloc", "allocator.rs"),
    ("prometheus", "counters.rs render/metrics.rs"),
    ("pulldown_cmark", "render/html/runbook.rs"),
    ("rcgen", "demo/authority.rs"),
    ("resolv_conf", "dns/hickory/system.rs"),
    ("rlimit", "cli/files.rs"),
    ("rusqlite", "policy/store.rs"),
    ("rustls", "demo/ dns/tls.rs probe/tls web/"),
    ("rustls_native_certs", "pki/"),
    ("rustls_pki_types", "pki/"),
    ("sd_notify", "cli/life.rs"),
    (
        "serde",
        "collect/machine/postfix/listing.rs facts/inventory render/ yaml/",
    ),
    (
        "serde_json",
        "collect/machine/postfix/listing.rs facts/inventory render/json/",
    ),
    ("serde_yaml", "yaml/"),
    (
        "std::fs",
        "cli/hostname.rs cli/inventory_file.rs collect/machine/file.rs config/named_file.rs dns/file.rs process.rs",
    ),
    ("std::process::Command", "collect/machine/program.rs"),
    ("thiserror", ""),
    ("time", "demo/authority.rs timestamp.rs"),
    (
        "tokio",
        "app/ beside.rs cli/ collect/ demo/ dns/ policy/ probe/ watch/ web/",
    ),
    ("tokio::fs", NOWHERE),
    ("tokio::net", "demo/ dns/hickory probe/ web/"),
    ("tokio::process", NOWHERE),
    ("tokio_rustls", "demo/ probe/tls web/"),
    ("tokio_socks", "probe/proxy.rs"),
    ("tracing", ""),
    ("tracing_logfmt", "cli/logging.rs"),
    ("tracing_subscriber", "cli/logging.rs"),
    ("webpki", "pki/"),
    ("webpki_roots", "pki/"),
    ("x509_parser", "certificate/"),
];

/// Names that several types have, and why. This list only shrinks.
const NAMESAKES: &[(&str, &str)] = &[
    (
        "Asked",
        "what trust was asked, and what a server asked of us",
    ),
    ("Asker", "whom a permit is for, and whom DNS is asked of"),
    (
        "Attempt",
        "the attempt of a probe, and what is recorded of it",
    ),
    ("Cause", "a cause, and its JSON"),
    (
        "Check",
        "a check, its JSON, and the arguments of the command",
    ),
    ("Credentials", "a proxy's, and the demo's own"),
    ("Key", "of a certificate, and of a configuration file"),
    ("Kind", "of checks, of metrics, of replies"),
    ("Leaf", "one that is seen, and one that the demo issues"),
    ("Look", "what shows a trouble, and what is being looked for"),
    ("NameServer", "one that is asked, and the demo's own"),
    (
        "Reader",
        "of a server's first flight, and of the state of the program",
    ),
    (
        "Stamp",
        "a file as it was last seen, in rooms that cannot share it",
    ),
    ("Step", "towards a key in YAML, and in an SMTP dialogue"),
];

/// Most lines of code in a file, unit tests aside.
const MAX_LINES: usize = 300;

#[test]
fn the_walls_stand() {
    let found = findings(&sources());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn rooms_import_only_rooms_above_them() {
    let mut above = BTreeSet::new();
    for (room, imports) in ROOMS {
        for import in imports.split_whitespace() {
            assert!(
                above.contains(import),
                "ROOMS: {room} may import {import}, which does not stand above it: that is a circle or an upward \
                 import; move the shared type into a room above both"
            );
        }
        assert!(above.insert(*room), "ROOMS: {room} stands there twice");
    }
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let sources = sources();
    let links = links(&shipped(&sources));
    let told = |Link { from, to, path }: &Link| format!("src/{from} -> src/{to}, by {path}");
    assert!(
        links.is_empty(),
        "these imports close rings: move what the files share into a file below them, and name a neighbour's file \
         instead of what mod.rs hands on\n{}\n",
        links.iter().map(told).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_word_has_one_meaning() {
    let sources = sources();
    let mut homes = BTreeMap::<_, BTreeSet<_>>::new();
    for source in shipped(&sources) {
        for name in source.types() {
            homes.entry(name).or_default().insert(&source.path);
        }
    }
    for (name, files) in &homes {
        let is_known = NAMESAKES.iter().any(|(known, _)| known == name);
        let has_namesake = files.len() > 1;
        assert!(
            !has_namesake || is_known,
            "{files:?} each declare a {name}: call one of them by the field's own term"
        );
        assert!(
            has_namesake || !is_known,
            "NAMESAKES: there is one {name} now; strike it, so that it stays so"
        );
    }
}

#[test]
fn every_row_is_about_something_that_exists() {
    let sources = sources();
    let files: BTreeSet<_> = sources.iter().map(Source::room).collect();
    for (room, _) in ROOMS {
        assert!(files.contains(room), "ROOMS: there is no {room} any more");
    }
    let named: BTreeSet<_> = sources.iter().flat_map(Source::paths).collect();
    for (path, _) in STEPS {
        assert!(
            named.iter().any(|n| is_in(n, path)),
            "STEPS: nobody names {path} any more; name what took its place"
        );
    }
}

#[test]
fn every_dependency_has_a_place() {
    for name in dependencies() {
        assert!(
            FOREIGN.iter().any(|(krate, _)| *krate == name),
            "Cargo.toml: {name} is in no row of FOREIGN in tests/repository/walls.rs; say where it may be used"
        );
    }
}

#[test]
fn every_lint_is_seen_to_bite() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("a readable file");
    let (lints, spellings) = (
        read("clippy.toml"),
        read("tests/repository/walls/spellings.rs"),
    );
    let rows = lints.split("{ path = \"").skip(1);
    for path in rows.filter_map(|row| row.split('"').next()) {
        let (above, deed) = path.rsplit_once("::").expect("a path");
        let of = above.rsplit("::").next().unwrap_or_default();
        let ways = [format!("{of}::{deed}("), format!(".{deed}(")];
        let is_spelt = ways.iter().any(|way| spellings.contains(way));
        assert!(
            is_spelt,
            "clippy.toml: spell {path} in tests/repository/walls/spellings.rs, where clippy shows that the row bites"
        );
    }
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["src", "tests", "testkit", "examples", "benches"] {
        for file in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).expect("a readable file");
            assert!(
                Source::new("", &text).opens_with_a_sentence(),
                "{}: open it with `//! ` and one sentence: what it turns into what, and what it must not know",
                file.display()
            );
        }
    }
}

/// The files of rooms, without those that only tests have.
fn shipped(sources: &[Source]) -> Vec<&Source> {
    let test_files: BTreeSet<_> = sources.iter().flat_map(Source::test_files).collect();
    let is_shipped =
        |source: &&Source| source.room() != "lib" && !test_files.contains(&source.path);
    sources.iter().filter(is_shipped).collect()
}

/// Everything that breaks a wall, one line each, with what to do about it.
fn findings(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in shipped(sources) {
        let paths = source.paths();
        found.extend(too_long(source));
        found.extend(foreign(source, &paths));
        found.extend(rooms(source, &paths));
        found.extend(settings(source, &paths));
        found.extend(steps(source, &paths));
    }
    found
}

fn too_long(source: &Source) -> Option<String> {
    let (path, lines) = (&source.path, source.lines());
    (lines > MAX_LINES).then(|| {
        format!(
            "src/{path}: {lines} lines of code, expected {MAX_LINES} at most: split it by what it is about"
        )
    })
}

fn foreign(source: &Source, paths: &BTreeSet<String>) -> Vec<String> {
    let path = &source.path;
    let breaks = |(krate, places): &&(&str, &str)| {
        let is_at_home = places.is_empty() || places.split(' ').any(|p| path.starts_with(p));
        !is_at_home && paths.iter().any(|named| is_in(named, krate))
    };
    FOREIGN
        .iter()
        .filter(breaks)
        .map(|(krate, places)| {
            format!(
                "src/{path}: names {krate}, which stays in {places}: let a type of our own cross the wall (FOREIGN in \
                 tests/repository/walls.rs)"
            )
        })
        .collect()
}

fn rooms(source: &Source, paths: &BTreeSet<String>) -> Vec<String> {
    let (path, own) = (&source.path, source.room());
    let Some((_, may)) = ROOMS.iter().find(|(room, _)| *room == own) else {
        return vec![format!(
            "src/{path}: {own} is in no row of ROOMS in tests/repository/walls.rs: say what it may import"
        )];
    };
    let basics = BASICS.iter().filter(|_| !BASICS.contains(&own));
    let may: Vec<_> = may.split_whitespace().chain(basics.copied()).collect();
    let imported: BTreeSet<_> = paths.iter().filter_map(|p| room_of(p)).collect();
    imported
        .into_iter()
        .filter(|room| *room != own && !may.contains(room))
        .map(|room| {
            format!(
                "src/{path}: {own} imports {room}, but may import only [{}]: pass what it needs as an argument, or \
                 move the type into a room above both",
                may.join(" ")
            )
        })
        .collect()
}

/// Only what is named in SETTINGS may cross; everything else is the stage's own business.
fn settings(source: &Source, paths: &BTreeSet<String>) -> Vec<String> {
    let path = &source.path;
    let rows = SETTINGS.iter().filter(|(room, ..)| *room == source.room());
    rows.flat_map(|(room, of, items)| {
        let prefix = format!("crate::{of}::");
        let named: BTreeSet<_> = paths
            .iter()
            .filter_map(|named| named.strip_prefix(&prefix)?.split("::").next())
            .filter(|item| !items.split(' ').any(|known| known == *item))
            .collect();
        named.into_iter().map(move |item| {
                format!(
                "src/{path}: {room} names {of}::{item}, but may name only {items} of {of}: a setting goes into SETTINGS \
                 in tests/repository/walls.rs, a deed into watch/"
            )
            })
    })
    .collect()
}

fn steps(source: &Source, paths: &BTreeSet<String>) -> Vec<String> {
    let (path, own) = (&source.path, source.room());
    STEPS
        .iter()
        .filter(|(step, home)| {
            let is_home = own == *home || room_of(step) == Some(own);
            !is_home && paths.iter().any(|named| is_in(named, step))
        })
        .map(|(step, home)| {
            format!("src/{path}: names {step}; only {home} joins the stages: ask it for a snapshot")
        })
        .collect()
}

/// Whether a path is this one, or below it.
fn is_in(path: &str, above: &str) -> bool {
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn room_of(path: &str) -> Option<&str> {
    let below = path.strip_prefix("crate::")?;
    below.split("::").next()
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(&src).expect("a file below src");
        let text = fs::read_to_string(file).expect("a readable file");
        Source::new(&path.to_string_lossy().replace('\\', "/"), &text)
    };
    rust_files(&src).iter().map(read).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The crates in `[dependencies]`, as Rust names them.
fn dependencies() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let lines = manifest.lines().skip_while(|l| *l != "[dependencies]");
    lines
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| match name.trim() {
            "rustls-webpki" => "webpki".to_owned(),
            name => name.replace('-', "_"),
        })
        .collect()
}

/// What is found in one made-up file.
fn found_in(path: &str, text: &str) -> Vec<String> {
    findings(&[Source::new(path, text)])
}

/// A file, its text, and what must be found in it.
const BREACHES: &[(&str, &str, &str)] = &[
    (
        "render/table.rs",
        "use serde_json::Value;",
        "names serde_json",
    ),
    (
        "render/table.rs",
        "use {std::fmt, serde_json as j};",
        "names serde_json",
    ),
    (
        "render/table.rs",
        "fn f() { ::serde_json::json!(1) }",
        "names serde_json",
    ),
    (
        "render/table.rs",
        "use std::{fmt, fs::{self, File}};",
        "names std::fs",
    ),
    (
        "web/routes.rs",
        "use std::process as p; fn f() { p::Command::new(\"sh\"); }",
        "names std::process::Command",
    ),
    (
        "config/file.rs",
        "use tokio::{fs as f, time}; fn g() { f::read(\"x\") }",
        "names tokio::fs",
    ),
    (
        "web/routes.rs",
        "#[expect(clippy::disallowed_methods, reason = \"in haste\")] fn f() {}",
        "names clippy::disallowed_methods",
    ),
    (
        "smtp/reply.rs",
        "#[derive(serde::Serialize)] struct R;",
        "names serde,",
    ),
    (
        "smtp/reply.rs",
        "use tokio::io; fn f(s: io::Stdin) {}",
        "names tokio,",
    ),
    (
        "dns/mod.rs",
        "use tokio::net::UdpSocket;",
        "names tokio::net",
    ),
    (
        "verdict/names.rs",
        "use crate::{name::Host, probe::Limits};",
        "verdict imports probe",
    ),
    (
        "verdict/names.rs",
        "use super::super::render;",
        "verdict imports render",
    ),
    (
        "verdict/mod.rs",
        "use super::config::Config;",
        "verdict imports config",
    ),
    (
        "verdict/mod.rs",
        "fn f() { crate::watch::system_clock() }",
        "verdict imports watch",
    ),
    (
        "probe/tls.rs",
        "use smtp_tls_exporter::verdict::CHECKS;",
        "probe imports verdict",
    ),
    ("web/routes.rs", "use crate::cli::BUILD;", "web imports cli"),
    (
        "config/file.rs",
        "use crate::probe::{Limits, Tls};",
        "config names probe::Tls",
    ),
    (
        "config/file.rs",
        "use crate::probe::*;",
        "config names probe::*",
    ),
    (
        "cli/check.rs",
        "use crate::pki; fn f() { pki::find_path() }",
        "names crate::pki::find_path",
    ),
    (
        "cli/check.rs",
        "use crate::verdict; fn f() { verdict::judge() }",
        "names crate::verdict::judge",
    ),
    (
        "yaml/reader.rs",
        "use crate::config::Config;",
        "yaml imports config",
    ),
    (
        "config/file.rs",
        "use serde_yaml::Value;",
        "names serde_yaml",
    ),
    (
        "demo/mod.rs",
        "use crate::config::Config;",
        "demo imports config",
    ),
    (
        "web/routes.rs",
        "use crate::demo::World;",
        "web imports demo",
    ),
    (
        "misc.rs",
        "//! Odds and ends.",
        "misc is in no row of ROOMS",
    ),
];

#[test]
fn a_breach_is_found_however_it_is_written() {
    for (path, text, breach) in BREACHES {
        let found = found_in(path, text);
        let is_found = found.iter().any(|f| f.contains(breach));
        assert!(is_found, "{path}: {text}: {found:?}");
    }
}

/// A file, and text that breaks nothing in it.
const KEPT: &[(&str, &str)] = &[
    ("render/json/mod.rs", "use serde_json::Value;"),
    (
        "render/table.rs",
        "// serde_json::Value\n/* crate::probe::x */ fn f() -> &'static str { \"serde_json::x\" }",
    ),
    (
        "render/table.rs",
        "const Q: char = '\"'; const R: &str = r#\"crate::cli::\"x\"#; fn f<'a>(a: &'a str) {}",
    ),
    (
        "render/table.rs",
        "fn f() {}\n#[cfg(test)]\nmod tests { use crate::probe::Tls; fn g() { if a {} } }",
    ),
    ("verdict/mod.rs", "mod probe; fn f() { probe::x() }"),
    ("probe/mod.rs", "use tokio::time; fn f() { time::sleep(1) }"),
    ("timestamp.rs", "use time::OffsetDateTime;"),
    (
        "config/file.rs",
        "use crate::probe::Limits; fn f() { Limits::default() }",
    ),
    (
        "watch/mod.rs",
        "use crate::pki; fn f() -> impl Fn() + use<'_> { pki::find_path() }",
    ),
];

#[test]
fn what_keeps_the_rules_is_left_alone() {
    for (path, text) in KEPT {
        let found = found_in(path, text);
        assert!(found.is_empty(), "{path}: {text}: {found:?}");
    }
}

/// Files with their texts, and those of them that are in a ring.
type Ring = (
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const RINGED: &[Ring] = &[
    (
        &[
            ("web/a.rs", "use super::b::B;"),
            ("web/b.rs", "use crate::web::a;"),
            ("web/c.rs", "use super::a::A;"),
        ],
        &["web/a.rs", "web/b.rs"],
    ),
    (
        &[
            ("web/mod.rs", "mod a; mod b; fn f() { b::g() }"),
            ("web/b.rs", "use super::a::{self, A};"),
            ("web/a.rs", "fn f() { super::h() }"),
        ],
        &["web/a.rs", "web/b.rs", "web/mod.rs"],
    ),
    (
        &[
            ("web/mod.rs", "mod a; mod b; pub use a::A;"),
            ("web/a.rs", "use super::b::B;"),
            ("web/b.rs", "use super::A;"),
        ],
        &["web/a.rs", "web/b.rs", "web/mod.rs"],
    ),
    (
        &[
            ("web/mod.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("web/a.rs", "use super::b::B; use crate::dns::D;"),
            (
                "web/b.rs",
                "fn f() {}\n#[cfg(test)]\nmod tests { use super::a; }",
            ),
            ("dns/mod.rs", "use crate::web::A;"),
        ],
        &[],
    ),
    (
        &[
            ("web/mod.rs", "pub use a::A; mod a;"),
            ("web/a.rs", "pub(in crate::web) fn f() {}"),
        ],
        &[],
    ),
    (
        &[
            ("web/mod.rs", "#[cfg(test)]\nmod case; pub use a::A;"),
            ("web/case.rs", "use super::A;"),
            ("web/a.rs", "#[cfg(test)]\nuse super::case;"),
        ],
        &[],
    ),
];

#[test]
fn a_ring_is_found_through_whatever_it_runs() {
    for (files, ring) in RINGED {
        let sources = files.iter().map(|(path, text)| Source::new(path, text));
        let sources: Vec<_> = sources.collect();
        let found = links(&shipped(&sources));
        let found: BTreeSet<_> = found.iter().map(|link| link.from.as_str()).collect();
        assert_eq!(Vec::from_iter(found), *ring, "{files:?}");
    }
}

#[test]
fn code_behind_the_tests_is_code_again() {
    let text = "#[cfg(test)]\nmod case;\n#[cfg(test)]\nfn f() -> [u8; 2] { [0; 2] }\nuse crate::cli::BUILD;\n";
    assert!(!found_in("verdict/mod.rs", text).is_empty());
    let both = [
        Source::new("verdict/mod.rs", "#[cfg(test)]\nmod case;\n"),
        Source::new("verdict/case.rs", "use crate::cli::BUILD;"),
    ];
    assert!(findings(&both).is_empty());
}

#[test]
fn only_lines_of_code_count() {
    let line = "fn f() {}\n";
    assert!(found_in("plain.rs", &line.repeat(MAX_LINES)).is_empty());
    assert!(!found_in("plain.rs", &line.repeat(MAX_LINES + 1)).is_empty());
    let light = format!("// why\n\n/*\n*/{}", line.repeat(MAX_LINES));
    let tested = format!("{light}#[cfg(test)]\nmod tests {{\n{light}}}\n");
    assert!(found_in("plain.rs", &tested).is_empty());
    let text = format!("const T: &str = \"\n{}\";", "x\n".repeat(MAX_LINES));
    assert!(!found_in("plain.rs", &text).is_empty());
}
