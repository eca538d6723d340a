//! A stapled OCSP response to its part of the JSON; the response is unverified, as the server sent it.

use serde::Serialize;

use crate::certificate::{CertificateStatus, Staple, Unreadable};
use crate::timestamp::Timestamp;

/// Each key is always there; what the response does not say is null.
#[derive(Default, Serialize)]
pub(super) struct StapleJson {
    unreadable: Option<String>,
    response_status: Option<&'static str>,
    produced_at: Option<String>,
    certificate_status: Option<&'static str>,
    revoked_at: Option<String>,
    this_update: Option<String>,
    next_update: Option<String>,
}

impl StapleJson {
    pub(super) fn new(staple: &Result<Staple, Unreadable>) -> Self {
        let text = |at: Timestamp| at.to_string();
        let staple = match staple {
            Ok(staple) => staple,
            Err(why) => {
                return Self {
                    unreadable: Some(why.to_string()),
                    ..Self::default()
                };
            }
        };
        let answer = staple.answer.as_ref();
        Self {
            unreadable: None,
            response_status: Some(staple.response_status),
            produced_at: staple.produced_at.map(text),
            certificate_status: answer.map(|a| a.status.as_str()),
            revoked_at: answer.and_then(|a| match a.status {
                CertificateStatus::Revoked(at) => Some(text(at)),
                _ => None,
            }),
            this_update: answer.map(|a| text(a.this_update)),
            next_update: answer.and_then(|a| a.next_update).map(text),
        }
    }
}
