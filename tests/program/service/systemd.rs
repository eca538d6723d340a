//! The unit files that are shipped: what systemd says of them, readiness, and inherited sockets.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use testkit::program::PATIENCE;
use testkit::{Setup, World};

use super::config;
use crate::PROGRAM;

const SERVICE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/packaging/systemd/smtp-tls-exporter.service"
);

#[test]
#[ignore = "needs systemd-analyze: tests/run.sh"]
fn the_unit_is_sandboxed() {
    let output = Command::new("systemd-analyze")
        .args([
            "security",
            "--offline=true",
            "--threshold=15",
            "--no-pager",
            SERVICE,
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "above 1.5: {told}");
}

/// One target, where nobody listens.
fn setup() -> Setup {
    PROGRAM
        .over(&config("", &["127.0.0.1:9".parse().unwrap()]))
        .file("root.pem", &World::today().authority.root_pem())
}

/// The manager's end of the socket to which a service tells how it is.
struct Manager(UnixDatagram);

impl Manager {
    /// Of a service that is about to start, and its setup.
    fn of(setup: Setup) -> (Self, Setup) {
        let path = setup.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let setup = setup.variable("NOTIFY_SOCKET", path.to_str().unwrap());
        (Self(socket), setup)
    }

    /// What is told next, if anything is in time.
    fn told(&self) -> std::io::Result<String> {
        let mut buffer = [0; 200];
        let length = self.0.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    fn hears(&self, what: &str) {
        let told = self.told().unwrap();
        assert!(told.contains(what), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_when_it_is_ready_and_when_it_ends() {
    let (manager, setup) = Manager::of(setup());
    let exporter = setup.start();
    manager.hears("READY=1");
    exporter.signal("TERM");
    manager.hears("STOPPING=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_hears_a_heart_while_the_exporter_runs() {
    let (manager, setup) = Manager::of(setup());
    let exporter = setup.variable("WATCHDOG_USEC", "400000").start();
    manager.hears("READY=1");
    for _ in 0..3 {
        manager.hears("WATCHDOG=1");
    }
    assert_eq!(exporter.fetch("/-/healthy", &[]).status, 200);
    // Stopped, it is as one whose threads are stuck: what was sent before is still there, and then nothing comes.
    exporter.signal("STOP");
    let wait = |time| manager.0.set_read_timeout(Some(time)).unwrap();
    wait(Duration::from_secs(2));
    let falls_silent = (0..100).any(|_| manager.told().is_err());
    assert!(falls_silent, "a heart beats in a stopped exporter");
    exporter.signal("CONT");
    wait(PATIENCE);
    manager.hears("WATCHDOG=1");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs systemd-socket-activate: tests/run.sh"]
async fn a_socket_of_systemd_is_served() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let setup = setup();
    let mut activated = Command::new("systemd-socket-activate")
        .args(["-l", &format!("127.0.0.1:{port}"), PROGRAM.path()])
        .args(["--web.systemd-socket", "--config.file"])
        .arg(setup.path("exporter.yml"))
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let got = testkit::curl::curl(
        &format!("http://127.0.0.1:{port}/-/healthy"),
        &["--retry", "20", "--retry-connrefused", "--retry-delay", "1"],
    );
    activated.kill().unwrap();
    activated.wait().unwrap();
    assert_eq!(got.body, "Healthy\n");
}

#[test]
fn without_a_socket_the_mistake_is_told() {
    let setup = setup();
    let file = setup.path("exporter.yml").display().to_string();
    let ended = PROGRAM.run_alone(&["--web.systemd-socket", "--config.file", &file]);
    let told = ended.stderr;
    assert_eq!(ended.code, Some(1));
    assert!(
        told.contains("--web.systemd-socket: systemd handed over no socket"),
        "{told}"
    );
}
