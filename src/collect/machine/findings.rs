//! What was found out about a mail server, piece by piece, to its inventory.

use std::net::IpAddr;

use super::file;
use super::masked::masked;
use super::shelf::Shelf;
use crate::facts::inventory::{
    Collector, Inventory, Queue, SectionError, ServerIdentity, ServerKind, StoredCertificate, Use,
};
use crate::timestamp::Timestamp;

/// Most uses of an inventory.
const MOST_USES: usize = 1000;
/// Most complaints of an inventory.
const MOST_COMPLAINTS: usize = 100;

/// A part of an inventory that may not be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InventorySection {
    /// Mail that waits.
    Queues,
    /// Certificates.
    Certificates,
    /// What the configuration names.
    Uses,
    /// What was too much.
    Limits,
}

/// What is known so far.
#[derive(Debug)]
pub(super) struct Findings {
    kind: ServerKind,
    name: String,
    fqdn: Option<String>,
    /// Of the mail server's program.
    pub(super) version: String,
    /// Its own addresses.
    pub(super) addresses: Vec<IpAddr>,
    /// Whether it ran when its queue was read.
    pub(super) running: Option<bool>,
    /// Mail that waits.
    pub(super) queues: Option<Vec<Queue>>,
    certificates: Option<Vec<StoredCertificate>>,
    uses: Option<Vec<Use>>,
    errors: Vec<SectionError>,
}

impl InventorySection {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Queues => "queues",
            Self::Certificates => "certificates",
            Self::Uses => "uses",
            Self::Limits => "limits",
        }
    }
}

impl Findings {
    /// Nothing yet but the kind of server, which has this machine's name.
    pub(super) fn of(kind: ServerKind) -> Self {
        let mut findings = Self {
            kind,
            name: String::new(),
            fqdn: None,
            version: String::new(),
            addresses: Vec::new(),
            running: None,
            queues: None,
            certificates: None,
            uses: None,
            errors: Vec::new(),
        };
        findings.call(file::text("/proc/sys/kernel/hostname").trim(), None);
        findings
    }

    /// The server's full name, and the name of its instance where a machine has several.
    pub(super) fn call(&mut self, full: &str, instance: Option<&str>) {
        let full = full.trim_end_matches('.');
        if full.is_empty() {
            return;
        }
        let short = full.split('.').next().unwrap_or(full);
        self.name = instance.map_or_else(|| short.to_owned(), |name| format!("{short}/{name}"));
        self.fqdn = full.contains('.').then(|| full.to_owned());
    }

    /// Notes why a section is not whole.
    pub(super) fn complain(&mut self, section: InventorySection, text: &str) {
        if self.errors.len() < MOST_COMPLAINTS {
            self.errors.push(SectionError {
                section: section.as_str().to_owned(),
                text: masked(text, 400),
            });
        }
    }

    /// Takes all certificates.
    pub(super) fn shelve(&mut self, shelf: Shelf) {
        let (certificates, complaints) = shelf.into_parts();
        self.certificates = Some(certificates);
        for complaint in complaints {
            self.complain(InventorySection::Certificates, &complaint);
        }
    }

    /// Takes all uses.
    pub(super) fn list(&mut self, mut uses: Vec<Use>) {
        if uses.len() > MOST_USES {
            let text = format!(
                "{} uses, of which the first {MOST_USES} are here",
                uses.len()
            );
            self.complain(InventorySection::Limits, &text);
            uses.truncate(MOST_USES);
        }
        self.uses = Some(uses);
    }

    /// All of it, as of the moment when collecting began.
    pub(super) fn into_inventory(self, collected_at: Timestamp) -> Inventory {
        Inventory {
            collected_at,
            collector: Collector {
                name: "smtp-tls-exporter".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                seconds: None,
            },
            server: ServerIdentity {
                name: self.name,
                fqdn: self.fqdn,
                kind: self.kind,
                version: self.version,
                addresses: self.addresses,
                running: self.running,
            },
            errors: self.errors,
            queues: self.queues,
            certificates: self.certificates,
            uses: self.uses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_called_by_its_short_name_and_instance() {
        let mut findings = Findings::of(ServerKind::Postfix);
        findings.call("mx1.bears.test.", None);
        assert_eq!(
            (&*findings.name, findings.fqdn.as_deref()),
            ("mx1", Some("mx1.bears.test"))
        );
        findings.call("mx1", Some("postfix-out"));
        assert_eq!(
            (&*findings.name, &findings.fqdn),
            ("mx1/postfix-out", &None)
        );
        findings.call("", None);
        assert_eq!(findings.name, "mx1/postfix-out");
    }

    #[test]
    fn complaints_are_bounded_and_hold_no_address() {
        let mut findings = Findings::of(ServerKind::Exim);
        for _ in 0..1000 {
            findings.complain(InventorySection::Queues, "no such bear@bears.test");
        }
        let inventory = findings.into_inventory(Timestamp(0));
        assert_eq!(inventory.errors.len(), MOST_COMPLAINTS);
        assert_eq!(inventory.errors[0].text, "no such ***");
        assert!(!inventory.is_whole("queues") && inventory.is_whole("uses"));
    }
}
