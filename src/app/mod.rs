//! What the program is doing now: the settings in force, how others take their place, when results are published, and the
//! end; knows neither HTTP nor files.

mod follow;
mod publish;
mod state;
mod worker;

pub use publish::Round;
pub use state::{App, Configured, InForce, Reader};
pub use worker::Worker;
