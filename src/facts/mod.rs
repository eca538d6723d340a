//! What was seen, by whom and when: parsed and bounded, but not judged.

pub mod observation;
