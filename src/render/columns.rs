//! Rows of cells to lines of equal columns for a terminal.

use crate::plain::plain;
use crate::report::{Cause, Severity, State};

/// How the table may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colours by state.
    pub colour: bool,
}

/// Most characters of the reason's text.
const WHY_WIDTH: usize = 240;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Text, to the left.
    Text,
    /// A number, to the right.
    Number,
    /// The state word, which has a colour.
    State,
}

/// The head of each column, and what it holds.
pub(super) type Heads<const N: usize> = [(&'static str, Holds); N];

/// One line: the state that colours it, and its cells.
pub(super) type Row<const N: usize> = (State, [String; N]);

/// The heads and a line for each row.
pub(super) fn lines<const N: usize>(heads: &Heads<N>, rows: &[Row<N>], style: Style) -> String {
    let mut widths = heads.map(|(head, _)| head.len());
    for (_, cells) in rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let named = heads.map(|(head, _)| head.to_owned());
    line(&mut out, heads, &named, &widths, None);
    for (state, cells) in rows {
        let colour = style.colour.then_some(*state);
        line(&mut out, heads, cells, &widths, colour);
    }
    out
}

fn line<const N: usize>(
    out: &mut String,
    heads: &Heads<N>,
    cells: &[String; N],
    widths: &[usize; N],
    colour: Option<State>,
) {
    for ((cell, width), (_, holds)) in cells.iter().zip(widths).zip(heads) {
        let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
        let cell = match (holds, colour) {
            (Holds::Number, _) => format!("{pad}{cell}"),
            (Holds::State, Some(state)) => format!("{}{cell}\u{1b}[0m{pad}", paint(state)),
            (Holds::Text | Holds::State, _) => format!("{cell}{pad}"),
        };
        out.push_str(&cell);
        out.push_str("  ");
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
}

fn paint(state: State) -> &'static str {
    match state.severity() {
        Severity::Ok => "\u{1b}[32m",
        Severity::Warning => "\u{1b}[33m",
        Severity::Critical | Severity::Unknown => "\u{1b}[31m",
    }
}

/// Whole days, rounded down: a certificate with some hours left has 0, one that expired an hour ago has -1.
pub(super) fn days(seconds: i64) -> String {
    seconds.div_euclid(86_400).to_string()
}

pub(super) fn why(reason: &str, detail: &str) -> String {
    match plain(detail, WHY_WIDTH) {
        detail if detail.is_empty() => reason.to_owned(),
        detail => format!("{reason}: {detail}"),
    }
}

/// `4 Expired, 4 Healthy`
pub(super) fn counted(states: &[State]) -> String {
    let of = |state: &State| states.iter().filter(|s| *s == state).count();
    let counted = State::ALL.iter().map(|state| (of(state), state.as_str()));
    let counted = counted.filter(|(count, _)| *count > 0);
    let told: Vec<_> = counted
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    told.join(", ")
}

pub(super) fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// The worst cause in full, the others by name.
pub(super) fn causes(causes: &[Cause]) -> String {
    let Some((worst, others)) = causes.split_first() else {
        return String::new();
    };
    let mut text = why(worst.reason.as_str(), &worst.detail);
    let mut named = vec![worst.reason];
    for other in others {
        if !named.contains(&other.reason) {
            named.push(other.reason);
            text.push_str(&format!("; {}", other.reason.as_str()));
        }
    }
    text
}
