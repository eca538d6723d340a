//! The command line's commands and flags. The help texts are the documentation of the flags.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::certificate::TlsCertificateName;
use crate::config::share;
use crate::endpoint::Place;
use crate::name::Host;
use crate::smtp::Mode;
use crate::verdict::Threshold;
use crate::web::{ExternalUrl, RoutePrefix};

/// Where the configuration is looked for.
const DEFAULT_CONFIG: &str = "smtp-tls-exporter.yml";

/// Reads every TLS certificate of your SMTP servers and says what is wrong with it.
#[derive(Debug, Parser)]
#[command(name = "smtp-tls-exporter", version = VERSION, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) serve: Serve,
}

/// What `--version` prints after the name.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (revision ",
    env!("BUILD_REVISION"),
    ", rustc ",
    env!("BUILD_RUSTVERSION"),
    ")"
);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve metrics for Prometheus (the default)
    Serve(Serve),
    /// Probe once and print a table; exit status 0 healthy, 1 warning, 2 critical, 3 unknown
    Check(Check),
    /// Write an inventory of this machine's mail server; exit status 1 if nothing could be read
    Collect(Collect),
    /// Print the TLSA records (DANE) that what is served needs, ready for a zone file; exit status 0 nothing to do, 1 a next key has no record, 2 a served key has none, 3 unknown
    Tlsa(Tlsa),
    /// Play an incident with mail servers of its own on loopback, and serve its metrics
    #[cfg(feature = "demo")]
    Demo,
}

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The configuration file
    #[arg(long = "config.file", value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub(super) config_file: PathBuf,
    /// Read the configuration, print a summary, and exit with 0 or 1
    #[arg(long = "config.check")]
    pub(super) config_check: bool,
    #[arg(help = "Address to listen on, such as :10465, 127.0.0.1:10465 or [::1]:10465; may be repeated", long = "web.listen-address", value_name = "ADDRESS", default_value = ":10465", value_parser = listen_address)]
    pub(super) listen_addresses: Vec<SocketAddr>,
    /// TLS and passwords for the exporter's own port: a file in the format of Prometheus' exporter-toolkit
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub(super) web_config_file: Option<PathBuf>,
    /// Take the listening sockets from systemd instead of --web.listen-address
    #[arg(long = "web.systemd-socket")]
    pub(super) systemd_socket: bool,
    #[arg(help = "The URL under which a reverse proxy shows the exporter, such as https://mon.example.com/smtp", long = "web.external-url", value_name = "URL", value_parser = ExternalUrl::parse)]
    pub(super) external_url: Option<ExternalUrl>,
    /// The path below which everything is served [default: the path of --web.external-url]
    #[arg(long = "web.route-prefix", value_name = "PATH", value_parser = RoutePrefix::parse)]
    pub(super) route_prefix: Option<RoutePrefix>,
    /// How often to check whether the configuration file has changed; 0s: reload only on SIGHUP and /-/reload
    #[arg(long = "config.reload-interval", value_name = "DURATION", default_value = "30s", value_parser = offset)]
    pub(super) reload_interval: Duration,
    /// Subtracted from the scrape timeout, so that the answer arrives in time
    #[arg(long = "timeout-offset", value_name = "DURATION", default_value = "0.5s", value_parser = offset)]
    pub(super) timeout_offset: Duration,
    /// Least severe level to log
    #[arg(long = "log.level", value_enum, default_value_t = LogLevel::Info)]
    pub(super) log_level: LogLevel,
    /// Format of the log
    #[arg(long = "log.format", value_enum, default_value_t = LogFormat::Logfmt)]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Logfmt,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[arg(help = "host[:port], ip[:port] or mx:domain[:port]; if none is given, the targets of the configuration file, unless --inside is given without one", value_name = "TARGET", value_parser = check_target)]
    pub(super) targets: Vec<CheckTarget>,
    /// The configuration file; if TARGETs are given, only --view uses it [default: smtp-tls-exporter.yml]
    #[arg(long = "config.file", value_name = "FILE")]
    pub(super) config_file: Option<PathBuf>,
    /// An inventory of a mail server, or a folder with *.json of them: judged beside the targets, or alone; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(super) inside: Vec<PathBuf>,
    /// Queues with more messages than this have a row in the table of the inside
    #[arg(long, value_name = "MESSAGES", default_value_t = 10)]
    pub(super) queue: u64,
    /// Print JSON instead of the table
    #[arg(long, conflicts_with = "nagios")]
    pub(super) json: bool,
    /// Print a monitoring plugin's status line after the table
    #[arg(long)]
    pub(super) nagios: bool,
    /// Also print the certificates
    #[arg(long, conflicts_with = "json")]
    pub(super) pem: bool,
    /// The view to probe from; if TARGETs are given, `default` or one from the configuration file
    #[arg(long, value_name = "VIEW")]
    pub(super) view: Option<String>,
    /// How TLS starts; by default implicit on port 465 and STARTTLS elsewhere
    #[arg(long, value_name = "starttls|implicit", value_parser = mode, requires = "targets")]
    pub(super) tls: Option<Mode>,
    /// The name to send as SNI and to expect in the certificate; by default the target's own
    #[arg(long, value_name = "NAME", value_parser = Host::parse, requires = "targets")]
    pub(super) server_name: Option<Host>,
    #[arg(help = "The TlsCertificateName to expect, as Exchange's connector has it: \"<I>issuer<S>subject\"", long, value_name = "TEXT", value_parser = TlsCertificateName::parse, requires = "targets")]
    pub(super) expect_tls_certificate_name: Option<TlsCertificateName>,
    /// PEM file with the roots to trust instead of Mozilla's
    #[arg(long, value_name = "FILE", requires = "targets")]
    pub(super) roots: Option<PathBuf>,
    /// `Warning` when less than this is left: a share of the lifetime, a time, or both (25%, 30d or 25%,30d)
    #[arg(long, value_name = "LIMIT", value_parser = threshold)]
    pub(super) warning: Option<Threshold>,
    /// `Critical` when less than this is left, in the same form
    #[arg(long, value_name = "LIMIT", value_parser = threshold)]
    pub(super) critical: Option<Threshold>,
}

impl Check {
    /// The configuration file, named or not.
    pub(super) fn config_file(&self) -> &Path {
        self.config_file
            .as_deref()
            .unwrap_or_else(|| Path::new(DEFAULT_CONFIG))
    }
}

#[derive(Debug, Args)]
pub(super) struct Collect {
    /// The mail server
    #[arg(value_enum, value_name = "postfix|exim")]
    pub(super) server: CollectedServer,
    /// Where its configuration lies, such as /etc/postfix-out; by default where the mail server looks for it
    #[arg(long, value_name = "DIR")]
    pub(super) config_dir: Option<PathBuf>,
    /// How many next hops are told apart, by messages; all others are summed as `other`
    #[arg(long, value_name = "0 to 1000", default_value_t = 50, value_parser = next_hops)]
    pub(super) next_hops: u16,
    /// Write this file, in one step and with mode 0640, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Tlsa {
    #[arg(help = "host[:port] or mx:domain[:port]; every address is probed, for an RSA and an ECDSA key", value_name = "TARGET", value_parser = check_target)]
    pub(super) target: CheckTarget,
    /// A file with a key to come, which needs a record before it is used: a certificate, a CSR, a public or a private key, PEM; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) next: Vec<PathBuf>,
    /// The port, if TARGET has none
    #[arg(long, value_name = "PORT", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: u16,
    /// Also print a record of the issuer that is presented (2 1 1)
    #[arg(long)]
    pub(super) ta: bool,
    /// The TTL of the lines; by default that of the published records, else 3600
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=2_147_483_647))]
    pub(super) ttl: Option<u32>,
    /// Print JSON instead of lines
    #[arg(long)]
    pub(super) json: bool,
    /// The view to look from, one from the configuration file; by default this machine's resolver, whose word on DNSSEC is believed
    #[arg(long, value_name = "VIEW")]
    pub(super) view: Option<String>,
    /// The configuration file, used with --view only [default: smtp-tls-exporter.yml]
    #[arg(long = "config.file", value_name = "FILE")]
    pub(super) config_file: Option<PathBuf>,
}

impl Tlsa {
    /// The configuration file, named or not.
    pub(super) fn config_file(&self) -> &Path {
        self.config_file
            .as_deref()
            .unwrap_or_else(|| Path::new(DEFAULT_CONFIG))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CollectedServer {
    Postfix,
    Exim,
}

/// One target of `check` or `tlsa`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CheckTarget {
    pub(super) text: String,
    pub(super) place: Place,
    /// If it has one.
    pub(super) port: Option<u16>,
}

fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let full = match text.strip_prefix(':') {
        Some(port) => format!("[::]:{port}"),
        None => text.replace("localhost:", "127.0.0.1:"),
    };
    let expected = "expected :PORT, ADDRESS:PORT or [IPV6]:PORT";
    full.parse().map_err(|_| expected.to_owned())
}

fn offset(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix("ms").map(|n| (n, 0.001));
    let number = number.or_else(|| text.strip_suffix('s').map(|n| (n, 1.0)));
    number
        .and_then(|(n, unit)| Some(n.parse::<f64>().ok()? * unit))
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a duration such as 0.5s or 250ms".to_owned())
}

fn next_hops(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| *number <= 1000);
    number.ok_or_else(|| "expected a number from 0 to 1000".to_owned())
}

fn mode(text: &str) -> Result<Mode, String> {
    [Mode::StartTls, Mode::Implicit]
        .into_iter()
        .find(|mode| mode.as_str() == text)
        .ok_or_else(|| "expected starttls or implicit".to_owned())
}

/// `host`, `host:port`, `192.0.2.1:25`, `2001:db8::1`, `[2001:db8::1]:25`, `mx:domain`.
fn check_target(text: &str) -> Result<CheckTarget, String> {
    let (is_domain, rest) = match text.strip_prefix("mx:") {
        Some(domain) => (true, domain),
        None => (false, text),
    };
    let expected = "expected host[:port], ip[:port] or mx:domain";
    let parsed = Host::parse_with_port(rest).map_err(|e| format!("{e}, {expected}"));
    let (host, port) = parsed?;
    let place = match host {
        Host::Name(domain) if is_domain => Place::Mx(domain),
        Host::Address(_) if is_domain => {
            return Err("an address has no MX records, expected mx:domain".to_owned());
        }
        host => Place::Host(host),
    };
    Ok(CheckTarget {
        text: text.to_owned(),
        place,
        port,
    })
}

fn threshold(text: &str) -> Result<Threshold, String> {
    let mut limit = Threshold {
        fraction: None,
        seconds: None,
    };
    let expected =
        || "expected a share such as 25%, a time such as 30d, or both: 25%,30d".to_owned();
    for part in text.split(',') {
        if part.ends_with('%') {
            limit.fraction = Some(share(part).map_err(|_| expected())?);
        } else {
            limit.seconds = Some(crate::yaml::duration::seconds(part).ok_or_else(expected)?);
        }
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_the_definition() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn targets_have_hosts_and_ports() {
        for (text, host, port) in [
            ("mx.bears.test", "mx.bears.test", 25),
            ("mx.bears.test:587", "mx.bears.test", 587),
            ("192.0.2.1:465", "192.0.2.1", 465),
            ("2001:db8::1", "2001:db8::1", 25),
            ("[2001:db8::1]", "2001:db8::1", 25),
            ("[2001:db8::1]:587", "2001:db8::1", 587),
        ] {
            let target = check_target(text).unwrap();
            let expected = Place::Host(Host::parse(host).unwrap());
            assert_eq!((target.place, target.port.unwrap_or(25)), (expected, port));
        }
        let domain = check_target("mx:Bears.test:2525").unwrap();
        assert_eq!(domain.place, Place::Mx("bears.test".to_owned()));
        assert_eq!(domain.port, Some(2525));
        for bad in [
            "",
            "mx:192.0.2.1",
            "mx:",
            "mx.bears.test:0",
            "mx.bears.test:x",
            "a b",
        ] {
            assert!(check_target(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_are_a_share_a_time_or_both() {
        let limit = threshold("25%,30d").unwrap();
        assert_eq!(
            (limit.fraction, limit.seconds),
            (Some(0.25), Some(2_592_000))
        );
        assert_eq!(threshold("7d").unwrap().fraction, None);
        for bad in ["", "25", "101%", "7 bears", "25%,", "25%/30d"] {
            assert!(threshold(bad).is_err(), "{bad}");
        }
    }
}
