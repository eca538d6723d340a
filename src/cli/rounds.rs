//! Settings to rounds, as far as this machine can do what they ask for.

use std::sync::Arc;
use std::time::Duration;

use super::files;
use crate::counters::Counters;
use crate::dns::Resolvers;
use crate::probe::Tls;
use crate::watch::{Rounds, Settings, system_clock};

/// Rounds over these settings with a resolver for each view, which is returned beside them, and this machine's clock.
pub(super) fn over(settings: Settings) -> Result<(Arc<Rounds>, Resolvers), String> {
    let settings = affordable(settings);
    let resolvers = Resolvers::new(settings.policies(), names(&settings));
    Ok((begin(settings, resolvers.clone())?, resolvers))
}

/// The same for one look, after which nobody comes back for what was not answered yet.
pub(super) fn once(settings: Settings) -> Result<Arc<Rounds>, String> {
    let settings = affordable(settings);
    let resolvers = Resolvers::for_one_look(settings.policies(), names(&settings));
    begin(settings, resolvers)
}

fn begin(settings: Settings, resolvers: Resolvers) -> Result<Arc<Rounds>, String> {
    let (tls, counters) = (Tls::new()?, Counters::new()?);
    let rounds = Rounds::new(settings, resolvers, tls, system_clock, counters);
    Ok(Arc::new(rounds))
}

/// No more probes at once than there can be open files.
pub(super) fn affordable(settings: Settings) -> Settings {
    let limit = files::raise_limit();
    let concurrency = files::affordable(settings.concurrency, limit);
    if concurrency < settings.concurrency {
        tracing::warn!(
            wanted = settings.concurrency,
            concurrency,
            limit,
            "fewer probes at once: the limit of open files (ulimit -n) allows no more"
        );
    }
    Settings {
        concurrency,
        ..settings
    }
}

/// A resolver for each view, after others.
pub(super) fn resolvers(before: &Resolvers, settings: &Settings) -> Resolvers {
    before.successor(settings.policies(), names(settings))
}

/// Names get no more than half of a probe's time.
fn names(settings: &Settings) -> Duration {
    settings.limits.timeout / 2
}
