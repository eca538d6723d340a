//! Five servers of one organisation, each with its inventory, at any moment of the story.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use smtp_tls_exporter::certificate::{Certificate, TlsCertificateName};
use smtp_tls_exporter::facts::inventory::{
    Collector, InsideFacts, Inventory, Queue, QueueKind, QueueStatus, Role, SectionError, Select,
    ServerFacts, ServerIdentity, ServerKey, ServerKind, StoredCertificate, Use,
};
use smtp_tls_exporter::timestamp::Timestamp;
use time::OffsetDateTime;

pub(crate) const DAY: i64 = 86_400;
/// 2023-06-06T17:04:42Z: the end of the old certificate.
pub(crate) const END: Timestamp = Timestamp(1_686_071_082);
/// 2023-06-07T07:30:00Z.
pub(crate) const MORNING: Timestamp = Timestamp(1_686_123_000);
pub(crate) const SERVERS: [&str; 5] = ["BearA", "BearB", "BearC", "BearD", "BearE"];
pub(crate) const OFFICE: &str = "Outbound to Office 365";
pub(crate) const INTERNET: &str = "Internet Mail (Primary)";
pub(crate) const NAMED: &str = "<I>CN=Some Random CA, C=US<S>CN=mailrelay.pokebearswithsticks.com, O=BearWorld, L=Bearville, C=US";
pub(crate) const NOT_FOUND: &str = "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.";

/// The certificates of the story.
pub(crate) struct Certificates {
    /// 2022-07-05 to 2023-06-06.
    pub(crate) old: Certificate,
    /// 2023-06-07 to 2024-06-07.
    pub(crate) new: Certificate,
    /// The same four weeks earlier: renewed in time.
    pub(crate) early: Certificate,
    /// Renewed, and the authority has another intermediate now.
    pub(crate) moved: Certificate,
    /// Of the server itself, until 2029.
    pub(crate) own: Certificate,
}

pub(crate) static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| Certificates {
    old: issued("Some Random CA", Timestamp(1_656_979_200), END),
    new: issued(
        "Some Random CA",
        Timestamp(1_686_096_000),
        Timestamp(1_717_718_400),
    ),
    early: issued(
        "Some Random CA",
        END.plus_seconds(-28 * DAY),
        END.plus_seconds(337 * DAY),
    ),
    moved: issued(
        "Some Random CA 2",
        Timestamp(1_686_096_000),
        Timestamp(1_717_718_400),
    ),
    own: own(),
});

fn issued(issuer: &str, from: Timestamp, until: Timestamp) -> Certificate {
    let subject = [
        (DnType::CountryName, "US"),
        (DnType::LocalityName, "Bearville"),
        (DnType::OrganizationName, "BearWorld"),
        (DnType::CommonName, "mailrelay.pokebearswithsticks.com"),
    ];
    let issuer = [(DnType::CountryName, "US"), (DnType::CommonName, issuer)];
    certificate(
        "mailrelay.pokebearswithsticks.com",
        &subject,
        &issuer,
        (from, until),
    )
}

fn own() -> Certificate {
    let name = [(DnType::CommonName, "Bear1.bear.local")];
    let dates = (Timestamp(1_640_995_200), Timestamp(1_861_920_000));
    certificate("Bear1.bear.local", &name, &name, dates)
}

type Name<'a> = [(DnType, &'a str)];

fn certificate(
    san: &str,
    subject: &Name<'_>,
    issuer: &Name<'_>,
    (from, until): (Timestamp, Timestamp),
) -> Certificate {
    let named = |name: &Name<'_>| {
        let mut params = CertificateParams::new(vec![san.to_owned()]).unwrap();
        params.distinguished_name.remove(DnType::CommonName);
        for (kind, value) in name {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params
    };
    let moment = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.0).unwrap();
    let mut leaf = named(subject);
    leaf.not_before = moment(from);
    leaf.not_after = moment(until);
    let issuer = Issuer::new(named(issuer), KeyPair::generate().unwrap());
    let leaf = leaf
        .signed_by(&KeyPair::generate().unwrap(), &issuer)
        .unwrap();
    Certificate::from_der(leaf.der())
}

/// A certificate as Get-ExchangeCertificate and the Windows store tell of it.
pub(crate) fn stored(
    certificate: &Certificate,
    services: Option<&str>,
    key: bool,
) -> StoredCertificate {
    StoredCertificate {
        certificate: certificate.clone(),
        services: services.map(|words| words.split_whitespace().map(str::to_owned).collect()),
        status: Some("Valid".to_owned()),
        private_key: Some(key),
        listed: key,
        places: vec!["LocalMachine\\My".to_owned()],
    }
}

/// With the old certificate, both connectors, and no queue.
pub(crate) fn bear(name: &str, collected_at: Timestamp) -> Inventory {
    let held = &*CERTIFICATES;
    Inventory {
        collected_at,
        collector: Collector::default(),
        server: ServerIdentity {
            name: name.to_owned(),
            fqdn: Some(format!("{}.bear.local", name.to_lowercase())),
            kind: ServerKind::Exchange,
            version: "15.2.1258.12".to_owned(),
            addresses: vec![IpAddr::from([192, 0, 2, name.as_bytes()[4] - b'A' + 11])],
            running: Some(true),
        },
        errors: Vec::new(),
        queues: Some(Vec::new()),
        certificates: Some(vec![
            stored(&held.old, Some("SMTP"), true),
            stored(&held.own, Some("IIS SMTP"), true),
        ]),
        uses: Some(vec![connector("1111", INTERNET), connector("0292", OFFICE)]),
    }
}

fn connector(id: &str, name: &str) -> Use {
    Use {
        id: id.to_owned(),
        name: name.to_owned(),
        role: Role::Client,
        enabled: true,
        select: Select::TlsCertificateName {
            text: NAMED.to_owned(),
            names: TlsCertificateName::parse(NAMED).ok(),
        },
        servers: SERVERS.map(str::to_owned).to_vec(),
        require_tls: Some(true),
        auth_level: Some("DomainValidation".to_owned()),
        tls_domain: Some("mail.protection.outlook.com".to_owned()),
        fqdn: None,
        address_spaces: Vec::new(),
        bindings: Vec::new(),
    }
}

/// Mail for Office 365.
pub(crate) fn queue(status: QueueStatus, messages: u64, error: Option<&str>) -> Queue {
    Queue {
        kind: QueueKind::Delivery,
        next_hop: "growllikeabear.mail.onmicrosoft.com".into(),
        use_id: Some("0292".into()),
        status,
        messages,
        last_error: error.map(Into::into),
        since: error.map(|_| END.plus_seconds(28)),
        next_retry: None,
        velocity: Some(0.0),
        incoming_rate: None,
        outgoing_rate: None,
        delivery_type: None,
    }
}

/// A section that could not be collected.
pub(crate) fn lost(section: &str) -> SectionError {
    SectionError {
        section: section.to_owned(),
        text: "RawData only".to_owned(),
    }
}

/// The facts about all five; `change` makes each inventory what it is at the moment, by its place.
pub(crate) fn facts(
    collected_at: Timestamp,
    mut change: impl FnMut(usize, &mut Inventory),
) -> InsideFacts {
    let server = |(nth, name): (usize, &&str)| {
        let mut inventory = bear(name, collected_at);
        change(nth, &mut inventory);
        known(name, Some(inventory))
    };
    InsideFacts {
        servers: SERVERS.iter().enumerate().map(server).collect(),
        strays: Vec::new(),
    }
}

/// A server of which this inventory is known.
pub(crate) fn known(name: &str, inventory: Option<Inventory>) -> ServerFacts {
    ServerFacts {
        key: ServerKey(Arc::from(name)),
        newest: inventory.map(Arc::new),
        earlier: None,
        file: format!("{}.json", name.to_lowercase()),
        fault: None,
        max_age: 900,
        addresses: None,
        certificates_since: Arc::default(),
    }
}
