//! `expect:` to expectations; knows no target.

use std::sync::Arc;

use super::dane_next::next_keys;
use super::demands::Demands;
use super::host::host;
use super::keys;
use super::trust::TrustStores;
use crate::certificate::{Dn, Fingerprint, TlsCertificateName};
use crate::pki::{Anchors, Crls};
use crate::verdict::Expectations;
use crate::yaml::{Fields, Problem, Value};

const DN_EXPECTED: &str = "a distinguished name such as CN=mail.example.com, O=Example, C=US";

/// Expectations in the making. Targets that add none of their own share those of the defaults.
#[derive(Debug, Clone)]
pub(super) struct Expect {
    pub(super) expectations: Arc<Expectations>,
    pub(super) demands: Demands,
}

impl Expect {
    pub(super) fn new(roots: Arc<Anchors>, crls: Arc<Crls>) -> Self {
        Self {
            expectations: Arc::new(Expectations {
                crls,
                ..Expectations::new(roots)
            }),
            demands: Demands::default(),
        }
    }

    /// Overrides what the section says.
    pub(super) fn take_from(
        &mut self,
        section: &Value<'_>,
        stores: &mut TrustStores,
    ) -> Result<(), Problem> {
        let mut fields = section.fields()?;
        self.demands.take_from(&mut fields)?;
        let expectations = Arc::make_mut(&mut self.expectations);
        identity(expectations, &mut fields)?;
        if let Some(value) = fields.take("names") {
            let names = value.list_or_one()?;
            expectations.names = Some(names.iter().map(host).collect::<Result<_, _>>()?);
        }
        if let Some(value) = fields.take("roots") {
            expectations.roots = stores.read(&value)?;
        }
        if let Some(value) = fields.take("min_tls") {
            expectations.min_tls = value.choice(&keys::TLS_VERSIONS)?;
        }
        if let Some(value) = fields.take("dane_next") {
            expectations.dane_next = next_keys(&value, stores)?;
        }
        if let Some(value) = fields.take("same_certificate") {
            expectations.same_certificate = value.flag()?;
        }
        fields.finish(&keys::EXPECT.names())
    }
}

fn identity(expectations: &mut Expectations, fields: &mut Fields<'_>) -> Result<(), Problem> {
    if let Some(value) = fields.take("subject") {
        expectations.subject = Some(value.parsed_by(Dn::parse, DN_EXPECTED)?);
    }
    if let Some(value) = fields.take("issuer") {
        expectations.issuer = Some(value.parsed_by(Dn::parse, DN_EXPECTED)?);
    }
    if let Some(value) = fields.take("tls_certificate_name") {
        let expected = "<I>issuer<S>subject, as Exchange prints it";
        let name = value.parsed_by(TlsCertificateName::parse, expected)?;
        expectations.tls_certificate_name = Some(name);
    }
    if let Some(value) = fields.take("fingerprints") {
        let expected = "40 hexadecimal digits (SHA-1) or 64 (SHA-256), with or without colons";
        let listed = value.list_or_one()?;
        let read = |v: &Value<'_>| v.parsed_by(Fingerprint::parse, expected);
        expectations.fingerprints = listed.iter().map(read).collect::<Result<_, _>>()?;
    }
    Ok(())
}
