//! A name as it was written to the names to ask for, in the C library's order (resolv.conf(5)); asks nobody.

/// Of a name as text, the dot at the end included (RFC 1035 §2.3.4).
const MAX_LENGTH: usize = 254;

/// Where names are completed: the search list of this machine. Empty for resolvers of the operator's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// The domains to append, in order.
    pub(super) domains: Vec<String>,
    /// A name with so many dots is first asked for as it is.
    pub(super) ndots: usize,
}

impl Search {
    /// The absolute names to ask for, one after the other until one has an answer. A dot at the end makes a name
    /// complete.
    pub(super) fn candidates(&self, text: &str) -> Vec<String> {
        if text.ends_with('.') {
            return vec![text.to_owned()];
        }
        let as_is = format!("{text}.");
        let listed = self.domains.iter().map(|domain| under(text, domain));
        let listed = listed.filter(|name| name.len() <= MAX_LENGTH);
        let has_enough = text.matches('.').count() >= self.ndots || is_local(text);
        let mut candidates: Vec<String> = if has_enough {
            std::iter::once(as_is).chain(listed).collect()
        } else {
            listed.chain(std::iter::once(as_is)).collect()
        };
        let mut seen = std::collections::HashSet::new();
        candidates.retain(|name| seen.insert(name.to_ascii_lowercase()));
        candidates
    }

    /// The same for a mail domain: with a dot it is complete, as in an address (RFC 5321 §2.3.5).
    pub(super) fn mail_domains(&self, text: &str) -> Vec<String> {
        if text.contains('.') {
            return vec![format!("{}.", text.trim_end_matches('.'))];
        }
        self.candidates(text)
    }
}

fn under(text: &str, domain: &str) -> String {
    match domain.trim_end_matches('.') {
        "" => format!("{text}."),
        domain => format!("{text}.{domain}."),
    }
}

/// Names of this machine, which nobody is asked for (RFC 6761 §6.3).
pub(super) fn is_local(name: &str) -> bool {
    is_below(name, "localhost")
}

/// Names that do not exist in DNS by definition (RFC 6761 §6.4, RFC 7686 §2).
pub(super) fn is_no_dns_name(name: &str) -> bool {
    is_below(name, "invalid") || is_below(name, "onion")
}

fn is_below(name: &str, top: &str) -> bool {
    let name = name.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(ndots: usize) -> Search {
        let domains = ["mail.svc.cluster.local", "cluster.local."];
        Search {
            domains: domains.map(str::to_owned).to_vec(),
            ndots,
        }
    }

    #[test]
    fn few_dots_go_through_the_list_first_and_many_last() {
        let listed = [
            "postfix.mail.mail.svc.cluster.local.",
            "postfix.mail.cluster.local.",
        ];
        let (first, last) = (search(5), search(1));
        let [a, b] = listed;
        assert_eq!(
            first.candidates("postfix.mail"),
            [a, b, "postfix.mail."],
            "ndots 5"
        );
        assert_eq!(
            last.candidates("postfix.mail"),
            ["postfix.mail.", a, b],
            "ndots 1"
        );
        assert_eq!(search(0).candidates("relay")[0], "relay.");
        assert_eq!(search(1).candidates("relay")[2], "relay.");
    }

    #[test]
    fn a_dot_at_the_end_makes_a_name_complete() {
        assert_eq!(search(5).candidates("postfix.mail."), ["postfix.mail."]);
        assert_eq!(Search::default().candidates("relay"), ["relay."]);
        assert_eq!(
            search(1).candidates("LOCALHOST")[0],
            "LOCALHOST.",
            "of this machine"
        );
    }

    #[test]
    fn the_root_in_the_list_is_the_name_itself() {
        let search = Search {
            domains: vec![".".to_owned(), "bears.test".to_owned()],
            ndots: 1,
        };
        assert_eq!(search.candidates("relay"), ["relay.", "relay.bears.test."]);
    }

    #[test]
    fn a_mail_domain_with_a_dot_is_complete() {
        assert_eq!(search(5).mail_domains("bears.test"), ["bears.test."]);
        assert_eq!(search(5).mail_domains("bears").len(), 3);
    }

    #[test]
    fn names_outside_dns_are_known() {
        for name in ["localhost", "relay.localhost.", "LocalHost"] {
            assert!(is_local(name), "{name}");
        }
        assert!(is_no_dns_name("a.invalid.") && is_no_dns_name("x.onion"));
        assert!(!is_local("localhost.bears.test") && !is_no_dns_name("onion.bears.test"));
    }
}
