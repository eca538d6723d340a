//! Headers to whose page made a browser ask, and whether a request names its host as it must; knows no route.

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN, REFERER};
use hyper::http::uri::Authority;
use hyper::{Request, StatusCode, Uri, Version};

use super::answer::{HttpResponse, line};

/// Where the page stands that made a browser ask (Fetch Metadata). Only browsers send it.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The answer to a request that does not say which host it means: exactly one, in HTTP/1.1 (RFC 9112 §3.2).
pub(super) fn malformed<B>(request: &Request<B>) -> Option<HttpResponse> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_good = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => host.to_str().is_ok_and(is_host),
        (Some(_), Some(_)) => false,
    };
    let why = "expected exactly one Host (RFC 9112 section 3.2)";
    (!is_good).then(|| line(StatusCode::BAD_REQUEST, why))
}

fn is_host(text: &str) -> bool {
    text.is_empty() || !text.contains('@') && text.parse::<Authority>().is_ok()
}

/// The answer to a request that a page of another site made a browser send: its visitor knows nothing of it. Pages of
/// the same site but another origin are none of ours either. `outside` is where a reverse proxy stands before us.
pub(super) fn foreign(headers: &HeaderMap, outside: Option<&Authority>) -> Option<HttpResponse> {
    let sites = headers.get_all(SITE).iter();
    let mut sites = sites.map(|site| site.as_bytes());
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    let asked = asked.and_then(|host| host.parse::<Authority>().ok());
    let is_own = |page: &str| {
        let mut hosts = asked.iter().chain(outside);
        hosts.any(|host| stands_at(page, host))
    };
    let is_ours = sites.all(|site| matches!(site, b"same-origin" | b"none"))
        && [ORIGIN, REFERER].iter().all(|name| {
            let mut pages = headers.get_all(name).iter();
            pages.all(|page| page.to_str().is_ok_and(is_own))
        });
    let why = "refused: a page of another site asked for this; open the address yourself";
    (!is_ours).then(|| line(StatusCode::FORBIDDEN, why))
}

/// Whether a page stands at this host. Who ends TLS before us keeps the host, not the scheme.
fn stands_at(page: &str, host: &Authority) -> bool {
    let Ok(page) = page.parse::<Uri>() else {
        return false;
    };
    let usual = match page.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    let Some(page) = page.authority() else {
        return false;
    };
    let port = |of: &Authority| of.port_u16().unwrap_or(usual);
    page.host().eq_ignore_ascii_case(host.host()) && port(page) == port(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = of.iter();
        let pairs = pairs.map(|(name, value)| (HeaderName::from_static(name), value));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn pages_of_others_are_told_from_ours() {
        let host = ("host", "exporter.test:10465");
        for (sent, is_refused) in [
            (&[host][..], false),
            (&[host, ("sec-fetch-site", "none")], false),
            (&[host, ("sec-fetch-site", "same-origin")], false),
            (&[host, ("sec-fetch-site", "same-site")], true),
            (&[host, ("sec-fetch-site", "cross-site")], true),
            (
                &[
                    host,
                    ("sec-fetch-site", "none"),
                    ("sec-fetch-site", "cross-site"),
                ],
                true,
            ),
            (&[host, ("origin", "http://exporter.test:10465")], false),
            (&[host, ("origin", "http://Exporter.test:10465")], false),
            (&[host, ("origin", "http://exporter.test:3000")], true),
            (&[host, ("origin", "http://fox.test:10465")], true),
            (&[host, ("origin", "http://exporter.test")], true),
            (&[host, ("origin", "null")], true),
            (&[host, ("origin", "")], true),
            (
                &[host, ("referer", "http://exporter.test:10465/targets/a?b")],
                false,
            ),
            (&[host, ("referer", "https://fox.test/")], true),
            (
                &[
                    ("host", "exporter.test"),
                    ("origin", "https://exporter.test"),
                ],
                false,
            ),
            (
                &[
                    ("host", "exporter.test:443"),
                    ("origin", "https://exporter.test"),
                ],
                false,
            ),
            (
                &[("host", "[::1]:10465"), ("origin", "http://[::1]:10465")],
                false,
            ),
            (&[("origin", "http://exporter.test")], true),
        ] {
            assert_eq!(
                foreign(&headers(sent), None).is_some(),
                is_refused,
                "{sent:?}"
            );
        }
    }

    /// A reverse proxy may ask us by another name than the one it is asked by.
    #[test]
    fn pages_at_the_external_url_are_ours() {
        let outside = "mon.example.com".parse().ok();
        for (origin, is_refused) in [
            ("https://mon.example.com", false),
            ("https://exporter.test", false),
            ("https://mon.example.com:3000", true),
            ("https://fox.test", true),
        ] {
            let sent = headers(&[("host", "exporter.test"), ("origin", origin)]);
            assert_eq!(
                foreign(&sent, outside.as_ref()).is_some(),
                is_refused,
                "{origin}"
            );
        }
    }

    #[test]
    fn exactly_one_host_is_named() {
        let is_refused = |version, hosts: &[&str]| {
            let mut request = Request::builder().version(version);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            malformed(&request.body(()).unwrap()).is_some()
        };
        for (hosts, new, old) in [
            (&["a.test"][..], false, false),
            (&["[::1]:10465"], false, false),
            (&[""], false, false),
            (&[], true, false),
            (&["a.test", "a.test"], true, true),
            (&["a.test, b.test"], true, true),
            (&["bear@a.test"], true, true),
            (&["a.test/x"], true, true),
        ] {
            assert_eq!(is_refused(Version::HTTP_11, hosts), new, "{hosts:?}");
            assert_eq!(is_refused(Version::HTTP_10, hosts), old, "{hosts:?}");
        }
    }
}
