//! The story that the program is named after, seen from inside the five servers, moment by moment.

mod bears;
mod joined;

use std::collections::BTreeMap;
use std::sync::Arc;

use smtp_tls_exporter::advice;
use smtp_tls_exporter::facts::inventory::{
    Earlier, FileFault, InsideFacts, Inventory, Queue, QueueStatus, TroubleWithFile,
};
use smtp_tls_exporter::report::{
    Inside, InsideSettings, QueueReport, ServerReport, Snapshot, State,
};
use smtp_tls_exporter::timestamp::Timestamp;
use smtp_tls_exporter::verdict::Finding;

use bears::{
    CERTIFICATES, DAY, END, INTERNET, MORNING, NOT_FOUND, OFFICE, facts, known, lost, queue, stored,
};

const RETRY: [u64; 5] = [1443, 1122, 1442, 800, 2887];

/// Judged a minute after collecting began.
fn judged(facts: &InsideFacts, collected_at: Timestamp) -> Snapshot {
    let now = collected_at.plus_seconds(60);
    let inside = Inside::new(facts, &InsideSettings::default(), now);
    Snapshot {
        at: now,
        targets: Vec::new(),
        hosts: Arc::default(),
        domains: Arc::default(),
        inside: Arc::new(inside),
        dnssec: BTreeMap::new(),
    }
}

fn exit(snapshot: &Snapshot) -> u8 {
    snapshot.severity().exit_code()
}

/// What is said of both connectors on a server.
fn reasons(server: &ServerReport) -> [&'static str; 2] {
    let reason = |finding: &Finding| match finding {
        Finding::Fail(failure) => failure.reason.as_str(),
        other => other.as_str(),
    };
    let mut reports = server.connectors.iter();
    [(); 2].map(|()| reason(&reports.next().unwrap().finding))
}

fn all_reasons(snapshot: &Snapshot) -> Vec<&'static str> {
    let each = snapshot.inside.servers.iter().map(|server| {
        let [internet, office] = reasons(server);
        assert_eq!(
            internet, office,
            "both connectors name the same certificate"
        );
        office
    });
    each.collect()
}

/// Servers that pass, fail, and of which nobody can tell, the same of both connectors.
fn fleet(snapshot: &Snapshot) -> [usize; 3] {
    let fleets = &snapshot.inside.connectors;
    let names: Vec<_> = fleets.iter().map(|fleet| &*fleet.connector).collect();
    assert_eq!(names, [INTERNET, OFFICE]);
    let [one, other] = [0, 1].map(|nth| {
        let fleet = &fleets[nth];
        [fleet.pass.len(), fleet.fail.len(), fleet.unknown.len()]
    });
    assert_eq!(one, other);
    one
}

fn queue_states(snapshot: &Snapshot) -> Vec<State> {
    let servers = snapshot.inside.servers.iter();
    servers
        .flat_map(|server| &server.queues)
        .map(|queue| queue.state)
        .collect()
}

/// Every queue in Retry for want of a certificate.
fn stuck(nth: usize, inventory: &mut Inventory) {
    let waiting = queue(QueueStatus::Retry, RETRY[nth], Some(NOT_FOUND));
    inventory.queues = Some(vec![waiting]);
    let certificates = inventory.certificates.as_mut().unwrap();
    certificates[0].status = Some("DateInvalid".to_owned());
}

/// The renewed certificate is there, on BearC without its key.
fn imported(nth: usize, inventory: &mut Inventory) {
    stuck(nth, inventory);
    let has_key = nth != 2;
    let new = stored(&CERTIFICATES.new, Some(""), has_key);
    inventory.certificates.as_mut().unwrap().push(new);
}

fn enabled(inventory: &mut Inventory) {
    let new = stored(&CERTIFICATES.new, Some("SMTP"), true);
    *inventory.certificates.as_mut().unwrap().last_mut().unwrap() = new;
}

fn enabled_on_a(nth: usize, inventory: &mut Inventory) {
    imported(nth, inventory);
    if nth == 0 {
        enabled(inventory);
        let mut draining = queue(QueueStatus::Active, 443, Some(NOT_FOUND));
        draining.velocity = Some(-0.72);
        inventory.queues = Some(vec![draining]);
    }
}

fn repaired(nth: usize, inventory: &mut Inventory) {
    imported(nth, inventory);
    enabled(inventory);
    let left = [2, 111, 17, 52, 87][nth];
    inventory.queues = Some(vec![queue(QueueStatus::Active, left, None)]);
}

/// With what was there before for the trend.
fn with_trend(
    mut facts: InsideFacts,
    mut before: impl FnMut(usize, &mut Inventory),
) -> InsideFacts {
    for (nth, server) in facts.servers.iter_mut().enumerate() {
        let collected_at = server.newest.as_ref().unwrap().collected_at;
        let mut earlier = bears::bear(&server.key.0, collected_at.plus_seconds(-300));
        before(nth, &mut earlier);
        server.earlier = Some(Arc::new(Earlier::of(&earlier)));
    }
    facts
}

#[test]
fn forty_days_before_all_is_well() {
    let at = END.plus_seconds(-40 * DAY);
    let snapshot = judged(&facts(at, |_, _| ()), at);
    assert_eq!(all_reasons(&snapshot), ["pass"; 5]);
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([5, 0, 0], 0));
}

#[test]
fn six_days_before_it_is_critical() {
    let at = END.plus_seconds(-6 * DAY);
    let snapshot = judged(&facts(at, |_, _| ()), at);
    assert_eq!(all_reasons(&snapshot), ["pass"; 5]);
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([5, 0, 0], 2));
    let bear_a = &snapshot.inside.servers[0];
    assert_eq!(bear_a.connectors[1].state, State::Critical);
    assert_eq!(bear_a.causes[0].reason.as_str(), "expires_soon");
    let told = "Internet Mail (Primary): expires 2023-06-06: 1 % of its lifetime left";
    assert_eq!(bear_a.causes[0].detail, told);
}

#[test]
fn expired_mail_is_stuck() {
    let snapshot = judged(&facts(MORNING, stuck), MORNING);
    assert_eq!(all_reasons(&snapshot), ["connector_cert_expired"; 5]);
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([0, 5, 0], 2));
    assert_eq!(queue_states(&snapshot), [State::Stuck; 5]);
    let bear_a = &snapshot.inside.servers[0];
    assert_eq!(
        (bear_a.state, bear_a.connectors[0].state),
        (State::Stuck, State::Expired)
    );
    let queue = &bear_a.queues[0];
    let failed = &queue.failed[0];
    assert_eq!(
        (
            failed.cause.as_str(),
            failed.reason.as_str(),
            failed.messages
        ),
        ("own_certificate", "own_cert_not_found", 1443)
    );
    assert_eq!(
        queue.causes[0].detail,
        "Retry since 2023-06-06 17:05Z (Outbound to Office 365)"
    );
    assert!(queue.has_row);
}

#[test]
fn imported_is_not_enabled() {
    let snapshot = judged(&facts(MORNING, imported), MORNING);
    let [enable, key] = ["connector_cert_not_enabled", "connector_cert_key_missing"];
    assert_eq!(
        all_reasons(&snapshot),
        [enable, enable, key, enable, enable]
    );
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([0, 5, 0], 2));
    let bear_a = &snapshot.inside.servers[0];
    let report = &bear_a.connectors[1];
    assert_eq!(report.state, State::Missing);
    let short = |certificate: &smtp_tls_exporter::certificate::Certificate| {
        certificate.fingerprints().sha1_hex()[..12].to_owned()
    };
    let (old, new) = (short(&CERTIFICATES.old), short(&CERTIFICATES.new));
    let told = format!("{new}… is valid but not enabled for SMTP; {old}… expired 2023-06-06");
    assert_eq!(report.causes[0].detail, told);
    let shown = bear_a.shown(report).unwrap();
    assert_eq!(shown.certificate, CERTIFICATES.new);
    let bear_c = &snapshot.inside.servers[2];
    let told = format!("{new}… is valid but has no private key; {old}… expired 2023-06-06");
    assert_eq!(bear_c.connectors[1].causes[0].detail, told);
}

#[test]
fn enabled_on_one_of_five() {
    let facts = with_trend(facts(MORNING, enabled_on_a), imported);
    let snapshot = judged(&facts, MORNING);
    let [enable, key] = ["connector_cert_not_enabled", "connector_cert_key_missing"];
    assert_eq!(
        all_reasons(&snapshot),
        ["pass", enable, key, enable, enable]
    );
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([1, 4, 0], 2));
    let queue = &snapshot.inside.servers[0].queues[0];
    assert_eq!((queue.total(), queue.before), (443, Some(1443)));
    assert_eq!((queue.velocity, queue.state), (Some(-0.72), State::Healthy));
    assert!(queue.has_row && queue.failed.is_empty());
    assert_eq!(queue_states(&snapshot)[1..], [State::Stuck; 4]);
}

#[test]
fn enabled_on_all_it_drains() {
    let facts = with_trend(facts(MORNING, repaired), enabled_on_a);
    let snapshot = judged(&facts, MORNING);
    assert_eq!(all_reasons(&snapshot), ["pass"; 5]);
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([5, 0, 0], 0));
    let rows: Vec<_> = snapshot
        .inside
        .servers
        .iter()
        .map(|s| s.queues[0].has_row)
        .collect();
    assert_eq!(rows, [false, true, true, true, true]);
}

#[test]
fn a_renewal_that_was_begun_in_time_is_to_be_finished() {
    let at = END.plus_seconds(-20 * DAY);
    let facts = facts(at, |_, inventory| {
        let new = stored(&CERTIFICATES.early, Some(""), true);
        inventory.certificates.as_mut().unwrap().push(new);
    });
    let snapshot = judged(&facts, at);
    assert_eq!(all_reasons(&snapshot), ["pass"; 5]);
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([5, 0, 0], 1));
    let report = &snapshot.inside.servers[0].connectors[0];
    let reasons: Vec<_> = report
        .causes
        .iter()
        .map(|cause| cause.reason.as_str())
        .collect();
    assert_eq!(reasons, ["connector_newer_unusable", "expires_soon"]);
}

#[test]
fn a_renamed_authority_needs_another_connector_string() {
    let facts = facts(MORNING, |nth, inventory| {
        stuck(nth, inventory);
        let moved = stored(&CERTIFICATES.moved, Some("SMTP"), true);
        let certificates = inventory.certificates.as_mut().unwrap();
        certificates.push(moved);
        if nth == 1 {
            certificates.remove(0);
        }
    });
    let snapshot = judged(&facts, MORNING);
    let (expired, gone) = ("connector_cert_expired", "connector_cert_not_found");
    assert_eq!(
        all_reasons(&snapshot),
        [expired, gone, expired, expired, expired]
    );
    let detail = &snapshot.inside.servers[1].connectors[0].causes[0].detail;
    let wanted = "from another issuer: '<I>CN=Some Random CA 2, C=US<S>CN=mailrelay.pokebearswithsticks.com, \
                  O=BearWorld, L=Bearville, C=US'";
    assert!(detail.ends_with(wanted), "{detail}");
    assert_eq!(exit(&snapshot), 2);
}

/// BearE's collector stopped an hour before.
fn silent(mut facts: InsideFacts) -> InsideFacts {
    let inventory = facts.servers[4].newest.as_ref().unwrap();
    let mut inventory = Inventory::clone(inventory);
    inventory.collected_at = inventory.collected_at.plus_seconds(-3600);
    facts.servers[4].newest = Some(Arc::new(inventory));
    facts
}

#[test]
fn a_server_that_falls_silent_is_unknown() {
    for (change, pass_fail, status) in [
        (stuck as fn(usize, &mut Inventory), [0, 4, 1], 2),
        (imported, [0, 4, 1], 2),
        (enabled_on_a, [1, 3, 1], 2),
        (repaired, [4, 0, 1], 3),
    ] {
        let snapshot = judged(&silent(facts(MORNING, change)), MORNING);
        assert_eq!((fleet(&snapshot), exit(&snapshot)), (pass_fail, status));
        let bear_e = &snapshot.inside.servers[4];
        assert_eq!((bear_e.state, bear_e.is_young), (State::Blind, false));
        assert_eq!(bear_e.causes.len(), 1);
        assert_eq!(bear_e.causes[0].reason.as_str(), "stale");
        assert!(bear_e.queues.is_empty());
    }
}

#[test]
fn when_all_are_silent_the_connectors_stay() {
    let mut facts = facts(MORNING, stuck);
    for server in &mut facts.servers {
        server.max_age = 30;
    }
    let snapshot = judged(&facts, MORNING);
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([0, 0, 5], 3));
}

#[test]
fn a_server_without_a_file_is_missing() {
    let mut facts = facts(MORNING, repaired);
    facts.servers[4] = known("BearE", None);
    let snapshot = judged(&facts, MORNING);
    assert_eq!((fleet(&snapshot), exit(&snapshot)), ([4, 0, 1], 3));
    let bear_e = &snapshot.inside.servers[4];
    assert_eq!(bear_e.fault.as_ref().unwrap().reason.as_str(), "missing");
}

#[test]
fn a_file_that_broke_says_so_while_what_it_said_counts() {
    let mut facts = facts(MORNING, stuck);
    facts.servers[0].fault = Some(FileFault {
        trouble: TroubleWithFile::NotJson,
        detail: "beara.json: line 3".to_owned(),
    });
    let snapshot = judged(&facts, MORNING);
    let bear_a = &snapshot.inside.servers[0];
    assert_eq!(bear_a.fault.as_ref().unwrap().reason.as_str(), "not_json");
    assert_eq!((bear_a.is_young, bear_a.state), (true, State::Stuck));
    assert_eq!(fleet(&snapshot), [0, 5, 0]);
}

#[test]
fn what_comes_from_the_future_is_not_believed() {
    let facts = facts(MORNING, repaired);
    let inside = |now| Inside::new(&facts, &InsideSettings::default(), now);
    let early = inside(MORNING.plus_seconds(-301));
    assert_eq!(
        early.servers[0].fault.as_ref().unwrap().reason.as_str(),
        "clock"
    );
    assert!(early.servers[0].queues.is_empty());
    assert!(
        inside(MORNING.plus_seconds(-300)).servers[0]
            .fault
            .is_none()
    );
}

#[test]
fn cmdlets_that_went_blind_are_no_fault_of_the_certificate() {
    for change in [
        stuck as fn(usize, &mut Inventory),
        imported,
        enabled_on_a,
        repaired,
    ] {
        let facts = facts(MORNING, |nth, inventory| {
            change(nth, inventory);
            if nth == 3 {
                inventory.errors.push(lost("certificates"));
                for one in inventory.certificates.as_mut().unwrap() {
                    (one.services, one.status) = (None, None);
                }
            }
        });
        let snapshot = judged(&facts, MORNING);
        let bear_d = &snapshot.inside.servers[3];
        assert_eq!(reasons(bear_d), ["unknown"; 2]);
        assert_eq!(bear_d.connectors[0].state, State::Blind);
        assert!(!bear_d.inventory().unwrap().is_whole("certificates"));
        assert_eq!(fleet(&snapshot)[2], 1);
    }
}

#[test]
fn the_order_of_lists_changes_nothing() {
    let told = |facts: &InsideFacts| {
        let snapshot = judged(facts, MORNING);
        let fleets = &snapshot.inside.connectors;
        let fleets: Vec<_> = fleets.iter().map(|one| format!("{one:?}")).collect();
        let servers = snapshot.inside.servers.iter();
        let shown = servers.clone().map(|server| {
            let shown = server
                .connectors
                .iter()
                .map(|report| server.shown(report).cloned());
            (
                server.facts.key.clone(),
                server.causes.clone(),
                shown.collect::<Vec<_>>(),
            )
        });
        (fleets, shown.collect::<Vec<_>>(), exit(&snapshot))
    };
    let straight = facts(MORNING, imported);
    let mut turned = facts(MORNING, |nth, inventory| {
        imported(nth, inventory);
        inventory.certificates.as_mut().unwrap().reverse();
    });
    turned.servers.reverse();
    assert_eq!(told(&straight), told(&turned));
}

#[test]
fn what_was_judged_holds_until_a_file_or_a_date_says_otherwise() {
    let mut facts = facts(END.plus_seconds(-600), |_, _| ());
    let settings = InsideSettings::default();
    let first = Inside::new(&facts, &settings, END.plus_seconds(-540));
    let later = |facts: &InsideFacts, seconds| {
        Inside::after(&first, facts, &settings, END.plus_seconds(seconds))
    };
    let same = |inside: &Inside, nth: usize| Arc::ptr_eq(&inside.servers[nth], &first.servers[nth]);
    assert!(same(&later(&facts, -1), 0), "nothing is new");
    let expired = later(&facts, 1);
    assert_eq!(expired.servers[0].connectors[0].state, State::Expired);
    assert!(!same(&later(&facts, -600), 0), "the clock was set back");
    let newest = facts.servers[0].newest.as_ref().unwrap();
    facts.servers[0].newest = Some(Arc::new(Inventory::clone(newest)));
    let changed = later(&facts, -1);
    assert!(!same(&changed, 0) && same(&changed, 1));
    assert_eq!(later(&facts, 301).servers[1].state, State::Blind);
}

#[test]
fn one_line_a_fault_says_what_to_type() {
    let steps = |change: fn(usize, &mut Inventory)| {
        advice::steps(&judged(&facts(MORNING, change), MORNING))
    };
    let thumbprint = CERTIFICATES.new.fingerprints().sha1_hex();
    let enable =
        format!("Enable-ExchangeCertificate -Server NAME -Thumbprint {thumbprint} -Services SMTP");
    assert_eq!(
        steps(imported),
        [
            format!("enable {thumbprint} for SMTP on BearA, BearB, BearD and BearE: {enable}"),
            format!(
                "import {thumbprint} with its private key on BearC, then enable it: {}",
                enable.replace("NAME", "BearC")
            ),
        ]
    );
    let renew = steps(stuck);
    assert_eq!(renew.len(), 1, "{renew:?}");
    let told =
        "with its private key on BearA, BearB, BearC, BearD and BearE, then enable it there: ";
    assert!(renew[0].contains(told), "{renew:?}");
    assert!(steps(repaired).is_empty());
}

#[test]
fn what_else_makes_mail_wait_is_told_with_its_next_hop() {
    let facts = facts(MORNING, |nth, inventory| {
        let error = "421 4.2.1 Unable to connect";
        if nth < 2 {
            inventory.queues = Some(vec![queue(QueueStatus::Retry, 20, Some(error))]);
        }
        enabled_now(inventory);
    });
    assert_eq!(
        advice::steps(&judged(&facts, MORNING)),
        ["see from BearA and BearB whether growllikeabear.mail.onmicrosoft.com can be reached"]
    );
}

fn enabled_now(inventory: &mut Inventory) {
    let new = stored(&CERTIFICATES.new, Some("SMTP"), true);
    inventory.certificates = Some(vec![new]);
}

/// So many messages for a next hop, with this error.
fn hop(name: &str, status: QueueStatus, messages: u64, error: &str) -> Queue {
    Queue {
        next_hop: name.into(),
        ..queue(status, messages, Some(error))
    }
}

/// Several entries of a next hop, one queue that is gone since, and few messages beyond the first two.
fn mixed() -> InsideFacts {
    let (retry, active) = (QueueStatus::Retry, QueueStatus::Active);
    let mut facts = facts(MORNING, |_, inventory| {
        inventory.queues = Some(vec![
            hop("one.example", retry, 5, "450 later"),
            hop("ONE.example", retry, 7, "connection refused"),
            hop("one.example", active, 40, ""),
            hop("two.example", retry, 20, ""),
            hop("three.example", retry, 1, NOT_FOUND),
            hop("other", retry, 2, "550 no"),
        ]);
    });
    for server in &mut facts.servers {
        let mut earlier = bears::bear("BearA", MORNING.plus_seconds(-300));
        earlier.queues = Some(vec![
            hop("one.example", active, 50, ""),
            hop("three.example", retry, 3, ""),
            hop("gone.example", retry, 9, ""),
        ]);
        server.earlier = Some(Arc::new(Earlier::of(&earlier)));
    }
    facts
}

#[test]
fn entries_of_one_next_hop_are_one_queue_and_the_rest_is_summed() {
    let (retry, active) = (QueueStatus::Retry, QueueStatus::Active);
    let facts = mixed();
    let settings = InsideSettings {
        next_hops: 2,
        ..InsideSettings::default()
    };
    let inside = Inside::new(&facts, &settings, MORNING.plus_seconds(60));
    let said = |queue: &QueueReport| {
        let failed = queue
            .failed
            .iter()
            .map(|one| (one.reason.as_str(), one.messages));
        (
            queue.next_hop.to_string(),
            queue.messages.clone(),
            queue.before,
            failed.collect::<Vec<_>>(),
        )
    };
    let queues: Vec<_> = inside.servers[0].queues.iter().map(said).collect();
    assert_eq!(
        queues,
        [
            (
                "one.example".to_owned(),
                vec![(active, 40), (retry, 12)],
                Some(50),
                vec![("connect_refused", 7), ("refused_temporarily", 5)]
            ),
            ("two.example".to_owned(), vec![(retry, 20)], Some(0), vec![]),
            (
                "other".to_owned(),
                vec![(retry, 3)],
                Some(12),
                vec![("refused", 2), ("own_cert_not_found", 1)]
            ),
        ]
    );
    assert_eq!(
        inside.servers[0].queues[2].state,
        State::Stuck,
        "one message is enough"
    );
    let all = Inside::new(&facts, &InsideSettings::default(), MORNING.plus_seconds(60));
    let gone = all.servers[0].queues.last().unwrap();
    assert_eq!(
        (&*gone.next_hop, gone.total(), gone.before),
        ("gone.example", 0, Some(9))
    );
    assert!(!gone.has_row);
}
