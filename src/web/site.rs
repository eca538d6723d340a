//! What is served, and how much at once: the program's state, who writes answers, and who shares them.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;

use super::crowd::Crowd;
use super::mount::Mount;
use super::outbox::Outbox;
use super::pace::Pace;
use super::shared::Shared;
use crate::app::{App, Worker};
use crate::render::{BuildInfo, Format};
use crate::report::Snapshot;
use crate::watch::Refusal;

/// What makes two scrapes the same: the rounds, by their place in memory, and how they are written.
pub(super) type Scrape = (usize, Format);

/// A scrape that was written, compressed, and the number of what was published then.
pub(super) type Written = (u64, Bytes);

/// What makes two requests to probe the same: the rounds, target, module, host name, and tenths of a second to wait.
pub(super) type Probing = (usize, String, String, Option<String>, u128);

/// Everything the answers are made from.
pub struct Site {
    pub(super) app: Arc<App>,
    /// Where scrapes are written: nothing that somebody else asks for stands before them.
    pub(super) worker: Worker,
    /// Where reports and pages are written.
    pub(super) reading_room: Worker,
    pub(super) scrapes: Shared<Scrape, Option<Written>>,
    pub(super) probing: Shared<Probing, Result<Arc<Snapshot>, Refusal>>,
    /// Answers on their way out.
    pub(super) outbox: Outbox,
    /// Requests to probe that are under way.
    pub(super) on_request: Crowd,
    pub(super) timeout_offset: Duration,
    pub(super) mount: Mount,
    pub(super) build: BuildInfo,
    pub(super) pace: Pace,
}

impl Site {
    /// A site of this program, at its place. `timeout_offset` is taken off the scrape timeout, for the way back.
    pub fn new(app: Arc<App>, timeout_offset: Duration, mount: Mount, build: BuildInfo) -> Self {
        Self {
            app,
            worker: Worker::default(),
            reading_room: Worker::default(),
            scrapes: Shared::default(),
            probing: Shared::default(),
            outbox: Outbox::default(),
            on_request: Crowd::default(),
            timeout_offset,
            mount,
            build,
            pace: Pace::default(),
        }
    }

    /// Whether scrapes are answered. That this is asked and told at all shows that the runtime's threads go on.
    pub fn is_well(&self) -> bool {
        self.app.is_well() && !self.worker.is_stuck()
    }
}
