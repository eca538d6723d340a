//! One request to one response. What a page shows is rendered elsewhere; this says what there is.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::Instant;

use crate::dns::Lookup;
use crate::process::ProcessFacts;
use crate::render::{self, BuildInfo};
use crate::round::Rounds;
use crate::timestamp::Timestamp;

/// Prometheus' own default, for clients that name no timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// However short the scrape timeout is, so long is waited for results.
const MIN_TIMEOUT: Duration = Duration::from_millis(50);
/// However long a client says it would wait.
const MAX_TIMEOUT: Duration = Duration::from_secs(300);
const TIMEOUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Everything the responses are made from.
pub struct Site<L> {
    /// Probes and results.
    pub rounds: Arc<Rounds<L>>,
    /// What to take off the scrape timeout, for the way back.
    pub timeout_offset: Duration,
    /// What this program was built from.
    pub build: BuildInfo,
    /// When the configuration was read.
    pub config_loaded_at: Timestamp,
}

type Page = Response<Full<Bytes>>;

impl<L: Lookup + 'static> Site<L> {
    /// Answers one request.
    pub async fn respond<B>(&self, request: &Request<B>) -> Page {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut page = page(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".into());
            page.headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return page;
        }
        match request.uri().path() {
            "/metrics" => self.metrics(request.headers()).await,
            "/" => page(StatusCode::OK, HTML, self.index()),
            "/-/healthy" => page(StatusCode::OK, TEXT, "Healthy\n".to_owned()),
            "/-/ready" => page(StatusCode::OK, TEXT, "Ready\n".to_owned()),
            _ => page(StatusCode::NOT_FOUND, TEXT, "not found\n".to_owned()),
        }
    }

    async fn metrics(&self, headers: &HeaderMap) -> Page {
        let deadline = Instant::now() + self.patience(headers);
        let snapshot = self.rounds.scrape(deadline).await;
        let text = render::metrics(
            &snapshot,
            self.rounds.counters(),
            &ProcessFacts::read(),
            &self.build,
            self.config_loaded_at,
        );
        page(StatusCode::OK, render::CONTENT_TYPE, text)
    }

    /// How long the client waits, less the time that the answer needs.
    fn patience(&self, headers: &HeaderMap) -> Duration {
        headers
            .get(TIMEOUT_HEADER)
            .and_then(|value| value.to_str().ok()?.parse::<f64>().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(DEFAULT_TIMEOUT)
            .saturating_sub(self.timeout_offset)
            .clamp(MIN_TIMEOUT, MAX_TIMEOUT)
    }

    fn index(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>SMTP TLS exporter</title></head>\n\
             <body><h1>SMTP TLS exporter</h1><p>Version {}</p>\n\
             <ul><li><a href=\"/metrics\">Metrics</a>: probes every configured server</li>\n\
             <li><a href=\"/-/healthy\">Health</a></li></ul></body></html>\n",
            self.build.version
        )
    }
}

fn page(status: StatusCode, content_type: &'static str, body: String) -> Page {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
