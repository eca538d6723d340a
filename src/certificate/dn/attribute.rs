//! Attribute types of names: object identifiers to the keys that tools print, and back; knows no values.

/// One attribute type and how tools call it.
struct AttributeType {
    oid: &'static str,
    /// As OpenSSL prints it, which for the nine types of RFC 4514 §3 is the RFC's own key.
    short: &'static str,
    /// As Windows prints it (`CertStrToName`, table of X.500 keys); types without a key there get `OID.`.
    windows: Option<&'static str>,
    /// Further spellings that are understood.
    aliases: &'static [&'static str],
}

const fn row(
    oid: &'static str,
    short: &'static str,
    windows: Option<&'static str>,
    aliases: &'static [&'static str],
) -> AttributeType {
    AttributeType {
        oid,
        short,
        windows,
        aliases,
    }
}

/// commonName (X.520), the one type that other rooms ask for.
pub(super) const COMMON_NAME: &str = "2.5.4.3";
/// countryName: the most general part of an X.500 name.
pub(super) const COUNTRY: &str = "2.5.4.6";
/// organizationName.
pub(super) const ORGANIZATION: &str = "2.5.4.10";
/// domainComponent (RFC 4519 §2.4): the most general part of a name in a directory.
pub(super) const DOMAIN_COMPONENT: &str = "0.9.2342.19200300.100.1.25";

// One row a type is easier to check against the sources than rustfmt's five.
#[rustfmt::skip]
const TYPES: &[AttributeType] = &[
    row(COMMON_NAME, "CN", Some("CN"), &["commonName"]),
    row("2.5.4.4", "SN", Some("SN"), &["surname"]),
    row("2.5.4.5", "serialNumber", Some("SERIALNUMBER"), &[]),
    row(COUNTRY, "C", Some("C"), &["countryName"]),
    row("2.5.4.7", "L", Some("L"), &["localityName"]),
    row("2.5.4.8", "ST", Some("S"), &["stateOrProvinceName"]),
    row("2.5.4.9", "street", Some("STREET"), &["streetAddress"]),
    row(ORGANIZATION, "O", Some("O"), &["organizationName"]),
    row("2.5.4.11", "OU", Some("OU"), &["organizationalUnitName"]),
    row("2.5.4.12", "title", Some("T"), &[]),
    row("2.5.4.13", "description", Some("Description"), &[]),
    row("2.5.4.15", "businessCategory", None, &[]),
    row("2.5.4.17", "postalCode", Some("PostalCode"), &[]),
    row("2.5.4.18", "postOfficeBox", Some("POBox"), &[]),
    row("2.5.4.20", "telephoneNumber", Some("Phone"), &[]),
    row("2.5.4.24", "x121Address", Some("X21Address"), &[]),
    row("2.5.4.41", "name", None, &[]),
    row("2.5.4.42", "GN", Some("G"), &["givenName"]),
    row("2.5.4.43", "initials", Some("I"), &[]),
    row("2.5.4.44", "generationQualifier", None, &[]),
    row("2.5.4.45", "x500UniqueIdentifier", None, &[]),
    row("2.5.4.46", "dnQualifier", Some("dnQualifier"), &[]),
    row("2.5.4.65", "pseudonym", None, &[]),
    row("2.5.4.97", "organizationIdentifier", None, &[]),
    row(DOMAIN_COMPONENT, "DC", Some("DC"), &["domainComponent"]),
    row("0.9.2342.19200300.100.1.1", "UID", None, &["userId"]),
    row("1.2.840.113549.1.9.1", "emailAddress", Some("E"), &["Email"]),
    row("1.2.840.113549.1.9.2", "unstructuredName", None, &[]),
    row("1.2.840.113549.1.9.8", "unstructuredAddress", None, &[]),
    row("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", None,
        &["jurisdictionLocalityName", "jurisdictionLocality"]),
    row("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", None,
        &["jurisdictionStateOrProvinceName", "jurisdictionStateOrProvince"]),
    row("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", None,
        &["jurisdictionCountryName", "jurisdictionCountry"]),
];

/// The object identifier that `key` names: any spelling of the table, case-blind, or a dotted OID with or without
/// `OID.` in front.
pub(super) fn oid_of(key: &str) -> Option<String> {
    let dotted = match key.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("OID.") => &key[4..],
        _ => key,
    };
    if is_dotted(dotted) {
        return Some(dotted.to_owned());
    }
    let known = TYPES.iter().find(|t| {
        [t.short, t.windows.unwrap_or(t.short)]
            .iter()
            .chain(t.aliases)
            .any(|name| name.eq_ignore_ascii_case(key))
    });
    known.map(|t| t.oid.to_owned())
}

/// At least two numbers, dots between, no leading zeros: each OID has one text.
fn is_dotted(text: &str) -> bool {
    let number = |n: &str| {
        !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'))
    };
    text.contains('.') && text.split('.').all(number)
}

/// The key that OpenSSL prints, if the type has one.
pub(super) fn short_key(oid: &str) -> Option<&'static str> {
    TYPES.iter().find(|t| t.oid == oid).map(|t| t.short)
}

/// The key that Windows and .NET print; of types without one they print `OID.` and the numbers.
pub(super) fn windows_key(oid: &str) -> Option<&'static str> {
    TYPES.iter().find(|t| t.oid == oid)?.windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_names_its_own_type_only() {
        for t in TYPES {
            assert_eq!(oid_of(t.short).as_deref(), Some(t.oid), "{}", t.short);
            let numbers = || format!("OID.{}", t.oid);
            let windows = windows_key(t.oid).map_or_else(numbers, str::to_owned);
            assert_eq!(oid_of(&windows).as_deref(), Some(t.oid));
            for alias in t.aliases {
                assert_eq!(oid_of(alias).as_deref(), Some(t.oid), "{alias}");
            }
        }
    }

    #[test]
    fn spellings_of_a_state_are_one() {
        for key in ["S", "st", "StateOrProvinceName", "2.5.4.8", "oid.2.5.4.8"] {
            assert_eq!(oid_of(key).as_deref(), Some("2.5.4.8"), "{key}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in [
            "", "X", "2", "OID.", "2..5", ".2.5", "2.05", "é.1", "OID.CN",
        ] {
            assert_eq!(oid_of(bad), None, "{bad}");
        }
    }
}
