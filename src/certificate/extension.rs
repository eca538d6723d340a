//! The extensions of a certificate to the facts in them, each on its own; judges nothing.

use std::collections::BTreeMap;
use std::fmt;

use x509_parser::asn1_rs::{FromDer as _, Tag};
use x509_parser::extensions::{
    AuthorityKeyIdentifier, BasicConstraints as ParsedConstraints, GeneralName, KeyIdentifier,
    X509Extension,
};

use super::key_usage::KeyUsage;
use super::subject_name::SubjectName;
use super::{der, memory};

/// The basicConstraints extension (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject may issue certificates.
    pub ca: bool,
    /// How many intermediates may follow below.
    pub path_length: Option<u32>,
}

/// One purpose of the extendedKeyUsage extension (RFC 5280 §4.2.1.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eku {
    /// TLS servers.
    ServerAuth,
    /// TLS clients.
    ClientAuth,
    /// Code.
    CodeSigning,
    /// S/MIME.
    EmailProtection,
    /// RFC 3161.
    TimeStamping,
    /// RFC 6960.
    OcspSigning,
    /// anyExtendedKeyUsage.
    Any,
    /// Any other purpose, by its OID.
    Other(String),
}

impl Eku {
    /// The memory that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Other(oid) => memory::text(oid),
            _ => 0,
        }
    }

    fn new(oid: String) -> Self {
        match oid.as_str() {
            "1.3.6.1.5.5.7.3.1" => Self::ServerAuth,
            "1.3.6.1.5.5.7.3.2" => Self::ClientAuth,
            "1.3.6.1.5.5.7.3.3" => Self::CodeSigning,
            "1.3.6.1.5.5.7.3.4" => Self::EmailProtection,
            "1.3.6.1.5.5.7.3.8" => Self::TimeStamping,
            "1.3.6.1.5.5.7.3.9" => Self::OcspSigning,
            "2.5.29.37.0" => Self::Any,
            _ => Self::Other(oid),
        }
    }
}

/// As RFC 5280 names it: `serverAuth`.
impl fmt::Display for Eku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
            Self::CodeSigning => "codeSigning",
            Self::EmailProtection => "emailProtection",
            Self::TimeStamping => "timeStamping",
            Self::OcspSigning => "OCSPSigning",
            Self::Any => "anyExtendedKeyUsage",
            Self::Other(oid) => oid,
        })
    }
}

const SUBJECT_KEY_ID: &str = "2.5.29.14";
const KEY_USAGE: &str = "2.5.29.15";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const AUTHORITY_KEY_ID: &str = "2.5.29.35";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";

/// Extensions whose critical flag is no surprise: those that RFC 5280 §4.2 lets or makes critical (key usage,
/// policies, name constraints …) and the ones read here.
const PROCESSED: &[&str] = &[
    SUBJECT_KEY_ID,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    "2.5.29.18",
    BASIC_CONSTRAINTS,
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    AUTHORITY_KEY_ID,
    "2.5.29.36",
    EXTENDED_KEY_USAGE,
    "2.5.29.54",
    TLS_FEATURE,
];

/// What the extensions say together.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) names: Vec<SubjectName>,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) extended_key_usage: Option<Vec<Eku>>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) must_staple: bool,
    pub(super) subject_key_id: Option<Vec<u8>>,
    pub(super) authority_key_id: Option<Vec<u8>>,
    pub(super) critical_unknown: Vec<String>,
    pub(super) defects: Vec<String>,
}

impl Extensions {
    /// Reads each extension on its own: one that cannot be read becomes a defect and leaves the others alone.
    pub(super) fn read(extensions: &[X509Extension<'_>]) -> Self {
        let mut all = Self::default();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for extension in extensions {
            let oid = der::oid_text(&extension.oid);
            if all.add(&oid, extension.value).is_none() {
                all.defects.push(format!("extension {oid} cannot be read"));
            }
            if extension.critical && !PROCESSED.contains(&oid.as_str()) {
                all.critical_unknown.push(oid.clone());
            }
            *seen.entry(oid).or_default() += 1;
        }
        // RFC 5280 §4.2: not more than one instance of an extension.
        let repeated = seen.into_iter().filter(|(_, times)| *times > 1);
        all.defects
            .extend(repeated.map(|(oid, times)| format!("extension {oid} appears {times} times")));
        all
    }

    /// Takes one extension in; none when its content is not what its type says.
    fn add(&mut self, oid: &str, value: &[u8]) -> Option<()> {
        match oid {
            SUBJECT_ALT_NAME => self.names.extend(names(value)?),
            EXTENDED_KEY_USAGE => {
                // Present but unreadable allows nothing, whereas absent allows everything.
                let usages = self.extended_key_usage.get_or_insert_default();
                usages.extend(oids(value)?.into_iter().map(Eku::new));
            }
            BASIC_CONSTRAINTS => self.basic_constraints = Some(constraints(value)?),
            KEY_USAGE => {
                self.key_usage = Some(KeyUsage::NONE);
                self.key_usage = Some(KeyUsage::from_der(value)?);
            }
            TLS_FEATURE => self.must_staple |= is_must_staple(value)?,
            SUBJECT_KEY_ID => {
                let (_, id) = KeyIdentifier::from_der(value).ok()?;
                self.subject_key_id = Some(id.0.to_vec());
            }
            AUTHORITY_KEY_ID => {
                let (_, id) = AuthorityKeyIdentifier::from_der(value).ok()?;
                self.authority_key_id = id.key_identifier.map(|id| id.0.to_vec());
            }
            _ => {}
        }
        Some(())
    }
}

fn names(value: &[u8]) -> Option<Vec<SubjectName>> {
    der::sequence(value)?
        .into_iter()
        .map(|entry| {
            let name = GeneralName::try_from(entry.any).ok()?;
            Some(SubjectName::new(&name))
        })
        .collect()
}

fn oids(value: &[u8]) -> Option<Vec<String>> {
    der::sequence(value)?
        .iter()
        .map(der::Element::oid)
        .collect()
}

fn constraints(value: &[u8]) -> Option<BasicConstraints> {
    let (_, parsed) = ParsedConstraints::from_der(value).ok()?;
    Some(BasicConstraints {
        ca: parsed.ca,
        path_length: parsed.path_len_constraint,
    })
}

/// TLS feature 5, status_request (RFC 7633 §4.1).
fn is_must_staple(value: &[u8]) -> Option<bool> {
    let features = der::sequence(value)?;
    Some(
        features
            .iter()
            .any(|feature| feature.content(Tag::Integer) == Some(&[5])),
    )
}

#[cfg(test)]
mod tests {
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::oid_registry::Oid;

    use super::*;

    fn read(list: &[(&[u64], bool, &'static [u8])]) -> Extensions {
        let extensions: Vec<_> = list
            .iter()
            .map(|(oid, critical, value)| {
                let oid = Oid::from(oid).unwrap();
                X509Extension::new(oid, *critical, value, ParsedExtension::Unparsed)
            })
            .collect();
        Extensions::read(&extensions)
    }

    const SAN: &[u64] = &[2, 5, 29, 17];
    const EKU: &[u64] = &[2, 5, 29, 37];

    #[test]
    fn an_unreadable_extension_leaves_the_others() {
        let all = read(&[
            (SAN, false, b"\x30\x05\x82\x01a\x05"),
            (EKU, false, b"\x30\x03\x02\x01\x05"),
            (&[2, 5, 29, 19], true, b"\x30\x03\x01\x01\xff"),
            (&[2, 5, 29, 14], false, b"\x02\x01\x05"),
            (&[2, 5, 29, 35], false, b""),
            (&[2, 5, 29, 15], true, b"\x05\x00"),
        ]);
        assert_eq!(
            all.basic_constraints,
            Some(BasicConstraints {
                ca: true,
                path_length: None
            })
        );
        assert_eq!(all.extended_key_usage, Some(vec![]), "allows nothing");
        assert_eq!(all.key_usage, Some(KeyUsage::NONE), "allows nothing");
        assert_eq!(all.names, []);
        assert_eq!(all.defects.len(), 5, "{:?}", all.defects);
    }

    #[test]
    fn odd_names_are_kept() {
        let all = read(&[(
            SAN,
            false,
            b"\x30\x16\x82\x01a\x82\x02\xff\xfe\x87\x02\x01\x02\x81\x03a@b\x88\x02\x2a\x03\x99\x00",
        )]);
        let texts: Vec<_> = all.names.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "a",
                "[2]:#FFFE",
                "IP:#0102",
                "email:a@b",
                "RID:1.2.3",
                "[25]:#"
            ]
        );
    }

    #[test]
    fn what_is_critical_and_unknown_is_listed() {
        let all = read(&[(&[1, 2, 3], true, b""), (&[1, 2, 4], false, b"")]);
        assert_eq!(all.critical_unknown, ["1.2.3"]);
        assert_eq!(all.defects, <[String; 0]>::default());
    }

    #[test]
    fn repeated_extensions_are_a_defect() {
        let all = read(&[
            (SAN, false, b"\x30\x03\x82\x01a"),
            (SAN, false, b"\x30\x03\x82\x01b"),
        ]);
        assert_eq!(all.names.len(), 2);
        assert_eq!(all.defects, ["extension 2.5.29.17 appears 2 times"]);
    }

    #[test]
    fn must_staple_is_feature_five() {
        let feature: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
        assert!(read(&[(feature, false, b"\x30\x06\x02\x01\x11\x02\x01\x05")]).must_staple);
        assert!(!read(&[(feature, false, b"\x30\x03\x02\x01\x11")]).must_staple);
    }

    #[test]
    fn purposes_keep_their_order() {
        let value =
            b"\x30\x12\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\x06\x02\x2a\x03\x06\x02\x55\x1d";
        let usages = read(&[(EKU, false, value)]).extended_key_usage.unwrap();
        let texts: Vec<_> = usages.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["serverAuth", "1.2.3", "2.5.29"]);
    }
}
