//! What is known of each server at a moment: its last inventories, and what is the matter with its file.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::model::Inventory;
use crate::timestamp::Timestamp;

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
    /// The one before it, for the trend.
    pub earlier: Option<Arc<Inventory>>,
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

impl ServerFacts {
    /// The addresses under which others reach it.
    pub fn addresses(&self) -> &[IpAddr] {
        let own = || self.newest.as_ref().map(|newest| &newest.server.addresses);
        self.addresses
            .as_ref()
            .or_else(own)
            .map_or(&[], Vec::as_slice)
    }
}
