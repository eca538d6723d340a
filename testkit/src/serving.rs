//! The program while it serves: with its files, its log, and clients of it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::curl::{Got, curl};
use crate::exposition::Exposition;
use crate::network::get;
use crate::program::{PATIENCE, Program, signal, wait};

/// Before the program starts.
pub struct Setup {
    program: Program,
    file: PathBuf,
    /// Where nobody else has made one.
    directory: Option<TempDir>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    open_files: Option<u32>,
    is_inside: bool,
    stops_reading: bool,
}

impl Setup {
    pub(crate) fn new(program: Program, config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut setup = Self::at(program, &directory.path().join("exporter.yml"));
        setup.directory = Some(directory);
        setup.file("exporter.yml", config)
    }

    pub(crate) fn at(program: Program, file: &Path) -> Self {
        Self {
            program,
            file: file.to_owned(),
            directory: None,
            arguments: Vec::new(),
            variables: Vec::new(),
            open_files: None,
            is_inside: false,
            stops_reading: false,
        }
    }

    /// One more file beside the configuration.
    pub fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn folder(&self) -> &Path {
        self.file.parent().unwrap()
    }

    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets the program open so many files, and no more.
    pub fn open_files(mut self, most: u32) -> Self {
        self.open_files = Some(most);
        self
    }

    /// Starts the program in the folder of its files.
    pub fn inside(mut self) -> Self {
        self.is_inside = true;
        self
    }

    /// Starts the program and waits until it listens; from then on its log is a pipe without a reader.
    pub fn start_and_stop_reading(mut self) -> Exporter {
        self.stops_reading = true;
        self.start()
    }

    /// Starts the program and waits until it listens.
    pub fn start(self) -> Exporter {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = child.stderr.take().unwrap();
        let (address, log) = listen(said, self.stops_reading, address_in);
        Exporter {
            address,
            folder: self.folder().to_owned(),
            child,
            log,
            _directory: self.directory,
        }
    }

    fn command(&self) -> Command {
        let mut command = self.limited();
        let file = if self.is_inside {
            command.current_dir(self.folder());
            self.file.file_name().unwrap()
        } else {
            self.file.as_os_str()
        };
        command
            .arg("--config.file")
            .arg(file)
            .arg("--web.listen-address=127.0.0.1:0")
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    fn limited(&self) -> Command {
        let Some(most) = self.open_files else {
            return self.program.command();
        };
        let mut shell = Command::new("sh");
        let limited = format!("ulimit -n {most} && exec \"$0\" \"$@\"");
        shell.args(["-c", &limited, self.program.path()]);
        shell
    }
}

impl Program {
    /// Starts the command `demo` in this folder, which is its folder for temporary files too, and waits for its last
    /// line. Its log is what it prints.
    pub fn demo(self, folder: &Path) -> Exporter {
        let mut command = self.command();
        command
            .arg("demo")
            .current_dir(folder)
            .env("TMPDIR", folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let printed = child.stdout.take().expect("piped");
        let (address, log) = listen(printed, false, |log| {
            let log = log.strip_suffix("\nCtrl-C ends it.\n")?;
            let (_, rest) = log.split_once("Metrics: http://")?;
            let (address, _) = rest.split_once("/metrics\n")?;
            Some(address.parse().expect("an address"))
        });
        Exporter {
            address,
            folder: folder.to_owned(),
            child,
            log,
            _directory: None,
        }
    }
}

/// What was said until now.
type Log = Arc<Mutex<String>>;

/// Follows what the program says, waiting until `found` finds in it where it listens.
fn listen(
    said: impl Read + Send + 'static,
    stops_reading: bool,
    found: fn(&str) -> Option<SocketAddr>,
) -> (SocketAddr, Log) {
    let log = Log::default();
    let address = follow(said, Arc::clone(&log), stops_reading, found);
    let address = address.recv_timeout(PATIENCE);
    let address =
        address.unwrap_or_else(|_| panic!("the exporter does not listen: {}", log.lock().unwrap()));
    (address, log)
}

/// Reads on, so that the program never blocks on its log, unless that is asked for.
fn follow(
    said: impl Read + Send + 'static,
    log: Log,
    stops_reading: bool,
    found: fn(&str) -> Option<SocketAddr>,
) -> Receiver<SocketAddr> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut sender = Some(sender);
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            let address = {
                let mut log = log.lock().unwrap();
                *log += &format!("{line}\n");
                sender.as_ref().and_then(|_| found(&log))
            };
            if let Some((sender, address)) = sender.take_if(|_| address.is_some()).zip(address) {
                let _ = sender.send(address);
                if stops_reading {
                    break;
                }
            }
        }
    });
    receiver
}

/// In the last line of the log, in both of its formats.
fn address_in(log: &str) -> Option<SocketAddr> {
    let line = log.lines().last()?;
    if !line.contains("listening") {
        return None;
    }
    let at = line.find("127.0.0.1:")?;
    let rest = &line[at..];
    let end = rest.find(['"', ' ']).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The program at work; it ends with its handle.
pub struct Exporter {
    pub address: SocketAddr,
    folder: PathBuf,
    child: Child,
    log: Log,
    _directory: Option<TempDir>,
}

impl Exporter {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A file beside the configuration.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// GET by curl.
    pub fn fetch(&self, path: &str, arguments: &[&str]) -> Got {
        curl(&self.url(path), arguments)
    }

    pub fn body(&self, path: &str) -> String {
        let got = self.fetch(path, &[]);
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        got.body
    }

    /// Scrapes until the metrics have what `look` wants; its error says what they have instead.
    pub fn until_metrics<T>(
        &mut self,
        awaited: &str,
        mut look: impl FnMut(&Exposition) -> Result<T, String>,
    ) -> T {
        crate::process::until(awaited, || {
            let ended = self.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "it ended: {}", self.log());
            look(&Exposition::parse(&get(self.address, "/metrics")?))
        })
    }

    /// Replaces a file at once, as editors and Kubernetes do.
    pub fn rewrite(&self, name: &str, content: &str) {
        std::fs::write(self.path("new"), content).unwrap();
        std::fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Sends SIGTERM and waits; returns the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended().code()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for the end.
    pub fn ended(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Asks again and again until the answer is as it should be.
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
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
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(25)..];
            eprintln!("--- the exporter said last:\n{}", tail.join("\n"));
        }
    }
}
