//! Users and passwords to whether they belong together: what was proven is remembered, the rest waits its turn; knows no
//! sockets.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use hyper::header::{AUTHORIZATION, HeaderMap};
use tokio::sync::watch;

use super::client::Client;

/// Passwords are verified one at a time, because bcrypt costs a tenth of a second of CPU and strangers may ask for it:
/// so many may wait.
const MOST_WAITING: usize = 1024;
/// And so many of one client.
const MOST_OF_CLIENT: usize = MOST_WAITING / 2;
/// Wrong passwords, and clients that sent one, that are remembered; as many again while they are forgotten.
const MOST_REMEMBERED: usize = 1024;
/// Longer passwords than bcrypt reads are cut by it.
const MAX_CREDENTIALS: usize = 1024;

/// What stands for a user, a hash and a password that were brought together.
type Proof = [u8; 32];

/// Users and the bcrypt hashes of their passwords.
pub(super) type Users = BTreeMap<String, String>;

/// What came of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// It is the user's.
    Right,
    /// It is not, or there is no such user.
    Wrong,
    /// Too many wait already.
    Busy,
}

/// Verifies passwords: first those of clients that sent the fewest wrong ones, so that strangers do not stand before
/// the users. A turn that has been taken is not given up when its client hangs up: it is known the next time.
#[derive(Clone, Default)]
pub(super) struct Passwords(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The last right password of each user. A proof is good for one hash only.
    proven: HashMap<String, Proof>,
    wrong: Recent<Proof, ()>,
    failures: Recent<Client, u32>,
    waiting: Vec<Job>,
    /// What is being verified now.
    current: Option<(Proof, watch::Receiver<Option<bool>>)>,
    next: u64,
}

struct Job {
    nth: u64,
    client: Client,
    login: Login,
    done: watch::Sender<Option<bool>>,
}

/// A user and a password as they were sent, and the hash to compare with.
pub(super) struct Login {
    user: String,
    password: Vec<u8>,
    hash: String,
    exists: bool,
    proof: Proof,
}

impl Login {
    /// User and password of a request (RFC 7617 §2). An unknown user is compared with a hash that costs as much.
    pub(super) fn of(headers: &HeaderMap, users: &Users) -> Option<Self> {
        let (user, password) = credentials(headers)?;
        let known = users.get(&user);
        let exists = known.is_some();
        let hash = known.cloned().unwrap_or_else(|| decoy(users));
        Some(Self {
            proof: proof(&user, &hash, &password),
            user,
            password,
            hash,
            exists,
        })
    }

    /// Slow on purpose.
    fn is_right(&self) -> bool {
        bcrypt::verify(&self.password, &self.hash).unwrap_or(false) && self.exists
    }
}

impl Passwords {
    /// Whether this was found right before.
    pub(super) fn is_proven(&self, login: &Login) -> bool {
        login.exists && self.state().proven.get(&login.user) == Some(&login.proof)
    }

    /// Forgets users that are there no more.
    pub(super) fn keep(&self, users: &Users) {
        let mut state = self.state();
        state.proven.retain(|user, _| users.contains_key(user));
    }

    /// Verifies a password when its turn has come.
    pub(super) async fn verify(&self, login: Login, client: Client) -> Verification {
        if self.is_proven(&login) {
            return Verification::Right;
        }
        let Some(mut done) = self.queue(login, client) else {
            return Verification::Wrong;
        };
        // Whoever is pushed out of the queue hears nothing.
        let outcome = done.wait_for(Option::is_some).await.ok().and_then(|o| *o);
        match outcome {
            Some(true) => Verification::Right,
            Some(false) => Verification::Wrong,
            None => Verification::Busy,
        }
    }

    /// Where the outcome will be told; `None` when it is known to be wrong.
    fn queue(&self, login: Login, client: Client) -> Option<watch::Receiver<Option<bool>>> {
        let mut state = self.state();
        if state.wrong.get(&login.proof).is_some() {
            return None;
        }
        if let Some(same) = state.under_way(&login.proof) {
            return Some(same);
        }
        let (done, told) = watch::channel(None);
        if state.makes_room(client) {
            let nth = state.next;
            state.next += 1;
            state.waiting.push(Job {
                nth,
                client,
                login,
                done,
            });
            if state.current.is_none() {
                state.current = Some(([0; 32], told.clone()));
                tokio::spawn(self.clone().work());
            }
        }
        Some(told)
    }

    /// Until nobody waits any more.
    async fn work(self) {
        while let Some(job) = self.take() {
            let Job {
                client,
                login,
                done,
                ..
            } = job;
            let verified = tokio::task::spawn_blocking(move || (login.is_right(), login));
            // Without an outcome whoever waits is told to come again.
            if let Ok((is_right, login)) = verified.await {
                self.state().remember(is_right, login, client);
                done.send_replace(Some(is_right));
            }
        }
    }

    fn take(&self) -> Option<Job> {
        let mut state = self.state();
        let job = state.first();
        state.current = job
            .as_ref()
            .map(|job| (job.login.proof, job.done.subscribe()));
        job
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn under_way(&self, proof: &Proof) -> Option<watch::Receiver<Option<bool>>> {
        let current = self
            .current
            .as_ref()
            .filter(|(current, _)| current == proof);
        let waiting = || self.waiting.iter().find(|job| job.login.proof == *proof);
        match current {
            Some((_, told)) => Some(told.clone()),
            None => waiting().map(|job| job.done.subscribe()),
        }
    }

    /// Whether one more may wait: where all places are taken, instead of one that sent more wrong passwords.
    fn makes_room(&mut self, client: Client) -> bool {
        let own = self.waiting.iter().filter(|job| job.client == client);
        if own.count() >= MOST_OF_CLIENT {
            return false;
        }
        if self.waiting.len() < MOST_WAITING {
            return true;
        }
        let rank = |job: &Job| (self.failures_of(job.client), job.nth);
        let all = self.waiting.iter().enumerate();
        let worst = all.max_by_key(|(_, job)| rank(job));
        let worse = worst.filter(|(_, job)| rank(job).0 > self.failures_of(client));
        let Some(at) = worse.map(|(at, _)| at) else {
            return false;
        };
        self.waiting.swap_remove(at);
        true
    }

    fn first(&mut self) -> Option<Job> {
        let rank = |job: &Job| (self.failures_of(job.client), job.nth);
        let all = self.waiting.iter().enumerate();
        let (at, _) = all.min_by_key(|(_, job)| rank(job))?;
        Some(self.waiting.swap_remove(at))
    }

    fn failures_of(&self, client: Client) -> u32 {
        self.failures.get(&client).copied().unwrap_or(0)
    }

    fn remember(&mut self, is_right: bool, login: Login, client: Client) {
        if is_right {
            self.proven.insert(login.user, login.proof);
        } else {
            let failures = self.failures_of(client).saturating_add(1);
            self.failures.insert(client, failures);
            self.wrong.insert(login.proof, ());
        }
    }
}

/// What was used last, within bounds.
struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= MOST_REMEMBERED {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

fn credentials(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > MAX_CREDENTIALS {
        return None;
    }
    let decoded = BASE64.decode(encoded.trim().as_bytes()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let user = String::from_utf8(decoded[..colon].to_vec()).ok()?;
    Some((user, decoded[colon + 1..].to_vec()))
}

/// A hash that no password has, as costly as the costliest there is.
fn decoy(users: &Users) -> String {
    let costs = users.values().filter_map(|hash| hash.split('$').nth(2));
    let cost = costs.max().unwrap_or("10");
    format!("$2y${cost}$nobodyhasthispassword.NobodyHasThisPasswordEitherHere")
}

/// What is remembered in the place of a password. Lengths keep the parts apart.
fn proof(user: &str, hash: &str, password: &[u8]) -> Proof {
    let mut text = format!("{}:{}:{user}{hash}", user.len(), hash.len()).into_bytes();
    text.extend_from_slice(password);
    let mut proof = [0; 32];
    proof.copy_from_slice(digest(&SHA256, &text).as_ref());
    proof
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        BTreeMap::from([("bear".to_owned(), bcrypt::hash("honey", 4).unwrap())])
    }

    fn login(users: &Users, text: &str) -> Login {
        let value = format!("Basic {}", BASE64.encode(text.as_bytes()));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        Login::of(&headers, users).unwrap()
    }

    fn client(nth: u8) -> Client {
        Client::at([192, 0, 2, nth].into())
    }

    #[tokio::test]
    async fn what_was_proven_is_known_as_long_as_the_hash_is_the_same() {
        let (passwords, mut users) = (Passwords::default(), users());
        let right = passwords.verify(login(&users, "bear:honey"), client(1));
        assert_eq!(right.await, Verification::Right);
        let wrong = passwords.verify(login(&users, "fox:honey"), client(1));
        assert_eq!(wrong.await, Verification::Wrong);
        passwords.keep(&users);
        assert!(passwords.is_proven(&login(&users, "bear:honey")));
        assert!(!passwords.is_proven(&login(&users, "bear:grapes")));
        let other = bcrypt::hash("honey", 4).unwrap();
        let before = users.insert("bear".to_owned(), other).unwrap();
        assert!(!passwords.is_proven(&login(&users, "bear:honey")));
        users.insert("bear".to_owned(), before);
        assert!(passwords.is_proven(&login(&users, "bear:honey")));
        users.clear();
        passwords.keep(&users);
        assert!(passwords.state().proven.is_empty());
    }

    /// Puts one more into the queue, whose worker never runs here.
    fn enqueue(passwords: &Passwords, users: &Users, client: Client) -> bool {
        let nth = passwords.state().next;
        let told = passwords.queue(login(users, &format!("bear:{nth}")), client);
        told.is_some_and(|told| told.has_changed().is_ok())
    }

    #[tokio::test]
    async fn who_sent_fewer_wrong_passwords_comes_first() {
        let (passwords, users) = (Passwords::default(), users());
        passwords.state().failures.insert(client(1), 1);
        passwords.state().failures.insert(client(2), 2);
        for nth in [2, 1, 3, 1, 3] {
            assert!(enqueue(&passwords, &users, client(nth)));
        }
        let mut order = Vec::new();
        while let Some(job) = passwords.take() {
            order.push(job.client);
        }
        assert_eq!(order, [3, 3, 1, 1, 2].map(client));
    }

    #[tokio::test]
    async fn a_full_queue_is_no_obstacle_for_who_sent_none() {
        let (passwords, users) = (Passwords::default(), users());
        for nth in [1, 2] {
            passwords.state().failures.insert(client(nth), 1);
            for _ in 0..MOST_OF_CLIENT {
                assert!(enqueue(&passwords, &users, client(nth)));
            }
            assert!(!enqueue(&passwords, &users, client(nth)), "its share");
        }
        assert_eq!(passwords.state().waiting.len(), MOST_WAITING);
        passwords.state().failures.insert(client(3), 1);
        assert!(!enqueue(&passwords, &users, client(3)));
        assert!(enqueue(&passwords, &users, client(4)));
        assert_eq!(passwords.state().waiting.len(), MOST_WAITING);
        assert_eq!(passwords.take().unwrap().client, client(4));
    }

    #[tokio::test]
    async fn the_same_wrong_password_is_verified_once() {
        let (passwords, users) = (Passwords::default(), users());
        let wrong = || passwords.verify(login(&users, "bear:grapes"), client(1));
        let both = tokio::join!(wrong(), wrong());
        assert_eq!(both, (Verification::Wrong, Verification::Wrong));
        assert_eq!(wrong().await, Verification::Wrong);
        assert_eq!(passwords.state().failures_of(client(1)), 1);
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut recent = Recent::default();
        for nth in 0..10 * MOST_REMEMBERED {
            recent.insert(nth, ());
        }
        assert!(recent.young.len() + recent.old.len() <= 2 * MOST_REMEMBERED);
        assert!(recent.get(&(10 * MOST_REMEMBERED - 1)).is_some());
        assert!(recent.get(&0).is_none());
    }

    #[test]
    fn the_decoy_costs_as_much_as_the_costliest_hash() {
        let users = BTreeMap::from([
            ("a".into(), "$2y$04$x".into()),
            ("b".into(), "$2b$12$y".into()),
        ]);
        let decoy = decoy(&users);
        assert!(decoy.starts_with("$2y$12$"));
        assert_eq!(
            bcrypt::verify("", &decoy.replace("$12$", "$04$")).ok(),
            Some(false)
        );
    }
}
