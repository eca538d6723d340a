//! A snapshot to text: metrics, JSON, the terminal table. Pure; the only place that spells metric names and JSON keys.

mod exposition;
mod families;
mod hint;
mod json;
mod metrics;
mod pem;
mod plugin;
mod table;
mod value;

pub use families::{FAMILIES, Family, RESERVED_LABELS};
pub use json::json;
pub use metrics::{BuildInfo, CONTENT_TYPE, metrics};
pub use pem::pem;
pub use plugin::plugin_line;
pub use table::{Style, table};
