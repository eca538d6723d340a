//! One request to one response. What a page shows is rendered elsewhere; this says what there is.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, Request, StatusCode};
use tokio::time::Instant;

use super::answer::{Answer, TEXT, broken, document, encoded_bytes, line, only};
use super::client::Client;
use super::query::Query;
use super::site::{Site, Written};
use super::{negotiation, origin, pages, probe};
use crate::app::InForce;
use crate::plain::quoted;
use crate::process::ProcessFacts;
use crate::render::{self, Encoding, Exporter, Format};
use crate::watch::{Published, Rounds};

/// Prometheus' own default, for clients that name no timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// However short the scrape timeout is, so long is waited for results.
const MIN_TIMEOUT: Duration = Duration::from_millis(100);
/// However long a client says it would wait.
const MAX_TIMEOUT: Duration = Duration::from_secs(300);
const TIMEOUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";
const JSON: &str = "application/json";
/// Most broken files that the answer to a reload names.
const MAX_KEPT: usize = 10;

impl Site {
    /// Answers one request.
    pub(super) async fn respond<B>(
        self: &Arc<Self>,
        request: &Request<B>,
        client: Client,
    ) -> Answer {
        let mut answer = self.answer(request, client).await;
        pages::guard(answer.headers_mut());
        answer
    }

    async fn answer<B>(self: &Arc<Self>, request: &Request<B>, client: Client) -> Answer {
        let path = request.uri().path();
        if path == "/-/reload" {
            return self.reload_on(request).await;
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return only("GET, HEAD");
        }
        let headers = request.headers();
        let query = Query::parse(request.uri().query());
        let in_force = self.app.in_force();
        match path {
            "/metrics" => self.metrics(&in_force, headers).await,
            "/probe" if in_force.on_request.enabled => {
                self.probe(&in_force, &query, headers, client).await
            }
            "/api/v1/report" => self.report(&in_force, headers).await,
            "/sd" => {
                let targets = in_force.rounds.targets();
                let sources = targets.iter().map(|watched| &*watched.source);
                let listed = render::discovery(sources);
                document(JSON, listed, headers)
            }
            "/config" => document(TEXT, quoted(&in_force.shown).into_owned(), headers),
            "/-/healthy" if self.is_well() => line(StatusCode::OK, "Healthy"),
            "/-/healthy" => line(StatusCode::SERVICE_UNAVAILABLE, "a scrape is never done"),
            "/-/ready" if self.app.is_ending() => line(StatusCode::SERVICE_UNAVAILABLE, "Ending"),
            "/-/ready" => line(StatusCode::OK, "Ready"),
            _ => pages::answer(self, &in_force, request.uri(), &query, headers).await,
        }
    }

    /// Probes what is named, unless a page of another site asked, or too many do.
    async fn probe(
        &self,
        in_force: &InForce,
        query: &Query,
        headers: &HeaderMap,
        client: Client,
    ) -> Answer {
        if let Some(refusal) = origin::foreign(headers) {
            in_force.rounds.counters().refused("cross_site");
            return refusal;
        }
        let Some(_entered) = self.on_request.enter(client) else {
            let busy = "too many requests to /probe are under way";
            return line(StatusCode::SERVICE_UNAVAILABLE, busy);
        };
        let deadline = self.deadline(headers, Duration::ZERO);
        tokio::select! {
            answer = probe::answer(self, in_force, query, headers, deadline) => answer,
            () = self.app.last_call() => line(StatusCode::SERVICE_UNAVAILABLE, "ending"),
        }
    }

    async fn metrics(&self, in_force: &InForce, headers: &HeaderMap) -> Answer {
        let deadline = self.deadline(headers, self.writing(in_force));
        let Some(published) = self.round(in_force, deadline).await else {
            return broken();
        };
        let (format, encoding) = (negotiation::format(headers), negotiation::encoding(headers));
        let rounds = &in_force.rounds;
        let same = (Arc::as_ptr(rounds).addr(), format, encoding);
        loop {
            let write = self.scrape(Arc::clone(rounds), format, encoding);
            let written = self.scrapes.get(same, || self.worker.work(write)).await;
            let Some((number, body)) = written else {
                return broken();
            };
            // Whoever shares an answer that was begun before his round ended waits for the next.
            if number >= published.number {
                // Only an answer that was waited for to the end tells how long one takes from there.
                self.pace.took(deadline.elapsed());
                return encoded_bytes(format.content_type(), body, encoding);
            }
        }
    }

    /// What writes a scrape of what is published when its turn comes.
    fn scrape(
        &self,
        rounds: Arc<Rounds>,
        format: Format,
        encoding: Encoding,
    ) -> impl FnOnce() -> Written + Send + use<> {
        let (build, reload) = (self.build, self.app.last_reload());
        move || {
            let Published { number, snapshot } = rounds.published();
            let exporter = Exporter {
                counters: rounds.counters(),
                process: ProcessFacts::read(),
                build: &build,
                reload,
            };
            let text = render::metrics(&snapshot, &exporter, format, encoding);
            (number, Bytes::from(text))
        }
    }

    async fn report(&self, in_force: &InForce, headers: &HeaderMap) -> Answer {
        let deadline = self.deadline(headers, self.writing(in_force));
        let Some(published) = self.round(in_force, deadline).await else {
            return broken();
        };
        let write = move || render::json(&published.snapshot);
        self.offload(write, JSON, headers).await
    }

    /// A round for somebody who scrapes: one that is late is counted.
    async fn round(&self, in_force: &InForce, deadline: Instant) -> Option<Published> {
        let round = self.app.round(&in_force.rounds, deadline).await?;
        if round.is_late {
            in_force.rounds.counters().deadline_exceeded();
        }
        Some(round.published)
    }

    /// The time that an answer about everything needs to be written.
    fn writing(&self, in_force: &InForce) -> Duration {
        let (_, endpoints) = in_force.rounds.progress();
        self.pace
            .needed(endpoints.max(in_force.rounds.targets().len()))
    }

    /// How long the client waits, less the way back and the time that the answer needs to be written.
    fn deadline(&self, headers: &HeaderMap, writing: Duration) -> Instant {
        let patience = headers
            .get(TIMEOUT_HEADER)
            .and_then(|value| value.to_str().ok()?.parse::<f64>().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(DEFAULT_TIMEOUT);
        let patience = patience.saturating_sub(self.timeout_offset + writing);
        Instant::now() + patience.clamp(MIN_TIMEOUT, MAX_TIMEOUT)
    }

    async fn reload_on<B>(self: &Arc<Self>, request: &Request<B>) -> Answer {
        if !matches!(*request.method(), Method::POST | Method::PUT) {
            return only("POST, PUT");
        }
        if let Some(refusal) = origin::foreign(request.headers()) {
            return refusal;
        }
        match self.app.read_again().await {
            Ok(kept) => line(StatusCode::OK, &reloaded(&kept)),
            Err(mistake) => line(StatusCode::INTERNAL_SERVER_ERROR, &mistake),
        }
    }

    /// Writes a text where it holds up nobody.
    pub(super) async fn offload(
        &self,
        write: impl FnOnce() -> String + Send + 'static,
        content_type: &'static str,
        headers: &HeaderMap,
    ) -> Answer {
        let headers = headers.clone();
        let write = move || document(content_type, write(), &headers);
        self.reading_room.work(write).await.unwrap_or_else(broken)
    }
}

/// What is told of a reload; the log has all of it.
fn reloaded(kept: &[String]) -> String {
    let named: Vec<&str> = kept.iter().take(MAX_KEPT).map(String::as_str).collect();
    match (named.as_slice(), kept.len().saturating_sub(MAX_KEPT)) {
        ([], _) => "reloaded".to_owned(),
        (_, 0) => format!("reloaded, but {}", named.join("; ")),
        (_, more) => format!("reloaded, but {}; and {more} more", named.join("; ")),
    }
}
