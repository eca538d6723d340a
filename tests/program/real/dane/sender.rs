//! Exim as a witness: what becomes of a message to a domain, by its main log. Every server of these tests refuses the
//! sender, which is as far as a message can come.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::exim::{NOBODY, command};
use super::oracle::{Outcome, Said};

pub(super) struct Sender {
    home: PathBuf,
}

impl Sender {
    pub(super) fn new(place: &Path) -> Self {
        let home = place.join("sender");
        fs::create_dir(&home).expect("a new directory");
        fs::write(home.join("mainlog"), "").expect("a file of ours");
        for file in [&home, &home.join("mainlog")] {
            chown(file, Some(NOBODY), Some(NOBODY)).expect("root may do this");
        }
        fs::write(home.join("exim.conf"), settings(&home)).expect("a file of ours");
        Self { home }
    }

    /// Sends a message to each of these domains, at the same time as little else.
    pub(super) fn ask(&self, domains: &[&str]) -> Vec<Said> {
        let message = |domain: &&str| {
            format!(
                "MAIL FROM:<>\r\nRCPT TO:<bear@{domain}>\r\nDATA\r\nSubject: honey\r\n\r\nThere is some left.\r\n.\r\n"
            )
        };
        let messages: String = domains.iter().map(message).collect();
        let file = self.home.join("messages");
        fs::write(&file, messages).expect("a file of ours");
        self.run(
            &["-bS", "-odq"],
            File::open(&file).expect("that file").into(),
        );
        self.run(&["-qff"], Stdio::null());
        let log = fs::read_to_string(self.home.join("mainlog")).expect("a log");
        domains.iter().map(|domain| read(&log, domain)).collect()
    }

    fn run(&self, arguments: &[&str], input: Stdio) {
        let mut exim = command(&self.home);
        exim.arg("-C").arg(self.home.join("exim.conf"));
        let done = exim.args(arguments).stdin(input).output();
        let done = done.expect("Exim starts");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {said}");
    }
}

fn read(log: &str, domain: &str) -> Said {
    let recipient = format!("bear@{domain}");
    let id = log
        .lines()
        .find(|line| line.contains(&recipient))
        .and_then(|line| line.split(' ').nth(2));
    let id = id.unwrap_or_default();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(id)).collect();
    let text = lines.join("\n");
    let last = lines
        .iter()
        .find(|line| line.contains(" ** ") || line.contains(" == "));
    let (outcome, words) = last.map_or((Outcome::Silent, ""), |line| outcome(line));
    Said {
        outcome,
        words: words.to_owned(),
        text,
    }
}

/// What the line about a message that could not be delivered says: that it would have been, but for the server's
/// refusal of its sender, or why it waits.
fn outcome(line: &str) -> (Outcome, &str) {
    if line.contains("after MAIL FROM") {
        return match line.contains(" CV=dane ") {
            true => (Outcome::Authenticated, "CV=dane"),
            false => (Outcome::Unauthenticated, "CV=no"),
        };
    }
    let why = [":25: ", " defer "]
        .iter()
        .find_map(|mark| line.split_once(mark));
    (Outcome::Deferred, why.map_or(line, |(_, why)| why))
}

fn settings(home: &Path) -> String {
    let exim: Command = command(home);
    let program = exim.get_program().to_string_lossy().into_owned();
    let home = home.display();
    format!(
        "primary_hostname = sender.test
exim_path = {program}
keep_environment = LD_LIBRARY_PATH:LD_PRELOAD:NSS_WRAPPER_PASSWD:NSS_WRAPPER_GROUP
spool_directory = {home}/spool
log_file_path = {home}/%slog
pid_file_path = {home}/pid
log_selector = +tls_certificate_verified +tls_peerdn +dnssec +outgoing_port
dns_dnssec_ok = 1
disable_ipv6
begin routers
remote:
  driver = dnslookup
  self = send
  dnssec_request_domains = *
  transport = sender
begin transports
sender:
  driver = smtp
  dnssec_request_domains = *
  hosts_try_dane = *
begin retry
* * F,2h,1m
"
    )
}
