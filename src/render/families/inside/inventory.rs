//! The metric families about inventories and the servers that they are about.

use crate::render::families::family::{Family, Sink, gauge, inside, server};
use crate::render::value::{flag, time};
use crate::report::{Inside, ServerReport};
use crate::timestamp::Timestamp;

/// Every one, in the order of the output.
pub(super) const FAMILIES: &[Family] = &[
    server(
        gauge(
            "smtp_tls_inside_inventory_success",
            "1: the inventory of this mail server was read, understood, and is young.",
        )
        .when("known server")
        .note("Known is a server with an inventory, one that the configuration names, and one that a connector names."),
        |server, _, out| out(&[], flag(server.fault.is_none())),
    ),
    inside(
        gauge(
            "smtp_tls_inside_inventory_failure_info",
            "1: why there is no good inventory; the server is empty where the file does not tell it.",
        )
        .labels(&["server", "file", "reason"])
        .when("there is none"),
        failures,
    ),
    server(
        gauge(
            "smtp_tls_inside_inventory_timestamp_seconds",
            "When collecting the newest inventory of this mail server began, as Unix time.",
        )
        .when("ever read"),
        |server, _, out| {
            if let Some(inventory) = server.inventory() {
                out(&[], time(inventory.collected_at));
            }
        },
    ),
    server(
        gauge(
            "smtp_tls_inside_section_success",
            "1: nothing of this section of the inventory was lost.",
        )
        .labels(&["section"])
        .when("young inventory"),
        sections,
    ),
    server(
        gauge(
            "smtp_tls_inside_server_info",
            "1: what kind of mail server it is, of which version, and who wrote its inventory.",
        )
        .labels(&["server_kind", "version", "collector"])
        .when("young inventory"),
        |server, _, out| {
            if let Some(inventory) = server.inventory().filter(|_| server.is_young) {
                let about = &inventory.server;
                let collector = format!("{} {}", inventory.collector.name, inventory.collector.version);
                out(&[about.kind.as_str(), &about.version, collector.trim()], 1.0);
            }
        },
    ),
];

fn failures(inside: &Inside, out: Sink<'_>) {
    for server in &inside.servers {
        if let Some(fault) = &server.fault {
            let facts = &server.facts;
            out(&[&facts.key.0, &facts.file, fault.reason.as_str()], 1.0);
        }
    }
    for stray in &inside.strays {
        out(&["", &stray.file, stray.fault.trouble.as_str()], 1.0);
    }
}

/// The sections that every inventory has, and others in which something was lost.
fn sections(server: &ServerReport, _: Timestamp, out: Sink<'_>) {
    let Some(inventory) = server.inventory().filter(|_| server.is_young) else {
        return;
    };
    let mut sections = vec!["queues", "certificates", "uses"];
    for error in &inventory.errors {
        if !sections.contains(&error.section.as_str()) {
            sections.push(&error.section);
        }
    }
    for section in sections {
        out(&[section], flag(inventory.is_whole(section)));
    }
}
