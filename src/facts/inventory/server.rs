//! What is known of each server at a moment: its last inventories, and what is the matter with its file.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::earlier::Earlier;
use super::model::Inventory;
use super::named::is_same_server;
use crate::timestamp::Timestamp;

/// Clocks may differ by so many seconds.
pub const AHEAD: i64 = 300;

/// Which server is meant: the name that it gives itself, without its domain unless two have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(pub Arc<str>);

/// All that is known of the inside of mail servers, to be judged.
#[derive(Debug, Default)]
pub struct InsideFacts {
    /// The servers, by their names: of an inventory, or configured, or named by a use.
    pub servers: Vec<ServerFacts>,
    /// Files that nobody could tell the server of.
    pub strays: Vec<Stray>,
}

/// What is known of one server.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// Its name.
    pub key: ServerKey,
    /// The youngest inventory that could be read.
    pub newest: Option<Arc<Inventory>>,
    /// What is kept of the one before it, for the trend.
    pub earlier: Option<Arc<Earlier>>,
    /// Where the newest was found: the file's name without folders; empty where there is none.
    pub file: String,
    /// What is the matter with its file now.
    pub fault: Option<FileFault>,
    /// Older than so many seconds an inventory says nothing any more.
    pub max_age: i64,
    /// Its addresses, where the configuration says them.
    pub addresses: Option<Vec<IpAddr>>,
    /// Since when each certificate is known to be on it, by SHA-1.
    pub certificates_since: Arc<HashMap<[u8; 20], Timestamp>>,
}

/// A file that tells of no server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The file's name without folders.
    pub file: String,
    /// What is the matter with it.
    pub fault: FileFault,
}

/// What is the matter with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// Which known case it is.
    pub trouble: TroubleWithFile,
    /// The evidence in words.
    pub detail: String,
}

/// Why a file says nothing, whatever the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TroubleWithFile {
    /// It is gone, or was never there.
    Missing,
    /// The system does not let us read it.
    Unreadable,
    /// It is not JSON in UTF-8.
    NotJson,
    /// It is another format, or another version, or lacks what it must say.
    WrongSchema,
    /// It has more than 8 MiB.
    TooLarge,
}

impl TroubleWithFile {
    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::NotJson => "not_json",
            Self::WrongSchema => "wrong_schema",
            Self::TooLarge => "too_large",
        }
    }
}

/// What belongs to each address. Of two things with the same one, as behind NAT, nobody can tell which is meant: neither.
pub fn by_address<'a, T: Copy>(all: impl Iterator<Item = (&'a [IpAddr], T)>) -> HashMap<IpAddr, T> {
    let mut found: HashMap<IpAddr, (usize, Option<T>)> = HashMap::new();
    for (nth, (addresses, one)) in all.enumerate() {
        for address in addresses {
            let known = found.entry(*address).or_insert((nth, Some(one)));
            if known.0 != nth {
                known.1 = None;
            }
        }
    }
    let each = found.into_iter();
    each.filter_map(|(address, (_, one))| Some((address, one?)))
        .collect()
}

impl InsideFacts {
    /// The servers by their addresses.
    pub fn by_address(&self) -> HashMap<IpAddr, &ServerFacts> {
        by_address(
            self.servers
                .iter()
                .map(|server| (server.addresses(), server)),
        )
    }
}

impl ServerFacts {
    /// The addresses under which others reach it.
    pub fn addresses(&self) -> &[IpAddr] {
        let own = || self.newest.as_ref().map(|newest| &newest.server.addresses);
        self.addresses
            .as_ref()
            .or_else(own)
            .map_or(&[], Vec::as_slice)
    }

    /// Its inventory, if that is young enough to be believed.
    pub fn young(&self, now: Timestamp) -> Option<&Arc<Inventory>> {
        let newest = self.newest.as_ref()?;
        let age = now.seconds_since(newest.collected_at);
        (-AHEAD..=self.max_age).contains(&age).then_some(newest)
    }

    /// Whether a name is one of this server's.
    pub fn is_named(&self, name: &str) -> bool {
        let about = self.newest.as_ref().map(|newest| &newest.server);
        let own = about.map(|server| server.name.as_str());
        let full = about.and_then(|server| server.fqdn.as_deref());
        let mut names = [Some(&*self.key.0), own, full].into_iter().flatten();
        names.any(|own| is_same_server(own, name))
    }
}
