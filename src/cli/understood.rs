//! A configuration to what `--config.check` prints of it: every view, every target, and what is watched of each.

use crate::config::{Config, InventoryFiles};
use crate::dns::Dnssec;
use crate::endpoint::{DEFAULT_VIEW, Place};
use crate::plain::plain;
use crate::verdict::Demand;
use crate::watch::{Settings, View, Watched, system_clock};

/// `external: tcp://192.0.2.1:53, validated, through socks5://gate.example.com:1080`; without secrets.
fn seen_along(view: &View) -> String {
    let mut parts: Vec<String> = if view.vantage.proxied_names {
        vec!["names resolved by the proxy".to_owned()]
    } else {
        view.policy
            .servers
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    match view.policy.dnssec {
        Dnssec::Off => {}
        Dnssec::Validate => parts.push("validated".to_owned()),
        Dnssec::Trust => parts.push("trusted to validate".to_owned()),
    }
    parts.extend(
        view.route
            .proxy
            .as_ref()
            .map(|proxy| format!("through {proxy}")),
    );
    parts.extend(view.route.source.map(|source| format!("from {source}")));
    format!("{}: {}", view.vantage.name, parts.join(", "))
}

/// What is believed, and why that is risky.
fn unsafe_way(view: &View, server: &str) -> String {
    let name = &view.vantage.name;
    format!(
        "{name}: warning: {server} is believed when it says that an answer is signed, but whoever is on the way to it \
         can forge that; expected a resolver on this machine, tls:// or https://"
    )
}

/// What `--config.check` prints.
pub(super) fn understood(config: &Config) -> String {
    let settings = &config.settings;
    let mut text = format!(
        "{}: {} targets; timeout {:?}, EHLO {}\n",
        plain(&config.file.to_string_lossy(), 500),
        settings.targets.len(),
        settings.limits.timeout,
        settings.limits.helo
    );
    for view in settings
        .views
        .iter()
        .filter(|v| *v.vantage.name != *DEFAULT_VIEW)
    {
        text += &format!("view {}\n", plain(&seen_along(view), 500));
        for server in view.policy.unsafe_ways() {
            text += &format!("view {}\n", plain(&unsafe_way(view, &server), 500));
        }
    }
    text += &without_dane(settings);
    for watched in &settings.targets {
        let source = &watched.source;
        let ports: Vec<_> = source
            .ports
            .iter()
            .map(|port| format!("{port} {}", source.mode_on(*port).as_str()))
            .collect();
        let place = match &source.place {
            Place::Host(host) => host.to_string(),
            Place::Mx(domain) => format!("mx:{domain}"),
            Place::Addresses(addresses) => addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
        };
        let name = plain(&source.name, 200);
        text += &format!(
            "{name}: {place} ({}){}\n",
            ports.join(", "),
            published(watched, settings)
        );
    }
    text
}

/// What is held against the mail servers of a target besides their certificates, and where: `; DANE in external; MTA-STS`.
fn published(watched: &Watched, settings: &Settings) -> String {
    let expected = &watched.expectations;
    let words = |mechanism: &str, demand: Demand| match demand {
        Demand::Off => format!("; no {mechanism}: off"),
        Demand::Opportunistic => format!("; {mechanism}"),
        Demand::Required => format!("; {mechanism} required"),
    };
    let mut text = String::new();
    if expected.dane != Demand::Off {
        let views = watched.source.views.iter();
        let able = views.filter(|view| trusts(settings, view));
        let able: Vec<_> = able.map(|view| plain(view, 60)).collect();
        text += &format!("{} in {}", words("DANE", expected.dane), able.join(", "));
    }
    if matches!(watched.source.place, Place::Mx(_)) {
        text += &words("MTA-STS", expected.mta_sts);
        text += &words("TLSRPT", expected.tlsrpt);
    }
    text
}

/// Why the other targets are not watched for DANE, in one line.
fn without_dane(settings: &Settings) -> String {
    let (all, mut able, mut off) = (settings.targets.len(), 0, 0);
    for watched in &settings.targets {
        let views = &mut watched.source.views.iter();
        match watched.expectations.dane {
            Demand::Off if views.any(|view| trusts(settings, view)) => off += 1,
            Demand::Off => {}
            Demand::Opportunistic | Demand::Required => able += 1,
        }
    }
    let blind = all - able - off;
    let mut why = Vec::new();
    if blind > 0 {
        why.push(format!("{blind} without a view with dnssec: trust"));
    }
    if off > 0 {
        why.push(format!("{off} with expect.dane: off"));
    }
    if why.is_empty() {
        return String::new();
    }
    format!("DANE: {able} of {all} targets; {}\n", why.join(", "))
}

fn trusts(settings: &Settings, name: &str) -> bool {
    let mut views = settings.views.iter();
    let view = views.find(|view| *view.vantage.name == *name);
    view.is_some_and(|view| view.policy.dnssec == Dnssec::Trust)
}

/// What it prints of the inside of mail servers: how many inventories there are, of which servers, how old.
pub(super) fn inside(files: &mut InventoryFiles) -> String {
    if files.is_empty() {
        return String::new();
    }
    let now = system_clock();
    let facts = files.look(now).facts.unwrap_or_default();
    let known = facts
        .servers
        .iter()
        .filter(|server| server.newest.is_some());
    let mut text = format!("inside: {} inventories\n", known.count());
    for server in &facts.servers {
        let name = plain(&server.key.0, 255);
        let age = server.newest.as_ref().map(|newest| {
            let seconds = now.seconds_since(newest.collected_at);
            format!("collected {seconds} s ago ({})", server.file)
        });
        let fault = server.fault.as_ref().map(|fault| fault.detail.clone());
        let parts: Vec<_> = age.into_iter().chain(fault).collect();
        text += &format!("{name}: {}\n", parts.join("; "));
    }
    for stray in &facts.strays {
        text += &format!("{}: {}\n", stray.file, stray.fault.detail);
    }
    text
}
