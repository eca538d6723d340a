//! Whether a view's servers validate, as far as they say: the root is signed, so a server that validates says that of its
//! name servers (as Postfix asks). Time is tokio's.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::published::Validation;
use super::asker::Asker;
use crate::facts::lookup::Security;

/// How long a yes holds.
const HOLDS: Duration = Duration::from_secs(3600);
/// How soon is asked again after anything else, and at most how often because of a doubt.
const AGAIN: Duration = Duration::from_secs(60);
/// How old an answer may be to settle a doubt that comes now: many come at once.
const SETTLES: Duration = Duration::from_secs(10);

/// What the servers of one view are able to, as they last said.
#[derive(Default)]
pub(super) struct Ability {
    known: AtomicU8,
    asked: Mutex<Option<Instant>>,
}

const ABLE: u8 = 1;
const UNABLE: u8 = 2;

impl Ability {
    /// As far as it is known.
    pub(super) fn known(&self) -> Validation {
        match self.known.load(Ordering::Acquire) {
            ABLE => Validation::Able,
            UNABLE => Validation::Unable,
            _ => Validation::Unknown,
        }
    }

    /// Whether to look: not while what is known holds, and nobody is asking.
    pub(super) fn may_be_due(&self) -> bool {
        let asked = self.asked.try_lock();
        asked.map_or(true, |asked| is_due(*asked, self.known()))
    }

    /// Asks when that is due: whether the servers validate again, after they did not.
    pub(super) async fn look(&self, asker: &Asker) -> bool {
        let mut asked = self.asked.lock().await;
        is_due(*asked, self.known()) && self.ask(&mut asked, asker).await
    }

    /// What was signed is not signed any more: whether that is to be believed, because the servers validate now.
    pub(super) async fn settles(&self, asker: &Asker) -> bool {
        let mut asked = self.asked.lock().await;
        if asked.is_none_or(|at| at.elapsed() >= AGAIN) {
            self.ask(&mut asked, asker).await;
        }
        let is_fresh = asked.is_some_and(|at| at.elapsed() < SETTLES);
        is_fresh && self.known() == Validation::Able
    }

    /// Asks. Who does not answer is as able as before.
    async fn ask(&self, asked: &mut Option<Instant>, asker: &Asker) -> bool {
        *asked = Some(Instant::now());
        let reply = asker.ask(&Name::root(), RecordType::NS).await;
        let Ok(statement) = reply else { return false };
        let now = match statement.security {
            Security::Secure => ABLE,
            Security::Insecure | Security::Unknown => UNABLE,
        };
        let before = self.known.swap(now, Ordering::AcqRel);
        before == UNABLE && now == ABLE
    }
}

/// Whether it is time to ask again.
fn is_due(asked: Option<Instant>, known: Validation) -> bool {
    let holds = match known {
        Validation::Able => HOLDS,
        Validation::NotAsked | Validation::Unknown | Validation::Unable => AGAIN,
    };
    asked.is_none_or(|at| at.elapsed() >= holds)
}
