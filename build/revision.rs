//! What a packager says, what cargo noted and what git tells to the revision that `--version` prints; asks nobody.

/// The variable by which a packager names the revision.
pub(crate) const VARIABLE: &str = "SMTP_TLS_EXPORTER_REVISION";

/// Of a commit, so many digits are shown.
const DIGITS: usize = 12;

/// The packager knows best; in a crate from a registry, `.cargo_vcs_info.json` is `noted`. Only then is git asked, which
/// could else answer for a repository around the sources.
pub(crate) fn revision(
    said: Option<&str>,
    noted: Option<&str>,
    git: impl FnOnce() -> Option<String>,
) -> String {
    let said = said.map(str::trim).filter(|said| is_shown(said));
    let known = said.map(str::to_owned).or_else(|| match noted {
        Some(noted) => commit(noted),
        None => git(),
    });
    known.unwrap_or_else(|| "unknown".to_owned())
}

/// A word that stands in a line of `--version` and in a label value.
fn is_shown(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic() && c != '"')
}

/// `{"git": {"sha1": "24a9…"}, "path_in_vcs": ""}`, as `cargo package` writes it.
fn commit(noted: &str) -> Option<String> {
    let (_, rest) = noted.split_once("\"sha1\"")?;
    let digits = rest.split('"').nth(1)?;
    let is_commit = digits.len() >= DIGITS && digits.chars().all(|c| c.is_ascii_hexdigit());
    is_commit.then(|| digits.chars().take(DIGITS).collect())
}
