//! `/metrics`: probes what is due and says what is known, before the scraper gives up.

use std::sync::Arc;

use hyper::body::Bytes;

use super::super::answer::{HttpResponse, broken, packed};
use super::super::asked::Asked;
use super::super::negotiation;
use super::super::site::{Site, Written};
use crate::process::ProcessFacts;
use crate::render::{self, Encoding, Exporter, Format};
use crate::watch::{Published, Rounds};

pub(in crate::web) async fn answer(asked: &Asked<'_>) -> HttpResponse {
    let deadline = asked.deadline();
    let Some(published) = asked.round(deadline).await else {
        return broken();
    };
    let format = negotiation::format(asked.headers);
    let (site, rounds) = (asked.site, &asked.in_force.rounds);
    let same = (Arc::as_ptr(rounds).addr(), format);
    loop {
        let write = scrape(site, Arc::clone(rounds), format);
        let written = site.scrapes.get(same, || site.worker.work(write)).await;
        let Some((number, body)) = written else {
            return broken();
        };
        // Whoever shares an answer that was begun before his round ended waits for the next.
        if number >= published.number {
            // Only an answer that was waited for to the end tells how long one takes from there.
            site.pace.took(deadline.elapsed());
            return packed(format.content_type(), body, asked.headers);
        }
    }
}

/// What writes a scrape of what is published when its turn comes. It is compressed for everybody: it takes a tenth of
/// the memory, and nearly all accept it.
fn scrape(
    site: &Site,
    rounds: Arc<Rounds>,
    format: Format,
) -> impl FnOnce() -> Written + Send + use<> {
    let (build, reload) = (site.build, site.app.last_reload());
    move || {
        let Published { number, snapshot } = rounds.published();
        let exporter = Exporter {
            counters: rounds.counters(),
            process: ProcessFacts::read(),
            build: &build,
            reload,
        };
        let bytes = render::metrics(&snapshot, &exporter, format, Encoding::Gzip);
        (number, Bytes::from(bytes))
    }
}
