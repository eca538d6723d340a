//! `/inside/SERVER`: one mail server, seen from inside, for people.

use hyper::StatusCode;

use super::super::answer::{HTML, HttpResponse, broken, line};
use super::super::asked::Asked;
use crate::render;

pub(in crate::web) async fn answer(asked: &Asked<'_>, name: &str) -> HttpResponse {
    let Some(snapshot) = asked.glance().await else {
        return broken();
    };
    let mut servers = snapshot.inside.servers.iter();
    let Some(nth) = servers.position(|server| *server.facts.key.0 == *name) else {
        return line(StatusCode::NOT_FOUND, "no such server");
    };
    let version = asked.site.build.version;
    let write = move || {
        let server = snapshot.inside.servers.get(nth);
        server.map_or_else(String::new, |server| {
            render::server(server, snapshot.at, version)
        })
    };
    asked.offload(write, HTML).await
}
