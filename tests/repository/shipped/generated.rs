//! What the program says to the part of a file that repeats it: compared, or with UPDATE=1 written.

use std::error::Error;
use std::fs;
use std::sync::{Mutex, PoisonError};

pub(crate) use crate::{read, root};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// Tests run side by side, and some write other parts of one file.
static WRITING: Mutex<()> = Mutex::new(());

/// What stands between two marks of a file is `wanted`; with UPDATE=1 in the environment, it is put there.
pub(crate) fn generated(file: &str, (from, to): (&str, &str), wanted: &str) -> Outcome {
    let _held = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let text = read(file);
    let lost = || format!("{file}: put the marks {from:?} and {to:?} back");
    let start = text.find(from).ok_or_else(lost)? + from.len();
    let length = match to {
        "" => text.len() - start,
        to => text[start..].find(to).ok_or_else(lost)?,
    };
    let new = [&text[..start], wanted, &text[start + length..]].concat();
    is(file, &new)
}

/// A table between the marks that bear this name.
pub(crate) fn table(file: &str, name: &str, header: &[&str], rows: &[Vec<String>]) -> Outcome {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<_> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let rule = "|---".repeat(header.len()) + "|\n";
    let rows: String = rows.iter().map(|row| line(row)).collect();
    let begin = format!("<!-- {name} -->\n\n");
    generated(
        file,
        (&begin, "\n<!-- end -->"),
        &(line(&header) + &rule + &rows),
    )
}

/// The whole file is `wanted`; with UPDATE=1 in the environment, it is written.
pub(crate) fn whole(file: &str, wanted: &str) -> Outcome {
    let _held = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    is(file, wanted)
}

fn is(file: &str, wanted: &str) -> Outcome {
    if fs::read_to_string(root().join(file)).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        return Ok(fs::write(root().join(file), wanted)?);
    }
    let mend = "Run: UPDATE=1 cargo test --test repository";
    Err(format!("{file} is not what the program says. {mend}").into())
}
