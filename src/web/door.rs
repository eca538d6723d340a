//! Who may come in, and how: TLS, passwords, rate and headers of our own listener, replaced while it runs.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, StatusCode};
use tokio::sync::Semaphore;

use super::answer::{Answer, line};
use super::tls::Acceptor;

/// What the operator demands of clients, and promises them.
#[derive(Default)]
pub struct Access {
    /// TLS, if it is spoken.
    pub acceptor: Option<Acceptor>,
    /// Users and the bcrypt hashes of their passwords; without users, everybody may come in.
    pub users: BTreeMap<String, String>,
    /// Headers of every answer.
    pub headers: Vec<Header>,
    /// How many requests are answered.
    pub rate: Option<Rate>,
}

/// A header of an answer.
pub type Header = (HeaderName, HeaderValue);

/// A header, if name and value can be sent.
pub fn header(name: &'static str, value: &str) -> Option<Header> {
    let name = HeaderName::try_from(name).ok()?;
    Some((name, HeaderValue::from_str(value).ok()?))
}

/// `burst` requests at once, and one more in every `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Between two requests, on average.
    pub interval: Duration,
    /// Requests at once.
    pub burst: u32,
}

/// Proven passwords that are remembered; there are as many as users, a few more while they change.
const MAX_REMEMBERED: usize = 100;
/// Passwords are verified one at a time: bcrypt costs a tenth of a second of CPU, and strangers may ask for it.
const VERIFIERS: usize = 1;
/// Longer passwords than bcrypt reads are cut by it.
const MAX_CREDENTIALS: usize = 1024;

/// The door of the listener.
pub struct Door {
    access: RwLock<Arc<Access>>,
    /// Digests of user, hash and password that belong together.
    proven: Mutex<HashSet<[u8; 32]>>,
    verifiers: Arc<Semaphore>,
    /// Until when the burst is used up.
    used_until: Mutex<Option<Instant>>,
}

impl Door {
    /// A door with these demands.
    pub fn new(access: Access) -> Self {
        Self {
            access: RwLock::new(Arc::new(access)),
            proven: Mutex::default(),
            verifiers: Arc::new(Semaphore::new(VERIFIERS)),
            used_until: Mutex::default(),
        }
    }

    /// Other demands from now on. Connections that stand keep their TLS, but not their user.
    pub fn replace(&self, access: Access) {
        let mut current = self.access.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(access);
        lock(&self.proven).clear();
    }

    fn access(&self) -> Arc<Access> {
        let access = self.access.read();
        Arc::clone(&access.unwrap_or_else(PoisonError::into_inner))
    }

    /// For the next connection.
    pub(super) fn acceptor(&self) -> Option<Acceptor> {
        self.access().acceptor.clone()
    }

    /// The answer to a request that may not come in.
    pub(super) async fn refuse<B>(&self, request: &Request<B>) -> Option<Answer> {
        let access = self.access();
        if access.rate.is_some_and(|rate| !self.is_in_time(rate)) {
            return Some(line(StatusCode::TOO_MANY_REQUESTS, "too many requests"));
        }
        if access.users.is_empty() || self.is_known(&access, request.headers()).await {
            return None;
        }
        let mut answer = line(StatusCode::UNAUTHORIZED, "Unauthorized");
        let challenge = HeaderValue::from_static("Basic realm=\"smtp-tls-exporter\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        Some(answer)
    }

    /// Adds the operator's headers; they win over ours.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.access().headers {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// A leaky bucket: every request fills it by one interval, time empties it.
    fn is_in_time(&self, rate: Rate) -> bool {
        let now = Instant::now();
        let mut used_until = lock(&self.used_until);
        let full = used_until.map_or(now, |until| until.max(now)) + rate.interval;
        let fits = full <= now + rate.interval * rate.burst;
        if fits {
            *used_until = Some(full);
        }
        fits
    }

    /// Whether the request brings a user's password. An unknown user takes as long as a wrong password.
    async fn is_known(&self, access: &Access, headers: &HeaderMap) -> bool {
        let Some((user, password)) = credentials(headers) else {
            return false;
        };
        let (hash, exists) = match access.users.get(&user) {
            Some(hash) => (hash.clone(), true),
            None => (decoy(&access.users), false),
        };
        let proof = proof(&user, &hash, &password);
        if exists && lock(&self.proven).contains(&proof) {
            return true;
        }
        // Never closed.
        let Ok(verifier) = Arc::clone(&self.verifiers).acquire_owned().await else {
            return false;
        };
        let verified = tokio::task::spawn_blocking(move || {
            let matches = bcrypt::verify(password, &hash).unwrap_or(false);
            drop(verifier);
            matches
        });
        let is_known = verified.await.unwrap_or(false) && exists;
        if is_known {
            let mut proven = lock(&self.proven);
            if proven.len() >= MAX_REMEMBERED {
                proven.clear();
            }
            proven.insert(proof);
        }
        is_known
    }
}

/// User and password of a request (RFC 7617 §2).
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
fn decoy(users: &BTreeMap<String, String>) -> String {
    let costs = users.values().filter_map(|hash| hash.split('$').nth(2));
    let cost = costs.max().unwrap_or("10");
    format!("$2y${cost}$nobodyhasthispassword.NobodyHasThisPasswordEitherHere")
}

/// What is remembered in the place of a password. Lengths keep the parts apart.
fn proof(user: &str, hash: &str, password: &[u8]) -> [u8; 32] {
    let mut text = format!("{}:{}:{user}{hash}", user.len(), hash.len()).into_bytes();
    text.extend_from_slice(password);
    let mut proof = [0; 32];
    proof.copy_from_slice(digest(&SHA256, &text).as_ref());
    proof
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(users: &[(&str, &str)], rate: Option<Rate>) -> Door {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        let users = users.iter();
        Door::new(Access {
            users: users.map(|(u, p)| ((*u).to_owned(), hash(p))).collect(),
            rate,
            ..Access::default()
        })
    }

    async fn status(door: &Door, login: Option<&str>) -> Option<StatusCode> {
        let mut request = Request::builder();
        if let Some(login) = login {
            let value = format!("Basic {}", BASE64.encode(login.as_bytes()));
            request = request.header(AUTHORIZATION, value);
        }
        let refused = door.refuse(&request.body(()).unwrap()).await;
        refused.map(|answer| answer.status())
    }

    #[tokio::test]
    async fn only_users_with_their_password_come_in() {
        let door = door(&[("bear", "honey"), ("fox", "grapes")], None);
        for _ in 0..2 {
            assert_eq!(status(&door, Some("bear:honey")).await, None);
            for wrong in ["bear:grapes", "bear:", "wolf:honey", ":", "bear"] {
                assert_eq!(
                    status(&door, Some(wrong)).await,
                    Some(StatusCode::UNAUTHORIZED),
                    "{wrong}"
                );
            }
            assert_eq!(status(&door, None).await, Some(StatusCode::UNAUTHORIZED));
        }
        assert_eq!(lock(&door.proven).len(), 1);
        door.replace(Access {
            users: BTreeMap::from([("bear".to_owned(), bcrypt::hash("berries", 4).unwrap())]),
            ..Access::default()
        });
        assert_eq!(
            status(&door, Some("bear:honey")).await,
            Some(StatusCode::UNAUTHORIZED)
        );
        assert_eq!(status(&door, Some("bear:berries")).await, None);
    }

    #[tokio::test]
    async fn an_open_door_lets_everybody_in() {
        assert_eq!(status(&Door::new(Access::default()), None).await, None);
    }

    #[tokio::test]
    async fn who_asks_too_often_waits() {
        let rate = Rate {
            interval: Duration::from_secs(3600),
            burst: 2,
        };
        let door = door(&[], Some(rate));
        assert_eq!(status(&door, None).await, None);
        assert_eq!(status(&door, None).await, None);
        assert_eq!(
            status(&door, None).await,
            Some(StatusCode::TOO_MANY_REQUESTS)
        );
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
