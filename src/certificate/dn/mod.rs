//! Distinguished names: read from DER and text, compared, written; knows no certificate.

mod attribute;
mod decode;
mod name;
mod parse;
mod render;

pub use name::Dn;
pub use parse::DnError;
