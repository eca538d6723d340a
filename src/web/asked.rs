//! A request that may be answered, and how long whoever sent it waits; knows no route.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderMap;
use tokio::time::Instant;

use super::answer::{HttpResponse, broken, document};
use super::client::Client;
use super::query::Query;
use super::site::Site;
use crate::app::InForce;
use crate::report::Snapshot;
use crate::watch::Published;

/// Prometheus' own default, for clients that name no timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// However short the scrape timeout is, so long is waited for results.
const MIN_TIMEOUT: Duration = Duration::from_millis(100);
/// However long a client says it would wait.
const MAX_TIMEOUT: Duration = Duration::from_secs(300);
const TIMEOUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";

/// A person sees what is known after so long; the rest is there when the page is loaded again.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked for, and of whom.
pub(super) struct Asked<'a> {
    pub(super) site: &'a Site,
    /// The configuration in force when the request came.
    pub(super) in_force: Arc<InForce>,
    pub(super) query: Query,
    pub(super) headers: &'a HeaderMap,
    pub(super) client: Client,
}

impl Asked<'_> {
    /// Until when to wait for results, so that an answer about everything can still be written.
    pub(super) fn deadline(&self) -> Instant {
        let rounds = &self.in_force.rounds;
        let (_, endpoints) = rounds.progress();
        let writing = self.site.pace.needed(endpoints.max(rounds.targets().len()));
        self.deadline_less(writing)
    }

    /// How long the client waits, less the way back and the time that the answer needs to be written.
    pub(super) fn deadline_less(&self, writing: Duration) -> Instant {
        let patience = self
            .headers
            .get(TIMEOUT_HEADER)
            .and_then(|value| value.to_str().ok()?.parse::<f64>().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(DEFAULT_TIMEOUT);
        let patience = patience.saturating_sub(self.site.timeout_offset + writing);
        Instant::now() + patience.clamp(MIN_TIMEOUT, MAX_TIMEOUT)
    }

    /// What is known after a round for somebody who scrapes; one that is late is counted.
    pub(super) async fn round(&self, deadline: Instant) -> Option<Published> {
        let rounds = &self.in_force.rounds;
        let round = self.site.app.round(rounds, deadline).await?;
        if round.is_late {
            rounds.counters().deadline_exceeded();
        }
        Some(round.published)
    }

    /// What is known after as long as a person waits.
    pub(super) async fn glance(&self) -> Option<Arc<Snapshot>> {
        let deadline = Instant::now() + PATIENCE;
        let round = self.site.app.round(&self.in_force.rounds, deadline).await?;
        Some(round.published.snapshot)
    }

    /// Writes a text where it holds up nobody.
    pub(super) async fn offload(
        &self,
        write: impl FnOnce() -> String + Send + 'static,
        content_type: &'static str,
    ) -> HttpResponse {
        let headers = self.headers.clone();
        let write = move || document(content_type, write(), &headers);
        let written = self.site.reading_room.work(write).await;
        written.unwrap_or_else(broken)
    }
}
