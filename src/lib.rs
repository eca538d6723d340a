//! From a list of SMTP servers to metrics about every certificate they present.
