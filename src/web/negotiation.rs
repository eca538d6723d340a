//! What a client accepts to the format and the encoding of the answer (RFC 9110 §12.5).

use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName};

use crate::render::{Encoding, Format};

/// The format and the encoding of metrics that a client accepts.
pub(super) fn both(headers: &HeaderMap) -> (Format, Encoding) {
    (format(headers), encoding(headers))
}

/// OpenMetrics where the client prefers it to plain text, else text.
pub(super) fn format(headers: &HeaderMap) -> Format {
    let accepted = elements(headers, &ACCEPT);
    let weight = |is_meant: &dyn Fn(&Element<'_>) -> bool| {
        let weights = accepted.iter().filter(|e| is_meant(e)).map(|e| e.weight);
        weights.fold(0.0, f32::max)
    };
    let openmetrics = weight(&|e| {
        e.name.eq_ignore_ascii_case("application/openmetrics-text")
            && e.version.is_none_or(|v| v == "1.0.0")
    });
    let text = weight(&|e| {
        let is_text = ["text/plain", "text/*"]
            .iter()
            .any(|name| e.name.eq_ignore_ascii_case(name));
        is_text && e.version.is_none_or(|version| version == "0.0.4")
    });
    if openmetrics > text {
        Format::OpenMetrics
    } else {
        Format::Text
    }
}

/// gzip for who accepts it.
pub(super) fn encoding(headers: &HeaderMap) -> Encoding {
    let accepted = elements(headers, &ACCEPT_ENCODING);
    let named = |name: &str| accepted.iter().find(|e| e.name.eq_ignore_ascii_case(name));
    let accepts = named("gzip").or_else(|| named("*"));
    if accepts.is_some_and(|element| element.weight > 0.0) {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

struct Element<'a> {
    name: &'a str,
    version: Option<&'a str>,
    weight: f32,
}

/// The comma-separated elements of a header, as far as they can be read.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<Element<'a>> {
    let values = headers.get_all(name).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(element)
        .collect()
}

fn element(text: &str) -> Element<'_> {
    let mut parts = text.split(';').map(str::trim);
    let mut element = Element {
        name: parts.next().unwrap_or_default(),
        version: None,
        weight: 1.0,
    };
    for (key, value) in parts.filter_map(|part| part.split_once('=')) {
        match key.trim().to_ascii_lowercase().as_str() {
            "q" => element.weight = value.trim().parse().unwrap_or(0.0),
            "version" => element.version = Some(value.trim().trim_matches('"')),
            _ => {}
        }
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn each_client_has_the_format_that_it_prefers() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                            text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                            text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, wanted) in [
            (prometheus_2, Format::OpenMetrics),
            (prometheus_3, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "application/openmetrics-text; version=\"1.0.0\"",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;q=0.1, text/plain",
                Format::Text,
            ),
            ("application/openmetrics-text;version=9.0.0", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Format::Text),
            (
                "Application/OpenMetrics-Text; Version=1.0.0",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;Q=0.1, text/plain;q=0.5",
                Format::Text,
            ),
            ("*/*", Format::Text),
            (";;;=,q", Format::Text),
        ] {
            assert_eq!(format(&with(ACCEPT, accept)), wanted, "{accept}");
        }
        assert_eq!(format(&HeaderMap::new()), Format::Text);
    }

    #[test]
    fn only_who_accepts_gzip_gets_it() {
        for (accept, wanted) in [
            ("gzip", Encoding::Gzip),
            ("GZIP", Encoding::Gzip),
            ("deflate, gzip;q=0.5, br", Encoding::Gzip),
            ("*", Encoding::Gzip),
            ("gzip;q=0", Encoding::Identity),
            ("gzip;q=0, *", Encoding::Identity),
            ("identity", Encoding::Identity),
        ] {
            assert_eq!(encoding(&with(ACCEPT_ENCODING, accept)), wanted, "{accept}");
        }
    }
}
