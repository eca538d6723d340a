//! The command `check`: probe once, print, and say by the exit code how it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::arguments::{Check, CheckTarget};
use super::complaint::complain;
use super::runtime::runtime;
use super::{config_file, hostname, progress, rounds, streams};
use crate::config::{InventoryFiles, roots_in};
use crate::endpoint::{DEFAULT_VIEW, Offer, Place, ProxyProtocol, Source};
use crate::pki::Anchors;
use crate::policy::PolicySettings;
use crate::probe::Limits;
use crate::render;
use crate::report::{InsideSettings, Snapshot};
use crate::verdict::{Demand, Expectations, Thresholds};
use crate::watch::{Settings, View, Watched, system_clock};

/// Long enough for any number of endpoints: each probe has its own, much shorter deadline.
pub(super) const PATIENCE: Duration = Duration::from_secs(86_400);

/// What is looked at: targets, and what mail servers say of their inside.
struct Looked {
    settings: Settings,
    inventories: InventoryFiles,
}

/// Probes and prints; returns the exit code.
pub(super) fn run(arguments: &Check) -> Result<u8, String> {
    let mut looked = looked(arguments)?;
    let settings = &mut looked.settings;
    settings.inside.queue = arguments.queue;
    // The exporter that runs as a service has it open.
    settings.published.state_directory = None;
    let limits = |thresholds: &mut Thresholds| {
        thresholds.warning = arguments.warning.unwrap_or(thresholds.warning);
        thresholds.critical = arguments.critical.unwrap_or(thresholds.critical);
    };
    limits(&mut settings.inside.thresholds);
    for watched in &mut settings.targets {
        limits(&mut Arc::make_mut(&mut watched.expectations).thresholds);
    }
    let snapshot = runtime()?.block_on(probe_all(looked))?;
    streams::print("the report", &output(arguments, &snapshot))?;
    Ok(snapshot.severity().exit_code())
}

/// Targets of the command line or else of the configuration; without either, inventories alone.
fn looked(arguments: &Check) -> Result<Looked, String> {
    let is_alone = !arguments.inside.is_empty() && arguments.config_file.is_none();
    let mut looked = match arguments.targets.is_empty() {
        true if !is_alone => configured(arguments)?,
        _ => Looked {
            settings: settings(arguments)?,
            inventories: InventoryFiles::default(),
        },
    };
    if !arguments.inside.is_empty() {
        looked.inventories.name(&arguments.inside);
    }
    Ok(looked)
}

async fn probe_all(mut looked: Looked) -> Result<Arc<Snapshot>, String> {
    let is_alone = looked.settings.targets.is_empty();
    let rounds = rounds::once(looked.settings)?;
    if !looked.inventories.is_empty() {
        let change = looked.inventories.look(system_clock());
        let facts = change.facts.unwrap_or_default();
        for complaint in &change.complaints {
            complain(complaint);
        }
        let is_empty = facts.servers.is_empty() && facts.strays.is_empty();
        if is_empty && is_alone {
            return Err(
                "--inside: no inventory there, expected files, or folders with *.json".to_owned(),
            );
        }
        rounds.inventories().tell(facts);
    }
    tokio::select! {
        snapshot = rounds.scrape(Instant::now() + PATIENCE) => Ok(snapshot),
        () = progress::show(|| rounds.progress()) => Err("the display ended".to_owned()),
    }
}

fn output(arguments: &Check, snapshot: &Snapshot) -> String {
    if arguments.json {
        return render::json(snapshot);
    }
    let mut text = render::table(snapshot, streams::style());
    if arguments.pem {
        text += &render::pem(snapshot);
    }
    if arguments.nagios {
        text += &render::plugin_line(snapshot);
    }
    text
}

/// The settings of the configuration file, with one view only if one was named.
fn configured(arguments: &Check) -> Result<Looked, String> {
    let (config, change) = config_file::load(arguments.config_file())?;
    // Here somebody looks, who would take the targets of a broken file for watched.
    if let Some(complaint) = change.complaints.first() {
        return Err(complaint.clone());
    }
    for remark in &change.remarks {
        complain(remark);
    }
    let mut looked = Looked {
        settings: config.settings,
        inventories: config.inventory_files,
    };
    let settings = &mut looked.settings;
    let Some(name) = &arguments.view else {
        return Ok(looked);
    };
    let view = view(name, &settings.views)?;
    let name = &view.vantage.name;
    let sees = |watched: &Watched| watched.source.views.contains(name);
    settings.targets.retain(sees);
    if settings.targets.is_empty() {
        return Err(format!("--view: no target uses the view {name}"));
    }
    for watched in &mut settings.targets {
        Arc::make_mut(&mut watched.source).views = vec![Arc::clone(name)];
    }
    Ok(looked)
}

/// A view of a configuration file.
pub(super) fn view_in(file: &Path, name: &str) -> Result<View, String> {
    view(name, &config_file::load(file)?.0.settings.views)
}

fn view(name: &str, views: &[View]) -> Result<View, String> {
    let found = views.iter().find(|view| *view.vantage.name == *name);
    found.cloned().ok_or_else(|| {
        let known: Vec<_> = views.iter().map(|view| &*view.vantage.name).collect();
        let known = known.join(", ");
        format!("--view: no view is called '{name}', expected one of {known}")
    })
}

/// Settings for targets that were named on the command line.
fn settings(arguments: &Check) -> Result<Settings, String> {
    let view = match arguments.view.as_deref() {
        None if arguments.config_file.is_some() => {
            return Err(
                "--config.file: TARGETs were given too, expected --view with it".to_owned(),
            );
        }
        None | Some(DEFAULT_VIEW) => View::default_view(),
        Some(name) => view_in(arguments.config_file(), name)?,
    };
    let roots = match &arguments.roots {
        Some(file) => roots_in(file).map_err(|e| format!("--roots: {e}"))?,
        None => Arc::new(Anchors::mozilla()),
    };
    let watch = |target| watched(arguments, target, &view, Arc::clone(&roots));
    let targets = arguments.targets.iter().map(watch);
    Ok(Settings {
        targets: targets.collect::<Result<_, _>>()?,
        views: vec![view.clone()],
        inside: InsideSettings::default(),
        published: PolicySettings::new(Arc::new(Anchors::mozilla())),
        limits: Limits {
            timeout: Duration::from_secs(10),
            helo: hostname::fully_qualified(),
        },
        min_interval: Duration::ZERO,
        concurrency: 256,
        per_address: 1,
    })
}

fn watched(
    arguments: &Check,
    target: &CheckTarget,
    view: &View,
    roots: Arc<Anchors>,
) -> Result<Watched, String> {
    let host = match &target.place {
        Place::Host(host) => Some(host.clone()),
        Place::Mx(_) if view.vantage.proxied_names => {
            let name = &view.vantage.name;
            return Err(format!(
                "{}: in view {name} the proxy resolves names, and knows no MX records",
                target.text
            ));
        }
        Place::Mx(_) | Place::Addresses(_) => None,
    };
    let of_domain = match target.place {
        Place::Mx(_) => Demand::Opportunistic,
        Place::Host(_) | Place::Addresses(_) => Demand::Off,
    };
    Ok(Watched {
        source: Arc::new(Source {
            name: target.text.clone(),
            server_name: arguments.server_name.clone().or_else(|| host.clone()),
            host,
            place: target.place.clone(),
            ports: vec![target.port.unwrap_or(25)],
            offers: vec![Offer::Any],
            mode: arguments.tls,
            proxy_protocol: ProxyProtocol::Off,
            views: vec![Arc::clone(&view.vantage.name)],
            labels: BTreeMap::new(),
        }),
        expectations: Arc::new(Expectations {
            tls_certificate_name: arguments.expect_tls_certificate_name.clone(),
            mta_sts: of_domain,
            tlsrpt: of_domain,
            ..Expectations::new(roots)
        }),
        client_certificate: None,
    })
}
