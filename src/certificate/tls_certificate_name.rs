//! Exchange's connector string (`<I>issuer<S>subject`) to the two names in it, and back; knows no connector.

use std::fmt;

use super::dn::{Dn, DnError};
use super::facts::Facts;

/// The `TlsCertificateName` of a Send or Receive connector: by it Exchange chooses its certificate.
///
/// Neither the thumbprint nor the serial number plays a part, so that a renewal with the same names needs no change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsCertificateName {
    /// Behind `<I>`.
    pub issuer: Dn,
    /// Behind `<S>`; empty for certificates without a subject.
    pub subject: Dn,
}

/// Why a text is no `TlsCertificateName`; offsets in names count from the mark before them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsCertificateNameError {
    /// The text does not begin with `<I>`.
    #[error("expected <I> at the beginning, as in <I>CN=Some CA, C=US<S>CN=mail.example.com")]
    NoIssuer,
    /// There is no `<S>`.
    #[error(
        "expected <S> and the subject behind the issuer, as in <I>CN=Some CA, C=US<S>CN=mail.example.com"
    )]
    NoSubject,
    /// The part behind `<I>` is no name.
    #[error("the issuer behind <I>: {0}")]
    Issuer(DnError),
    /// The part behind `<S>` is no name.
    #[error("the subject behind <S>: {0}")]
    Subject(DnError),
}

/// As many `<S>` are tried as the divide. More than a few only occur in hostile texts.
const MARKS: usize = 16;

impl TlsCertificateName {
    /// What a connector must say to choose the certificate with these facts.
    pub fn of(facts: &Facts) -> Self {
        Self {
            issuer: facts.issuer.clone(),
            subject: facts.subject.clone(),
        }
    }

    /// Reads `<I>…<S>…`, the marks in either case, the names in any form that [`Dn::parse`] understands.
    ///
    /// A name may itself hold `<S>`, in quotes: the divide is the first `<S>` that leaves a name on both sides.
    ///
    /// # Errors
    /// [`TlsCertificateNameError`] says which part is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, TlsCertificateNameError> {
        let names = strip_mark(text.trim(), "<I>").ok_or(TlsCertificateNameError::NoIssuer)?;
        let mut first_error = None;
        for (at, _) in names
            .match_indices('<')
            .filter(|(at, _)| is_subject_mark(names, *at))
            .take(MARKS)
        {
            match Self::divided(&names[..at], &names[at + 3..]) {
                Ok(name) => return Ok(name),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(TlsCertificateNameError::NoSubject))
    }

    fn divided(issuer: &str, subject: &str) -> Result<Self, TlsCertificateNameError> {
        Ok(Self {
            issuer: Dn::parse(issuer).map_err(TlsCertificateNameError::Issuer)?,
            subject: Dn::parse(subject).map_err(TlsCertificateNameError::Subject)?,
        })
    }

    /// Whether a connector with this name chooses the certificate: issuer and subject are both the same.
    pub fn matches(&self, facts: &Facts) -> bool {
        facts.issuer.matches(&self.issuer) && facts.subject.matches(&self.subject)
    }
}

fn is_subject_mark(text: &str, at: usize) -> bool {
    strip_mark(&text[at..], "<S>").is_some()
}

fn strip_mark<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(mark.len())?;
    head.eq_ignore_ascii_case(mark).then_some(tail)
}

/// As Exchange prints it.
impl fmt::Display for TlsCertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<I>{}<S>{}",
            self.issuer.to_exchange(),
            self.subject.to_exchange()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> TlsCertificateName {
        TlsCertificateName::parse(text).unwrap()
    }

    #[test]
    fn what_exchange_prints_reads_back() {
        for text in [
            "<I>CN=GeoTrust TLS RSA CA G1, OU=www.digicert.com, O=DigiCert Inc, C=US<S>CN=mail.contoso.com",
            "<I>CN=Some CA, C=US<S>",
            r#"<I>CN="a<S>b", C=US<S>CN="<I>""", C=US"#,
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
        let lower = parse(" <i>CN=Some CA, C=US<s>CN=x, C=US ");
        assert_eq!(lower.to_string(), "<I>CN=Some CA, C=US<S>CN=x, C=US");
    }

    #[test]
    fn other_renderings_of_the_names_are_understood() {
        let name = parse("<I>C = US, CN = Some CA<S>/C=DE/ST=Bavaria/CN=x");
        assert_eq!(
            name.to_string(),
            "<I>CN=Some CA, C=US<S>CN=x, S=Bavaria, C=DE"
        );
    }

    #[test]
    fn errors_say_which_part_is_wrong() {
        use TlsCertificateNameError as Error;
        let error = |text| TlsCertificateName::parse(text).unwrap_err();
        assert_eq!(error(""), Error::NoIssuer);
        assert_eq!(error("CN=x<S>CN=y"), Error::NoIssuer);
        assert_eq!(error("<I>CN=x"), Error::NoSubject);
        assert!(matches!(error("<I>x<S>CN=y"), Error::Issuer(_)));
        assert!(matches!(error("<I>CN=x<S>y"), Error::Subject(_)));
        assert!(matches!(
            error(&format!("<I>{}", "<S>\"".repeat(10_000))),
            Error::Subject(_)
        ));
    }
}
