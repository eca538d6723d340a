//! An endpoint and what is wrong with it to what to do next: the words and commands that table, page and JSON repeat.

mod alert;
mod command;
mod exchange;
mod inside;
mod remedy;
mod runbook;
mod steps;
mod words;

pub use alert::alerts;
pub use command::by_hand;
pub use exchange::{Siblings, on_exchange};
pub use inside::on_server;
pub use runbook::runbook;
pub use steps::steps;
pub use words::{Blanks, of, of_resolution, worded};
