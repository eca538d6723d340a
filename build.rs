//! Tells the program which commit and which compiler it was built from, and which runbooks there are.
#![expect(
    clippy::disallowed_methods,
    reason = "asks git, the compiler and a folder once, at build time"
)]

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    list_runbooks()?;
    watch_head();
    println!("cargo:rerun-if-changed=src");
    let revision = output("git", &["rev-parse", "--short=12", "HEAD"]);
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&compiler, &["--version"]);
    let version = version.split(' ').nth(1).unwrap_or("unknown");
    println!("cargo:rustc-env=BUILD_REVISION={revision}");
    println!("cargo:rustc-env=BUILD_RUSTVERSION={version}");
    Ok(())
}

/// Also where git keeps it elsewhere, as in a worktree. A file that is not there would count as changed every time, and
/// everything would be built again.
fn watch_head() {
    let head = output("git", &["rev-parse", "--git-path", "HEAD"]);
    if Path::new(&head).exists() {
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

/// What a program prints, or `unknown`: a build from an archive has no git.
fn output(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}
