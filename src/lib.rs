//! From a list of SMTP servers to metrics about every certificate they present.

pub mod name;
pub mod reason;
pub mod timestamp;
