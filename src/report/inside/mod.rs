//! Mail servers seen from inside: what is known of them to what is judged of each connector, queue and file.

mod connectors;
mod fleets;
mod judged;
mod model;
mod queues;
mod settings;

pub use model::{
    Candidate, ConnectorFleet, ConnectorReport, Failed, Inside, QueueReport, ServerReport,
};
pub use settings::InsideSettings;
