//! Exim's logs of messages and its hints about hosts to why mail waits; reads no file.

use std::collections::HashMap;

use super::listing::is_id;

/// Why a message waits, and the transport that was to carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deferral {
    /// Without one, mail was not routed.
    pub(super) transport: Option<String>,
    /// What happened, from Exim's number on.
    pub(super) text: String,
}

/// Most hosts, domains and messages that are told apart.
const MOST: usize = 100_000;

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
        let is_news = !reason.text.contains(NOT_YET);
        if is_news || !reasons.contains_key(&domain) {
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
        text: format!("defer ({text}"),
    };
    Some((domain, reason))
}

fn domain(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    Some(
        domain
            .trim_end_matches(['>', ':', ','])
            .to_ascii_lowercase(),
    )
}

/// Why hosts and domains are not tried now, where no message has a log of its own.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// None where a host is not tried for several reasons, as with a port for each.
    hosts: HashMap<String, Option<String>>,
    domains: HashMap<String, String>,
    waiting: HashMap<String, (String, String)>,
}

impl Hints {
    /// A line of `exim_dumpdb SPOOL retry`: `  T:HOST:IP:PORT 111 65 Connection refused`, `  R:DOMAIN …`,
    /// `  T:ADDRESS …`. The lines between them are dates.
    pub(super) fn retry(&mut self, line: &str) {
        let mut words = line.trim().splitn(4, ' ');
        let (Some(key), Some(number), Some(_more), text) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return;
        };
        if number.parse::<i64>().is_err() {
            return;
        }
        let text = format!("defer ({number}): {}", text.unwrap_or_default());
        let Some(subject) = key.strip_prefix("T:").or_else(|| key.strip_prefix("R:")) else {
            return;
        };
        if let Some(domain) = domain(subject) {
            keep(&mut self.domains, domain, text);
        } else if key.starts_with("R:") {
            keep(&mut self.domains, subject.to_ascii_lowercase(), text);
        } else {
            let host = subject.split(':').next().unwrap_or_default();
            self.host(host.to_ascii_lowercase(), text);
        }
    }

    fn host(&mut self, host: String, text: String) {
        match self.hosts.get_mut(&host) {
            Some(known) if known.as_ref() != Some(&text) => *known = None,
            Some(_) => {}
            None => keep(&mut self.hosts, host, Some(text)),
        }
    }

    /// A line of `exim_dumpdb SPOOL wait-TRANSPORT`: a host and the messages that wait for it.
    pub(super) fn waits(&mut self, transport: &str, line: &str) {
        let mut words = line.split_whitespace();
        let Some(host) = words.next().filter(|word| !is_id(word)) else {
            return;
        };
        // Where the list is long, it goes on under HOST:0, HOST:1 and so on.
        let host = match host.rsplit_once(':') {
            Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        for id in words.filter(|word| is_id(word)) {
            let place = (transport.to_owned(), host.to_ascii_lowercase());
            keep(&mut self.waiting, id.to_owned(), place);
        }
    }

    /// Why a message waits for a domain, as far as the hints tell.
    pub(super) fn reason(&self, id: &str, domain: &str) -> Option<Deferral> {
        let Some((transport, host)) = self.waiting.get(id) else {
            let text = self.domains.get(domain)?.clone();
            return Some(Deferral {
                transport: None,
                text,
            });
        };
        let of_host = || self.hosts.get(host)?.as_ref();
        let text = self.domains.get(domain).or_else(of_host)?;
        Some(Deferral {
            transport: Some(transport.clone()),
            text: text.clone(),
        })
    }
}

fn keep<T>(hints: &mut HashMap<String, T>, key: String, value: T) {
    if hints.len() < MOST {
        hints.insert(key, value);
    }
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
        let text = |domain: &str| reasons.get(domain).map(|reason| &*reason.text);
        assert_eq!(text("closed.test"), Some("defer (111): Connection refused"));
        let expected = "defer (-38) H=127.0.0.1 [127.0.0.1]: a TLS session is required, but the server did not offer TLS support";
        assert_eq!(text("tls.test"), Some(expected));
        assert_eq!(reasons["tls.test"].transport.as_deref(), Some("u"));
        assert_eq!(reasons["lost.test"].transport, None);
        assert!(text("wait.test").is_some_and(|text| text.contains(NOT_YET)));
        assert_eq!(reasons.len(), 4);
    }

    #[test]
    fn hints_lead_from_a_message_to_its_host() {
        let mut hints = Hints::default();
        for line in "  T:mx.closed.test:127.0.0.1:26198 111 65 Connection refused
28-Nov-2026 13:09:26  28-Nov-2026 13:09:26  28-Nov-2026 13:10:26
  R:lost.test -1 0 host lookup did not complete
  T:bear@grey.test 0 0 come back later
rubbish
"
        .lines()
        {
            hints.retry(line);
        }
        hints.waits("t", "mx.closed.test 1xXIBC-0006TS-1H 1xXIBC-0006TV-1Q ");
        hints.waits("t", "mx.closed.test:1 1xXIBC-0006TZ-1Q");
        for id in ["1xXIBC-0006TS-1H", "1xXIBC-0006TZ-1Q"] {
            let reason = hints.reason(id, "closed.test").unwrap();
            assert_eq!(reason.text, "defer (111): Connection refused");
            assert_eq!(reason.transport.as_deref(), Some("t"));
        }
        let unrouted = hints.reason("other", "lost.test").unwrap();
        assert_eq!(
            (unrouted.transport, &*unrouted.text),
            (None, "defer (-1): host lookup did not complete")
        );
        assert!(hints.reason("other", "grey.test").is_some());
        hints.retry("  T:mx.closed.test:127.0.0.1:26199 110 65 Connection timed out");
        assert_eq!(hints.reason("1xXIBC-0006TS-1H", "closed.test"), None);
        assert_eq!(hints.reason("other", "closed.test"), None);
    }
}
