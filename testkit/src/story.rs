//! The inside of five Exchange servers at each moment of a renewal that went wrong, as inventories in JSON.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;

use crate::peer::{Authority, Credentials, Leaf};

/// The servers, by name.
pub const SERVERS: [&str; 5] = ["BearA", "BearB", "BearC", "BearD", "BearE"];
/// The two send connectors.
pub const CONNECTORS: [&str; 2] = ["Internet Mail (Primary)", "Outbound to Office 365"];
/// What both say of their certificate.
pub const WANTED: &str = "<I>CN=Bear Issuing CA, O=BearWorld, L=Bearville, C=US\
                          <S>CN=mailrelay.bears.test, O=BearWorld, L=Bearville, C=US";
/// Where the mail is for.
pub const NEXT_HOP: &str = "growllikeabear.mail.onmicrosoft.com";
/// What Exchange says of it.
pub const ERROR: &str = "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.";

const ID: &str = "0292c782-9804-4d8b-ae0e-e1c7ab90852b";

/// A moment of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Forty days before the certificate ends.
    Healthy,
    /// Six days before, and nothing done.
    Late,
    /// It ended, and there is no other one: mail waits.
    Expired,
    /// The new one is on all servers, on BearC without its key, and nowhere enabled.
    Imported,
    /// It is enabled on BearA.
    EnabledOnOne,
    /// It is enabled everywhere, and the queues drain.
    EnabledOnAll,
    /// They are empty.
    Drained,
}

impl Moment {
    /// From the first to the last.
    pub const ALL: [Self; 7] = [
        Self::Healthy,
        Self::Late,
        Self::Expired,
        Self::Imported,
        Self::EnabledOnOne,
        Self::EnabledOnAll,
        Self::Drained,
    ];

    fn messages(self) -> [u32; 5] {
        match self {
            Self::Healthy | Self::Late | Self::Drained => [0; 5],
            Self::Expired | Self::Imported => [1443, 1122, 1442, 800, 2887],
            Self::EnabledOnOne => [443, 1122, 1442, 800, 2887],
            Self::EnabledOnAll => [2, 111, 17, 52, 87],
        }
    }

    fn is_enabled(self, server: usize) -> bool {
        self >= Self::EnabledOnAll || self == Self::EnabledOnOne && server == 0
    }
}

/// The certificates of the story.
pub struct Story {
    /// Of the authority's moment: it ends in forty days, in six days, six days ago.
    old: [Credentials; 3],
    new: Credentials,
}

impl Story {
    /// With certificates of this authority, which is called Bear.
    pub fn new(authority: &Authority) -> Self {
        let issue = |from, until| {
            let leaf = Leaf::server("mailrelay.bears.test", from, until);
            authority.issue(&leaf)
        };
        Self {
            old: [issue(-325, 40), issue(-359, 6), issue(-371, -6)],
            new: issue(-2, 88),
        }
    }

    /// The certificate that was used until then.
    pub fn old(&self, moment: Moment) -> &Credentials {
        match moment {
            Moment::Healthy => &self.old[0],
            Moment::Late => &self.old[1],
            _ => &self.old[2],
        }
    }

    /// The one that is to be used from then on.
    pub fn renewed(&self) -> &Credentials {
        &self.new
    }

    /// What the collector wrote on a server at `collected_at`, a time in RFC 3339.
    pub fn inventory(&self, moment: Moment, server: usize, collected_at: &str) -> String {
        let name = SERVERS[server];
        let old = self.stored(self.old(moment), true, true);
        let new = match moment {
            Moment::Healthy | Moment::Late | Moment::Expired => String::new(),
            _ => {
                // Whoever enables it has seen to the key.
                let has_key = moment >= Moment::EnabledOnAll || server != 2;
                format!(
                    ", {}",
                    self.stored(&self.new, has_key, moment.is_enabled(server))
                )
            }
        };
        let uses = CONNECTORS.map(send);
        format!(
            r#"{{"schema": "smtp-tls-inventory/1", "collected_at": "{collected_at}",
"collector": {{"name": "Get-SmtpTlsInside.ps1", "version": "1.0.0", "seconds": 21.4}},
"server": {{"name": "{name}", "fqdn": "{}.bear.local", "kind": "exchange", "version": "15.2.1258.12", "addresses": ["127.0.28.{}"], "running": true}},
"errors": [], "queues": [{}], "certificates": [{old}{new}], "uses": [{}]}}"#,
            name.to_lowercase(),
            server + 11,
            queue(moment, server),
            uses.join(", "),
        )
    }

    /// Writes the inventories of all servers into a folder, as a collector does: each in one step.
    pub fn write(&self, moment: Moment, collected_at: &str, folder: &Path) {
        for (nth, name) in SERVERS.iter().enumerate() {
            let (beside, file) = (
                folder.join(format!("{name}.new")),
                folder.join(format!("{name}.json")),
            );
            fs::write(&beside, self.inventory(moment, nth, collected_at)).unwrap();
            fs::rename(&beside, &file).unwrap();
        }
    }

    fn stored(&self, credentials: &Credentials, has_key: bool, enabled: bool) -> String {
        let der = BASE64.encode(&credentials.chain[0]);
        let services = if enabled { r#"["SMTP"]"# } else { "[]" };
        format!(
            r#"{{"der": "{der}", "services": {services}, "status": "Valid", "private_key": {has_key}, "listed": {has_key}, "places": ["LocalMachine\\My"]}}"#
        )
    }
}

fn queue(moment: Moment, server: usize) -> String {
    let messages = moment.messages()[server];
    if messages == 0 {
        return String::new();
    }
    let (status, error, velocity) = if moment.is_enabled(server) {
        ("Active", "null".to_owned(), "-0.72")
    } else {
        ("Retry", format!("\"{ERROR}\""), "0.0")
    };
    format!(
        r#"{{"kind": "delivery", "next_hop": "{NEXT_HOP}", "use": "{ID}", "status": "{status}", "messages": {messages}, "last_error": {error}, "since": "2023-06-06T17:05:10Z", "velocity": {velocity}}}"#
    )
}

fn send(connector: &str) -> String {
    let id = if connector == CONNECTORS[1] {
        ID
    } else {
        "5b1f0c59-2a53-4f0d-9c53-6d4e9ad1c0a1"
    };
    let servers = SERVERS.map(|server| format!("\"{server}\""));
    format!(
        r#"{{"id": "{id}", "name": "{connector}", "role": "client", "enabled": true, "select": {{"tls_certificate_name": "{WANTED}"}}, "servers": [{}], "require_tls": true, "auth_level": "DomainValidation", "tls_domain": "mail.protection.outlook.com"}}"#,
        servers.join(", ")
    )
}
