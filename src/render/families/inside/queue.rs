//! The metric families about mail that waits.

use crate::facts::inventory::QueueStatus;
use crate::render::families::family::{Family, Sink, gauge, server};
use crate::render::value::{messages, time};
use crate::report::{QueueReport, ServerReport};

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
    server(
        gauge("smtp_tls_inside_queue_messages", "Messages for this next hop, by what the server does about them.")
            .labels(&["kind", "next_hop", "connector", "status"])
            .when("young inventory")
            .note(
                "`status`: `active`, `connecting`, `ready`, `retry`, `suspended`, `other`; those with no message are \
                 absent, but a queue that was there a moment ago has `active` 0. A message to two domains counts in both.",
            ),
        |server, _, out| each_queue(server, out, queue_messages),
    ),
    server(
        gauge("smtp_tls_inside_queue_failed_messages", "Messages that wait with this error.")
            .labels(&["kind", "next_hop", "connector", "cause", "reason"])
            .when("there is an error")
            .note("The reasons are listed in [reasons.md](reasons.md)."),
        |server, _, out| {
            each_queue(server, out, |queue, names, out| {
                for failed in &queue.failed {
                    let own = [failed.cause.as_str(), failed.reason.as_str()];
                    out(&[names, &own].concat(), messages(failed.messages));
                }
            });
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_queue_waiting_since_timestamp_seconds",
            "Since when the oldest message waits (Postfix, Exim), or is retried (Exchange), as Unix time.",
        )
        .labels(&["kind", "next_hop", "connector"])
        .when("known"),
        |server, _, out| {
            each_queue(server, out, |queue, names, out| {
                if let Some(since) = queue.since {
                    out(names, time(since));
                }
            });
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_queue_velocity",
            "Messages a second by which the queue changes, as Exchange says it; its sign is not to be relied on.",
        )
        .labels(&["kind", "next_hop", "connector"])
        .when("Exchange"),
        |server, _, out| {
            each_queue(server, out, |queue, names, out| {
                if let Some(velocity) = queue.velocity {
                    out(names, velocity);
                }
            });
        },
    ),
];

/// What is said of each queue, whose three labels come first.
fn each_queue(server: &ServerReport, out: Sink<'_>, tell: fn(&QueueReport, &[&str], Sink<'_>)) {
    for queue in &server.queues {
        let names = [queue.kind.as_str(), &*queue.next_hop, &*queue.connector];
        tell(queue, &names, out);
    }
}

fn queue_messages(queue: &QueueReport, names: &[&str], out: Sink<'_>) {
    if queue.messages.is_empty() {
        out(&[names, &[QueueStatus::Active.as_str()]].concat(), 0.0);
    }
    for (status, number) in &queue.messages {
        out(&[names, &[status.as_str()]].concat(), messages(*number));
    }
}
