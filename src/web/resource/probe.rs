//! `/probe`: one target that the request names, in the convention of the blackbox exporter.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::time::Instant;

use super::super::answer::{HttpResponse, TEXT, document, encoded_bytes, line};
use super::super::asked::Asked;
use super::super::query::Query;
use super::super::{negotiation, origin};
use crate::endpoint::Place;
use crate::name::{Host, HostError};
use crate::plain::plain;
use crate::reason::Reason;
use crate::render;
use crate::report::Entry;
use crate::watch::{OnRequest, Refusal, Watched};

/// The module of a request that names none, as the Prometheus Operator's Probe may.
const DEFAULT_MODULE: &str = "smtp";

/// What is asked for.
struct Wish {
    module: String,
    hostname: Option<String>,
    watched: Watched,
    debug: bool,
}

/// Why it is refused: the label of the counter, and a line for the client.
type Refused = (&'static str, String);

/// Probes what is named, unless a page of another site asked, or too many do.
pub(in crate::web) async fn answer(asked: &Asked<'_>) -> HttpResponse {
    let counters = asked.in_force.rounds.counters();
    if let Some(refusal) = origin::foreign(asked.headers, asked.site.mount.outside()) {
        counters.refused("cross_site");
        return refusal;
    }
    let Some(_entered) = asked.site.on_request.enter(asked.client) else {
        let busy = "too many requests to /probe are under way";
        return line(StatusCode::SERVICE_UNAVAILABLE, busy);
    };
    let deadline = asked.deadline_less(Duration::ZERO);
    tokio::select! {
        answer = within(asked, deadline) => answer,
        () = asked.site.app.last_call() => line(StatusCode::SERVICE_UNAVAILABLE, "ending"),
    }
}

/// Probes the target that the query names, within the deadline.
async fn within(asked: &Asked<'_>, deadline: Instant) -> HttpResponse {
    let outcome = match wish(&asked.query, &asked.in_force.on_request) {
        Ok(wish) => probed(asked, wish, deadline).await,
        Err(refused) => Err(refused),
    };
    outcome.unwrap_or_else(|(reason, why)| {
        asked.in_force.rounds.counters().refused(reason);
        tracing::debug!(reason, why = plain(&why, 500), "refused to probe");
        line(StatusCode::BAD_REQUEST, &why)
    })
}

async fn probed(asked: &Asked<'_>, wish: Wish, deadline: Instant) -> Result<HttpResponse, Refused> {
    let (gate, rounds) = (&asked.in_force.on_request.gate, &asked.in_force.rounds);
    let left = deadline.saturating_duration_since(Instant::now());
    let same = (
        Arc::as_ptr(rounds).addr(),
        wish.watched.source.name.clone(),
        wish.module.clone(),
        wish.hostname,
        left.as_millis() / 100,
    );
    let probe = || async {
        let probe = rounds.probe_once(wish.watched, gate, deadline);
        probe.await.map(Arc::new)
    };
    let snapshot = asked.site.probing.get(same, probe).await;
    let snapshot = snapshot.map_err(|refusal| {
        let Refusal::Address { .. } = refusal;
        ("address_not_allowed", plain(&refusal.to_string(), 500))
    })?;
    let is_asked = |(_, entry): (_, &Entry)| entry.reason() != Some(Reason::Pending);
    if snapshot.entries().next().is_some() && !snapshot.entries().any(is_asked) {
        // Nobody was asked: that is no finding about the server.
        let busy =
            "no place was free in time: the server, or this exporter, is busy with other probes";
        return Ok(line(StatusCode::SERVICE_UNAVAILABLE, busy));
    }
    if wish.debug {
        let text = render::debug(&snapshot, &wish.module);
        return Ok(document(TEXT, text, asked.headers));
    }
    let (format, encoding) = negotiation::both(asked.headers);
    let body = render::probe_metrics(&snapshot, format, encoding);
    Ok(encoded_bytes(format.content_type(), body, encoding))
}

fn wish(query: &Query, on_request: &OnRequest) -> Result<Wish, Refused> {
    let bad = |why: String| ("bad_request", why);
    let target = query.first("target").map(str::trim).ok_or_else(|| {
        bad("the parameter target is missing, expected target=HOST or target=HOST:PORT".into())
    })?;
    let name = query.first("module").unwrap_or(DEFAULT_MODULE);
    let module = on_request.modules.get(name).ok_or_else(|| {
        let known: Vec<_> = on_request.modules.keys().map(String::as_str).collect();
        let known = known.join(", ");
        let shown = plain(name, 80);
        (
            "unknown_module",
            format!("unknown module '{shown}', expected one of {known}"),
        )
    })?;
    let hostname = query.first("hostname").map(|text| {
        Host::parse(text).map_err(|e| bad(format!("hostname: {}", plain(&e.to_string(), 200))))
    });
    let debug = match query.first("debug") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(bad("debug: expected true or false".into())),
    };
    let (place, port) = place(target).map_err(|why| {
        let shown = plain(target, 200);
        ("bad_target", format!("target '{shown}': {why}"))
    })?;
    let port_asked = port.unwrap_or(module.port);
    if !on_request.ports.contains(&port_asked) {
        let why = format!("port {port_asked} may not be probed (probe_endpoint.ports)");
        return Err(("port_not_allowed", why));
    }
    Ok(Wish {
        module: name.to_owned(),
        hostname: query.first("hostname").map(str::to_owned),
        watched: module.watch(target.to_owned(), place, port, hostname.transpose()?),
        debug,
    })
}

/// `mx:domain`, `host`, `host:port`, `192.0.2.1:25`, `2001:db8::1`, `[2001:db8::1]:25`.
fn place(text: &str) -> Result<(Place, Option<u16>), String> {
    if text.contains("://") {
        return Err("a URL, expected HOST or HOST:PORT without a scheme".into());
    }
    if text.contains('/') {
        return Err("a path, expected HOST or HOST:PORT".into());
    }
    if text.len() > 300 {
        return Err("too long, expected HOST or HOST:PORT".into());
    }
    let malformed = |e: HostError| plain(&e.to_string(), 300);
    let (is_domain, text) = match text.strip_prefix("mx:") {
        Some(domain) => (true, domain),
        None => (false, text),
    };
    let (host, port) = match text.rsplit_once(':') {
        // More colons without brackets are an IPv6 address.
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => (text, None),
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let port = port.map(|port| {
        let number = port.parse().ok().filter(|number| *number != 0);
        number.ok_or_else(|| format!("no port: '{}', expected 1 to 65535", plain(port, 20)))
    });
    let place = match (is_domain, Host::parse(host).map_err(malformed)?) {
        (false, host) => Place::Host(host),
        (true, Host::Name(domain)) => Place::Mx(domain),
        (true, Host::Address(_)) => {
            return Err("an address, expected a mail domain behind mx:".into());
        }
    };
    Ok((place, port.transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_hosts_with_or_without_port() {
        for (text, host, port) in [
            ("mx.bears.test", "mx.bears.test", None),
            ("MX.bears.test.:587", "mx.bears.test", Some(587)),
            ("192.0.2.1:25", "192.0.2.1", Some(25)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:465", "2001:db8::1", Some(465)),
        ] {
            let (found, at) = place(text).unwrap();
            let host = Place::Host(Host::parse(host).unwrap());
            assert_eq!((found, at), (host, port), "{text}");
        }
        let domain = Place::Mx("bears.test".to_owned());
        assert_eq!(place("mx:Bears.test").unwrap(), (domain.clone(), None));
        assert_eq!(place("mx:bears.test:587").unwrap(), (domain, Some(587)));
    }

    #[test]
    fn what_is_no_target_is_refused_with_what_was_expected() {
        for (text, why) in [
            ("smtp://mx.bears.test:25", "a URL"),
            ("mx.bears.test/path", "a path"),
            ("mx.bears.test:0", "no port: '0'"),
            ("mx.bears.test:http", "no port: 'http'"),
            ("mx.bears.test:99999", "no port"),
            (":25", "an empty name"),
            ("mx:192.0.2.1", "an address"),
            ("a b", "not a host name"),
            ("a\nb", "not a host name"),
        ] {
            let told = place(text).unwrap_err();
            assert!(told.starts_with(why), "{text}: {told}");
            assert!(!told.contains('\n'));
        }
    }
}
