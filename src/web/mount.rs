//! `--web.external-url` and `--web.route-prefix` to the path below which everything is served, as in Prometheus; knows no
//! route.

use std::fmt;

use hyper::Uri;
use hyper::http::uri::Authority;

/// Why a text is no external URL, or no prefix: what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// Of `--web.external-url`.
    #[error(
        "expected http:// or https://, a host and perhaps a path, without user, query or fragment"
    )]
    Url,
    /// Of `--web.route-prefix`.
    #[error("expected a path such as /smtp, of letters, digits and -._~, or / alone")]
    Path,
}

/// The path below which everything is served: empty, or as `/mon/smtp`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoutePrefix(String);

impl RoutePrefix {
    /// Reads `/mon/smtp`, `mon/smtp/` or `/`.
    ///
    /// # Errors
    /// [`MountError::Path`] for whatever would have to be encoded in a path, or names no folder.
    pub fn parse(text: &str) -> Result<Self, MountError> {
        let path = text.trim_matches('/');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let is_folder = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(is_plain);
        match path {
            "" if text.len() <= 1 => Ok(Self::default()),
            path if path.split('/').all(is_folder) => Ok(Self(format!("/{path}"))),
            _ => Err(MountError::Path),
        }
    }
}

/// The URL under which people reach the exporter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalUrl {
    authority: Authority,
    path: RoutePrefix,
}

impl ExternalUrl {
    /// Reads `https://mon.example.com/smtp`.
    ///
    /// # Errors
    /// [`MountError::Url`] for everything else.
    pub fn parse(text: &str) -> Result<Self, MountError> {
        let url: Uri = text.parse().map_err(|_| MountError::Url)?;
        let authority = url.authority().ok_or(MountError::Url)?;
        let is_http = matches!(url.scheme_str(), Some("http" | "https"));
        let has_more = text.contains(['?', '#', '@']);
        if !is_http || has_more || authority.host().is_empty() {
            return Err(MountError::Url);
        }
        Ok(Self {
            authority: authority.clone(),
            path: RoutePrefix::parse(url.path()).map_err(|_| MountError::Url)?,
        })
    }
}

/// Where a request leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival<'a> {
    /// To this path.
    To(&'a str),
    /// To the start page, which stands there: relative to the path that was asked for.
    Start(String),
    /// Past us.
    Past,
}

/// Where the site stands.
#[derive(Debug, Clone, Default)]
pub struct Mount {
    prefix: RoutePrefix,
    outside: Option<Authority>,
}

impl Mount {
    /// The prefix is by default the path of the URL.
    pub fn new(external: Option<ExternalUrl>, prefix: Option<RoutePrefix>) -> Self {
        let (outside, path) = external.map(|url| (url.authority, url.path)).unzip();
        Self {
            prefix: prefix.or(path).unwrap_or_default(),
            outside,
        }
    }

    /// The host and port of the external URL.
    pub(super) fn outside(&self) -> Option<&Authority> {
        self.outside.as_ref()
    }

    /// Where a request for this path leads.
    pub(super) fn arrival<'a>(&self, path: &'a str) -> Arrival<'a> {
        let prefix = self.prefix.0.as_str();
        match path.strip_prefix(prefix) {
            Some(rest) if rest.starts_with('/') => Arrival::To(rest),
            // Links lead on from the folder, so its slash may not be missing.
            Some("") => Arrival::Start(format!(
                "{}/",
                prefix.rsplit('/').next().unwrap_or_default()
            )),
            _ if path == "/" => Arrival::Start(format!("{}/", prefix.trim_start_matches('/'))),
            _ => Arrival::Past,
        }
    }
}

/// The path, for logs.
impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.prefix.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(url: Option<&str>, prefix: Option<&str>) -> Mount {
        let url = url.map(|url| ExternalUrl::parse(url).unwrap());
        Mount::new(
            url,
            prefix.map(|prefix| RoutePrefix::parse(prefix).unwrap()),
        )
    }

    #[test]
    fn the_prefix_is_by_default_the_path_of_the_url() {
        for (url, prefix, path) in [
            (None, None, "/"),
            (Some("https://mon.example.com"), None, "/"),
            (Some("https://mon.example.com/"), None, "/"),
            (Some("http://[::1]:8080/mon/smtp/"), None, "/mon/smtp/"),
            (Some("https://mon.example.com/smtp"), Some("/"), "/"),
            (
                Some("https://mon.example.com/smtp"),
                Some("/inner"),
                "/inner/",
            ),
            (None, Some("mon/smtp/"), "/mon/smtp/"),
            (None, Some(""), "/"),
        ] {
            assert_eq!(mount(url, prefix).to_string(), path, "{url:?} {prefix:?}");
        }
    }

    #[test]
    fn requests_lead_below_the_prefix() {
        let below = mount(None, Some("/mon/smtp"));
        let start = |to: &str| Arrival::Start(to.to_owned());
        for (path, arrival) in [
            ("/mon/smtp/", Arrival::To("/")),
            ("/mon/smtp/metrics", Arrival::To("/metrics")),
            ("/mon/smtp//", Arrival::To("//")),
            ("/mon/smtp", start("smtp/")),
            ("/", start("mon/smtp/")),
            ("/mon/smtpx", Arrival::Past),
            ("/mon", Arrival::Past),
            ("/metrics", Arrival::Past),
            ("", Arrival::Past),
            ("*", Arrival::Past),
        ] {
            assert_eq!(below.arrival(path), arrival, "{path}");
        }
        let plain = Mount::default();
        for path in ["/", "/metrics"] {
            assert_eq!(plain.arrival(path), Arrival::To(path));
        }
        assert_eq!(plain.arrival("*"), Arrival::Past);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for bad in [
            "",
            "mon.example.com/smtp",
            "/smtp",
            "ftp://mon.example.com/",
            "https://",
            "https:///smtp",
            "https://bear:honey@mon.example.com/",
            "https://mon.example.com/?q",
            "https://mon.example.com/#a",
            "https://mon.example.com/a b",
            "https://mon.example.com/a//b",
            "'https://mon.example.com/'",
        ] {
            assert_eq!(ExternalUrl::parse(bad), Err(MountError::Url), "{bad}");
        }
        for bad in [
            "//",
            "/a//b",
            "/..",
            "/a/./b",
            "/a?b",
            "/a b",
            "/ä",
            "/%41",
            "https://a/b",
        ] {
            assert_eq!(RoutePrefix::parse(bad), Err(MountError::Path), "{bad}");
        }
    }
}
