//! What STARTTLS probes cost, this exporter beside blackbox_exporter, against the same server in the same run: CPU of a
//! probe in one scrape of all and through `/probe`, and the memory that stays.
//!
//! `cargo bench --bench peers`; needs `prometheus-blackbox-exporter` (Debian) on the PATH. Both run as programs of
//! their own, so that the figure holds everything: the listener, the runtime, the rendering.
#![expect(clippy::disallowed_methods, reason = "measures programs from outside")]

use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::Duration;

use smtp_tls_exporter::watch::system_clock;
use testkit::peer::{Authority, Leaf, Server, Speech};
use tokio::runtime;

const PROBES: usize = 1000;
const NAME: &str = "mx.bears.test";

const BLACKBOX_CONFIG: &str = r#"modules:
  smtp:
    prober: tcp
    timeout: 5s
    tcp:
      query_response:
        - expect: "^220 ([^ ]+) ESMTP"
        - send: "EHLO prober\r"
        - expect: "^250[ -]STARTTLS"
        - send: "STARTTLS\r"
        - expect: "^220"
        - starttls: true
        - send: "EHLO prober\r"
        - expect: "^250 "
        - send: "QUIT\r"
      tls_config: {insecure_skip_verify: true}
"#;

fn main() {
    let Some(blackbox) = find("prometheus-blackbox-exporter") else {
        println!("not measured: prometheus-blackbox-exporter is not installed");
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let authority = Authority::new("Bench", system_clock().0);
    fs::write(directory.path().join("root.pem"), authority.root_pem()).expect("a file");
    let port = serve(&authority);
    let theirs = directory.path().join("blackbox.yml");
    fs::write(&theirs, BLACKBOX_CONFIG).expect("a file");
    let ours = directory.path().join("ours.yml");
    fs::write(&ours, config(port)).expect("a file");
    let own = env!("CARGO_BIN_EXE_smtp-tls-exporter");
    for _ in 0..3 {
        let blackbox = measure(&blackbox, &theirs, |at| {
            for i in 0..PROBES {
                let target = format!("{}:{port}", address(i));
                let body = get(at, &format!("/probe?module=smtp&target={target}"));
                assert!(body.contains("\nprobe_success 1\n"), "{body}");
            }
        });
        let probe = measure(own, &ours, |at| {
            for i in 0..PROBES {
                let target = format!("{}:{port}", address(i));
                let body = get(at, &format!("/probe?hostname={NAME}&target={target}"));
                let success = body
                    .lines()
                    .find(|l| l.starts_with("smtp_tls_probe_success{"));
                assert!(success.is_some_and(|l| l.ends_with(" 1")), "{body}");
            }
        });
        let scrape = measure(own, &ours, |at| {
            let body = get(at, "/metrics");
            let lines = body
                .lines()
                .filter(|l| l.starts_with("smtp_tls_probe_success{"));
            assert_eq!(lines.filter(|l| l.ends_with(" 1")).count(), PROBES);
        });
        println!("{blackbox} blackbox_exporter, {PROBES} x /probe");
        for (figures, how) in [
            (probe, format!("{PROBES} x /probe")),
            (scrape, format!("one scrape of {PROBES}")),
        ] {
            println!(
                "{figures} smtp-tls-exporter, {how}: 1/{:.1} of the CPU",
                blackbox.cpu.as_secs_f64() / figures.cpu.as_secs_f64()
            );
        }
    }
}

fn find(program: &str) -> Option<String> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.exists())
        .map(|path| path.to_string_lossy().into_owned())
}

fn address(i: usize) -> String {
    format!("127.9.{}.{}", i / 250, i % 250 + 1)
}

fn config(port: u16) -> String {
    let addresses: Vec<_> = (0..PROBES).map(address).collect();
    format!(
        "trust: {{roots: root.pem}}\nprobe: {{min_interval: 0s}}\nprobe_endpoint: {{ports: [{port}], allow: [127.0.0.0/8], deny_default: off}}\ntargets:\n- {{name: fleet, host: {NAME}, ports: [{port}], addresses: [{}]}}\n",
        addresses.join(", ")
    )
}

/// One server on every loopback address, on threads of this process.
fn serve(authority: &Authority) -> u16 {
    let credentials = authority.issue(&Leaf::server(NAME, -10, 80));
    let (tell, told) = std::sync::mpsc::channel();
    spawn(move || {
        let runtime = runtime::Builder::new_multi_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let any: SocketAddr = "0.0.0.0:0".parse().expect("an address");
            let server = Server::start(any, &credentials, Speech::default()).await;
            let server = server.expect("a server");
            tell.send(server.address.port()).expect("somebody listens");
            std::future::pending::<()>().await;
        });
    });
    told.recv().expect("a server")
}

/// What a program used.
struct Figures {
    /// Divided by the number of probes.
    cpu: Duration,
    /// Resident memory in MB, before and after.
    resident: (f64, f64),
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.resident;
        let cpu = self.cpu.as_secs_f64() * 1000.0;
        write!(
            f,
            "{cpu:5.2} ms CPU a probe, {before:4.1} MB idle, {after:4.1} MB after:"
        )
    }
}

fn measure(program: &str, config: &std::path::Path, work: impl FnOnce(SocketAddr)) -> Figures {
    let at = free_address();
    let mut child = Ended(
        Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--web.listen-address={at}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts"),
    );
    while TcpStream::connect(at).is_err() {
        sleep(Duration::from_millis(50));
    }
    let (before, idle) = (cpu(&child.0), resident(&child.0));
    work(at);
    let spent = cpu(&child.0) - before;
    let resident = (idle, resident(&child.0));
    child.0.kill().expect("it runs");
    Figures {
        cpu: spent / u32::try_from(PROBES).unwrap_or(1),
        resident,
    }
}

/// Ends the program with the value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// User and system time of a process, in steps of 10 ms.
fn cpu(child: &Child) -> Duration {
    let stat = proc(child, "stat");
    let (_, rest) = stat.rsplit_once(')').expect("a name");
    let ticks: u64 = rest
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory of a process in MB.
fn resident(child: &Child) -> f64 {
    let status = proc(child, "status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<f64>().ok());
    kib.expect("a size") * 1.024 / 1000.0
}

fn proc(child: &Child, name: &str) -> String {
    let mut text = String::new();
    let file = fs::File::open(format!("/proc/{}/{name}", child.id()));
    file.expect("Linux")
        .read_to_string(&mut text)
        .expect("text");
    text
}

fn get(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).expect("it listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut body = String::new();
    stream.read_to_string(&mut body).expect("it answers");
    body
}
