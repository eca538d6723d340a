//! Postfix's own client as a witness: what `posttls-finger` says of mail to a domain, read as what Postfix's level `dane`
//! makes of it. It reports and never enforces, and its exit status is always 0.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use testkit::process::program;

use super::oracle::Outcome::{self, Authenticated, Deferred, Unauthenticated};
use super::oracle::Said;

pub(super) struct Finger {
    config: PathBuf,
}

impl Finger {
    pub(super) fn new(place: &Path) -> Self {
        let config = place.join("finger");
        fs::create_dir_all(&config).expect("a directory");
        let main = "compatibility_level = 3.6\nmail_owner = daemon\nsetgid_group = mail\nmyhostname = sender.test\n\
                    inet_protocols = ipv4\nsmtp_dns_support_level = dnssec\n";
        let file = config.join("main.cf");
        fs::write(&file, main).expect("a file of ours");
        // Postfix waits for as long as the file is new, lest somebody writes it still.
        let written = File::options().write(true).open(&file);
        let aged = written.and_then(|file| file.set_modified(UNIX_EPOCH));
        aged.expect("a file of ours");
        Self { config }
    }

    /// About mail to this domain.
    pub(super) fn ask(&self, domain: &str) -> Said {
        let mut finger = Command::new(program("posttls-finger"));
        finger.env("MAIL_CONFIG", &self.config);
        finger.args(["-c", "-l", "dane", "-L", "summary,debug", domain]);
        let done = finger.output().expect("posttls-finger starts");
        let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        read(text)
    }
}

/// What else it says, and how much of that tells something.
const REASONS: [(&str, usize); 7] = [
    ("Matched DANE", 15),
    ("num=65:no matching DANE TLSA records", 36),
    ("num=62:hostname mismatch", 24),
    ("certificate has expired", 23),
    ("unsupported TLSA certificate usage", 34),
    ("all TLSA records unusable", 25),
    ("Connection refused", 18),
];

/// What becomes of the mail, by words of which the first that are said count. That a connection is untrusted is Postfix's
/// word for any other one; with usable records it keeps the mail.
fn read(text: String) -> Said {
    let is_published = text.contains("DNSSEC-signed TLSA record") || text.contains("using DANE RR");
    let is_held = is_published && !text.contains("all TLSA records unusable");
    let untrusted = if is_held { Deferred } else { Unauthenticated };
    let telling = [
        ("Verified TLS connection", Authenticated),
        // An MX record that is not signed names the host.
        ("Trusted TLS connection", Authenticated),
        ("Untrusted TLS connection", untrusted),
        ("Anonymous TLS connection", untrusted),
        ("TLSA lookup error", Deferred),
        ("Host not found, try again", Deferred),
    ];
    let told = telling.iter().find(|(words, _)| text.contains(words));
    let (words, outcome) = told.copied().unwrap_or(("", Outcome::Silent));
    let reasons = REASONS.iter().filter_map(|(why, length)| {
        let line = text.lines().find(|line| line.contains(why))?;
        let from = line.find(why)?;
        line.get(from..from + length)
    });
    let said = [words].into_iter().filter(|words| !words.is_empty());
    let words = said.chain(reasons).collect::<Vec<_>>();
    Said {
        outcome,
        words: words.join("; "),
        text,
    }
}
