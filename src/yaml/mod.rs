//! YAML text to values that know their places, and mistakes in them to one line; knows no settings and opens no file.

mod document;
mod error;
mod parse;
mod position;
mod reader;
mod shown;
mod tree;
mod words;

pub(crate) mod duration;
pub(crate) mod secret;

pub use error::DocumentError;

pub(crate) use document::Document;
pub(crate) use position::KeyPath;
pub(crate) use reader::{Fields, Problem, Value};
pub(crate) use shown::KnownKeys;
