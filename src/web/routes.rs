//! One request to one response: which resource is at which path.

use hyper::{Method, Request, StatusCode};

use super::answer::{HttpResponse, line, moved, only};
use super::asked::Asked;
use super::client::Client;
use super::guard::guard;
use super::mount::Arrival;
use super::query::{Query, decoded};
use super::resource::{
    configuration, discovery, health, index, metrics, probe, reload, report, runbook, server,
    style, target,
};
use super::site::Site;

impl Site {
    /// Answers one request.
    pub(super) async fn respond<B>(&self, request: &Request<B>, client: Client) -> HttpResponse {
        let mut answer = self.answer(request, client).await;
        guard(answer.headers_mut());
        answer
    }

    async fn answer<B>(&self, request: &Request<B>, client: Client) -> HttpResponse {
        let path = match self.mount.arrival(request.uri().path()) {
            Arrival::To(path) => path,
            Arrival::Start(to) => return moved(&to),
            Arrival::Past => return line(StatusCode::NOT_FOUND, "not found"),
        };
        if path == "/-/reload" {
            return reload::answer(self, request).await;
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return only("GET, HEAD");
        }
        let asked = Asked {
            site: self,
            in_force: self.app.in_force(),
            query: Query::parse(request.uri().query()),
            headers: request.headers(),
            client,
        };
        match path {
            "/" => index::answer(&asked).await,
            "/style.css" => style::answer(&asked),
            "/metrics" => metrics::answer(&asked).await,
            "/probe" if asked.in_force.on_request.enabled => probe::answer(&asked).await,
            "/api/v1/report" => report::answer(&asked).await,
            "/sd" => discovery::answer(&asked),
            "/config" => configuration::answer(&asked),
            // Its links lead on from the folder.
            "/runbooks" => moved("runbooks/"),
            "/-/healthy" => health::healthy(self),
            "/-/ready" => health::ready(self),
            _ => {
                if let Some(name) = path.strip_prefix("/targets/") {
                    target::answer(&asked, &decoded(name, false)).await
                } else if let Some(name) = path.strip_prefix("/inside/") {
                    server::answer(&asked, &decoded(name, false)).await
                } else if let Some(name) = path.strip_prefix("/runbooks/") {
                    runbook::answer(&asked, &decoded(name, false))
                } else {
                    line(StatusCode::NOT_FOUND, "not found")
                }
            }
        }
    }
}
