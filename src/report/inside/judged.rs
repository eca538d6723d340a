//! What is known of each server to its report; a report holds until a file or a date says otherwise.

use std::sync::Arc;

use super::super::state::{Cause, State, ranked};
use super::model::{ConnectorReport, Inside, QueueReport, ServerReport};
use super::settings::InsideSettings;
use super::{connectors, fleets, queues};
use crate::facts::inventory::{AHEAD, InsideFacts, Inventory, ServerFacts, TroubleWithFile};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

impl Inside {
    /// What is judged of it at a moment.
    pub fn new(facts: &InsideFacts, settings: &InsideSettings, now: Timestamp) -> Self {
        Self::after(&Self::default(), facts, settings, now)
    }

    /// The same, and whatever was judged before and still holds is taken over. The settings must be the same.
    #[must_use]
    pub fn after(
        before: &Self,
        facts: &InsideFacts,
        settings: &InsideSettings,
        now: Timestamp,
    ) -> Self {
        let known = |facts: &ServerFacts| {
            let key = |server: &Arc<ServerReport>| server.facts.key.cmp(&facts.key);
            let nth = before.servers.binary_search_by(key).ok()?;
            before
                .servers
                .get(nth)
                .filter(|last| holds(last, facts, now))
        };
        let server = |facts: &ServerFacts| match known(facts) {
            Some(last) => Arc::clone(last),
            None => Arc::new(server(facts, settings, now)),
        };
        let mut servers: Vec<_> = facts.servers.iter().map(server).collect();
        servers.sort_by(|one, other| one.facts.key.cmp(&other.facts.key));
        let connectors = fleets::fleets(&servers);
        Self {
            servers,
            strays: facts.strays.clone(),
            connectors,
        }
    }

    /// Whether no date has passed since it was judged.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        let mut servers = self.servers.iter();
        servers.all(|server| (server.from..server.until).contains(&now))
    }
}

/// Whether a report is of the same, and no date has passed since.
fn holds(last: &ServerReport, facts: &ServerFacts, now: Timestamp) -> bool {
    let is_same = |one: &Option<Arc<Inventory>>, other: &Option<Arc<Inventory>>| match (one, other)
    {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    };
    let before = &last.facts;
    (last.from..last.until).contains(&now)
        && is_same(&before.newest, &facts.newest)
        && before.earlier == facts.earlier
        && Arc::ptr_eq(&before.certificates_since, &facts.certificates_since)
        && (&before.file, &before.fault) == (&facts.file, &facts.fault)
        && (before.max_age, &before.addresses) == (facts.max_age, &facts.addresses)
}

fn server(facts: &ServerFacts, settings: &InsideSettings, now: Timestamp) -> ServerReport {
    let fault = fault(facts, now);
    let young = facts.young(now);
    let connectors = match &facts.newest {
        Some(newest) => connectors::connectors(facts, newest, young.is_some(), settings, now),
        None => Vec::new(),
    };
    let queues = young.map_or_else(Vec::new, |young| {
        queues::queues(facts, young, &connectors, settings, now)
    });
    let judged = connectors.iter().filter(|_| young.is_some());
    let causes = judged.flat_map(|connector| with_name(facts, connector));
    let causes = causes.chain(queues.iter().flat_map(of_queue));
    let (state, causes) = ranked(fault.clone().into_iter().chain(causes));
    ServerReport {
        until: until(facts, settings, now),
        facts: facts.clone(),
        fault,
        is_young: young.is_some(),
        connectors,
        queues,
        state,
        causes,
        from: now,
    }
}

/// The causes of a connector, which say of which.
fn with_name<'a>(
    facts: &'a ServerFacts,
    connector: &'a ConnectorReport,
) -> impl Iterator<Item = Cause> + 'a {
    let uses = facts.newest.as_ref().map(|newest| newest.uses());
    let one = uses.and_then(|uses| uses.get(connector.nth));
    let name = one.map_or("", |one| one.name.as_str());
    connector.causes.iter().map(move |cause| Cause {
        detail: format!("{name}: {}", cause.detail),
        ..cause.clone()
    })
}

fn of_queue(queue: &QueueReport) -> impl Iterator<Item = Cause> + '_ {
    queue.causes.iter().map(|cause| Cause {
        detail: format!("{}: {}", queue.next_hop, cause.detail),
        ..cause.clone()
    })
}

/// What is the matter with a server's inventory.
fn fault(facts: &ServerFacts, now: Timestamp) -> Option<Cause> {
    let cause = |reason, detail| Cause {
        state: State::Blind,
        reason,
        detail,
    };
    if let Some(fault) = &facts.fault {
        return Some(cause(of_file(fault.trouble), fault.detail.clone()));
    }
    let Some(newest) = &facts.newest else {
        return Some(cause(
            Reason::InventoryMissing,
            "no file tells of it".to_owned(),
        ));
    };
    let collected = newest.collected_at.minute();
    let age = now.seconds_since(newest.collected_at);
    if age < -AHEAD {
        let detail = format!("collected {collected}, which is still to come");
        return Some(cause(Reason::InventoryClock, detail));
    }
    (age > facts.max_age).then(|| {
        let detail = format!("collected {collected}; max_age is {} s", facts.max_age);
        cause(Reason::InventoryStale, detail)
    })
}

/// The label value for it.
fn of_file(trouble: TroubleWithFile) -> Reason {
    match trouble {
        TroubleWithFile::Missing => Reason::InventoryMissing,
        TroubleWithFile::Unreadable => Reason::InventoryUnreadable,
        TroubleWithFile::NotJson => Reason::InventoryNotJson,
        TroubleWithFile::WrongSchema => Reason::InventoryWrongSchema,
        TroubleWithFile::TooLarge => Reason::InventoryTooLarge,
    }
}

/// Nothing is judged for longer than a day: that is often enough to be sure.
const HOLDS: i64 = 86_400;

/// The first moment after `now` at which a date is reached, or passed.
fn until(facts: &ServerFacts, settings: &InsideSettings, now: Timestamp) -> Timestamp {
    let newest = facts.newest.iter();
    let ages = newest.clone().flat_map(|newest| {
        let collected = newest.collected_at;
        [
            collected.plus_seconds(-AHEAD),
            collected.plus_seconds(facts.max_age),
        ]
    });
    let earlier = facts.earlier.iter();
    let gone = earlier.map(|earlier| earlier.collected_at.plus_seconds(facts.max_age));
    let certificates = newest.flat_map(|newest| newest.certificates());
    let dates = certificates.flat_map(|stored| {
        let facts = stored.facts().ok();
        let dates = facts.map(|facts| (facts.not_before, facts.not_after));
        dates.into_iter().flat_map(|(from, until)| {
            let limits = [settings.thresholds.warning, settings.thresholds.critical];
            let before = limits.map(|limit| limit.seconds_before_end(from, until));
            let before = before.into_iter().flatten();
            let crossed = before.map(move |seconds| until.plus_seconds(-seconds));
            [from, until].into_iter().chain(crossed)
        })
    });
    let moments = ages.chain(gone).chain(dates);
    let moments = moments.flat_map(|date| [date, date.plus_seconds(1)]);
    let next = moments.filter(|moment| *moment > now).min();
    let most = now.plus_seconds(HOLDS);
    next.map_or(most, |next| next.min(most))
}
