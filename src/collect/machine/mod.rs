//! The mail server of this machine to an inventory of it: programs are asked, files are read, nothing is judged.

mod addresses;
mod exim;
mod file;
mod findings;
mod lines;
mod masked;
mod postfix;
mod program;
mod shelf;
mod tally;

use std::path::PathBuf;

use crate::facts::inventory::Inventory;
use crate::timestamp::Timestamp;

/// A mail server that can be asked about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailProgram {
    /// Postfix, 3.1 or later.
    Postfix,
    /// Exim, 4.92 or later.
    Exim,
}

/// What to ask of it.
#[derive(Debug, Clone)]
pub struct CollectOptions {
    /// Which mail server.
    pub program: MailProgram,
    /// Where its configuration lies; by default where the program looks for it.
    pub config_dir: Option<PathBuf>,
    /// How many next hops are told apart, by messages; all others are one.
    pub next_hops: usize,
}

/// Everything that this machine's mail server says of itself. What could not be found out is among the errors, and the
/// list is `None` where that is all of it.
pub fn inventory(wanted: &CollectOptions, now: Timestamp) -> Inventory {
    let dir = wanted.config_dir.as_deref();
    let findings = match wanted.program {
        MailProgram::Postfix => postfix::findings(dir, wanted.next_hops),
        MailProgram::Exim => exim::findings(dir, wanted.next_hops),
    };
    findings.into_inventory(now)
}
