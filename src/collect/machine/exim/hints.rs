//! Exim's hints about hosts, domains and messages to why a message waits that has no log of its own; reads no file.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::listing::is_id;
use super::reasons::{Deferral, domain};

/// Most hosts, domains and messages that are told apart.
const MOST: usize = 100_000;
/// Most reasons of one host, which has one for each of its addresses.
const MOST_TEXTS: usize = 4;
/// The port that no key names.
const SMTP: u16 = 25;

/// Why hosts, domains and messages are not tried now.
#[derive(Debug, Default)]
pub(super) struct Hints {
    hosts: HashMap<String, OfHost>,
    domains: HashMap<String, String>,
    messages: HashMap<String, String>,
    waiting: HashMap<String, (String, String)>,
}

/// What happened at a host.
#[derive(Debug)]
struct OfHost {
    texts: BTreeSet<String>,
    /// The port of all these, as far as the keys tell. None: messages went to one or another, and no hint says which.
    ports: Vec<u16>,
}

impl Hints {
    /// A line of `exim_dumpdb SPOOL retry`: a key, a number, more numbers, a text. The lines between them are dates.
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
        if let Some(subject) = key.strip_prefix("R:") {
            self.of_domain(subject, text);
        } else if let Some(subject) = key.strip_prefix("T:") {
            self.of_transport(subject, text);
        }
    }

    /// `DOMAIN`, `RECIPIENT` or `RECIPIENT:<SENDER>`.
    fn of_domain(&mut self, subject: &str, text: String) {
        let recipient = subject.split(":<").next().unwrap_or_default();
        let domain = domain(recipient).unwrap_or_else(|| recipient.to_ascii_lowercase());
        keep(&mut self.domains, domain, text);
    }

    /// `RECIPIENT`, or `HOST:IP:PORT`, without what goes without saying; a message's id at its end where the host refused
    /// only that.
    fn of_transport(&mut self, subject: &str, text: String) {
        match subject.rsplit_once(':') {
            Some((_, id)) if is_id(id) => keep(&mut self.messages, id.to_owned(), text),
            _ if subject.contains('@') => self.of_domain(subject, text),
            _ => self.of_host(subject, text),
        }
    }

    fn of_host(&mut self, subject: &str, text: String) {
        let (host, place) = subject.split_once(':').unwrap_or((subject, ""));
        let ports = ports(place);
        let host = host.to_ascii_lowercase();
        let Some(known) = self.hosts.get_mut(&host) else {
            let texts = BTreeSet::from([text]);
            return keep(&mut self.hosts, host, OfHost { texts, ports });
        };
        known.ports.retain(|port| ports.contains(port));
        if known.texts.len() < MOST_TEXTS {
            known.texts.insert(text);
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

    /// Why a message waits for a domain, as far as the hints tell. What is said of the message itself counts most, what
    /// is said of the domain least: that may be about another message.
    pub(super) fn reason(&self, id: &str, domain: &str) -> Option<Deferral> {
        let waiting = self.waiting.get(id);
        let of_host = waiting.and_then(|(_, host)| self.hosts.get(host)?.text());
        let of_message = self.messages.get(id).cloned();
        let text = of_message
            .or(of_host)
            .or_else(|| self.domains.get(domain).cloned());
        let transport = waiting.map(|(transport, _)| transport.clone());
        (transport.is_some() || text.is_some()).then_some(Deferral { transport, text })
    }
}

impl OfHost {
    /// All that its addresses said; `None` where that depends on the port.
    fn text(&self) -> Option<String> {
        let texts: Vec<_> = self.texts.iter().map(String::as_str).collect();
        (texts.len() == 1 || !self.ports.is_empty()).then(|| texts.join("; "))
    }
}

/// The ports that the end of a key may name: `IP`, `PORT`, `IP:PORT` or nothing. Of IPv6 that can be two, for no bracket
/// tells the port from the address.
fn ports(place: &str) -> Vec<u16> {
    let (address, port) = place.rsplit_once(':').unwrap_or(("", place));
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let named = port
        .parse()
        .ok()
        .filter(|_| address.is_empty() || is_address(address));
    let unnamed = (place.is_empty() || is_address(place)).then_some(SMTP);
    named.into_iter().chain(unnamed).collect()
}

fn keep<T>(hints: &mut HashMap<String, T>, key: String, value: T) {
    if hints.len() < MOST {
        hints.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1xXIBC-0006TS-1H";
    const TWO: &str = "1xXIBC-0006TZ-1Q";

    /// Hints from what `exim_dumpdb` of Exim 4.96 prints.
    fn hints(retry: &str, waits: &[&str]) -> Hints {
        let mut hints = Hints::default();
        retry.lines().for_each(|line| hints.retry(line));
        waits.iter().for_each(|line| hints.waits("t", line));
        hints
    }

    fn told(hints: &Hints, id: &str, domain: &str) -> Option<(Option<String>, Option<String>)> {
        let reason = hints.reason(id, domain)?;
        Some((reason.transport, reason.text))
    }

    fn says(transport: Option<&str>, text: &str) -> Option<(Option<String>, Option<String>)> {
        Some((transport.map(str::to_owned), Some(text.to_owned())))
    }

    #[test]
    fn a_message_leads_to_its_host() {
        let retry = "  T:mx.closed.test:127.0.0.1:26198 111 65 Connection refused
28-Nov-2026 13:09:26  28-Nov-2026 13:09:26  28-Nov-2026 13:10:26
rubbish
";
        let first = format!("mx.closed.test {ONE} 1xXIBC-0006TV-1Q ");
        let hints = hints(retry, &[&first, &format!("mx.closed.test:1 {TWO}")]);
        for id in [ONE, TWO] {
            let expected = says(Some("t"), "defer (111): Connection refused");
            assert_eq!(told(&hints, id, "closed.test"), expected);
        }
        assert_eq!(told(&hints, "other", "closed.test"), None);
    }

    #[test]
    fn a_host_with_two_addresses_has_two_reasons() {
        for port in ["", ":2608"] {
            let retry = format!(
                "  T:mx.bears.test:127.0.0.1{port} 111 65 Connection refused
  T:mx.bears.test:::2{port} 113 65 No route to host
"
            );
            let hints = hints(&retry, &[&format!("mx.bears.test {ONE}")]);
            let both = "defer (111): Connection refused; defer (113): No route to host";
            let expected = says(Some("t"), both);
            assert_eq!(told(&hints, ONE, "bears.test"), expected, "{port}");
        }
    }

    #[test]
    fn of_two_ports_nobody_knows_which_a_message_waits_for() {
        for (one, two) in [
            ("127.0.0.1:2608", "127.0.0.1:2609"),
            ("127.0.0.1", "127.0.0.1:2609"),
            ("::2:2608", "2001:db8:1:2:3:4:5:6:2609"),
            ("2608", "2609"),
        ] {
            let retry = format!(
                "  T:mx.bears.test:{one} 111 65 Connection refused
  T:mx.bears.test:{two} 110 65 Connection timed out
"
            );
            let hints = hints(&retry, &[&format!("mx.bears.test {ONE}")]);
            let expected = Some((Some("t".to_owned()), None));
            assert_eq!(told(&hints, ONE, "bears.test"), expected, "{one} {two}");
        }
    }

    #[test]
    fn what_is_said_of_a_message_or_a_recipient_is_not_said_of_the_host() {
        let retry = format!(
            "  T:mx.shop.test:127.0.26.9:2654:{ONE} -46 13377 H=mx.shop.test [127.0.26.9]: SMTP error: 452 4.3.1 full
  R:honey@grey.test:<bear@bears.test> -44 13121 H=mx.shop.test [127.0.26.9]: SMTP error: 451 4.7.1 come back later
  R:lost.test -1 0 host lookup did not complete
  T:honey@pipe.test 0 0 it is clogged
"
        );
        let hints = hints(&retry, &[&format!("mx.shop.test {TWO}")]);
        let full = "defer (-46): H=mx.shop.test [127.0.26.9]: SMTP error: 452 4.3.1 full";
        assert_eq!(told(&hints, ONE, "shop.test"), says(None, full));
        let grey =
            "defer (-44): H=mx.shop.test [127.0.26.9]: SMTP error: 451 4.7.1 come back later";
        assert_eq!(told(&hints, "other", "grey.test"), says(None, grey));
        assert_eq!(told(&hints, TWO, "grey.test"), says(Some("t"), grey));
        let lost = "defer (-1): host lookup did not complete";
        assert_eq!(told(&hints, "other", "lost.test"), says(None, lost));
        let clogged = says(None, "defer (0): it is clogged");
        assert_eq!(told(&hints, "other", "pipe.test"), clogged);
        // It waits, whatever for.
        let expected = Some((Some("t".to_owned()), None));
        assert_eq!(told(&hints, TWO, "shop.test"), expected);
        assert_eq!(told(&hints, "other", "bears.test"), None);
    }

    #[test]
    fn the_end_of_a_key_may_name_a_port() {
        for (place, expected) in [
            ("", &[25][..]),
            ("2608", &[2608]),
            ("127.0.0.1", &[25]),
            ("127.0.0.1:2608", &[2608]),
            ("::1:2608", &[2608, 25]),
            ("2001:db8::f", &[25]),
            ("rubbish", &[]),
            ("rub:bish:99999", &[]),
        ] {
            assert_eq!(ports(place), expected, "{place}");
        }
    }
}
