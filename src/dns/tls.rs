//! Roots to the TLS configuration of DNS over TLS and HTTPS. Unlike a probe, it believes nobody without a certificate.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

use super::clock;
use crate::pki::Anchors;

/// A client that verifies servers against these roots; ALPN is set where it is used.
pub(super) fn client(roots: &Anchors) -> Result<ClientConfig, String> {
    let store = RootCertStore {
        roots: roots.all().to_vec(),
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(Now))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

/// This machine's clock, but never before 1970: there the TLS library would panic.
#[derive(Debug)]
struct Now;

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(clock::since_1970()))
    }
}
