//! Tells the program which commit and which compiler it was built from, and which runbooks there are.
#![expect(
    clippy::disallowed_methods,
    reason = "asks git, the compiler and a folder once, at build time"
)]

#[path = "build/revision.rs"]
mod revision;

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    list_runbooks()?;
    watch_head();
    println!("cargo:rerun-if-changed=src");
    let revision = known_revision();
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&compiler, &["--version"]).unwrap_or_default();
    let version = version.split(' ').nth(1).unwrap_or("unknown");
    println!("cargo:rustc-env=BUILD_REVISION={revision}");
    println!("cargo:rustc-env=BUILD_RUSTVERSION={version}");
    Ok(())
}

/// Also where git keeps it elsewhere, as in a worktree. A file that is not there would count as changed every time, and
/// everything would be built again.
fn watch_head() {
    let head = output("git", &["rev-parse", "--git-path", "HEAD"]);
    if let Some(head) = head.filter(|head| Path::new(head).exists()) {
        println!("cargo:rerun-if-changed={head}");
    }
}

/// Writes the names and texts of all runbooks, as Rust.
fn list_runbooks() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("docs/runbooks");
    println!("cargo:rerun-if-changed=docs/runbooks");
    let mut rows = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let (Some("md"), Some(name)) = (
            path.extension().and_then(|extension| extension.to_str()),
            path.file_stem(),
        ) {
            rows.push(format!("({name:?}, include_str!({path:?})),\n"));
        }
    }
    rows.sort();
    let list = format!("&[\n{}]\n", rows.concat());
    fs::write(Path::new(&variable("OUT_DIR")?).join("runbooks.rs"), list)
}

/// By whom it is known: see `build/revision.rs`.
fn known_revision() -> String {
    println!("cargo:rerun-if-env-changed={}", revision::VARIABLE);
    println!("cargo:rerun-if-changed=build");
    let said = env::var(revision::VARIABLE).ok();
    let noted = fs::read_to_string(".cargo_vcs_info.json").ok();
    let git = || output("git", &["rev-parse", "--short=12", "HEAD"]);
    revision::revision(said.as_deref(), noted.as_deref(), git)
}

/// What a program prints, if it does.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
