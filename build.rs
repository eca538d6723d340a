//! Tells the program which commit and which compiler it was built from.
#![expect(
    clippy::disallowed_methods,
    reason = "asks git and the compiler once, at build time"
)]

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=src");
    let revision = output("git", &["rev-parse", "--short=12", "HEAD"]);
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&compiler, &["--version"]);
    let version = version.split(' ').nth(1).unwrap_or("unknown");
    println!("cargo:rustc-env=BUILD_REVISION={revision}");
    println!("cargo:rustc-env=BUILD_RUSTVERSION={version}");
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
