//! From a list of SMTP servers to metrics about every certificate they present.
//!
//! Data flows down this list of modules and never back up:
//! a [`config`], read by [`yaml`], names targets; [`collect`] finds each [`endpoint`] by [`dns`]; a [`probe`] turns an
//! endpoint into an observation ([`facts`]), speaking [`smtp`] and reading each [`certificate`]; a [`verdict`] judges it with
//! the paths that [`pki`] finds; a [`report`] is the snapshot of it all, to which [`advice`] says what to do next, and
//! which [`render`] writes as metrics, JSON or table for the [`web`] and the [`cli`]. Only [`watch`] sees all stages, and
//! only it reads the clock; the [`app`] holds what is in force.
#![forbid(unsafe_code)]

pub mod advice;
pub mod app;
mod beside;
pub mod certificate;
pub mod cli;
pub mod collect;
pub mod config;
pub mod counters;
#[cfg(feature = "demo")]
mod demo;
pub mod dns;
pub mod endpoint;
pub mod facts;
mod hanging;
pub mod metric;
pub mod name;
pub mod pki;
pub mod plain;
pub mod policy;
pub mod probe;
pub mod process;
pub mod reason;
pub mod recent;
pub mod render;
pub mod report;
pub mod smtp;
pub mod timestamp;
pub mod verdict;
pub mod watch;
pub mod web;
pub mod yaml;
