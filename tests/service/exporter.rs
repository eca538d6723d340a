//! The binary under test, with its files, its log and a client.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use smtp_tls_exporter::watch::system_clock;
use tempfile::TempDir;

use crate::peer::{Authority, Leaf, Server, Speech};

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running exporter; it ends with its handle.
pub(crate) struct Exporter {
    pub(crate) address: SocketAddr,
    pub(crate) directory: TempDir,
    child: Child,
    log: Arc<Mutex<String>>,
}

/// Before an exporter starts.
pub(crate) struct Setup {
    directory: TempDir,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    open_files: Option<u32>,
    is_inside: bool,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Setup {
    pub(crate) fn new(config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let setup = Self {
            directory,
            arguments: Vec::new(),
            variables: Vec::new(),
            open_files: None,
            is_inside: false,
        };
        setup.file("exporter.yml", config)
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the exporter and waits until it listens; from then on its log is a pipe without a reader.
    pub(crate) fn start_and_stop_reading(self) -> Exporter {
        self.launch(true)
    }

    /// Lets the exporter open so many files, and no more.
    pub(crate) fn open_files(mut self, most: u32) -> Self {
        self.open_files = Some(most);
        self
    }

    /// Starts the exporter in the folder of its files.
    pub(crate) fn inside(mut self) -> Self {
        self.is_inside = true;
        self
    }

    fn config(&self) -> (PathBuf, &Path) {
        match self.is_inside {
            true => ("exporter.yml".into(), self.directory.path()),
            false => (self.path("exporter.yml"), Path::new(".")),
        }
    }

    fn program(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_smtp-tls-exporter");
        let Some(most) = self.open_files else {
            return Command::new(program);
        };
        let mut shell = Command::new("sh");
        let limited = format!("ulimit -n {most} && exec \"$0\" \"$@\"");
        shell.args(["-c", &limited, program]);
        shell
    }

    /// Starts the exporter and waits until it listens.
    pub(crate) fn start(self) -> Exporter {
        self.launch(false)
    }

    fn launch(self, stop_reading: bool) -> Exporter {
        let (config, folder) = self.config();
        let mut child = self
            .program()
            .current_dir(folder)
            .arg("--config.file")
            .arg(config)
            .arg("--web.listen-address=127.0.0.1:0")
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().unwrap();
        let lines = follow(stderr, Arc::clone(&log), stop_reading);
        let address = loop {
            let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("the exporter does not listen: {}", log.lock().unwrap());
            });
            if let Some(address) = address_in(&line) {
                break address;
            }
        };
        Exporter {
            address,
            directory: self.directory,
            child,
            log,
        }
    }
}

fn follow(
    stderr: impl std::io::Read + Send + 'static,
    log: Arc<Mutex<String>>,
    stop_reading: bool,
) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let is_last = stop_reading && address_in(&line).is_some();
            *log.lock().unwrap() += &format!("{line}\n");
            let _ = sender.send(line);
            if is_last {
                break;
            }
        }
    });
    receiver
}

/// In both formats of the log.
fn address_in(line: &str) -> Option<SocketAddr> {
    if !line.contains("listening") {
        return None;
    }
    let at = line.find("127.0.0.1:")?;
    let rest = &line[at..];
    let end = rest.find(['"', ' ']).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

impl Exporter {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// GET by curl.
    pub(crate) fn fetch(&self, path: &str, arguments: &[&str]) -> Got {
        curl(&self.url(path), arguments)
    }

    pub(crate) fn body(&self, path: &str) -> String {
        let got = self.fetch(path, &[]);
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        got.body
    }

    /// Replaces a file at once, as editors and Kubernetes do.
    pub(crate) fn rewrite(&self, name: &str, content: &str) {
        let directory = self.directory.path();
        std::fs::write(directory.join("new"), content).unwrap();
        std::fs::rename(directory.join("new"), directory.join(name)).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for the end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the exporter does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks again and again until the answer is as it should be.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < PATIENCE, "never {what}: {}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks with curl. A connection that fails has the status 0.
pub(crate) fn curl(url: &str, arguments: &[&str]) -> Got {
    let output = Command::new("curl")
        .args(["-sS", "-i", "--max-time", "30", "-w", "\n%{http_code}"])
        .args(arguments)
        .arg(url)
        .output()
        .expect("curl is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (text, status) = text.rsplit_once('\n').expect("curl prints the status");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let error = String::from_utf8_lossy(&output.stderr);
    Got {
        status: status.parse().unwrap_or(0),
        head: format!("{head}{error}").to_lowercase(),
        body: body.to_owned(),
    }
}

/// A CA and servers that present its certificates.
pub(crate) struct Den {
    pub(crate) authority: Authority,
    servers: Vec<Server>,
}

impl Den {
    pub(crate) fn new() -> Self {
        Self {
            authority: Authority::new("Bear", system_clock().0),
            servers: Vec::new(),
        }
    }

    /// Starts one more server at 127.0.0.1 with a certificate for `name`.
    pub(crate) async fn server(
        &mut self,
        name: &str,
        until_day: i64,
        speech: Speech,
    ) -> SocketAddr {
        let leaf = self.authority.issue(&Leaf::server(name, -10, until_day));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start(any, &leaf, speech).await.unwrap();
        let address = server.address;
        self.servers.push(server);
        address
    }
}

/// A configuration with these lines before one target for each address, named bear0, bear1, and so on.
pub(crate) fn config(head: &str, addresses: &[SocketAddr]) -> String {
    let mut text = format!("{head}\ntrust: {{roots: root.pem}}\ntargets:\n");
    for (nth, address) in addresses.iter().enumerate() {
        text += &format!(
            "- {{name: bear{nth}, host: bear.bears.test, addresses: [{}], ports: [{}]}}\n",
            address.ip(),
            address.port()
        );
    }
    text
}

/// The value of the first sample that begins so.
pub(crate) fn sample(metrics: &str, begin: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.starts_with(begin))?;
    line.rsplit(' ').next()?.parse().ok()
}
