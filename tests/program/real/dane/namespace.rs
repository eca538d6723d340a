//! A test into the same test in namespaces of its own: a loopback network with all its ports free, mounts that nobody else
//! sees, and processes that end with it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use testkit::process::{output, program, require_root};

/// Names the test that this process was started for, in its namespaces.
const INSIDE: &str = "SMTP_TLS_EXPORTER_TEST_INSIDE";

const NAMESPACES: [&str; 6] = [
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// Runs `body` in namespaces of its own, as the test of this name, which must be the one that calls. Where the kernel
/// gives no namespaces, as in most containers, it says so and runs nothing.
pub(super) fn within(test: &str, body: impl Future<Output = ()>) {
    require_root();
    if env::var_os(INSIDE).is_some_and(|inside| inside == test) {
        output(Command::new(program("ip")).args(["link", "set", "lo", "up"]));
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        return runtime.block_on(body);
    }
    let unshare = || {
        let mut command = Command::new(program("unshare"));
        command.args(NAMESPACES).stdin(Stdio::null());
        command
    };
    let tried = unshare().arg("true").output().expect("unshare");
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
        eprintln!("!!! SKIPPED: {test}: no namespaces can be made here: {why}");
        return;
    }
    let mut again = unshare();
    again.arg(env::current_exe().expect("this binary"));
    again.args([
        "--exact",
        test,
        "--include-ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    let done = again.env(INSIDE, test).status().expect("unshare");
    assert!(done.success(), "{test} failed in its namespaces: see above");
}

/// From now on names are looked up at this address, by every program of these namespaces that asks the C library.
pub(super) fn resolve_at(place: &Path, address: &str) {
    let file = place.join("resolv.conf");
    let fresh = !file.exists();
    fs::write(&file, format!("nameserver {address}\noptions trust-ad\n")).expect("a file of ours");
    if fresh {
        let mut mount = Command::new(program("mount"));
        output(
            mount
                .arg("--bind")
                .args([&file, Path::new("/etc/resolv.conf")]),
        );
    }
}
