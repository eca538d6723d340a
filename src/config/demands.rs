//! `expect.dane`, `expect.mta_sts` and `expect.tlsrpt` to what is asked of a target; knows no look-up.

use std::sync::Arc;

use super::keys;
use crate::endpoint::Place;
use crate::verdict::{Demand, Expectations};
use crate::yaml::{Fields, Problem};

/// What a section says; `None` where it leaves a key out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Demands {
    dane: Option<Demand>,
    mta_sts: Option<Demand>,
    tlsrpt: Option<Demand>,
}

impl Demands {
    /// Overrides what the section says.
    pub(super) fn take_from(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        for (key, demand) in [
            ("dane", &mut self.dane),
            ("mta_sts", &mut self.mta_sts),
            ("tlsrpt", &mut self.tlsrpt),
        ] {
            if let Some(value) = fields.take(key) {
                *demand = Some(value.choice(&keys::DEMANDS)?);
            }
        }
        Ok(())
    }

    /// What counts for a target at a place. `defaults` are what it would have without words of its own; `trusts`: one of
    /// its views believes what its resolver says of DNSSEC.
    ///
    /// # Errors
    /// Why the target cannot have what it asks for.
    pub(super) fn settle(
        self,
        defaults: Self,
        place: &Place,
        trusts: bool,
    ) -> Result<Settled, String> {
        let is_domain = matches!(place, Place::Mx(_));
        let of_domains = [
            ("mta_sts", self.mta_sts, defaults.mta_sts),
            ("tlsrpt", self.tlsrpt, defaults.tlsrpt),
        ];
        for (key, said, default) in of_domains {
            let is_own = said != default && said.is_some_and(|demand| demand != Demand::Off);
            if is_own && !is_domain {
                return Err(format!(
                    "expect.{key}: of mail domains only, expected off, or a target with mx"
                ));
            }
        }
        if self.dane.is_some_and(|demand| demand != Demand::Off) && !trusts {
            return Err(
                "expect.dane: no view of the target has dnssec: trust, expected off, or such a view".to_owned(),
            );
        }
        let unless_said = |said: Option<Demand>, is_possible: bool| match (said, is_possible) {
            (_, false) => Demand::Off,
            (said, true) => said.unwrap_or(Demand::Opportunistic),
        };
        Ok(Settled {
            dane: unless_said(self.dane, trusts),
            mta_sts: unless_said(self.mta_sts, is_domain),
            tlsrpt: unless_said(self.tlsrpt, is_domain),
        })
    }
}

/// What is asked of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    dane: Demand,
    mta_sts: Demand,
    tlsrpt: Demand,
}

impl Settled {
    /// Puts it into expectations, which are shared as long as it is in them already.
    pub(super) fn into_expectations(self, shared: &mut Arc<Expectations>) {
        let present = Self {
            dane: shared.dane,
            mta_sts: shared.mta_sts,
            tlsrpt: shared.tlsrpt,
        };
        if self != present {
            let own = Arc::make_mut(shared);
            (own.dane, own.mta_sts, own.tlsrpt) = (self.dane, self.mta_sts, self.tlsrpt);
        }
    }
}
