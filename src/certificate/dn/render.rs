//! Distinguished names to the texts that LDAP tools and Exchange print; knows no certificate.

use super::super::hex;
use super::attribute;
use super::name::{Attribute, Dn};

impl Dn {
    /// As .NET, Windows and Exchange print it: `CN=mail.example.com, O="Bear, Inc.", S=Bavaria, C=DE`.
    ///
    /// `CertNameToStr` with `CERT_X500_NAME_STR | CERT_NAME_STR_REVERSE_FLAG`: most specific part first, values in
    /// double quotes where needed, quotes inside doubled, types without a key as `OID.1.2.3`. Nothing else is escaped,
    /// line breaks and other control characters included.
    pub fn to_exchange(&self) -> String {
        let mut text = String::new();
        for (nth, rdn) in self.rdns.iter().rev().enumerate() {
            text.push_str(if nth == 0 { "" } else { ", " });
            for (nth, attribute) in rdn.iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { " + " });
                exchange(attribute, &mut text);
            }
        }
        text
    }

    /// As RFC 4514 and `openssl -nameopt RFC2253,utf8,-esc_msb` write it: `CN=x,O=Bear\, Inc.,C=DE`.
    ///
    /// Types without a well-known key are dotted with their value as `#hex` (RFC 4514 §2.4); control characters are
    /// escaped as hex pairs, so that the text is always one line.
    pub fn to_rfc4514(&self) -> String {
        let rdns: Vec<String> = self
            .rdns
            .iter()
            .rev()
            .map(|rdn| rdn.iter().rev().map(rfc4514).collect::<Vec<_>>().join("+"))
            .collect();
        rdns.join(",")
    }
}

/// Written into the whole: this is done for every name at every look.
fn exchange(attribute: &Attribute, out: &mut String) {
    match attribute::windows_key(&attribute.oid) {
        Some(key) => out.push_str(key),
        None => out.extend(["OID.", &attribute.oid]),
    }
    out.push('=');
    match &attribute.value.text {
        Some(text) => quoted(text, out),
        None => out.extend(["#", &hex::encode(&attribute.value.der)]),
    }
}

/// The value, in quotes where `CertNameToStr` puts them.
fn quoted(text: &str, out: &mut String) {
    let special = |c| matches!(c, ',' | '+' | '=' | '"' | '\n' | '<' | '>' | '#' | ';');
    if text.is_empty() || text.trim() != text || text.contains(special) {
        out.extend(["\"", &text.replace('"', "\"\""), "\""]);
    } else {
        out.push_str(text);
    }
}

fn rfc4514(attribute: &Attribute) -> String {
    match (attribute::short_key(&attribute.oid), &attribute.value.text) {
        (Some(key), Some(text)) => format!("{key}={}", escaped(text)),
        (key, _) => {
            let key = key.unwrap_or(&attribute.oid);
            format!("{key}=#{}", hex::encode(&attribute.value.der))
        }
    }
}

/// RFC 4514 §2.4.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        let edge = (c == ' ' && (i == 0 || i == last)) || (c == '#' && i == 0);
        if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
            out.push(c);
        } else if c.is_control() {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                out.push('\\');
                out.push_str(&hex::encode(&[byte]));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::name::AttributeValue;
    use super::*;

    fn name(values: &[(&str, &str)]) -> Dn {
        let attribute = |(oid, text): &(&str, &str)| Attribute {
            oid: (*oid).into(),
            value: AttributeValue::from_text((*text).into()),
        };
        Dn::from_rdns(values.iter().map(|v| vec![attribute(v)]).collect())
    }

    const NASTY: &[&str] = &[
        "",
        " ",
        "a",
        "Bear, Inc.",
        "a+b",
        "a=b",
        "\"",
        "\"\"",
        "say \"hi\", bear",
        " leading",
        "trailing ",
        "trailing\\",
        "trailing\\ ",
        "two  blanks",
        "#",
        "#0C0141",
        "a#b",
        "<I>CN=x<S>CN=y",
        "a;b",
        "line\nbreak",
        "\n",
        "\r\n",
        "tab\t",
        "nul\0",
        "\u{1b}[31mred",
        "\u{7f}\u{85}\u{a0}",
        "Bärenhöhle 🐻",
        "\\",
        "\\\\",
        "\\,",
        "\\2C",
        "\\\"",
        "\\\", CN=x",
        "\", CN=\"x",
        "a\\, C=b",
        "/CN=x/C=y",
        "subject=x",
        "\u{202e}evil",
    ];

    #[test]
    fn every_rendering_reads_back_as_the_same_name() {
        for first in NASTY {
            for second in NASTY {
                let name = name(&[
                    ("2.5.4.6", "US"),
                    ("2.5.4.10", first),
                    ("1.2.3.4", second),
                    ("2.5.4.3", second),
                ]);
                for text in [name.to_exchange(), name.to_rfc4514()] {
                    let read = Dn::parse(&text);
                    assert!(
                        read.as_ref().is_ok_and(|read| name.matches(read)),
                        "{text:?} {read:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn rfc4514_is_one_line() {
        for value in NASTY {
            let text = name(&[("2.5.4.3", value)]).to_rfc4514();
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn exchange_quotes_as_windows_does() {
        let oids = [
            ("2.5.4.6", "DE"),
            ("2.5.4.8", "Bavaria"),
            ("2.5.4.97", "VATDE-1"),
            ("2.5.4.10", "The \"Bear\", Inc."),
            ("2.5.4.3", ""),
            ("1.2.840.113549.1.9.1", "a@b"),
        ];
        assert_eq!(
            name(&oids).to_exchange(),
            r#"E=a@b, CN="", O="The ""Bear"", Inc.", OID.2.5.4.97=VATDE-1, S=Bavaria, C=DE"#
        );
    }

    #[test]
    fn what_is_no_text_is_hex() {
        let mut name = name(&[("2.5.4.3", "")]);
        name.rdns[0][0].value = AttributeValue::from_der(b"\x02\x01\x05");
        assert_eq!(name.to_exchange(), "CN=#020105");
        assert_eq!(name.to_rfc4514(), "CN=#020105");
        assert!(name.matches(&Dn::parse("CN=#020105").unwrap()));
    }
}
