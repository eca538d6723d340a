//! Endpoints, observations and verdicts to one immutable snapshot with its aggregates; knows no rendering.

mod example;
mod inside;
mod judged;
mod published;
mod snapshot;
mod state;
mod zone;

pub use example::Examples;
pub use inside::{
    Candidate, ConnectorFleet, ConnectorReport, Failed, Inside, InsideSettings, QueueReport,
    ServerReport,
};
pub use judged::{DomainReport, HostReport, Judged};
pub use published::{Mechanism, PublishedFailures, PublishedReasons};
pub use snapshot::{Entry, Resolution, Snapshot, TargetReport};
pub(crate) use state::assess;
pub use state::{Cause, Severity, State};
pub use zone::{HostZone, Mark, ZoneLine, zones};
