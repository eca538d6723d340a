//! Replies to an answer, along the aliases (RFC 1034 §3.6.2); asks nobody.

use std::time::Duration;

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record};

use super::super::record_set::{RecordKind, RecordSet};
use super::data::{self, KeptRecords, is_of, shown};
use crate::facts::lookup::Security;

/// More aliases than any resolver follows.
const MAX_ALIASES: usize = 16;

/// A reply that says something about the name.
pub(super) struct Statement {
    pub(super) records: Vec<Record>,
    pub(super) exists: bool,
    /// How long an absence may be kept; of none that says nothing about it.
    pub(super) negative_ttl: Option<u32>,
    /// As far as somebody looked.
    pub(super) security: Security,
}

impl Statement {
    /// The same of a server whose word on signatures is taken: of all that it answered, aliases included. Of an
    /// absence its word is lost on the way; nobody needs it.
    pub(super) fn trusted(reply: Result<DnsResponse, NetError>) -> Result<Self, NetError> {
        let security = match &reply {
            Ok(response) if response.metadata.authentic_data => Security::Secure,
            Ok(_) => Security::Insecure,
            Err(_) => Security::Unknown,
        };
        let statement = Self::new(reply)?;
        Ok(Self {
            security,
            ..statement
        })
    }

    /// What was replied, or why that says nothing.
    pub(super) fn new(reply: Result<DnsResponse, NetError>) -> Result<Self, NetError> {
        match reply {
            Ok(response) => Ok(Self {
                exists: response.metadata.response_code != ResponseCode::NXDomain,
                negative_ttl: response.negative_ttl(),
                records: response.into_message().answers,
                security: Security::Unknown,
            }),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => Ok(Self {
                records: Vec::new(),
                exists: none.response_code != ResponseCode::NXDomain,
                negative_ttl: none.negative_ttl,
                security: Security::Unknown,
            }),
            Err(error) => Err(error),
        }
    }
}

/// What to do after a reply.
pub(super) enum AliasStep {
    /// Nothing: this is the answer.
    Done(RecordSet),
    /// Ask for the name at the end: this reply did not say.
    Ask,
    /// Give up, for this reason.
    Astray(String),
}

/// The aliases from a name on.
pub(super) struct AliasChain {
    kind: RecordKind,
    names: Vec<Name>,
    /// The shortest so far, in seconds.
    ttl: u32,
    /// Of all replies so far.
    security: Security,
}

impl AliasChain {
    pub(super) fn new(name: Name, kind: RecordKind) -> Self {
        Self {
            kind,
            names: vec![name],
            ttl: u32::MAX,
            security: Security::Secure,
        }
    }

    /// The name to ask for.
    pub(super) fn end(&self) -> &Name {
        &self.names[self.names.len() - 1]
    }

    /// Goes along what was replied to the question for the name at the end.
    pub(super) fn follow(&mut self, statement: &Statement) -> AliasStep {
        self.security = self.security.and(statement.security);
        let asked = self.names.len();
        loop {
            let here = || statement.records.iter().filter(|r| r.name == *self.end());
            let records: Vec<_> = here().filter(|r| is_of(r, self.kind)).collect();
            if !records.is_empty() {
                let told = data::bounded(&records, self.kind);
                let published_ttl = data::published_ttl(here(), self.kind);
                let ttl = records.iter().map(|r| r.ttl).min();
                return self.done(told, published_ttl.or(ttl), true, ttl);
            }
            let alias = here().find_map(|r| match &r.data {
                RData::CNAME(target) => Some((target.0.clone(), r.ttl)),
                _ => None,
            });
            let Some((target, ttl)) = alias else { break };
            self.ttl = self.ttl.min(ttl);
            let is_loop = self.names.contains(&target);
            self.names.push(target);
            if is_loop || self.names.len() > MAX_ALIASES {
                return AliasStep::Astray(self.astray(is_loop));
            }
        }
        let was_told = self.names.len() == asked || statement.negative_ttl.is_some();
        if statement.exists && !was_told {
            return AliasStep::Ask;
        }
        let ttl = statement.negative_ttl;
        self.done(KeptRecords::default(), ttl, statement.exists, ttl)
    }

    fn done(
        &self,
        told: KeptRecords,
        published_ttl: Option<u32>,
        exists: bool,
        ttl: Option<u32>,
    ) -> AliasStep {
        let alias_of = (self.names.len() > 1).then(|| shown(self.end()).into());
        AliasStep::Done(RecordSet {
            records: told.records,
            count: told.count,
            alias_of,
            exists,
            security: self.security,
            ttl: Duration::from_secs(self.ttl.min(ttl.unwrap_or(0)).into()),
            published_ttl: Duration::from_secs(published_ttl.unwrap_or(0).into()),
        })
    }

    fn astray(&self, is_loop: bool) -> String {
        let names: Vec<_> = self.names.iter().map(shown).collect();
        let what = if is_loop {
            "its aliases go round in circles"
        } else {
            "it leads through too many aliases"
        };
        format!("{what}: {}", names.join(" → "))
    }
}
