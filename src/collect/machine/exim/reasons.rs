//! Exim's log of a message to why it waits; reads no file.

use std::collections::HashMap;

/// Why a message waits, and the transport that was to carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deferral {
    /// Without one, mail was not routed.
    pub(super) transport: Option<String>,
    /// What happened, from Exim's number on, where that is known.
    pub(super) text: Option<String>,
}

/// Exim's way to say that it has not tried again; what was said before is of more use.
const NOT_YET: &str = "retry time not reached";

/// The last reason for each domain in the log of one message, whose lines are
/// `2026-11-28 13:09:26 bear@bears.test R=r T=t defer (-38) H=…: text`.
pub(super) fn of_message(log: &str) -> HashMap<String, Deferral> {
    let mut reasons = HashMap::<_, Deferral>::new();
    for line in log.lines() {
        let Some((domain, reason)) = deferred(line) else {
            continue;
        };
        let is_old = reason.text.as_ref().is_some_and(|t| t.contains(NOT_YET));
        if !is_old || !reasons.contains_key(&domain) {
            reasons.insert(domain, reason);
        }
    }
    reasons
}

fn deferred(line: &str) -> Option<(String, Deferral)> {
    let (head, text) = line.split_once(" defer (")?;
    let mut words = head.split_whitespace();
    let address = words.find(|word| word.contains('@'))?;
    let domain = domain(address)?;
    let transport = words.find_map(|word| word.strip_prefix("T="));
    let reason = Deferral {
        transport: transport.map(str::to_owned),
        text: Some(format!("defer ({text}")),
    };
    Some((domain, reason))
}

/// The part of an address that may be told.
pub(super) fn domain(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    Some(
        domain
            .trim_end_matches(['>', ':', ','])
            .to_ascii_lowercase(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Exim 4.96 writes it.
    const LOG: &str = "\
2026-11-28 13:09:26 Received from bear@bears.test U=root P=local S=285
2026-11-28 13:09:26 H=127.0.0.1 [127.0.0.1] Connection refused
2026-11-28 13:09:26 honey@Closed.test R=r T=t defer (111): Connection refused
2026-11-28 13:10:26 honey@closed.test R=r T=t defer (-53): retry time not reached for any host
2026-11-28 13:09:26 fox@tls.test R=r T=u defer (-38) H=127.0.0.1 [127.0.0.1]: a TLS session is required, but the server did not offer TLS support
2026-11-28 13:09:26 elk@lost.test R=s defer (-1): host lookup did not complete
2026-11-28 13:09:26 cub@wait.test R=r T=t defer (-53): retry time not reached for any host
";

    #[test]
    fn the_last_news_of_each_domain_counts() {
        let reasons = of_message(LOG);
        let text = |domain: &str| {
            reasons
                .get(domain)
                .and_then(|reason| reason.text.as_deref())
        };
        assert_eq!(text("closed.test"), Some("defer (111): Connection refused"));
        let expected = "defer (-38) H=127.0.0.1 [127.0.0.1]: a TLS session is required, but the server did not offer TLS support";
        assert_eq!(text("tls.test"), Some(expected));
        assert_eq!(reasons["tls.test"].transport.as_deref(), Some("u"));
        assert_eq!(reasons["lost.test"].transport, None);
        assert!(text("wait.test").is_some_and(|text| text.contains(NOT_YET)));
        assert_eq!(reasons.len(), 4);
    }
}
