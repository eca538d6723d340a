//! The unit files that are shipped: what systemd says of them, readiness, and inherited sockets.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use super::exporter::{Den, PATIENCE, Setup, config};

const SERVICE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/systemd/smtp-tls-exporter.service"
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

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_when_it_is_ready_and_when_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let setup = Setup::new(&config("", &["127.0.0.1:9".parse().unwrap()]))
        .file("root.pem", &Den::new().authority.root_pem())
        .variable("NOTIFY_SOCKET", path.to_str().unwrap());
    let exporter = setup.start();
    let mut buffer = [0; 200];
    let mut told = || {
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    assert!(told().contains("READY=1"));
    exporter.signal("TERM");
    assert!(told().contains("STOPPING=1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_hears_a_heart_while_the_exporter_runs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let setup = Setup::new(&config("", &["127.0.0.1:9".parse().unwrap()]))
        .file("root.pem", &Den::new().authority.root_pem())
        .variable("NOTIFY_SOCKET", path.to_str().unwrap())
        .variable("WATCHDOG_USEC", "400000");
    let exporter = setup.start();
    let mut buffer = [0; 200];
    let mut told = || {
        let length = socket.recv(&mut buffer)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&buffer[..length]).into_owned())
    };
    assert!(told().unwrap().contains("READY=1"));
    for _ in 0..3 {
        assert!(told().unwrap().contains("WATCHDOG=1"));
    }
    assert_eq!(exporter.fetch("/-/healthy", &[]).status, 200);
    // Stopped, it is as one whose threads are stuck: what was sent before is still there, and then nothing comes.
    exporter.signal("STOP");
    socket
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let mut last = Ok(String::new());
    for _ in 0..100 {
        last = told();
        if last.is_err() {
            break;
        }
    }
    assert!(last.is_err(), "a heart beats in a stopped exporter");
    exporter.signal("CONT");
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(told().unwrap().contains("WATCHDOG=1"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs systemd-socket-activate: tests/run.sh"]
async fn a_socket_of_systemd_is_served() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let setup = Setup::new(&config("", &["127.0.0.1:9".parse().unwrap()]))
        .file("root.pem", &Den::new().authority.root_pem());
    let mut activated = Command::new("systemd-socket-activate")
        .args([
            "-l",
            &format!("127.0.0.1:{port}"),
            env!("CARGO_BIN_EXE_smtp-tls-exporter"),
        ])
        .args(["--web.systemd-socket", "--config.file"])
        .arg(setup.path("exporter.yml"))
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let got = super::exporter::curl(
        &format!("http://127.0.0.1:{port}/-/healthy"),
        &["--retry", "20", "--retry-connrefused", "--retry-delay", "1"],
    );
    activated.kill().unwrap();
    activated.wait().unwrap();
    assert_eq!(got.body, "Healthy\n");
}

#[test]
fn without_a_socket_the_mistake_is_told() {
    let setup = Setup::new(&config("", &["127.0.0.1:9".parse().unwrap()]))
        .file("root.pem", &Den::new().authority.root_pem());
    let output = Command::new(env!("CARGO_BIN_EXE_smtp-tls-exporter"))
        .args(["--web.systemd-socket", "--config.file"])
        .arg(setup.path("exporter.yml"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("--web.systemd-socket: systemd handed over no socket"),
        "{told}"
    );
}
