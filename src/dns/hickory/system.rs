//! This machine's resolv.conf to whom it names and how names are completed (resolv.conf(5)); asks nobody.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use resolv_conf::Config;
use tokio::task::spawn_blocking;

use super::super::file;
use super::super::search::Search;

/// Where the C library looks.
const FILE: &str = "/etc/resolv.conf";
/// Real ones have some hundred bytes.
const MAX_BYTES: u64 = 64 * 1024;
/// As many as the C library takes, and its bounds of `ndots` and `timeout`.
const MAX_SERVERS: usize = 3;
const MAX_NDOTS: u32 = 15;
const MAX_TIMEOUT: u32 = 30;

/// How this machine asks.
#[derive(Debug)]
pub(super) struct System {
    pub(super) servers: Vec<IpAddr>,
    pub(super) search: Search,
    /// How long a server is waited for before the next one is asked.
    pub(super) patience: Duration,
    pub(super) rotates: bool,
    pub(super) with_edns: bool,
    pub(super) by_tcp: bool,
}

/// Reads the file, away from the workers. Without one there is a server on this machine, as for the C library.
pub(super) async fn read() -> Result<System, String> {
    let text = spawn_blocking(|| file::read(Path::new(FILE), MAX_BYTES)).await;
    match text.map_err(|e| e.to_string())? {
        Ok(text) => Ok(parse(&text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(parse(b"")),
        Err(e) => Err(format!("{FILE}: {e}")),
    }
}

/// The servers that it names; blocks.
pub(in crate::dns) fn servers() -> io::Result<Vec<IpAddr>> {
    match file::read(Path::new(FILE), MAX_BYTES) {
        Ok(text) => Ok(parse(&text).servers),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(parse(b"").servers),
        Err(e) => Err(e),
    }
}

fn parse(text: &[u8]) -> System {
    let (config, _) = Config::parse_with_errors(text);
    let mut servers: Vec<IpAddr> = config.nameservers.iter().map(IpAddr::from).collect();
    servers.truncate(MAX_SERVERS);
    if servers.is_empty() {
        servers.push(IpAddr::from([127, 0, 0, 1]));
    }
    let listed = config.get_last_search_or_domain();
    // Written by some tools for an empty list.
    let listed = listed.filter(|domain| *domain != "--");
    let mut domains: Vec<_> = listed.map(ToOwned::to_owned).collect();
    if domains.is_empty() {
        domains.extend(config.get_system_domain());
    }
    System {
        servers,
        search: Search {
            domains,
            ndots: config.ndots.min(MAX_NDOTS) as usize,
        },
        patience: Duration::from_secs(config.timeout.clamp(1, MAX_TIMEOUT).into()),
        rotates: config.rotate,
        with_edns: config.edns0,
        by_tcp: config.use_vc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_the_c_library_does() {
        let text = b"domain foxes.test\nsearch bears.test. den.bears.test\n# \xff\nnameserver 192.0.2.1\nnameserver \
            2001:db8::1\nnameserver 192.0.2.3\nnameserver 192.0.2.4\nnonsense\noptions ndots:99 timeout:2 rotate edns0\n";
        let system = parse(text);
        let servers: Vec<_> = system.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["192.0.2.1", "2001:db8::1", "192.0.2.3"]);
        assert_eq!(system.search.domains, ["bears.test.", "den.bears.test"]);
        assert_eq!(system.search.ndots, 15);
        assert_eq!(system.patience, Duration::from_secs(2));
        assert!(system.rotates && system.with_edns && !system.by_tcp);
    }

    #[test]
    fn without_a_server_there_is_one_on_this_machine() {
        let system = parse(b"options ndots:0 timeout:0\n");
        assert_eq!(system.servers, [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(system.search.ndots, 0);
        assert_eq!(system.patience, Duration::from_secs(1));
    }
}
