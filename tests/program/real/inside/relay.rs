//! A Postfix instance that sends, and does with its mail what its administrator would.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use testkit::process::{Process, output, program};

use super::super::certificates::{Authority, HOST};
use super::super::postfix::install;
use super::peers::{CLOSED, PORTS, Peers, SERVICES, started};
use super::seen::Seen;

/// The running instance.
pub(super) struct Relay {
    config: PathBuf,
    chain: PathBuf,
    process: Process,
}

impl Relay {
    /// Starts it; it presents what stands in the file `chain`, and knows more ways to go.
    pub(super) fn start(
        place: &Path,
        peers: &Peers,
        chain: &Path,
        authority: &Authority,
        more: &str,
    ) -> Self {
        let home = place.join("relay");
        let config = home.join("config");
        for directory in [&home, &config, &home.join("queue")] {
            fs::create_dir(directory).expect("a new directory");
        }
        let ours = home.join("client.pem");
        install(chain, &ours);
        fs::write(config.join("transport"), transports(&peers.address) + more)
            .expect("a file of ours");
        fs::write(config.join("policy"), policies(&peers.address)).expect("a file of ours");
        fs::write(config.join("main.cf"), main_cf(&home, &authority.roots()))
            .expect("a file of ours");
        fs::write(config.join("master.cf"), SERVICES.trim_start()).expect("a file of ours");
        let process = started("the sending Postfix", &home, &config);
        Self {
            config,
            chain: ours,
            process,
        }
    }

    fn folder(&self) -> String {
        self.config.display().to_string()
    }

    /// Takes a message to all of these.
    pub(super) fn send(&self, recipients: &[&str]) {
        let mut child = Command::new(program("sendmail"))
            .args(["-C", &self.folder(), "-f", "bear@bears.test"])
            .args(recipients)
            .stdin(Stdio::piped())
            .spawn()
            .expect("sendmail");
        let mut message = child.stdin.take().expect("a pipe");
        message
            .write_all(b"Subject: honey\n\nThere is some left.\n")
            .expect("it is read");
        drop(message);
        assert!(child.wait().expect("it ends").success());
    }

    /// What `collect` says of it.
    pub(super) fn seen(&self) -> Seen {
        Seen::of(&["postfix", "--config-dir", &self.folder()])
    }

    fn run(&self, name: &str, arguments: &[&str]) {
        output(
            Command::new(program(name))
                .args(["-c", &self.folder()])
                .args(arguments),
        );
    }

    /// What an administrator does when the client's certificate has ended.
    pub(super) fn replace_certificate(&self, chain: &Path) {
        install(chain, &self.chain);
        self.run("postfix", &["reload"]);
    }

    /// Tries everything again.
    pub(super) fn flush(&self) {
        self.run("postqueue", &["-f"]);
    }

    /// Nothing is tried any more.
    pub(super) fn hold_everything(&self) {
        self.run("postsuper", &["-h", "ALL"]);
    }

    /// Ends it; what waits stays. Gives the folder of its configuration.
    pub(super) fn stop(self) -> String {
        let folder = self.folder();
        drop(self.process);
        folder
    }
}

/// Every message that is deferred so many times, under names of its own, as if it had been sent as often. The instance
/// must be down.
pub(super) fn multiply(config: &Path, times: u32) {
    let queue = config.with_file_name("queue");
    for (nth, id) in deferred(&queue).iter().enumerate() {
        let content = ["deferred", "defer"].map(|kind| {
            let file = queue.join(kind).join(&id[..1]).join(id);
            (file.clone(), fs::read(file).expect("a file of the queue"))
        });
        for copy in 1..times {
            let name = format!("{:X}{nth:03X}{copy:06X}", copy % 16);
            for (file, bytes) in &content {
                let folder = file.parent().and_then(Path::parent).expect("two folders");
                let folder = folder.join(&name[..1]);
                fs::create_dir_all(&folder).expect("a folder of the queue");
                fs::write(folder.join(&name), bytes).expect("a file of ours");
                let like = fs::metadata(file).expect("a file of the queue");
                let copy = folder.join(&name);
                fs::set_permissions(&copy, like.permissions()).expect("a file of ours");
                chown(&copy, Some(like.uid()), Some(like.gid())).expect("root may do this");
            }
        }
    }
}

fn deferred(queue: &Path) -> Vec<String> {
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let folders = names(&queue.join("deferred"));
    let files = folders.iter().flat_map(|folder| names(folder));
    files
        .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
        .collect()
}

fn transports(address: &str) -> String {
    let known = PORTS
        .iter()
        .map(|(domain, port)| format!("{domain} smtp:[{address}]:{port}\n"));
    let closed = (0..20).map(|n| format!("closed{n}.test smtp:[{address}]:{CLOSED}\n"));
    known.chain(closed).collect()
}

fn policies(address: &str) -> String {
    [
        (2602, format!("secure match={HOST}")),
        (2603, format!("secure match={HOST}")),
        (2604, "secure match=other.bears.test".to_owned()),
    ]
    .iter()
    .map(|(port, policy)| format!("[{address}]:{port} {policy}\n"))
    .collect()
}

fn main_cf(home: &Path, roots: &Path) -> String {
    let (home, roots) = (home.display(), roots.display());
    format!(
        "compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
multi_instance_name = out
myhostname = {HOST}
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
transport_maps = texthash:{home}/config/transport
smtp_tls_policy_maps = texthash:{home}/config/policy
smtp_tls_security_level = encrypt
smtp_tls_CAfile = {roots}
smtp_tls_chain_files = {home}/client.pem
smtp_tls_connection_reuse = no
minimal_backoff_time = 1000s
"
    )
}
