//! The inside of mail servers to the second table that a person reads in a terminal.

use super::columns::{self, Heads, Holds, Row, Style, causes, counted, days, plural, why};
use crate::facts::inventory::{QueueKind, Role, Stray};
use crate::plain::plain;
use crate::report::{ConnectorReport, Inside, QueueReport, ServerReport, State};
use crate::timestamp::Timestamp;

const HEADS: Heads<8> = [
    ("SERVER", Holds::Text),
    ("WHAT", Holds::Text),
    ("STATE", Holds::State),
    ("MESSAGES", Holds::Number),
    ("TREND", Holds::Number),
    ("NOT AFTER", Holds::Text),
    ("DAYS", Holds::Number),
    ("WHY", Holds::Text),
];
/// Most characters of a next hop's or connector's name.
const NAME_WIDTH: usize = 32;

/// What is told of a queue, a connector or an inventory.
#[derive(Debug)]
pub(super) struct InsideLine {
    pub(super) state: State,
    pub(super) what: String,
    pub(super) messages: String,
    pub(super) trend: String,
    pub(super) not_after: String,
    pub(super) days: String,
    pub(super) why: String,
}

impl Default for InsideLine {
    fn default() -> Self {
        Self {
            state: State::Healthy,
            what: String::new(),
            messages: String::new(),
            trend: String::new(),
            not_after: String::new(),
            days: String::new(),
            why: String::new(),
        }
    }
}

/// One line a queue that is worth it and a connector, server by server, the worst first; and a line that sums up.
pub(super) fn table(inside: &Inside, style: Style, now: Timestamp) -> String {
    let of_servers = inside.servers.iter().flat_map(|server| {
        let name = plain(&server.facts.key.0, NAME_WIDTH);
        let lines = lines(server, now).into_iter();
        lines.map(move |line| row(&name, line))
    });
    let strays = of_strays(inside).into_iter().map(|line| row("-", line));
    let rows: Vec<_> = of_servers.chain(strays).collect();
    format!(
        "{}\n{}",
        columns::lines(&HEADS, &rows, style),
        summary(inside)
    )
}

fn row(server: &str, line: InsideLine) -> Row<8> {
    let cells = [
        server.to_owned(),
        line.what,
        line.state.as_str().to_owned(),
        line.messages,
        line.trend,
        line.not_after,
        line.days,
        line.why,
    ];
    (line.state, cells)
}

/// Files that nobody could tell the server of.
pub(super) fn of_strays(inside: &Inside) -> Vec<InsideLine> {
    let told = |stray: &Stray| InsideLine {
        state: State::Blind,
        what: "inventory".to_owned(),
        why: why(
            stray.fault.trouble.as_str(),
            &format!("{}: {}", stray.file, stray.fault.detail),
        ),
        ..InsideLine::default()
    };
    inside.strays.iter().map(told).collect()
}

/// What is told of one server, the worst first.
pub(super) fn lines(server: &ServerReport, now: Timestamp) -> Vec<InsideLine> {
    let blind = server.fault.iter().map(|fault| InsideLine {
        state: fault.state,
        what: "inventory".to_owned(),
        why: why(fault.reason.as_str(), &fault.detail),
        ..InsideLine::default()
    });
    let queues = server
        .queues
        .iter()
        .filter(|queue| queue.has_row && server.is_young);
    let connectors = server.connectors.iter().filter(|_| server.is_young);
    let connectors = connectors.filter_map(|report| of_connector(server, report, now));
    let mut lines: Vec<_> = blind
        .chain(queues.map(of_queue))
        .chain(connectors)
        .collect();
    lines.sort_by_key(|line| line.state);
    lines
}

fn of_queue(queue: &QueueReport) -> InsideLine {
    let name = plain(&queue.next_hop, NAME_WIDTH);
    InsideLine {
        state: queue.state,
        what: match queue.kind {
            QueueKind::Delivery => format!("queue {name}"),
            QueueKind::Submission
            | QueueKind::Unreachable
            | QueueKind::Poison
            | QueueKind::Shadow => format!("queue {} {name}", queue.kind.as_str())
                .trim_end()
                .to_owned(),
        },
        messages: queue.total().to_string(),
        trend: trend(queue),
        why: causes(&queue.causes),
        ..InsideLine::default()
    }
}

/// How many messages more, or fewer, there are than in the inventory before.
fn trend(queue: &QueueReport) -> String {
    let now = i128::from(queue.total());
    match queue.before.map(|before| now - i128::from(before)) {
        None => String::new(),
        Some(0) => "=".to_owned(),
        Some(change) => format!("{change:+}"),
    }
}

fn of_connector(
    server: &ServerReport,
    report: &ConnectorReport,
    now: Timestamp,
) -> Option<InsideLine> {
    let connector = server.use_of(report)?;
    let way = match connector.role {
        Role::Client => "send",
        Role::Server => "receive",
    };
    let end = server
        .shown(report)
        .and_then(|shown| Some(shown.facts().ok()?.not_after));
    Some(InsideLine {
        state: report.state,
        what: format!("{way} {}", plain(&connector.name, NAME_WIDTH)),
        not_after: end.map_or_else(String::new, Timestamp::date),
        days: end.map_or_else(String::new, |end| days(end.seconds_since(now))),
        why: causes(&report.causes),
        ..InsideLine::default()
    })
}

/// `10 connectors on 5 servers: 10 Missing; 7694 messages wait in 5 queues, 7694 of them for a certificate`
fn summary(inside: &Inside) -> String {
    let young = || inside.servers.iter().filter(|server| server.is_young);
    let connectors: Vec<_> = young()
        .flat_map(|server| &server.connectors)
        .map(|one| one.state)
        .collect();
    let servers = inside.servers.len();
    let states = if connectors.is_empty() {
        String::new()
    } else {
        format!(": {}", counted(&connectors))
    };
    let blind = inside
        .servers
        .iter()
        .filter(|server| server.fault.is_some());
    let blind: Vec<_> = blind
        .map(|server| plain(&server.facts.key.0, NAME_WIDTH))
        .collect();
    let blind = if blind.is_empty() {
        String::new()
    } else {
        format!("; no good inventory of {}", blind.join(", "))
    };
    format!(
        "{} connector{} on {servers} server{}{states}; {}{blind}\n",
        connectors.len(),
        plural(connectors.len()),
        plural(servers),
        waiting(inside),
    )
}

fn waiting(inside: &Inside) -> String {
    let queues = inside
        .servers
        .iter()
        .filter(|server| server.is_young)
        .flat_map(|server| &server.queues);
    let waits = |queue: &&QueueReport| queue.waiting() > 0;
    let queues: Vec<_> = queues.filter(waits).collect();
    let messages: u64 = queues.iter().map(|queue| queue.waiting()).sum();
    if messages == 0 {
        return "no message waits".to_owned();
    }
    let failed = queues.iter().flat_map(|queue| &queue.failed);
    let for_certificates: u64 = failed
        .filter(|failed| failed.cause.is_tls())
        .map(|failed| failed.messages)
        .sum();
    format!(
        "{messages} message{} wait{} in {} queue{}, {for_certificates} of them for a certificate",
        if messages == 1 { "" } else { "s" },
        if messages == 1 { "s" } else { "" },
        queues.len(),
        plural(queues.len()),
    )
}
