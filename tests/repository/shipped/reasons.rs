//! The closed list of reasons and their remedies to docs/reasons.md.

use smtp_tls_exporter::advice::{self, Blanks};
use smtp_tls_exporter::reason::{Explanation, Origin, Reason};

use super::generated::{Outcome, table};

#[test]
fn the_tables_of_reasons_are_those_of_the_program() -> Outcome {
    for reasons in Reason::ALL.chunk_by(|one, next| one.origin() == next.origin()) {
        let rows: Vec<_> = reasons.iter().map(|reason| row(*reason)).collect();
        let origin = reasons[0].origin();
        let header = ["reason", "meaning", seen(origin), "what to do"];
        let section = format!("reasons: {}", section(origin));
        table("docs/reasons.md", &section, &header, &rows)?;
    }
    Ok(())
}

/// The heading of their table. For a new one, give docs/reasons.md a section with such marks.
fn section(origin: Origin) -> &'static str {
    match origin {
        Origin::Name => "the name",
        Origin::Connection => "the connection",
        Origin::Smtp => "SMTP",
        Origin::Tls => "TLS",
        Origin::Exporter => "the exporter",
        Origin::Certificate => "the certificate",
        Origin::Inventory => "the inventory",
        Origin::Connector => "connectors",
        Origin::Queue => "queues",
        Origin::Published => "published policies",
    }
}

/// Where one sees it.
fn seen(origin: Origin) -> &'static str {
    match origin {
        Origin::Name
        | Origin::Connection
        | Origin::Smtp
        | Origin::Tls
        | Origin::Exporter
        | Origin::Certificate => "on the wire",
        Origin::Inventory => "in the file",
        Origin::Connector => "on the server",
        Origin::Queue => "what the server says",
        Origin::Published => "what is seen",
    }
}

/// What stands in the documents for the names.
pub(crate) const NAMES: Blanks<'_> = Blanks {
    at: "ADDRESS:PORT",
    target: "TARGET",
    view: "VIEW",
    server: "SERVER",
    connector: "CONNECTOR",
    next_hop: "NEXTHOP",
};

fn row(reason: Reason) -> Vec<String> {
    let Explanation {
        meaning,
        wire,
        note,
    } = reason.explanation();
    let remedy = sentence(&advice::worded(reason, &NAMES));
    let remedy = format!("{remedy} {note}");
    let name = format!("`{}`", reason.as_str());
    let cells = [&name, meaning.trim(), wire, remedy.trim_end()];
    cells.map(str::to_owned).to_vec()
}

/// With a capital and a full stop.
pub(crate) fn sentence(words: &str) -> String {
    let (first, rest) = words.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
}
