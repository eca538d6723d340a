//! Collects facts about hosts, mail domains and servers, as a probe does about endpoints; judges nothing.

mod dane;
mod endpoints;
mod expand;
mod extent;
mod host;
mod inventories;
mod machine;
mod mail_domain;
mod shortcomings;
mod sightings;

pub use expand::{Expansion, expand};
pub use extent::Extent;
pub use inventories::Inventories;
pub use machine::{CollectOptions, MailProgram, inventory};
