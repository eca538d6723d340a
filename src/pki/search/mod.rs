//! Presented certificates and roots to the best path between them, or to where the search ended; one budget for all.
//!
//! Each link is a signature by a key whose certificate bears the issuer's name. Dates decide nothing here but which
//! path is the best: each signature was made at a time of its own, and `lifetime` judges what has ended since.

mod ending;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::ControlFlow;

use super::anchors::{Anchors, Root};
use super::budget::{Budget, Spent};
use super::member::Member;
use super::names;
use super::signed::{Made, Signer};
use super::trust::{CertPath, NoPath};
use crate::certificate::{Certificate, Facts};
use crate::timestamp::Timestamp;

/// Who may have issued a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Issuer {
    /// This one of the roots.
    Root(usize),
    /// This one of the presented certificates.
    Presented(usize),
}

/// What is known of the way so far besides that its signatures hold.
#[derive(Debug, Clone, Default)]
struct Marks {
    /// Why it cannot be judged here.
    doubt: Option<String>,
    /// Why it leads nowhere whatever comes.
    flaw: Option<String>,
    /// An issuer's key is not for certificates, which is a finding of its own.
    is_blemished: bool,
}

/// Blemish, seconds between now and the time at which all is valid, the end: the least is the best.
type Rank = (bool, i64, Reverse<Timestamp>);

/// Why the search ends before all was tried.
enum End {
    /// Nothing can be better than what was found.
    Found,
    /// There are too many ways.
    Spent,
}

impl From<Spent> for End {
    fn from(_: Spent) -> Self {
        Self::Spent
    }
}

struct Search<'a> {
    members: Vec<Option<Member<'a>>>,
    chain: &'a [Certificate],
    anchors: &'a Anchors,
    now: Timestamp,
    budget: &'a mut Budget,
    made: HashMap<(usize, Issuer), Made>,
    /// From the server's certificate upwards.
    way: Vec<usize>,
    best: Option<(Rank, CertPath)>,
    doubtful: Option<String>,
    flawed: Option<String>,
    /// The end that is farthest from the server's certificate.
    stop: Option<(usize, NoPath)>,
}

/// The best path from the first of `chain` to one of `anchors`.
pub(super) fn search(
    chain: &[Certificate],
    anchors: &Anchors,
    now: Timestamp,
    budget: &mut Budget,
) -> Result<CertPath, NoPath> {
    let mut search = Search {
        members: members(chain),
        chain,
        anchors,
        now,
        budget,
        made: HashMap::new(),
        way: vec![0],
        best: None,
        doubtful: None,
        flawed: None,
        stop: None,
    };
    let Some(leaf) = &search.members[0] else {
        let why = chain[0].facts().err();
        let why = why.map_or_else(|| "malformed".to_owned(), ToString::to_string);
        return Err(NoPath::Unreadable(why));
    };
    let marks = Marks {
        doubt: leaf.doubt.clone().or_else(|| leaf.policy_doubt(0)),
        flaw: leaf.flaw.clone(),
        is_blemished: false,
    };
    let spent = matches!(search.follow(&marks), ControlFlow::Break(End::Spent));
    search.outcome(spent)
}

/// What can be read, each certificate once.
fn members(chain: &[Certificate]) -> Vec<Option<Member<'_>>> {
    let is_new = |at: usize| !chain[..at].contains(&chain[at]);
    (0..chain.len())
        .map(|at| is_new(at).then(|| Member::new(&chain[at])).flatten())
        .collect()
}

impl Search<'_> {
    /// Tries every issuer of the last certificate of the way.
    fn follow(&mut self, so_far: &Marks) -> ControlFlow<End> {
        let Some(&at) = self.way.last() else {
            return ControlFlow::Continue(());
        };
        let issuers = self.issuers(at);
        if issuers.is_empty() {
            self.stopped(NoPath::UnknownIssuer { of: at });
            return ControlFlow::Continue(());
        }
        let mut is_signed = false;
        for &issuer in &issuers {
            let made = match self.signed(at, issuer) {
                Ok(made) => made,
                Err(spent) => return ControlFlow::Break(spent.into()),
            };
            if made == Made::No {
                continue;
            }
            is_signed = true;
            let mut marks = so_far.clone();
            if made == Made::NotVerifiedHere && marks.doubt.is_none() {
                marks.doubt = Some(self.not_verified(at, issuer));
            }
            match issuer {
                Issuer::Root(root) => self.arrive(root, marks)?,
                Issuer::Presented(next) => self.enter(next, marks)?,
            }
        }
        if !is_signed {
            self.stopped(self.bad_signature(at, issuers[0]));
        }
        ControlFlow::Continue(())
    }

    /// Follows the way through one more presented certificate.
    fn enter(&mut self, next: usize, mut marks: Marks) -> ControlFlow<End> {
        let below = self.intermediates();
        if let Some(issuer) = &self.members[next] {
            let flaw = || {
                let flaw = issuer.flaw.clone();
                flaw.or_else(|| issuer.flaw_as_issuer(below))
            };
            marks.flaw = marks.flaw.or_else(flaw);
            let doubt = || {
                let doubt = issuer.doubt.clone();
                let doubt = doubt.or_else(|| issuer.doubt_as_issuer());
                doubt.or_else(|| issuer.policy_doubt(below + 1))
            };
            marks.doubt = marks.doubt.or_else(doubt);
            marks.is_blemished |= !issuer.limits.may_sign_certificates();
        }
        self.way.push(next);
        let end = self.follow(&marks);
        self.way.pop();
        end
    }

    /// Notes the way that has reached a root.
    fn arrive(&mut self, root: usize, mut marks: Marks) -> ControlFlow<End> {
        let root = &self.anchors.roots()[root];
        let flaw = || root.flaw(self.intermediates());
        marks.flaw = marks.flaw.or_else(flaw);
        if marks.flaw.is_none() {
            match self.constrained(root) {
                Ok(()) => {}
                Err(names::Objection::Forbidden(why)) => marks.flaw = Some(why),
                Err(names::Objection::Unclear(why)) => marks.doubt = marks.doubt.or(Some(why)),
                Err(names::Objection::Spent) => return ControlFlow::Break(End::Spent),
            }
        }
        match marks {
            Marks {
                flaw: Some(why), ..
            } => drop(self.flawed.get_or_insert(why)),
            Marks {
                doubt: Some(why), ..
            } => drop(self.doubtful.get_or_insert(why)),
            Marks { is_blemished, .. } => return self.found(root, is_blemished),
        }
        ControlFlow::Continue(())
    }

    fn found(&mut self, root: &Root, is_blemished: bool) -> ControlFlow<End> {
        let path = self.path(root);
        let late = self.now.seconds_since(path.valid_until);
        let early = path.valid_from.seconds_since(self.now);
        let rank = (
            is_blemished,
            late.max(early).max(0),
            Reverse(path.valid_until),
        );
        let leaf_ends = self.facts(0).map(|leaf| leaf.not_after);
        let is_perfect = !rank.0 && rank.1 == 0 && Some(path.valid_until) >= leaf_ends;
        if self.best.as_ref().is_none_or(|(best, _)| rank < *best) {
            self.best = Some((rank, path));
        }
        match is_perfect {
            true => ControlFlow::Break(End::Found),
            false => ControlFlow::Continue(()),
        }
    }

    fn path(&self, root: &Root) -> CertPath {
        let members = self.way.iter().filter_map(|at| self.facts(*at));
        let facts: Vec<_> = members.chain(root.facts()).collect();
        let from = facts.iter().map(|facts| facts.not_before).max();
        let until = facts.iter().map(|facts| facts.not_after).min();
        CertPath {
            certificates: self.way.clone(),
            anchor: root.subject(),
            root: root.certificate.clone(),
            valid_from: from.unwrap_or(Timestamp(i64::MIN)),
            valid_until: until.unwrap_or(Timestamp(i64::MAX)),
        }
    }

    fn facts(&self, at: usize) -> Option<&Facts> {
        self.members[at].as_ref().map(|member| member.facts)
    }

    /// How many intermediates the way has that are not self-issued, as path lengths count (RFC 5280 §4.2.1.9).
    fn intermediates(&self) -> usize {
        let above_leaf = self.way.iter().skip(1);
        let members = above_leaf.filter_map(|at| self.members[*at].as_ref());
        members.filter(|member| !member.is_self_issued()).count()
    }

    /// Who bears the name of a certificate's issuer and is not on the way yet (RFC 4158 §5.2), roots first, then those
    /// with the key identifier that the certificate gives.
    fn issuers(&self, at: usize) -> Vec<Issuer> {
        let Some(member) = &self.members[at] else {
            return Vec::new();
        };
        let is_on_way = |subject: &[u8], signer: &Signer| {
            let on_way = self.way.iter().filter_map(|at| self.members[*at].as_ref());
            on_way
                .into_iter()
                .any(|m| m.subject == subject && m.signer.spki == signer.spki)
        };
        let roots = self.anchors.named(&member.issuer);
        let roots = roots.filter(|(_, root)| !is_on_way(&member.issuer, &root.signer));
        let mut issuers: Vec<_> = roots.map(|(nth, _)| Issuer::Root(nth)).collect();
        let mut presented: Vec<_> = (1..self.members.len())
            .filter(|nth| {
                self.members[*nth].as_ref().is_some_and(|other| {
                    other.subject == member.issuer && !is_on_way(&other.subject, &other.signer)
                })
            })
            .collect();
        let wanted = &member.facts.authority_key_id;
        presented.sort_by_key(|nth| self.facts(*nth).is_none_or(|f| f.subject_key_id != *wanted));
        issuers.extend(presented.into_iter().map(Issuer::Presented));
        issuers
    }

    fn signed(&mut self, at: usize, issuer: Issuer) -> Result<Made, Spent> {
        self.budget.step()?;
        if let Some(known) = self.made.get(&(at, issuer)) {
            return Ok(*known);
        }
        self.budget.signature()?;
        let made = match (&self.members[at], self.signer(issuer)) {
            (Some(member), Some(signer)) => {
                let algorithm = &member.facts.signature_algorithm;
                member.signed.made_by(signer, algorithm)
            }
            _ => Made::No,
        };
        self.made.insert((at, issuer), made);
        Ok(made)
    }

    fn signer(&self, issuer: Issuer) -> Option<&Signer> {
        match issuer {
            Issuer::Root(nth) => self.anchors.roots().get(nth).map(|root| &root.signer),
            Issuer::Presented(nth) => self.members[nth].as_ref().map(|member| &member.signer),
        }
    }

    /// Whether the names on the way are within the constraints of the root and of every issuer (RFC 5280 §6.1.3 b, c).
    fn constrained(&mut self, root: &Root) -> Result<(), names::Objection> {
        let way = self.way.iter().filter_map(|at| self.members[*at].as_ref());
        let members: Vec<_> = way.collect();
        let own = members.iter().enumerate();
        let own = own.filter_map(|(at, member)| Some((at, member.limits.names?)));
        let roots = root.name_constraints().map(|names| (members.len(), names));
        for (at, constraints) in own.chain(roots) {
            let below = members[..at].iter().enumerate();
            // A self-issued intermediate is the issuer itself.
            for (_, member) in below.filter(|(nth, m)| *nth == 0 || !m.is_self_issued()) {
                names::check(constraints, member, self.budget)?;
            }
        }
        Ok(())
    }
}
