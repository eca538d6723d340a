//! What was seen, by whom and when: parsed and bounded, but not judged.

pub mod domain;
pub mod host;
pub mod inventory;
pub mod last_error;
pub mod lookup;
pub mod observation;
pub mod published;
