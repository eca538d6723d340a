//! The lines of `postqueue -j` to what waits for which next hop. Each holds senders and recipients: of them only domains
//! go on.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::collect::machine::tally::{Tally, Wait};
use crate::facts::inventory::{QueueKind, QueueStatus};
use crate::timestamp::Timestamp;

/// What is known beforehand of where mail goes.
#[derive(Debug, Default)]
pub(super) struct MailRoute {
    /// The host that takes all mail, if there is one.
    pub(super) relayhost: Option<String>,
    /// The domains of this machine's own, whose mail goes nowhere else.
    pub(super) local: BTreeSet<String>,
    /// The use with which mail is sent, where only one is possible.
    pub(super) use_id: Option<String>,
}

/// A message, of which a line tells this and more.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    queue_name: Cow<'a, str>,
    arrival_time: Option<i64>,
    #[serde(borrow, default)]
    recipients: Vec<Recipient<'a>>,
}

#[derive(Debug, Deserialize)]
struct Recipient<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    delay_reason: Option<Cow<'a, str>>,
}

impl MailRoute {
    /// Counts a message once for each of its next hops.
    ///
    /// # Errors
    /// When the line is no JSON of this kind.
    pub(super) fn count(&self, line: &[u8], tally: &mut Tally) -> Result<(), serde_json::Error> {
        let message: Message<'_> = serde_json::from_slice(line)?;
        let mut wait = Wait {
            kind: QueueKind::Delivery,
            status: status(&message.queue_name),
            use_id: None,
            text: None,
            since: message.arrival_time.map(Timestamp),
        };
        if message.recipients.is_empty() {
            wait.kind = QueueKind::Submission;
            tally.add(&message.queue_name, &wait);
            return Ok(());
        }
        for (hop, text) in self.hops(&message) {
            wait.use_id = self.use_id.as_deref().filter(|_| !self.is_local(hop));
            wait.text = text;
            tally.add(hop, &wait);
        }
        Ok(())
    }

    /// The next hops of a message, and what is said of the last recipient there.
    fn hops<'a>(&'a self, message: &'a Message<'_>) -> BTreeMap<&'a str, Option<&'a str>> {
        let mut hops = BTreeMap::new();
        for recipient in &message.recipients {
            let text = hops.entry(self.hop(&recipient.address)).or_insert(None);
            *text = recipient.delay_reason.as_deref().or(*text);
        }
        hops
    }

    fn hop<'a>(&'a self, address: &'a str) -> &'a str {
        let domain = address.rsplit('@').next().unwrap_or_default();
        match &self.relayhost {
            Some(relay) if !self.is_local(domain) => relay,
            _ => domain,
        }
    }

    fn is_local(&self, domain: &str) -> bool {
        !self.local.is_empty() && self.local.contains(&domain.to_ascii_lowercase())
    }
}

fn status(queue: &str) -> QueueStatus {
    match queue {
        "incoming" | "active" | "maildrop" => QueueStatus::Active,
        "deferred" => QueueStatus::Retry,
        "hold" => QueueStatus::Suspended,
        _ => QueueStatus::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::inventory::Queue;

    /// As Postfix 3.7 prints them.
    const LINES: &str = r#"{"queue_name": "deferred", "queue_id": "1AE8A98E1AB", "arrival_time": 1795871353, "message_size": 272, "forced_expire": false, "sender": "bear@bears.test", "recipients": [{"address": "honey@closed.test", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:26199: Connection refused"}]}
{"queue_name": "deferred", "queue_id": "2AE8A98E1AB", "arrival_time": 1795871300, "message_size": 272, "forced_expire": false, "sender": "bear@bears.test", "recipients": [{"address": "fox@closed.test", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:26199: Connection refused"}, {"address": "\"bear @\\\"\"@closed.test", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:26199: Connection refused"}, {"address": "elk@grey.test", "delay_reason": "host 127.0.0.1[127.0.0.1] said: 451 4.7.1 <elk@grey.test>: come back later (in reply to RCPT TO command)"}]}
{"queue_name": "hold", "queue_id": "3AE8A98E1AB", "arrival_time": 1795871353, "message_size": 272, "forced_expire": false, "sender": "", "recipients": [{"address": "bear@hold.test"}]}
{"queue_name": "active", "queue_id": "4AE8A98E1AB", "arrival_time": 1795871353, "message_size": 272, "forced_expire": false, "sender": "", "recipients": [{"address": "bear@bears.test"}]}
{"queue_name": "maildrop", "queue_id": "5AE8A98E1AB", "arrival_time": 1795871353, "message_size": 272, "forced_expire": false, "sender": "x", "recipients": []}
"#;

    fn queues(route: &MailRoute) -> Vec<Queue> {
        let mut tally = Tally::default();
        for line in LINES.lines() {
            route.count(line.as_bytes(), &mut tally).unwrap();
        }
        tally.into_queues(50)
    }

    fn told(queues: &[Queue]) -> Vec<(&str, QueueStatus, u64, Option<&str>)> {
        let told = queues.iter();
        told.map(|q| (&*q.next_hop, q.status, q.messages, q.use_id.as_deref()))
            .collect()
    }

    #[test]
    fn a_message_counts_once_for_each_next_hop() {
        use QueueStatus as S;
        let queues = queues(&MailRoute {
            relayhost: None,
            local: BTreeSet::from(["bears.test".to_owned()]),
            use_id: Some("smtp".to_owned()),
        });
        let smtp = Some("smtp");
        let expected = [
            ("closed.test", S::Retry, 2, smtp),
            ("bears.test", S::Active, 1, None),
            ("grey.test", S::Retry, 1, smtp),
            ("hold.test", S::Suspended, 1, smtp),
            ("maildrop", S::Active, 1, None),
        ];
        assert_eq!(told(&queues), expected);
        assert_eq!(queues[0].since, Some(Timestamp(1_795_871_300)));
        assert_eq!(queues[4].kind, QueueKind::Submission);
        let text = queues[2].last_error.as_deref();
        let masked = "host 127.0.0.1[127.0.0.1] said: 451 4.7.1 *** come back later (in reply to RCPT TO command)";
        assert_eq!(text, Some(masked));
        let all = format!("{queues:?}");
        for secret in ["honey", "fox", "elk", "@", "AE8A98E1AB"] {
            assert!(!all.contains(secret), "{secret}: {all}");
        }
    }

    #[test]
    fn a_relayhost_takes_all_that_is_not_local() {
        let queues = queues(&MailRoute {
            relayhost: Some("relay.test:587".to_owned()),
            local: BTreeSet::from(["bears.test".to_owned()]),
            use_id: None,
        });
        let count = |hop: &str| {
            let all = queues.iter().filter(|q| &*q.next_hop == hop);
            all.map(|q| q.messages).sum::<u64>()
        };
        assert_eq!((count("relay.test:587"), count("bears.test")), (3, 1));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let mut tally = Tally::default();
        for line in [
            "",
            "x",
            "{}",
            "[]",
            "{\"queue_name\": 1}",
            "{\"queue_name\": \"hold\", \"recipients\": [{}]}",
        ] {
            assert!(
                MailRoute::default()
                    .count(line.as_bytes(), &mut tally)
                    .is_err(),
                "{line}"
            );
        }
        assert!(tally.into_queues(50).is_empty());
    }
}
