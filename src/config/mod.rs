//! YAML files to validated settings, by way of `yaml/`; knows no sockets and no DNS.

mod client_certificate;
mod dane_next;
mod demands;
mod document;
mod expect;
mod file;
mod host;
mod inside;
mod inventory_files;
pub mod keys;
mod labels;
mod last_good;
mod limits;
mod named_file;
mod pattern;
mod pem;
mod probe_endpoint;
mod proxy;
mod published;
mod target_files;
mod target_list;
mod targets;
mod trust;
mod views;
mod web;

pub use dane_next::next_key_in;
pub use file::Config;
pub use inventory_files::{InsideChange, InventoryFiles};
pub use last_good::{FileKey, LastGood, Loaded, NamedFile, recorded};
pub use named_file::{FileKind, Stamp, stamp};
pub use target_files::{Change, FileState, TargetFiles};
pub use trust::roots_in;
pub use web::WebConfig;

pub(crate) use limits::share;
