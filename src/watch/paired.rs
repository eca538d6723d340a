//! Mail servers seen from inside, by their addresses, to what of them the endpoints of a target are judged by.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::probed::Held;
use crate::facts::inventory::{AHEAD, Inventory, ServerFacts};
use crate::timestamp::Timestamp;
use crate::verdict::TAKES;

/// The servers by their addresses.
pub(super) type Servers<'a> = HashMap<IpAddr, &'a ServerFacts>;

/// The servers that endpoints are, one after the other.
fn of<'a>(held: &'a [Held], servers: &'a Servers<'_>) -> impl Iterator<Item = &'a ServerFacts> {
    let addresses = held.iter().filter_map(|(endpoint, _)| endpoint.ip());
    addresses.filter_map(|address| servers.get(&address).copied())
}

/// Their inventories: as long as these are the same, so is what is said of the endpoints.
pub(super) fn inventories(held: &[Held], servers: &Servers<'_>) -> Vec<Arc<Inventory>> {
    let newest = of(held, servers).filter_map(|server| server.newest.as_ref());
    newest.map(Arc::clone).collect()
}

/// Whether they are the same as before.
pub(super) fn are_same(before: &[Arc<Inventory>], held: &[Held], servers: &Servers<'_>) -> bool {
    let mut newest = of(held, servers).filter_map(|server| server.newest.as_ref());
    let is_next = |one: &Arc<Inventory>| newest.next().is_some_and(|next| Arc::ptr_eq(one, next));
    before.iter().all(is_next) && newest.next().is_none()
}

/// The first moment after `now` at which one of them is too old, or one of their certificates there for long enough.
pub(super) fn next(held: &[Held], servers: &Servers<'_>, now: Timestamp) -> Option<Timestamp> {
    let moments = of(held, servers).flat_map(|server| {
        let newest = server.newest.iter().map(|newest| newest.collected_at);
        let ages = newest.flat_map(|at| {
            [
                at.plus_seconds(-AHEAD),
                at.plus_seconds(server.max_age + 1),
                at.plus_seconds(TAKES),
            ]
        });
        let since = server.certificates_since.values();
        ages.chain(since.map(|since| since.plus_seconds(TAKES)))
    });
    moments.filter(|moment| *moment > now).min()
}
