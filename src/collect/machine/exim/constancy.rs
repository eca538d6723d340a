//! A value of Exim's configuration to whether it is the same for every message: only then may it be asked for without
//! one. Expands nothing.

/// Whether a value is always the same, and so how to get at it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Constancy {
    /// It says what it means.
    Literal,
    /// `exim -be` tells it.
    Asked,
    /// It depends on a message or a connection, or does something when it is expanded; the words that say so.
    Varying(String),
}

/// Variables that are the same whatever is delivered.
const CONSTANTS: [&str; 8] = [
    "primary_hostname",
    "qualify_domain",
    "spool_directory",
    "config_dir",
    "config_file",
    "version_number",
    "exim_uid",
    "exim_gid",
];

/// Operators and items that do nothing but make text of text, and the conditions that read it.
const HARMLESS: [&str; 8] = ["if", "lc", "uc", "sg", "length", "l", "substr", "s"];

/// Looks at a value, word by word.
pub(super) fn look(value: &str) -> Constancy {
    let mut words = value.split('$');
    // What stands before the first.
    words.next();
    let mut is_literal = true;
    for word in words {
        is_literal = false;
        let is_item = word.starts_with('{');
        let name: String = word
            .trim_start_matches('{')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let is_known = CONSTANTS.contains(&&*name) || (is_item && HARMLESS.contains(&&*name));
        if !is_known {
            let brace = if is_item { "{" } else { "" };
            return Constancy::Varying(format!("${brace}{name}"));
        }
    }
    if is_literal {
        Constancy::Literal
    } else {
        Constancy::Asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_varies_is_asked_for() {
        assert_eq!(look("/etc/exim4/exim.crt"), Constancy::Literal);
        assert_eq!(look(""), Constancy::Literal);
        for asked in [
            "/etc/ssl/$primary_hostname.pem",
            "/etc/ssl/${primary_hostname}.pem",
            "${if exists{/etc/c.pem}{/etc/c.pem}{}}",
            "/etc/${lc:$primary_hostname}.pem",
        ] {
            assert_eq!(look(asked), Constancy::Asked, "{asked}");
        }
        for (varying, word) in [
            ("/etc/ssl/$tls_in_sni.pem", "$tls_in_sni"),
            ("${lookup{$host}lsearch{/etc/c}}", "${lookup"),
            ("${run{/bin/rm -rf}}", "${run"),
            (
                "${if eq{$sender_address_domain}{a}{/a}{/b}}",
                "$sender_address_domain",
            ),
            ("${readfile{/etc/shadow}}", "${readfile"),
            ("$", "$"),
        ] {
            assert_eq!(
                look(varying),
                Constancy::Varying(word.to_owned()),
                "{varying}"
            );
        }
    }
}
