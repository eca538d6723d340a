//! A name to the runbook in `docs/runbooks/` that has it: the program carries them, so that an alert's link always leads
//! somewhere.

/// All of them, by name: the build script lists the folder.
const RUNBOOKS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/runbooks.rs"));

/// The runbook of that name, in Markdown: an alert's, one of a mail server's, or the list, which is called `README`.
pub fn runbook(name: &str) -> Option<&'static str> {
    let mut named = RUNBOOKS.iter().filter(|(known, _)| *known == name);
    named.next().map(|(_, text)| *text)
}
