//! What one inventory says, as values.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::certificate::{Certificate, TlsCertificateName, Unreadable};
use crate::timestamp::Timestamp;

/// What one inventory says (schema `smtp-tls-inventory/1`). A list that is `None` was not collected.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// When collecting began.
    pub collected_at: Timestamp,
    /// Who wrote it.
    pub collector: Collector,
    /// About which server.
    pub server: ServerIdentity,
    /// What could not be collected, and what the reader had to leave out.
    pub errors: Vec<SectionError>,
    /// Mail that waits.
    pub queues: Option<Vec<Queue>>,
    /// The certificates that are on the server.
    pub certificates: Option<Vec<StoredCertificate>>,
    /// Where its configuration names one.
    pub uses: Option<Vec<Use>>,
}

/// The program that wrote an inventory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collector {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many seconds it took.
    pub seconds: Option<f64>,
}

/// The server that an inventory is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerIdentity {
    /// Its name, as it gives it itself.
    pub name: String,
    /// Its full name in DNS.
    pub fqdn: Option<String>,
    /// What kind of mail server it is.
    pub kind: ServerKind,
    /// Of the mail server's program.
    pub version: String,
    /// Its own addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether the mail service ran when its queue was read.
    pub running: Option<bool>,
}

/// What kind of mail server it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerKind {
    /// Microsoft Exchange, Mailbox role.
    Exchange,
    /// Microsoft Exchange, Edge Transport role.
    ExchangeEdge,
    /// Postfix.
    Postfix,
    /// Exim.
    Exim,
    /// Another word: its certificates are in files.
    Other(String),
}

/// A section of an inventory that is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionError {
    /// `queues`, `certificates`, `store`, `uses`, `limits`, or another word.
    pub section: String,
    /// Why, with what may be an address masked.
    pub text: String,
}

/// Messages that wait for one next hop, with one status and one error. The queues of an inventory share their words.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// What for.
    pub kind: QueueKind,
    /// Domain, smart host or connector, as the server says it; never an address.
    pub next_hop: Arc<str>,
    /// The id of the use with which they are sent.
    pub use_id: Option<Arc<str>>,
    /// What the server does about them.
    pub status: QueueStatus,
    /// How many.
    pub messages: u64,
    /// What the server was told last, with what may be an address masked.
    pub last_error: Option<Arc<str>>,
    /// Since when the oldest waits, or since when it is retried.
    pub since: Option<Timestamp>,
    /// When it is tried next.
    pub next_retry: Option<Timestamp>,
    /// Messages a second, as Exchange says it; its sign is not to be relied on.
    pub velocity: Option<f64>,
    /// Messages a second that come in.
    pub incoming_rate: Option<f64>,
    /// Messages a second that go out.
    pub outgoing_rate: Option<f64>,
    /// Exchange's word for how they are delivered.
    pub delivery_type: Option<Arc<str>>,
}

/// What a queue is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueKind {
    /// Mail on its way out.
    Delivery,
    /// Mail that came in and is not sorted yet.
    Submission,
    /// Mail for which there is no route.
    Unreachable,
    /// Mail that may have broken the server.
    Poison,
    /// Copies that another server is responsible for.
    Shadow,
}

/// What a server does about the messages of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueStatus {
    /// They are being sent.
    Active,
    /// A connection is being made.
    Connecting,
    /// They wait for their turn.
    Ready,
    /// They failed and are tried again later.
    Retry,
    /// An administrator, or the server, holds them.
    Suspended,
    /// Another word.
    Other,
}

/// A certificate that is on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// The certificate itself.
    pub certificate: Certificate,
    /// The services for which it is enabled; `None`: unknown, or there is no such thing on this kind of server.
    pub services: Option<Vec<String>>,
    /// Exchange's word for its state.
    pub status: Option<String>,
    /// Whether the server has its private key; `None`: unknown.
    pub private_key: Option<bool>,
    /// False: in the Windows store, but not in Get-ExchangeCertificate.
    pub listed: bool,
    /// Where it lies: stores, files.
    pub places: Vec<String>,
}

/// A place where a server's configuration names a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// By which queues name it, compared without case.
    pub id: String,
    /// Of the connector, for people.
    pub name: String,
    /// Who presents the certificate to whom.
    pub role: Role,
    /// False: switched off.
    pub enabled: bool,
    /// Which certificates.
    pub select: Select,
    /// The servers that may use it; empty: every server that reports it.
    pub servers: Vec<String>,
    /// Whether mail goes only with TLS.
    pub require_tls: Option<bool>,
    /// Exchange's TlsAuthLevel.
    pub auth_level: Option<String>,
    /// The name that the peer's certificate must have.
    pub tls_domain: Option<String>,
    /// The name that the connector gives itself.
    pub fqdn: Option<String>,
    /// Which mail goes through it.
    pub address_spaces: Vec<String>,
    /// Where it listens.
    pub bindings: Vec<String>,
}

/// Who presents the certificate to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The server, when it connects.
    Client,
    /// The server, to whoever connects.
    Server,
}

/// How a use selects certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// By issuer and subject, as Exchange's TlsCertificateName does.
    TlsCertificateName {
        /// As written.
        text: String,
        /// Its two names; `None` where it has none.
        names: Option<TlsCertificateName>,
    },
    /// By a name that the certificate must have.
    Fqdn(String),
    /// By the places where it lies.
    Place(Vec<String>),
    /// None is presented, on purpose.
    Nothing,
    /// The collector could not tell; why.
    Unresolved(String),
}

impl Inventory {
    /// Whether nothing of a section was lost.
    pub fn is_whole(&self, section: &str) -> bool {
        !self.errors.iter().any(|error| error.section == section)
    }

    /// The certificates that are on the server.
    pub fn certificates(&self) -> &[StoredCertificate] {
        self.certificates.as_deref().unwrap_or_default()
    }

    /// Where its configuration names one.
    pub fn uses(&self) -> &[Use] {
        self.uses.as_deref().unwrap_or_default()
    }

    /// Mail that waits.
    pub fn queues(&self) -> &[Queue] {
        self.queues.as_deref().unwrap_or_default()
    }

    /// Its connectors' names, to be found by what queues say.
    pub(crate) fn connectors(&self) -> Connectors<'_> {
        let uses = self.uses().iter();
        Connectors(
            uses.map(|one| (one.id.to_lowercase(), &*one.name))
                .collect(),
        )
    }
}

/// The names of connectors, by their ids in lower case.
pub(crate) struct Connectors<'a>(HashMap<String, &'a str>);

impl<'a> Connectors<'a> {
    /// The name of the one with which a queue's messages are sent; empty where none is known.
    pub(crate) fn of(&self, queue: &Queue) -> &'a str {
        let id = queue.use_id.as_ref().map(|id| id.to_lowercase());
        id.and_then(|id| self.0.get(&id).copied()).unwrap_or("")
    }
}

impl Use {
    /// One that is switched on and selects so, of which nothing else is known.
    pub fn new(id: &str, name: &str, role: Role, select: Select) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            role,
            enabled: true,
            select,
            servers: Vec::new(),
            require_tls: None,
            auth_level: None,
            tls_domain: None,
            fqdn: None,
            address_spaces: Vec::new(),
            bindings: Vec::new(),
        }
    }

    /// The connector string by which it selects, if it does so.
    pub fn tls_certificate_name(&self) -> Option<&str> {
        match &self.select {
            Select::TlsCertificateName { text, .. } => Some(text),
            Select::Fqdn(_) | Select::Place(_) | Select::Nothing | Select::Unresolved(_) => None,
        }
    }

    /// The name by which it selects, else the one that it gives itself.
    pub fn shown_fqdn(&self) -> Option<&str> {
        match &self.select {
            Select::Fqdn(name) => Some(name),
            Select::TlsCertificateName { .. }
            | Select::Place(_)
            | Select::Nothing
            | Select::Unresolved(_) => self.fqdn.as_deref(),
        }
    }
}

impl ServerKind {
    /// The public word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Exchange => "exchange",
            Self::ExchangeEdge => "exchange-edge",
            Self::Postfix => "postfix",
            Self::Exim => "exim",
            Self::Other(word) => word,
        }
    }

    /// Whether certificates have to be enabled for services.
    pub fn is_exchange(&self) -> bool {
        match self {
            Self::Exchange | Self::ExchangeEdge => true,
            Self::Postfix | Self::Exim | Self::Other(_) => false,
        }
    }
}

impl QueueKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Delivery,
        Self::Submission,
        Self::Unreachable,
        Self::Poison,
        Self::Shadow,
    ];

    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Submission => "submission",
            Self::Unreachable => "unreachable",
            Self::Poison => "poison",
            Self::Shadow => "shadow",
        }
    }
}

impl QueueStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Connecting,
        Self::Ready,
        Self::Retry,
        Self::Suspended,
        Self::Other,
    ];

    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Retry => "retry",
            Self::Suspended => "suspended",
            Self::Other => "other",
        }
    }
}

impl Role {
    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl StoredCertificate {
    /// Whether it is enabled for SMTP, where that is known.
    pub fn is_smtp_enabled(&self) -> Option<bool> {
        let services = self.services.as_ref()?;
        Some(
            services
                .iter()
                .any(|word| word.eq_ignore_ascii_case("smtp")),
        )
    }

    /// What it says.
    ///
    /// # Errors
    /// [`Unreadable`] where its DER is no certificate.
    pub fn facts(&self) -> Result<&crate::certificate::Facts, &Unreadable> {
        self.certificate.facts()
    }
}
