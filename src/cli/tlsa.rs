//! The command `tlsa`: probe what is served, look up what is published, print the lines of a zone file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::arguments::Tlsa;
use super::runtime::runtime;
use super::{check, hostname, progress, rounds, streams};
use crate::config::next_key_in;
use crate::dns::Dnssec;
use crate::endpoint::{DEFAULT_VIEW, Offer, Place, ProxyProtocol, Source};
use crate::name::Host;
use crate::pki::Anchors;
use crate::policy::PolicySettings;
use crate::probe::Limits;
use crate::render;
use crate::report::{HostZone, InsideSettings, Snapshot, zones};
use crate::verdict::{Demand, Expectations, NextKey};
use crate::watch::{Settings, View, Watched};

/// Probes, compares and prints; returns the exit code.
pub(super) fn run(arguments: &Tlsa) -> Result<u8, String> {
    let next: Vec<NextKey> = arguments
        .next
        .iter()
        .map(|file| next_key_in(file).map_err(|e| format!("--next: {e}")))
        .collect::<Result<_, _>>()?;
    let settings = settings(arguments, &next)?;
    let snapshot = runtime()?.block_on(probe_all(settings))?;
    let zones = zones(&snapshot, &next, arguments.ta);
    let text = match arguments.json {
        true => render::zone_json(&zones, arguments.ttl),
        false => render::zone(&zones, arguments.ttl),
    };
    streams::print("the records", &text)?;
    Ok(HostZone::exit_code(&zones))
}

async fn probe_all(settings: Settings) -> Result<Arc<Snapshot>, String> {
    let rounds = rounds::once(settings)?;
    tokio::select! {
        snapshot = rounds.scrape(Instant::now() + check::PATIENCE) => Ok(snapshot),
        () = progress::show(|| rounds.progress()) => Err("the display ended".to_owned()),
    }
}

fn settings(arguments: &Tlsa, next: &[NextKey]) -> Result<Settings, String> {
    let view = view(arguments)?;
    Ok(Settings {
        targets: vec![watched(arguments, &view, next)?],
        views: vec![view],
        inside: InsideSettings::default(),
        published: PolicySettings::new(Arc::default()),
        limits: Limits {
            timeout: Duration::from_secs(10),
            helo: hostname::fully_qualified(),
        },
        min_interval: Duration::ZERO,
        concurrency: 256,
        per_address: 1,
    })
}

/// The view that was named; else this machine's own resolver, whose word on DNSSEC is believed.
fn view(arguments: &Tlsa) -> Result<View, String> {
    match arguments.view.as_deref() {
        None | Some(DEFAULT_VIEW) => {
            let mut view = View::default_view();
            view.policy.dnssec = Dnssec::Trust;
            Ok(view)
        }
        Some(name) => check::view_in(arguments.config_file(), name),
    }
}

/// Every address, and both kinds of keys.
fn watched(arguments: &Tlsa, view: &View, next: &[NextKey]) -> Result<Watched, String> {
    let target = &arguments.target;
    let host = match &target.place {
        Place::Host(host @ Host::Name(_)) => Some(host.clone()),
        Place::Mx(_) => None,
        Place::Host(Host::Address(_)) | Place::Addresses(_) => {
            return Err(format!(
                "{}: an address has no TLSA records, expected host or mx:domain",
                target.text
            ));
        }
    };
    if view.vantage.proxied_names {
        return Err(format!(
            "--view: in view {} the proxy resolves names, and knows no TLSA records",
            view.vantage.name
        ));
    }
    Ok(Watched {
        source: Arc::new(Source {
            name: target.text.clone(),
            server_name: host.clone(),
            host,
            place: target.place.clone(),
            ports: vec![target.port.unwrap_or(arguments.port)],
            offers: vec![Offer::Rsa, Offer::Ecdsa],
            mode: None,
            proxy_protocol: ProxyProtocol::Off,
            views: vec![Arc::clone(&view.vantage.name)],
            labels: BTreeMap::new(),
        }),
        expectations: Arc::new(Expectations {
            dane: Demand::Opportunistic,
            dane_next: next.into(),
            ..Expectations::new(Arc::new(Anchors::mozilla()))
        }),
        client_certificate: None,
    })
}
