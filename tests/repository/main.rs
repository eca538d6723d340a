//! The files of this repository: sources within their walls, and all that is shipped beside the program (documents, alert
//! rules, dashboards, examples) true to what it says and does.
#![expect(
    clippy::disallowed_methods,
    reason = "a test may fail; it reads files of the repository, which is what it tests"
)]

mod alert_names;
mod annotations;
mod collectors;
mod dashboards;
mod documents;
mod examples;
mod manual;
mod mixin;
mod revision;
mod shipped;
mod walls;

use std::fs;
use std::path::{Path, PathBuf};

use testkit::Program;

/// The program under test.
const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_smtp-tls-exporter"));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of one folder, without its subfolders.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder exists");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.sort();
    paths
}
