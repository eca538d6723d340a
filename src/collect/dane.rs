//! A host's name and addresses to what senders that do DANE learn of it (RFC 7672 §2.2): which name to ask, and what is
//! there; judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dns::{Addresses, Answer, Lookup, LookupFault, Security, Trail, Unanswered, Validation};
use crate::facts::published::{DaneFacts, DaneStanding, TlsaSet};
use crate::reason::Reason;

/// How senders come to a host.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    /// What DNSSEC says of the way to it; `None` where that is what it says of the host's own addresses (a domain
    /// without MX records).
    pub(super) security: Option<Security>,
    /// The mail domain, if it is one's host.
    pub(super) mail_domain: Option<Arc<str>>,
}

impl Hop {
    /// To a host that the configuration names (RFC 7672 §2.2.2).
    pub(super) fn configured() -> Self {
        Self {
            security: Some(Security::Secure),
            mail_domain: None,
        }
    }
}

/// Who is asked about which host.
#[derive(Clone, Copy)]
pub(super) struct AskingDane<'a> {
    lookup: &'a dyn Lookup,
    view: &'a str,
    host: &'a str,
}

impl<'a> AskingDane<'a> {
    /// Asks in a view about a host as it stands in the configuration or in an MX record.
    pub(super) fn new(lookup: &'a dyn Lookup, view: &'a str, host: &'a str) -> Self {
        Self { lookup, view, host }
    }
}

type FoundAddresses = Result<Answer<Addresses>, LookupFault>;

/// What senders learn, by port. Nothing in a view where nobody can tell, nor of a host that has no address.
pub(super) async fn facts(
    asking: AskingDane<'_>,
    ports: &[u16],
    hop: &Hop,
    found: &FoundAddresses,
) -> BTreeMap<u16, Arc<DaneFacts>> {
    let mut facts = BTreeMap::new();
    let Some(start) = asking.start(found).await else {
        return facts;
    };
    let trail = found.as_ref().ok().map(|found| &found.value.trail);
    let name = trail.and_then(|trail| trail.name.as_deref());
    let name = name.unwrap_or_else(|| asking.host.trim_end_matches('.'));
    let own = trail.map(|trail| trail.best).unwrap_or_default();
    for port in ports {
        let (base, standing) = match &start {
            Start::Known(standing) => (name, standing.clone()),
            Start::Ask { end, name } => asking.records(*port, *end, name).await,
        };
        let of_port = DaneFacts {
            port: *port,
            hop: hop.security.unwrap_or(own),
            base: base.into(),
            alias: (base != name).then(|| name.into()),
            mail_domain: hop.mail_domain.clone(),
            standing,
        };
        facts.insert(*port, Arc::new(of_port));
    }
    facts
}

/// What the addresses say about asking for TLSA records.
enum Start<'a> {
    /// That there is no need to.
    Known(DaneStanding),
    /// For the name at the end of the aliases, then for the name itself (RFC 7672 §2.2.3).
    Ask { end: Option<&'a str>, name: &'a str },
}

impl AskingDane<'_> {
    async fn start<'a>(self, found: &'a FoundAddresses) -> Option<Start<'a>> {
        match self.lookup.validates(self.view).await {
            Validation::NotAsked => return None,
            Validation::Unable => return Some(Start::Known(DaneStanding::Unavailable)),
            Validation::Unknown => {
                let why = "its resolver has not told yet whether it validates";
                return Some(Start::Known(DaneStanding::Pending(why.into())));
            }
            Validation::Able => {}
        }
        match found {
            Ok(found) => Some(self.along(&found.value.trail).await),
            Err(fault) if fault.reason == Reason::DnsError => {
                Some(Start::Known(DaneStanding::Error(fault.clone())))
            }
            Err(_) => None,
        }
    }

    /// A sender asks only under a host whose addresses are signed; an alias into a zone that is not is asked for its own
    /// records, if it is itself signed (RFC 7672 §2.2.2).
    async fn along<'t>(self, trail: &'t Trail) -> Start<'t> {
        let (name, end) = (trail.name.as_deref(), trail.end.as_deref());
        match (trail.best, name) {
            (Security::Secure, Some(name)) => Start::Ask { end, name },
            (Security::Insecure, Some(name)) if end.is_some() => {
                let alias = self.lookup.alias(self.view, name).await;
                match alias {
                    Ok(alias) if alias.security == Security::Secure => {
                        Start::Ask { end: None, name }
                    }
                    Ok(_) => Start::Known(DaneStanding::HostInsecure),
                    Err(why) => Start::Known(standing(why)),
                }
            }
            (Security::Insecure, _) => Start::Known(DaneStanding::HostInsecure),
            _ => {
                let why = "DNS was not asked for its addresses, so nobody can tell whether they are signed";
                Start::Known(DaneStanding::Pending(why.into()))
            }
        }
    }

    /// The records of the first name that has any that are signed.
    async fn records<'a>(
        self,
        port: u16,
        end: Option<&'a str>,
        name: &'a str,
    ) -> (&'a str, DaneStanding) {
        let mut insecure = None;
        for base in end.into_iter().chain([name]) {
            let owner = owner(port, base);
            match self.lookup.tlsa(self.view, &owner).await {
                Ok(found) if found.records.is_empty() => {}
                Ok(found) if found.security != Security::Secure => {
                    insecure.get_or_insert(base);
                }
                Ok(found) => {
                    let set = TlsaSet {
                        owner: owner.into(),
                        records: found.records,
                        published: found.count,
                        ttl: found.ttl,
                    };
                    return (base, DaneStanding::Records(set));
                }
                Err(why) => return (base, standing(why)),
            }
        }
        match insecure {
            Some(base) => (base, DaneStanding::Insecure),
            None => (name, DaneStanding::None),
        }
    }
}

/// Where the TLSA records of a host stand (RFC 6698 §3). Asked for at every look, so made in one piece.
fn owner(port: u16, base: &str) -> String {
    let port = port.to_string();
    ["_", &port, "._tcp.", base].concat()
}

fn standing(why: Unanswered) -> DaneStanding {
    match why {
        Unanswered::Failed(fault) => DaneStanding::Error(fault),
        Unanswered::Pending(why) => DaneStanding::Pending(why),
        Unanswered::NotAsked => DaneStanding::Pending("nobody asks in this view".into()),
    }
}
