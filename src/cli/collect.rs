//! The command `collect`: this machine's mail server to an inventory, on standard output or in a file.

use std::path::{Path, absolute};

use tokio::time::Instant;

use super::arguments::{Collect, CollectedServer};
use super::{inventory_file, streams};
use crate::collect::{CollectOptions, MailProgram, inventory};
use crate::facts::inventory::{Inventory, write};
use crate::watch::system_clock;

/// Collects and writes; returns the exit code.
pub(super) fn run(arguments: &Collect) -> Result<u8, String> {
    let began = Instant::now();
    let wanted = wanted(arguments)?;
    let mut found = inventory(&wanted, system_clock());
    if is_empty(&found) {
        let why = found.errors.iter().map(|error| &*error.text);
        let why: Vec<_> = why.collect();
        return Err(format!("nothing could be read: {}", why.join("; ")));
    }
    let milliseconds = began.elapsed().as_millis();
    found.collector.seconds = u32::try_from(milliseconds)
        .ok()
        .map(|ms| f64::from(ms) / 1000.0);
    let text = write(&found);
    match &arguments.output {
        Some(file) => inventory_file::replace(file, &text)?,
        None => streams::print("the inventory", &text)?,
    }
    Ok(0)
}

fn wanted(arguments: &Collect) -> Result<CollectOptions, String> {
    let full = |dir: &Path| absolute(dir).map_err(|why| format!("--config-dir: {why}"));
    Ok(CollectOptions {
        program: match arguments.server {
            CollectedServer::Postfix => MailProgram::Postfix,
            CollectedServer::Exim => MailProgram::Exim,
        },
        config_dir: arguments.config_dir.as_deref().map(full).transpose()?,
        next_hops: arguments.next_hops.into(),
    })
}

/// Whether no section could be read.
fn is_empty(found: &Inventory) -> bool {
    found.queues.is_none() && found.certificates.is_none() && found.uses.is_none()
}
