//! What the integration tests share: a watched world at a fixed time, metrics read back, and the real program.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shared source: every test takes a part of it"
)]

mod acts;
mod clock;
mod exposition;
mod http;
mod probed;
mod program;
mod stage;
mod watch;

pub(crate) use acts::{BANNER, alert, farewell, greeted, line, offered, ready};
pub(crate) use clock::early_clock;
pub(crate) use exposition::{Exposition, Sample};
pub(crate) use http::{Answer, request, send};
pub(crate) use probed::{Case, LONG, Probed, SHORT, cases, play, probe, seconds, visit};
pub(crate) use program::{Ended, Program, end, ended, run};
pub(crate) use stage::{Role, Stage, fleet};
pub(crate) use watch::{HELO, NOW, Names, Watch, any_port};
