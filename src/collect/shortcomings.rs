//! An answer of DNS to what is wrong with it, in words; asks nobody.

use std::net::IpAddr;

use super::extent::Extent;
use super::sightings::{MAX_ADDRESSES, Sightings};
use crate::dns::{AddressFamily, Addresses, LookupFault};
use crate::reason::Reason;

/// What is wrong with an answer.
pub(super) fn shortcomings(
    host: &str,
    found: &Addresses,
    sightings: &Sightings,
) -> Vec<(Extent, LookupFault)> {
    let mut faults = Vec::new();
    let extent = match sightings.addresses().next() {
        Some(_) => Extent::Half,
        None => Extent::Part,
    };
    if sightings.answered == 0 {
        let (reason, detail) = (Reason::DnsNotFound, format!("{host} has no address"));
        faults.push((extent, LookupFault { reason, detail }));
    }
    if !sightings.unusable.is_empty() {
        faults.push((extent, unusable(host, &sightings.unusable)));
    }
    if let Some((family, fault)) = &found.lost {
        let family = match family {
            AddressFamily::Any => "all",
            AddressFamily::Ipv4 => "IPv4",
            AddressFamily::Ipv6 => "IPv6",
        };
        let detail = format!("{family} addresses of {host} unknown: {}", fault.detail);
        let reason = fault.reason;
        faults.push((extent, LookupFault { reason, detail }));
    }
    if sightings.answered > MAX_ADDRESSES {
        faults.push((extent, too_many(host, sightings.answered)));
    }
    faults
}

/// Most faults that a detail tells.
const TOLD: usize = 5;

/// The one reason for all that is missing: the worst, with the evidence for all of them.
pub(super) fn summed_up(mut faults: Vec<(Extent, LookupFault)>) -> Option<(Extent, LookupFault)> {
    faults.sort_by_key(|(extent, _)| std::cmp::Reverse(*extent));
    let (worst, first) = faults.first()?;
    let told = faults.iter().take(TOLD);
    let mut told: Vec<_> = told.map(|(_, fault)| fault.detail.clone()).collect();
    if let more @ 1.. = faults.len().saturating_sub(TOLD) {
        told.push(format!("and {more} more"));
    }
    let fault = LookupFault {
        reason: first.reason,
        detail: told.join("; "),
    };
    Some((*worst, fault))
}

/// Most addresses that a detail lists.
const LISTED: usize = 4;

pub(super) fn unusable(host: &str, addresses: &[IpAddr]) -> LookupFault {
    let listed = addresses.iter().take(LISTED).map(ToString::to_string);
    let listed: Vec<_> = listed.collect();
    let more = match addresses.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    LookupFault {
        reason: Reason::AddressUnusable,
        detail: format!(
            "{host} has the address {}{more}, which no server can have (unspecified, multicast or broadcast)",
            listed.join(", ")
        ),
    }
}

fn too_many(host: &str, count: usize) -> LookupFault {
    LookupFault {
        reason: Reason::TooManyAnswers,
        detail: format!("{host} has {count} addresses; the first {MAX_ADDRESSES} are probed"),
    }
}
