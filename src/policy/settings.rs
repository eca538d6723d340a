//! The manners of asking for what is published.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::pki::Anchors;

/// How the policy host is asked, and where policies are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// How often the policy host is asked.
    pub interval: Duration,
    /// One address of the policy host, from the connection to the last byte.
    pub timeout: Duration,
    /// Whom senders believe.
    pub roots: Arc<Anchors>,
    /// Where policies outlive this process; without it they are remembered as long as it runs.
    pub state_directory: Option<PathBuf>,
    /// The port of the policy host: 443 (RFC 8461 §3.3), another one in tests only.
    pub port: u16,
}

/// A failure is repeated no sooner.
pub const RETRY: Duration = Duration::from_secs(300);

impl PolicySettings {
    /// What counts without configuration.
    pub fn new(roots: Arc<Anchors>) -> Self {
        Self {
            interval: Duration::from_secs(900),
            timeout: Duration::from_secs(10),
            roots,
            state_directory: None,
            port: 443,
        }
    }
}
