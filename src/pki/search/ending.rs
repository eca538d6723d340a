//! What a search came to: the best path, or the words for why there is none; searches nothing.

use super::{Issuer, Search};
use crate::certificate::Certificate;
use crate::pki::member::{self, Member};
use crate::pki::signed::Signer;
use crate::pki::trust::{CertPath, NoPath};

impl Search<'_> {
    pub(super) fn stopped(&mut self, why: NoPath) {
        let depth = self.way.len();
        if self
            .stop
            .as_ref()
            .is_none_or(|(deepest, _)| depth > *deepest)
        {
            self.stop = Some((depth, why));
        }
    }

    /// Whether an issuer is missing, or there but cannot be read.
    fn missing_issuer(&self, of: usize) -> NoPath {
        let member = self.members[of].as_ref();
        let name = member.and_then(Member::raw_issuer);
        let unreadable = self.chain.iter().filter(|c| Member::new(c).is_none());
        let is_there = name.filter(|name| name.len() <= 1024).is_some_and(|name| {
            let mut ders = unreadable.map(Certificate::der);
            ders.any(|der| der.windows(name.len()).any(|part| part == name))
        });
        match member {
            Some(member) if is_there => NoPath::Unreadable(format!(
                "a certificate of '{}' was presented that cannot be read",
                member.issuer_name
            )),
            _ => NoPath::UnknownIssuer { of },
        }
    }

    pub(super) fn bad_signature(&self, at: usize, issuer: Issuer) -> NoPath {
        let (own, by) = self.names(at);
        let which = match issuer {
            Issuer::Root(_) => "the root",
            Issuer::Presented(_) => "its issuer",
        };
        NoPath::Invalid(format!(
            "the signature of '{own}' does not match the key of {which} '{by}'"
        ))
    }

    pub(super) fn not_verified(&self, at: usize, issuer: Issuer) -> String {
        let (own, by) = self.names(at);
        let member = self.members[at].as_ref();
        let algorithm = member.map_or_else(String::new, algorithm);
        let key = self
            .signer(issuer)
            .map_or_else(String::new, Signer::describe);
        format!(
            "the signature of '{own}' by '{by}' is of a kind that is not verified here ({algorithm}, {key})"
        )
    }

    fn names(&self, at: usize) -> (&str, &str) {
        self.members[at]
            .as_ref()
            .map_or(("", ""), |member| (&member.name, &member.issuer_name))
    }

    pub(super) fn outcome(mut self, is_spent: bool) -> Result<CertPath, NoPath> {
        match self.best.take() {
            Some(((_, 0, _), path)) => return Ok(path),
            _ if is_spent => return Err(NoPath::TooManyWays),
            Some((_, path)) => return Ok(path),
            None => {}
        }
        let no_path = match (self.doubtful.take(), self.flawed.take(), self.stop.take()) {
            (Some(why), ..) => NoPath::Unsupported(why),
            (None, Some(why), _) => NoPath::Invalid(why),
            (None, None, Some((_, NoPath::UnknownIssuer { of }))) => self.missing_issuer(of),
            (None, None, Some((_, why))) => why,
            (None, None, None) => NoPath::UnknownIssuer { of: 0 },
        };
        Err(no_path)
    }
}

/// How a certificate is signed: with PSS it may be the salt that is odd.
fn algorithm(member: &Member<'_>) -> String {
    let name = member::cut(&member.facts.signature_algorithm.name);
    match member.signed.salt() {
        Some(salt) => format!("{name} with a salt of {salt} bytes"),
        None => name,
    }
}
