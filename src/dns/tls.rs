//! Roots to the TLS configuration of DNS over TLS and HTTPS. Unlike a probe, it believes nobody without a certificate.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

use crate::pki::Anchors;

/// A client that verifies servers against these roots; ALPN is set where it is used.
pub(super) fn client(roots: &Anchors) -> Result<ClientConfig, String> {
    let store = RootCertStore {
        roots: roots.all().to_vec(),
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}
