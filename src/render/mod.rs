//! A snapshot to text: metrics, JSON, pages, the terminal table. Pure; the only place that spells metric names and JSON keys.

mod body;
mod cert_info;
mod columns;
mod debug;
mod discovery;
mod exposition;
mod families;
mod html;
mod inside;
mod json;
mod label_sets;
mod metrics;
mod pem;
mod plugin;
mod published;
mod table;
mod value;
mod zone;

pub use body::{Encoding, Unpacked, encoded};
pub use columns::Style;
pub use debug::debug;
pub use discovery::discovery;
pub use exposition::Format;
pub use families::reserved_labels;
pub use html::{Filter, STYLE, index, runbook, server, target};
pub use json::{json, zone_json};
pub use metrics::{BuildInfo, Exporter, Refused, Reload, described, metrics, probe_metrics};
pub use pem::pem;
pub use plugin::plugin_line;
pub use table::table;
pub use zone::zone;
