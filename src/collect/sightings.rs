//! The addresses of one host as DNS said them over time: which of them are endpoints now. Time is an argument.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::dns::{AddressFamily, AddressRecord, Addresses};
use crate::endpoint::is_unusable;
use crate::timestamp::Timestamp;

/// Most addresses of one answer that are probed; real ones have up to a dozen.
pub(super) const MAX_ADDRESSES: usize = 100;
/// Most addresses of a family, those of the newest answer included, up to which earlier ones are kept beside it.
const MAX_KEPT: usize = 64;
/// How many TTLs an address is kept that newer answers do not have, and the bounds of that in seconds.
const KEPT_TTLS: i64 = 60;
const KEPT_LEAST: i64 = 300;
const KEPT_MOST: i64 = 3600;

/// What the newest answer does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Nothing,
    /// The addresses of this family.
    Half(AddressFamily),
    Everything,
}

impl Unknown {
    fn covers(self, address: IpAddr) -> bool {
        match self {
            Self::Nothing => false,
            Self::Half(family) => family.takes(address),
            Self::Everything => true,
        }
    }
}

/// What is known of one host's addresses.
#[derive(Debug, Clone)]
pub(super) struct Sightings {
    /// Those of the newest answer.
    current: Vec<AddressRecord>,
    unknown: Unknown,
    /// Until when each is kept though newer answers do not have it.
    kept: BTreeMap<IpAddr, Timestamp>,
    /// Of the newest answer, those that no server can have.
    pub(super) unusable: Vec<IpAddr>,
    /// How many addresses the newest answer had.
    pub(super) answered: usize,
}

impl Sightings {
    /// Of a host of which nothing could be found out this time.
    pub(super) fn none() -> Self {
        Self {
            current: Vec::new(),
            unknown: Unknown::Everything,
            kept: BTreeMap::new(),
            unusable: Vec::new(),
            answered: 0,
        }
    }

    /// Of a host that DNS has answered for.
    pub(super) fn new(answer: &Addresses) -> Self {
        let mut current = answer.records.clone();
        current.sort_unstable_by_key(|record| record.address);
        current.dedup_by_key(|record| record.address);
        let answered = current.len();
        let (unusable, mut current): (Vec<_>, Vec<_>) = current
            .into_iter()
            .partition(|record| is_unusable(record.address));
        current.truncate(MAX_ADDRESSES);
        let unusable = unusable.into_iter().map(|record| record.address).collect();
        let mut seen = Self {
            current,
            unusable,
            answered,
            ..Self::none()
        };
        seen.unknown = match &answer.lost {
            _ if seen.current.is_empty() => Unknown::Everything,
            Some((family, _)) => Unknown::Half(*family),
            None => seen.filtered(),
        };
        seen
    }

    /// A family of which only addresses came that are none was not told.
    fn filtered(&self) -> Unknown {
        let is_filtered = |family: &AddressFamily| {
            self.unusable.iter().any(|address| family.takes(*address))
                && !self.addresses().any(|address| family.takes(address))
        };
        let families = [AddressFamily::Ipv4, AddressFamily::Ipv6].into_iter();
        let mut filtered = families.filter(is_filtered);
        filtered.next().map_or(Unknown::Nothing, Unknown::Half)
    }

    /// The usable addresses of the newest answer, in order.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.current.iter().map(|record| record.address)
    }

    /// The addresses that are only known from before, in order.
    pub(super) fn last_known(&self) -> impl Iterator<Item = IpAddr> {
        let is_earlier = |address: &IpAddr| !self.is_current(*address);
        self.kept.keys().copied().filter(is_earlier)
    }

    fn is_current(&self, address: IpAddr) -> bool {
        self.current
            .binary_search_by_key(&address, |record| record.address)
            .is_ok()
    }

    /// Keeps what was seen before as long as it may still be true: while DNS does not tell, and for a while after it
    /// told otherwise, as names with many addresses hand out some of them each time.
    pub(super) fn remember(&mut self, earlier: Option<&Self>, now: Timestamp) {
        let before = earlier.map(|earlier| &earlier.kept);
        for record in &self.current {
            let until = now.plus_seconds(record.ttl.map_or(0, kept_seconds));
            let known = before.and_then(|kept| kept.get(&record.address));
            let until = known.map_or(until, |known| until.max(*known));
            self.kept.insert(record.address, until);
        }
        let unseen = before.into_iter().flatten();
        let unseen = unseen
            .map(|(address, until)| (*address, *until))
            .filter(|(address, _)| !self.is_current(*address));
        let (unknown, missed): (Vec<_>, Vec<_>) =
            unseen.partition(|(address, _)| self.unknown.covers(*address));
        let mut missed: Vec<_> = missed
            .into_iter()
            .filter(|(_, until)| *until > now)
            .collect();
        missed.sort_by_key(|(_, until)| Reverse(*until));
        for family in [AddressFamily::Ipv4, AddressFamily::Ipv6] {
            let of_family = |address: &IpAddr| family.takes(*address);
            let room = MAX_KEPT.saturating_sub(self.addresses().filter(of_family).count());
            let latest = missed.iter().filter(|(address, _)| family.takes(*address));
            self.kept.extend(latest.take(room).copied());
        }
        self.kept.extend(unknown);
    }
}

fn kept_seconds(ttl: std::time::Duration) -> i64 {
    let ttl = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
    ttl.saturating_mul(KEPT_TTLS).clamp(KEPT_LEAST, KEPT_MOST)
}
