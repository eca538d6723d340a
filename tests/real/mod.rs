//! Real mail servers and a real monitoring stack as the tests' peers: each starts on a loopback
//! address of its own and ends when its value is dropped; none knows what is tested with it.

pub(crate) mod certificates;
pub(crate) mod exim;
pub(crate) mod exporter;
pub(crate) mod monitoring;
pub(crate) mod network;
pub(crate) mod postfix;
pub(crate) mod process;
pub(crate) mod samples;
pub(crate) mod started;
pub(crate) mod webhook;
