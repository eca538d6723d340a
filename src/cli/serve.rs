//! The command `serve`: the exporter.

use std::path::Path;
use std::sync::Arc;

use super::arguments::Serve;
use super::build::BUILD;
use super::config_file::{self, ConfigFile};
use super::named::{Named, OF_WEB_CONFIG};
use super::runtime::runtime;
use super::understood::{inside, understood};
use super::{files, life, logging, rounds, streams};
use crate::app::{App, InForce, Reader};
use crate::config::{Change, Config, LastGood, Loaded, recorded};
use crate::dns::Resolvers;
use crate::watch::{Rounds, system_clock};
use crate::web::{Access, AccessControl, Listeners, Mount, Site, serve};

/// Serves until a signal ends it; returns the exit code.
pub(super) fn run(arguments: &Serve) -> Result<u8, String> {
    logging::start(arguments.log_level, arguments.log_format);
    let (read, loaded) = recorded(LastGood::default(), || {
        config_file::load(&arguments.config_file)
    });
    let (mut config, change) = read?;
    if let (true, Some(complaint)) = (arguments.config_check, change.complaints.first()) {
        return Err(complaint.clone());
    }
    config_file::tell(&change);
    if arguments.config_check {
        if let Some(file) = &arguments.web_config_file {
            life::web_config(file).0?;
        }
        let text = understood(&config) + &inside(&mut config.inventory_files);
        streams::print("what was understood", &text)?;
        return Ok(0);
    }
    let runtime = runtime()?;
    let ended = runtime.block_on(exporter(arguments, config, &change, loaded));
    // Who still reads a file that never ends does not hold up the end.
    runtime.shutdown_background();
    ended
}

async fn exporter(
    arguments: &Serve,
    config: Config,
    change: &Change,
    loaded: Loaded,
) -> Result<u8, String> {
    let signals = life::Signals::new()?;
    let (rounds, resolvers) = rounds::over(config.settings.clone())?;
    let counters = rounds.counters().clone();
    let app = Arc::new(app(arguments, config, change, (rounds, resolvers), loaded));
    let (control, web_loaded) = control(arguments.web_config_file.as_deref())?;
    let mount = Mount::new(
        arguments.external_url.clone(),
        arguments.route_prefix.clone(),
    );
    let listeners = listeners(arguments, &mount).await?;
    let offset = arguments.timeout_offset;
    let site = Arc::new(Site::new(Arc::clone(&app), offset, mount, BUILD));
    let serving = tokio::spawn(serve(listeners, Arc::clone(&site), Arc::clone(&control)));
    life::tell_ready();
    tokio::spawn(life::beat(site));
    if let Some(file) = arguments.web_config_file.clone() {
        let named = Named::new(OF_WEB_CONFIG, counters, web_loaded);
        tokio::spawn(life::follow_web_config(control, file, named));
    }
    let every = arguments.reload_interval;
    let signal = life::follow(signals, Arc::clone(&app), every).await;
    tracing::info!(signal, "ending");
    life::tell_stopping();
    app.end();
    serving
        .await
        .map_err(|e| format!("the listener broke: {e}"))?;
    Ok(0)
}

fn app(
    arguments: &Serve,
    config: Config,
    change: &Change,
    (rounds, resolvers): (Arc<Rounds>, Resolvers),
    loaded: Loaded,
) -> App {
    let counters = rounds.counters().clone();
    let file = arguments.config_file.clone();
    let named = (config.target_files, config.inventory_files);
    let reader = ConfigFile::new(file, named, change, loaded, resolvers, counters);
    if let Some(inside) = reader.inside(&mut |_| ()) {
        rounds.inventories().tell(inside);
    }
    let in_force = InForce {
        rounds,
        on_request: config.on_request,
        shown: config.shown,
    };
    App::new(in_force, reader, system_clock)
}

fn control(file: Option<&Path>) -> Result<(Arc<AccessControl>, Loaded), String> {
    let Some(file) = file else {
        return Ok((
            Arc::new(AccessControl::new(Access::default())),
            Loaded::default(),
        ));
    };
    let (config, loaded) = life::web_config(file);
    Ok((Arc::new(AccessControl::new(config?.access)), loaded))
}

async fn listeners(arguments: &Serve, mount: &Mount) -> Result<Listeners, String> {
    let listeners = if arguments.systemd_socket {
        let adopted = Listeners::adopt(files::inherited()?);
        adopted.map_err(|e| format!("--web.systemd-socket: {e}"))?
    } else {
        let bound = Listeners::bind(&arguments.listen_addresses);
        bound.map_err(|e| e.to_string())?
    };
    for address in listeners.addresses() {
        tracing::info!(%address, path = %mount, version = BUILD.version, "listening");
    }
    Ok(listeners)
}
