//! The MX records of a domain to the hosts that take its mail, after RFC 5321 §5.1 and RFC 7505; asks nobody.

use std::collections::HashSet;

use crate::dns::{Exchanger, LookupFault};
use crate::endpoint::{Place, Source};
use crate::name::Host;
use crate::reason::Reason;

/// Most hosts of a domain that are probed; real ones have up to a dozen.
const MAX_HOSTS: usize = 50;

/// The hosts that take a domain's mail, and what is wrong with the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hosts {
    /// Each host once, the preferred first.
    pub(super) hosts: Vec<Exchanger>,
    /// The first record that names no host.
    pub(super) fault: Option<LookupFault>,
}

/// Reads a domain's MX records; without any the domain itself is the host (implicit MX).
pub(super) fn hosts(domain: &str, mut records: Vec<Exchanger>) -> Hosts {
    if records.is_empty() {
        records.push(Exchanger {
            preference: 0,
            host: domain.to_owned(),
        });
    }
    records.sort();
    let (null, named): (Vec<_>, Vec<_>) = records.into_iter().partition(|r| r.host.is_empty());
    let mut found = Hosts::default();
    // A null MX beside others means nothing (RFC 7505 §3 forbids it).
    if named.is_empty() && !null.is_empty() {
        found.fault = Some(LookupFault {
            reason: Reason::NullMx,
            detail: format!("{domain} takes no mail (null MX)"),
        });
    }
    let mut seen = HashSet::new();
    for record in named {
        match host(domain, &record) {
            Ok(host) if !seen.insert(host.clone()) => {}
            Ok(host) => found.hosts.push(Exchanger { host, ..record }),
            Err(fault) => {
                found.fault.get_or_insert(fault);
            }
        }
    }
    if found.hosts.len() > MAX_HOSTS {
        let count = found.hosts.len();
        found.hosts.truncate(MAX_HOSTS);
        found.fault.get_or_insert_with(|| LookupFault {
            reason: Reason::TooManyAnswers,
            detail: format!("{domain} has {count} MX hosts; the first {MAX_HOSTS} are probed"),
        });
    }
    found
}

fn host(domain: &str, record: &Exchanger) -> Result<String, LookupFault> {
    // DNS libraries escape the brackets of [192.0.2.1].
    match Host::parse(&record.host.replace('\\', "")) {
        Ok(Host::Name(name)) => Ok(name),
        Ok(Host::Address(address)) => Err(LookupFault {
            reason: Reason::MxIpLiteral,
            detail: format!("{domain} has the MX {address}, an address instead of a host name"),
        }),
        // Digits all through are a mistyped address.
        Err(error) => Err(LookupFault {
            reason: Reason::DnsError,
            detail: format!("{domain} has an MX that is no host: {error}"),
        }),
    }
}

/// The hosts of a mail domain are complete names (RFC 5321 §2.3.5): no search list leads a stranger's record elsewhere.
pub(super) fn as_asked(source: &Source, name: &str) -> String {
    match &source.place {
        Place::Mx(domain) if domain != name || name.contains('.') => format!("{name}."),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(records: &[(u16, &str)]) -> (Vec<(u16, String)>, Option<Reason>) {
        let records = records.iter().map(|(preference, host)| Exchanger {
            preference: *preference,
            host: (*host).to_owned(),
        });
        let found = hosts("bears.test", records.collect());
        let hosts = found.hosts.into_iter().map(|e| (e.preference, e.host));
        (hosts.collect(), found.fault.map(|f| f.reason))
    }

    #[test]
    fn hosts_come_by_preference_and_once() {
        let (hosts, fault) = read(&[(20, "b.test"), (10, "a.test"), (30, "A.test")]);
        assert_eq!(hosts, [(10, "a.test".into()), (20, "b.test".into())]);
        assert_eq!(fault, None);
    }

    #[test]
    fn a_domain_without_mx_is_its_own_host() {
        assert_eq!(read(&[]), (vec![(0, "bears.test".into())], None));
    }

    #[test]
    fn a_null_mx_counts_alone_only() {
        assert_eq!(read(&[(0, "")]), (vec![], Some(Reason::NullMx)));
        let beside = read(&[(0, ""), (10, "a.test")]);
        assert_eq!(beside, (vec![(10, "a.test".into())], None));
    }

    #[test]
    fn an_address_is_no_host() {
        for literal in ["192.0.2.1", "\\[192.0.2.1\\]"] {
            let (hosts, fault) = read(&[(10, literal), (20, "b.test")]);
            assert_eq!(fault, Some(Reason::MxIpLiteral), "{literal}");
            assert_eq!(hosts, [(20, "b.test".into())], "the others are probed");
        }
        assert_eq!(read(&[(10, "a b.test")]).1, Some(Reason::DnsError));
    }

    #[test]
    fn a_flood_of_hosts_is_cut() {
        let names: Vec<_> = (0..1000).map(|n| format!("mx{n}.test")).collect();
        let records: Vec<_> = names.iter().map(|name| (1, name.as_str())).collect();
        let (hosts, fault) = read(&records);
        assert_eq!((hosts.len(), fault), (50, Some(Reason::TooManyAnswers)));
    }
}
