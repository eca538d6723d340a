//! `/targets/NAME`: one target for people.

use hyper::StatusCode;

use super::super::answer::{HTML, HttpResponse, broken, line};
use super::super::asked::Asked;
use crate::render;

pub(in crate::web) async fn answer(asked: &Asked<'_>, name: &str) -> HttpResponse {
    let targets = asked.in_force.rounds.targets();
    if !targets.iter().any(|watched| watched.source.name == name) {
        return line(StatusCode::NOT_FOUND, "no such target");
    }
    let Some(snapshot) = asked.glance().await else {
        return broken();
    };
    let (name, version) = (name.to_owned(), asked.site.build.version);
    let write = move || {
        let mut targets = snapshot.targets.iter();
        let report = targets.find(|report| report.source.name == name);
        report.map_or_else(String::new, |report| {
            render::target(report, &snapshot, version)
        })
    };
    asked.offload(write, HTML).await
}
