//! `views.NAME.proxy:` to a proxy, with its password from a file if it has one; repeats neither the password nor what
//! stands in its place.

use super::keys;
use super::last_good::{self, Base};
use super::named_file::{FileError, FileKind};
use crate::probe::Proxy;
use crate::yaml::{Problem, Value};

const EXPECTED: &str = "socks5://[USER:PASSWORD@]HOST:PORT or http://[USER:PASSWORD@]HOST:PORT (special characters of the password as %40)";
const URL_EXPECTED: &str = "socks5://HOST:PORT or http://HOST:PORT";
const USER_EXPECTED: &str = "the proxy's user, of up to 255 bytes and without a colon";
const FILE_EXPECTED: &str = "a file with the password in its only line";

/// Reads a URL, or `{url, username, password_file}`; relative paths are relative to `base`.
pub(super) fn read(value: &Value<'_>, base: &Base) -> Result<Proxy, Problem> {
    if value.is_map() {
        with_file(value, base)
    } else {
        url(value, EXPECTED)
    }
}

/// Unlike other values this one is never repeated: it may hold a password.
fn url(value: &Value<'_>, expected: &str) -> Result<Proxy, Problem> {
    let parsed = Proxy::parse(value.text()?);
    parsed.map_err(|error| value.problem(format!("{error}, expected {expected}")))
}

fn with_file(section: &Value<'_>, base: &Base) -> Result<Proxy, Problem> {
    let mut fields = section.fields()?;
    let at = fields.require("url", URL_EXPECTED)?;
    let user = fields.require("username", USER_EXPECTED)?;
    let file = fields.require("password_file", FILE_EXPECTED)?;
    fields.finish(&keys::PROXY.names())?;
    let proxy = url(&at, URL_EXPECTED)?;
    if proxy.has_login() {
        let why = "a proxy with a user of its own beside username and password_file";
        return Err(at.problem(format!("{why}, expected {URL_EXPECTED}")));
    }
    let password = password(&file, base)?;
    let known = proxy.with_login(user.text()?, &password);
    known.map_err(|_| user.problem(format!("cannot be used, expected {USER_EXPECTED}")))
}

/// The path is not repeated: somebody may have written the password itself in its place.
fn password(value: &Value<'_>, base: &Base) -> Result<String, Problem> {
    let file = base.file(FileKind::ProxyPassword, value.text()?);
    let shown = file.shown();
    let read = last_good::parsed(
        [file],
        |[read]| only_line(read),
        |why| format!("{shown}: {why}"),
    );
    read.map_err(|why| value.problem(format!("the file {why}, expected {FILE_EXPECTED}")))
}

fn only_line(read: Result<Vec<u8>, FileError>) -> Result<String, String> {
    let bytes = read.map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "is no text")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if Proxy::may_have(line) {
        Ok(line.to_owned())
    } else {
        Err("is empty, longer than 255 bytes, or has more than one line".to_owned())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
mod tests {
    use tempfile::TempDir;

    use crate::config::Config;

    fn place(password: &str) -> TempDir {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("p"), password).unwrap();
        place
    }

    fn parsed(place: &TempDir, proxy: &str) -> Result<String, String> {
        let file = place.path().join("x.yml");
        let text = format!("targets: [{{host: a, views: v}}]\nviews: {{v: {{proxy: {proxy}}}}}\n");
        let config = Config::parse(&file, text.as_bytes(), "probe.bears.test");
        let config = config.map_err(|e| e.to_string().replace(&file.display().to_string(), "x"))?;
        let view = config
            .settings
            .views
            .iter()
            .find(|view| *view.vantage.name == *"v");
        Ok(view.unwrap().route.proxy.clone().unwrap().to_string())
    }

    #[test]
    fn the_password_is_the_only_line_of_its_file() {
        for password in ["honey", "honey\n", "h:o@n ey\r\n"] {
            let place = place(password);
            for scheme in ["socks5", "http"] {
                let proxy =
                    format!("{{url: '{scheme}://gate:1080', username: bear, password_file: p}}");
                assert_eq!(
                    parsed(&place, &proxy),
                    Ok(format!("{scheme}://<secret>@gate:1080"))
                );
            }
        }
    }

    #[test]
    fn mistakes_name_their_line_and_key() {
        let long = "x".repeat(256);
        for (password, proxy, expected) in [
            (
                "",
                "{url: 'http://g:1', username: bear, password_file: p}",
                ".password_file: the file is empty",
            ),
            (
                "a\nb\n",
                "{url: 'http://g:1', username: bear, password_file: p}",
                ".password_file: the file is empty",
            ),
            (
                &long,
                "{url: 'http://g:1', username: bear, password_file: p}",
                ".password_file: the file is empty",
            ),
            (
                "a",
                "{url: 'http://g:1', username: bear, password_file: q}",
                ".password_file: the file cannot be read",
            ),
            (
                "a",
                "{url: 'http://g:1', username: 'b:r', password_file: p}",
                ".username: cannot be used",
            ),
            (
                "a",
                "{url: 'http://b:honey@g:1', username: b, password_file: p}",
                ".url: a proxy with a user",
            ),
            (
                "a",
                "{url: 'http://g:1', password_file: p}",
                ".username: missing",
            ),
            (
                "a",
                "{url: 'http://g:1', username: b}",
                ".password_file: missing",
            ),
            (
                "a",
                "{url: 'http://g:1', username: b, password: honey}",
                ".password",
            ),
            ("a", "[]", ": "),
        ] {
            let error = parsed(&place(password), proxy).unwrap_err();
            assert!(
                error.starts_with(&format!("x:2: views.v.proxy{expected}")),
                "{error}"
            );
            assert!(!error.contains("honey"), "{error}");
        }
    }
}
