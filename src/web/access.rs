//! Who may come in, and how: TLS, passwords, rate and headers of our own listener, replaced while it runs.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, StatusCode};
use tokio::sync::watch;
use tokio::time::Instant;

use super::answer::{HttpResponse, line};
use super::client::Client;
use super::passwords::{Login, Passwords, Users, Verification};
use super::tls::Acceptor;

/// What the operator demands of clients, and promises them.
#[derive(Default)]
pub struct Access {
    /// TLS, if it is spoken.
    pub acceptor: Option<Acceptor>,
    /// Users and the bcrypt hashes of their passwords; without users, everybody may come in.
    pub users: Users,
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

/// The control of the listener.
pub struct AccessControl {
    access: RwLock<Arc<Access>>,
    passwords: Passwords,
    /// How often the access was replaced.
    changes: watch::Sender<u64>,
    /// Those who are known have a rate of their own: strangers use up none of it.
    of_users: Bucket,
    of_strangers: Bucket,
}

impl AccessControl {
    /// A control with these demands.
    pub fn new(access: Access) -> Self {
        Self {
            access: RwLock::new(Arc::new(access)),
            passwords: Passwords::default(),
            changes: watch::Sender::new(0),
            of_users: Bucket::default(),
            of_strangers: Bucket::default(),
        }
    }

    /// Other demands from now on. Connections that stand end after their answer; users whose hash is the same stay
    /// known.
    pub fn replace(&self, access: Access) {
        self.passwords.keep(&access.users);
        let mut current = self.access.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(access);
        drop(current);
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Returns when the demands are others than when this was called.
    pub(super) fn replaced(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut changes = self.changes.subscribe();
        async move {
            // A control that is gone demands nothing else any more.
            if changes.changed().await.is_err() {
                pending().await
            }
        }
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
    pub(super) async fn refuse<B>(
        &self,
        request: &Request<B>,
        client: Client,
    ) -> Option<HttpResponse> {
        let access = self.access();
        let login = Login::of(request.headers(), &access.users);
        let is_known = login
            .as_ref()
            .is_some_and(|login| self.passwords.is_proven(login));
        let bucket = if is_known {
            &self.of_users
        } else {
            &self.of_strangers
        };
        if access.rate.is_some_and(|rate| !bucket.has_room(rate)) {
            return Some(line(StatusCode::TOO_MANY_REQUESTS, "too many requests"));
        }
        if is_known || access.users.is_empty() {
            return None;
        }
        let outcome = match login {
            Some(login) => self.passwords.verify(login, client).await,
            None => Verification::Wrong,
        };
        match outcome {
            Verification::Right => None,
            Verification::Wrong => Some(unauthorized()),
            Verification::Busy => Some(line(
                StatusCode::TOO_MANY_REQUESTS,
                "too many passwords wait to be verified",
            )),
        }
    }

    /// Adds the operator's headers; they win over ours.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.access().headers {
            headers.insert(name.clone(), value.clone());
        }
    }
}

fn unauthorized() -> HttpResponse {
    let mut answer = line(StatusCode::UNAUTHORIZED, "Unauthorized");
    let challenge = HeaderValue::from_static("Basic realm=\"smtp-tls-exporter\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

/// A leaky bucket: every request fills it by one interval, time empties it. Until when is it full?
#[derive(Default)]
struct Bucket(Mutex<Option<Instant>>);

impl Bucket {
    fn has_room(&self, rate: Rate) -> bool {
        let now = Instant::now();
        let mut used_until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = used_until.map_or(now, |until| until.max(now)) + rate.interval;
        let fits = full <= now + rate.interval * rate.burst;
        if fits {
            *used_until = Some(full);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use data_encoding::BASE64;
    use hyper::header::AUTHORIZATION;

    use super::*;

    fn control(users: &[(&str, &str)], rate: Option<Rate>) -> AccessControl {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        let users = users.iter();
        AccessControl::new(Access {
            users: users.map(|(u, p)| ((*u).to_owned(), hash(p))).collect(),
            rate,
            ..Access::default()
        })
    }

    async fn status(control: &AccessControl, login: Option<&str>) -> Option<StatusCode> {
        let client = Client::at([192, 0, 2, 1].into());
        let mut request = Request::builder();
        if let Some(login) = login {
            let value = format!("Basic {}", BASE64.encode(login.as_bytes()));
            request = request.header(AUTHORIZATION, value);
        }
        let refused = control.refuse(&request.body(()).unwrap(), client).await;
        refused.map(|answer| answer.status())
    }

    #[tokio::test]
    async fn only_users_with_their_password_come_in() {
        let control = control(&[("bear", "honey"), ("fox", "grapes")], None);
        for _ in 0..2 {
            assert_eq!(status(&control, Some("bear:honey")).await, None);
            for wrong in ["bear:grapes", "bear:", "wolf:honey", ":", "bear"] {
                assert_eq!(
                    status(&control, Some(wrong)).await,
                    Some(StatusCode::UNAUTHORIZED),
                    "{wrong}"
                );
            }
            assert_eq!(status(&control, None).await, Some(StatusCode::UNAUTHORIZED));
        }
        control.replace(Access {
            users: BTreeMap::from([("bear".to_owned(), bcrypt::hash("berries", 4).unwrap())]),
            ..Access::default()
        });
        assert_eq!(
            status(&control, Some("bear:honey")).await,
            Some(StatusCode::UNAUTHORIZED)
        );
        assert_eq!(status(&control, Some("bear:berries")).await, None);
    }

    #[tokio::test]
    async fn strangers_use_up_nothing_of_the_rate_of_users() {
        let rate = Rate {
            interval: Duration::from_secs(3600),
            burst: 3,
        };
        let control = control(&[("bear", "honey")], Some(rate));
        assert_eq!(status(&control, Some("bear:honey")).await, None);
        for _ in 0..9 {
            status(&control, Some("bear:grapes")).await;
        }
        let put_off = Some(StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(status(&control, Some("bear:grapes")).await, put_off);
        assert_eq!(status(&control, Some("bear:honey")).await, None);
    }

    #[tokio::test]
    async fn who_is_inside_when_the_demands_change_is_told() {
        let control = control(&[], None);
        let (before, mut after) = (control.replaced(), None);
        control.replace(Access::default());
        before.await;
        let soon = tokio::time::timeout(Duration::ZERO, after.insert(Box::pin(control.replaced())));
        assert!(soon.await.is_err());
    }

    #[tokio::test]
    async fn an_open_door_lets_everybody_in() {
        assert_eq!(
            status(&AccessControl::new(Access::default()), None).await,
            None
        );
    }

    #[tokio::test]
    async fn who_asks_too_often_waits() {
        let rate = Rate {
            interval: Duration::from_secs(3600),
            burst: 2,
        };
        let control = control(&[], Some(rate));
        assert_eq!(status(&control, None).await, None);
        assert_eq!(status(&control, None).await, None);
        assert_eq!(
            status(&control, None).await,
            Some(StatusCode::TOO_MANY_REQUESTS)
        );
    }
}
