//! A made-up case for the checks' tests: one leaf from a generated CA, valid around a fixed moment.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::{
    ConnectorEvidence, Evidence, Expectations, Finding, Fleet, StsEvidence, Views, candidates,
};
use crate::certificate::Certificate;
use crate::facts::inventory::{
    Collector, Inventory, Role, Select, ServerFacts, ServerIdentity, ServerKey, ServerKind,
    StoredCertificate, Use,
};
use crate::facts::observation::{Connection, Fallback, Observation, TlsVersion};
use crate::facts::published::{DaneFacts, StsFacts};
use crate::name::Host;
use crate::pki::{Anchors, CertPath, Revocation, Trust};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const DAY: i64 = 86_400;
/// 2026-06-01T00:00:00Z; leaves are valid for 90 days before and after.
pub(super) const NOW: Timestamp = Timestamp(1_780_272_000);

pub(super) struct Case {
    pub(super) observation: Observation,
    pub(super) expectations: Expectations,
    pub(super) trust: Option<Trust>,
    pub(super) server_name: Option<Host>,
    pub(super) revocation: Option<Revocation>,
    pub(super) fleet: Fleet,
    pub(super) views: Views,
    pub(super) inside: Option<ServerFacts>,
    pub(super) dane: Option<DaneFacts>,
    pub(super) sts: Option<StsFacts>,
    /// What is found beside `trust` with the roots that senders believe.
    pub(super) policy_trust: Option<Trust>,
    pub(super) former: Option<Certificate>,
    pub(super) now: Timestamp,
}

impl Case {
    /// A healthy server: leaf and intermediate, a path found, TLS 1.3.
    pub(super) fn new() -> Self {
        Self::with_leaf(|_| ())
    }

    /// The same with a leaf that `change` made different.
    pub(super) fn with_leaf(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut case = Self::without_certificate();
        case.observation.chain = chain(change);
        case.observation.connection = Some(Connection {
            fallback: Fallback::Modern,
            version: TlsVersion::Tls13,
            cipher_suite: String::new(),
            key_exchange: String::new(),
        });
        case.trust = Some(Trust::Path(CertPath {
            certificates: vec![0, 1],
            anchor: Vec::new(),
            root: None,
            valid_from: NOW.plus_seconds(-90 * DAY),
            valid_until: NOW.plus_seconds(90 * DAY),
        }));
        case
    }

    pub(super) fn without_certificate() -> Self {
        Self {
            observation: Observation::default(),
            expectations: Expectations::new(Arc::new(Anchors::union(Vec::new()))),
            trust: None,
            server_name: None,
            revocation: None,
            fleet: Fleet::default(),
            views: Views::default(),
            inside: None,
            dane: None,
            sts: None,
            policy_trust: None,
            former: None,
            now: NOW,
        }
    }

    pub(super) fn evidence(&self) -> Evidence<'_> {
        Evidence {
            observation: &self.observation,
            expectations: &self.expectations,
            trust: self.trust.as_ref(),
            server_name: self.server_name.as_ref(),
            revocation: self.revocation.as_ref(),
            fleet: &self.fleet,
            views: &self.views,
            inside: self.inside.as_ref(),
            dane: self.dane.as_ref(),
            sts: self.sts.as_ref().map(|facts| StsEvidence {
                facts,
                host: "mx.bears.test",
                trust: self.policy_trust.as_ref(),
            }),
            former: self.former.as_ref(),
            now: self.now,
        }
    }

    /// The reason for which a check fails, if it does.
    pub(super) fn reason(&self, judge: fn(&Evidence<'_>) -> Finding) -> Option<Reason> {
        match judge(&self.evidence()) {
            Finding::Fail(failure) => Some(failure.reason),
            _ => None,
        }
    }
}

/// An Exchange server with these certificates, each with its key and enabled for SMTP.
pub(super) fn paired(certificates: &[&Certificate], collected_at: Timestamp) -> ServerFacts {
    let stored = |certificate: &&Certificate| StoredCertificate {
        certificate: (*certificate).clone(),
        services: Some(vec!["SMTP".to_owned()]),
        status: None,
        private_key: Some(true),
        listed: true,
        places: Vec::new(),
    };
    let inventory = Inventory {
        collected_at,
        collector: Collector::default(),
        server: ServerIdentity {
            name: "BearA".to_owned(),
            fqdn: None,
            kind: ServerKind::Exchange,
            version: String::new(),
            addresses: Vec::new(),
            running: None,
        },
        errors: Vec::new(),
        queues: None,
        certificates: Some(certificates.iter().map(stored).collect()),
        uses: None,
    };
    ServerFacts {
        key: ServerKey(Arc::from("BearA")),
        newest: Some(Arc::new(inventory)),
        earlier: None,
        file: String::new(),
        fault: None,
        max_age: 900,
        addresses: None,
        certificates_since: Arc::default(),
    }
}

/// A connector on a server that [`paired`] made.
pub(super) struct InsideCase {
    pub(super) inventory: Inventory,
    pub(super) connector: Use,
}

impl InsideCase {
    /// A connector that selects so, among these certificates.
    pub(super) fn new(select: Select, certificates: &[&Certificate]) -> Self {
        let server = paired(certificates, NOW);
        let inventory = server.newest.as_deref().unwrap().clone();
        let connector = Use::new("1", "Outbound", Role::Client, select);
        Self {
            inventory,
            connector,
        }
    }

    /// Its certificates, to be changed.
    pub(super) fn stored(&mut self) -> &mut Vec<StoredCertificate> {
        self.inventory.certificates.as_mut().unwrap()
    }

    pub(super) fn found(&self, judge: fn(&ConnectorEvidence<'_>) -> Finding) -> Finding {
        judge(&ConnectorEvidence {
            server: &paired(&[], NOW),
            inventory: &self.inventory,
            connector: &self.connector,
            candidates: &candidates(&self.inventory, &self.connector, NOW),
            now: NOW,
        })
    }

    /// The reason for which a check fails, if it does.
    pub(super) fn reason(&self, judge: fn(&ConnectorEvidence<'_>) -> Finding) -> Option<Reason> {
        match self.found(judge) {
            Finding::Fail(failure) => Some(failure.reason),
            _ => None,
        }
    }
}

/// A leaf like that of a case, whose validity begins and ends so many days from now.
pub(super) fn leaf(begins: i64, ends: i64) -> Certificate {
    let day = |offset: i64| NOW.plus_seconds(offset * DAY).0;
    let moment = |offset| time::OffsetDateTime::from_unix_timestamp(day(offset)).unwrap();
    let case = Case::with_leaf(|leaf| {
        leaf.not_before = moment(begins);
        leaf.not_after = moment(ends);
    });
    case.observation.chain[0].clone()
}

/// A CA's certificate of one name by another, whose key nobody knows.
pub(super) fn ca(
    subject: &str,
    issuer: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> Certificate {
    let mut ca = params(subject, &[]);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut ca);
    let issuer = Issuer::new(params(issuer, &[]), KeyPair::generate().unwrap());
    let ca = ca
        .signed_by(&KeyPair::generate().unwrap(), &issuer)
        .unwrap();
    Certificate::from_der(ca.der())
}

/// A leaf for `mx.bears.test` and the intermediate that issued it.
fn chain(change: impl FnOnce(&mut CertificateParams)) -> Vec<Certificate> {
    let mut ca = params("Bear Issuing CA", &[]);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(ca, ca_key);
    let mut leaf = params("mx.bears.test", &["mx.bears.test"]);
    change(&mut leaf);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    vec![
        Certificate::from_der(leaf.der()),
        Certificate::from_der(ca_certificate.der()),
    ]
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.remove(DnType::CommonName);
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "BearWorld");
    let day =
        |offset: i64| time::OffsetDateTime::from_unix_timestamp(NOW.0 + offset * DAY).unwrap();
    params.not_before = day(-90);
    params.not_after = day(90);
    params
}
