//! Names of mail servers, as configurations, inventories and connectors spell them, to whether the same server is meant.

/// Whether both name the same server: without case, and without domain where one of them has none.
pub fn is_same_server(one: &str, other: &str) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    let has_domain = |name: &str| short_name(name).len() < name.len();
    let is_full = has_domain(one) && has_domain(other);
    !is_full && short_name(one).eq_ignore_ascii_case(&short_name(other))
}

/// A server's name without its domain; an instance stays: `mx1.bear.local/postfix-out` is `mx1/postfix-out`.
pub fn short_name(name: &str) -> String {
    let (host, instance) = name.split_at(name.find('/').unwrap_or(name.len()));
    let short = host.split_once('.').map_or(host, |(short, _)| short);
    format!("{short}{instance}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_counts_where_both_have_one() {
        for (one, other, is_same) in [
            ("BearA", "beara", true),
            ("BearA", "beara.bear.local", true),
            ("beara.bear.local", "BEARA", true),
            ("beara.bear.local", "beara.fox.local", false),
            ("BearA", "BearB", false),
            ("mx1/postfix-out", "mx1.bear.local/postfix-out", true),
            ("mx1", "mx1/postfix-out", false),
        ] {
            assert_eq!(is_same_server(one, other), is_same, "{one} {other}");
        }
    }
}
