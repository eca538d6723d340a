//! An address and a certificate into a Postfix instance of the test's own that offers STARTTLS
//! there; the machine's own Postfix is neither used nor touched.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::network::vacant;
use testkit::process::{Process, output, program, require_root};

use super::certificates::HOST;

/// What receives the connections.
pub(crate) enum Front {
    /// The SMTP server itself.
    Smtpd,
    /// The guard that lets new clients wait and counts what they do meanwhile. It takes longer.
    Postscreen,
    /// The SMTP server behind a load balancer.
    HiddenSmtpd,
    /// The guard behind a load balancer.
    HiddenPostscreen,
}

const SERVICES: &str = "
smtpd pass - - n - - smtpd
tlsproxy unix - - n - 0 tlsproxy
dnsblog unix - - n - 0 dnsblog
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
";

/// One running instance.
pub(crate) struct Postfix {
    address: SocketAddr,
    config: PathBuf,
    chain: PathBuf,
    process: Process,
}

impl Postfix {
    /// Starts an instance at `address` that presents what stands in the file `chain`.
    pub(crate) fn start(place: &Path, address: &str, front: &Front, chain: &Path) -> Self {
        require_root();
        let address = vacant(address);
        let home = place.join(address.ip().to_string());
        let config = home.join("config");
        for directory in [&home, &config, &home.join("queue")] {
            fs::create_dir(directory).expect("a new directory");
        }
        let ours = home.join("chain.pem");
        install(chain, &ours);
        fs::write(config.join("main.cf"), main_cf(&home)).expect("a file of ours");
        fs::write(config.join("master.cf"), master_cf(address, front)).expect("a file of ours");
        output(
            Command::new(program("postfix"))
                .arg("-c")
                .args([&config, Path::new("check")]),
        );
        let mut master = Command::new(program("master"));
        master.arg("-d").arg("-c").arg(&config);
        let name = format!("Postfix at {address}");
        let mut process = Process::start(&name, &mut master, &home.join("log"));
        process.log_with("daemon started");
        Self {
            address,
            config,
            chain: ours,
            process,
        }
    }

    /// What an administrator does who remembers this server as well.
    pub(crate) fn replace_certificate(&self, chain: &Path) {
        install(chain, &self.chain);
        let mut reload = Command::new(program("postfix"));
        output(reload.arg("-c").args([&self.config, Path::new("reload")]));
    }

    /// SHA-256 of certificate and public key, as Postfix's own client sees them.
    pub(crate) fn fingerprints(&self) -> (String, String) {
        let seen = output(
            Command::new(program("posttls-finger"))
                .env("MAIL_CONFIG", &self.config)
                .args(["-c", "-l", "may", "-d", "sha256", "-L", "summary,certmatch"])
                .arg(format!("[{}]:{}", self.address.ip(), self.address.port())),
        );
        let digest = |label: &str| {
            let (_, rest) = seen
                .split_once(label)
                .unwrap_or_else(|| panic!("posttls-finger does not say{label}…:\n{seen}"));
            let end = rest.find(|sign: char| sign != ':' && !sign.is_ascii_hexdigit());
            rest[..end.unwrap_or(rest.len())].to_owned()
        };
        (digest(" fingerprint="), digest(" pkey_fingerprint="))
    }

    /// Waits for a line of the log with `words`, then gives the whole log.
    pub(crate) fn log_with(&mut self, words: &str) -> String {
        self.process.log_with(words)
    }
}

/// In one step, so that no server ever reads half a file.
pub(super) fn install(chain: &Path, target: &Path) {
    let fresh = target.with_extension("new");
    fs::copy(chain, &fresh).expect("a copy of a file of ours");
    let secret = fs::Permissions::from_mode(0o600);
    fs::set_permissions(&fresh, secret).expect("permissions of a file of ours");
    fs::rename(&fresh, target).expect("a file of ours");
}

fn main_cf(home: &Path) -> String {
    let home = home.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = {HOST}
mydestination =
mynetworks = 192.0.2.1
inet_interfaces = loopback-only
inet_protocols = ipv4
local_recipient_maps =
alias_maps =
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = {home}/chain.pem
smtpd_tls_loglevel = 1
postscreen_cache_map =
postscreen_greet_banner = {HOST} asks for a little patience
postscreen_greet_wait = 2s
postscreen_greet_action = enforce
postscreen_pipelining_enable = yes
postscreen_pipelining_action = enforce
postscreen_non_smtp_command_enable = yes
postscreen_bare_newline_enable = yes
"
    )
}

fn master_cf(address: SocketAddr, front: &Front) -> String {
    match front {
        Front::Smtpd => format!("{address} inet n - n - - smtpd{SERVICES}"),
        Front::Postscreen => format!("{address} inet n - n - 1 postscreen{SERVICES}"),
        Front::HiddenSmtpd => format!(
            "{address} inet n - n - - smtpd\n -o smtpd_upstream_proxy_protocol=haproxy{SERVICES}"
        ),
        Front::HiddenPostscreen => format!(
            "{address} inet n - n - 1 postscreen\n -o postscreen_upstream_proxy_protocol=haproxy{SERVICES}"
        ),
    }
}
