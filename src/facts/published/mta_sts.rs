//! What senders that do MTA-STS learn of a mail domain (RFC 8461), and what they may still remember.

use std::net::IpAddr;
use std::sync::Arc;

use super::mistake::TextMistake;
use super::sts_policy::StsPolicy;
use super::sts_record::RecordError;
use crate::certificate::Certificate;
use crate::facts::lookup::LookupFault;
use crate::reason::Reason;
use crate::timestamp::Timestamp;

/// What is known of a domain's MTA-STS in one view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsFacts {
    /// What `_mta-sts.DOMAIN` says.
    pub record: StsRecord,
    /// The policy host, `mta-sts.DOMAIN`.
    pub host: Box<str>,
    /// Why the policy host has no address; also where only one address family was answered.
    pub host_fault: Option<LookupFault>,
    /// What each address of the policy host answered the last time it was asked, in the order of the addresses; at most 8.
    pub fetches: Box<[PolicyFetch]>,
    /// How many addresses there are behind those.
    pub omitted: usize,
    /// The last valid policy, also if it cannot be fetched any more.
    pub current: Option<KnownPolicy>,
    /// Valid policies before it that senders may still keep, the newest first.
    pub former: Box<[KnownPolicy]>,
}

impl StsFacts {
    /// The last valid policy, as long as senders may act by it: it is served now, or kept.
    pub fn in_force(&self, now: Timestamp) -> Option<&KnownPolicy> {
        let is_served = || self.fetches.iter().any(|fetch| fetch.policy().is_some());
        let current = self.current.as_ref()?;
        (current.kept_until() > now || is_served()).then_some(current)
    }

    /// Whether senders deliver to an MX host: it is in the last valid policy, and in the former ones that they may still
    /// keep (RFC 8461 §4.1, §8.1).
    pub fn covers(&self, host: &str, now: Timestamp) -> bool {
        let kept = self.former.iter().filter(|known| known.kept_until() > now);
        let mut all = self.current.iter().chain(kept);
        all.all(|known| known.policy.covers(host))
    }
}

/// What the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StsRecord {
    /// Nobody has answered yet; says why.
    Pending(Box<str>),
    /// There is none.
    None,
    /// Nobody could tell.
    Error(LookupFault),
    /// So many, where there may be one.
    Several(usize),
    /// It is malformed.
    Malformed(TextMistake),
    /// The id of the policy.
    Id(Box<str>),
}

impl StsRecord {
    /// Reads the records of the name, each with its strings joined.
    pub fn read<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Self {
        match super::sts_record::read_record(records) {
            Ok(Some(id)) => Self::Id(id),
            Ok(None) => Self::None,
            Err(RecordError::Several(count)) => Self::Several(count),
            Err(RecordError::Malformed(mistake)) => Self::Malformed(mistake),
        }
    }

    /// The id, of a record that is valid.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Pending(_)
            | Self::None
            | Self::Error(_)
            | Self::Several(_)
            | Self::Malformed(_) => None,
        }
    }
}

/// What one address of the policy host answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFetch {
    /// The address.
    pub address: IpAddr,
    /// When it was asked.
    pub at: Timestamp,
    /// The certificates as presented, leaf first, whatever is wrong with them; empty when none was seen.
    pub chain: Vec<Certificate>,
    /// The document, or why there is none.
    pub outcome: Result<PolicyDocument, FetchFault>,
}

impl PolicyFetch {
    /// The valid policy that it served.
    pub fn policy(&self) -> Option<&Arc<StsPolicy>> {
        let document = self.outcome.as_ref().ok()?;
        document.policy.as_ref().ok()
    }
}

/// A step on the way to a policy; [`as_str`](Self::as_str) is a public word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FetchStep {
    /// Opening the TCP connection.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// Looking at the certificate: senders go no further with one that is not trusted, out of date, or another name's.
    Certificate,
    /// The request and its answer.
    Http,
}

impl FetchStep {
    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Handshake => "handshake",
            Self::Certificate => "certificate",
            Self::Http => "http",
        }
    }
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchFault {
    /// The step that did not succeed.
    pub step: FetchStep,
    /// The reason of the probe or of the certificate, if one says it.
    pub reason: Option<Reason>,
    /// HTTP status, if one was read.
    pub status: Option<u16>,
    /// The evidence in words; may quote the peer, so it must be escaped wherever it is shown.
    pub detail: Box<str>,
}

/// What was served with status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDocument {
    /// As the server says; `text/plain` is expected (RFC 8461 §3.2).
    pub content_type: Option<Box<str>>,
    /// The document, at most 64 KiB; what is not UTF-8 is replaced. Must be escaped wherever it is shown.
    pub text: Arc<str>,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// The policy that it is, or why senders refuse it.
    pub policy: Result<Arc<StsPolicy>, TextMistake>,
}

/// A valid policy that was read, now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPolicy {
    /// The id that the record had when it was last read.
    pub id: Box<str>,
    /// What it asks for.
    pub policy: Arc<StsPolicy>,
    /// The text.
    pub text: Arc<str>,
    /// SHA-256 of the text.
    pub hash: [u8; 32],
    /// When this text was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often it was seen under an id that an earlier text had, too: senders that keep that do not notice
    /// (RFC 8461 §3.1). 0 where the id is its own.
    pub seen_under_old_id: u32,
}

impl KnownPolicy {
    /// Until when senders may keep it that saw it when we last did.
    pub fn kept_until(&self) -> Timestamp {
        let seconds = i64::try_from(self.policy.max_age.as_secs()).unwrap_or(i64::MAX);
        self.last_seen.plus_seconds(seconds)
    }
}
