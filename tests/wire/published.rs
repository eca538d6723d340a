//! What is published about servers, through [`Resolvers`]: a resolver that says what is signed, and one that stops to;
//! records that do not fit; answers that do not come; a fleet that asks for much.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use smtp_tls_exporter::collect::{Expansion, expand};
use smtp_tls_exporter::dns::{AddressFamily, Lookup, Resolvers, Security, Unanswered, Validation};
use smtp_tls_exporter::facts::published::{DaneFacts, DaneStanding};
use testkit::peer::{Answer, Dns};
use tokio::task::JoinSet;

use crate::watched::{Watched, at, dns, world};

const DEADLINE: Duration = Duration::from_secs(2);
const NAME: &str = "_25._tcp.mx.bears.test";

fn root() -> (&'static str, &'static [Answer]) {
    ("", &[Answer::Ns("ns.bears.test"), Answer::Signed])
}

fn tlsa(last: u8) -> Answer {
    Answer::Tlsa([3, 1, 1], vec![last; 32])
}

/// One view, `v`, that trusts this server.
fn trusting(dns: &Dns) -> Arc<Resolvers> {
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://{}', dnssec: trust}}}}\ntargets: [{{host: a, views: v}}]",
        dns.address
    );
    Arc::new(Resolvers::new(world().settings(&yaml).policies(), DEADLINE))
}

async fn security(resolvers: &dyn Lookup, name: &str) -> Security {
    let found = resolvers.addresses("v", name, AddressFamily::Ipv4).await;
    found.expect("an address").security
}

async fn signed_and_not() -> Dns {
    let signed = [
        tlsa(1),
        tlsa(2),
        tlsa(1),
        Answer::Signed,
        Answer::Ttl(3600, 7),
    ];
    dns(&[
        root(),
        ("mx.bears.test", &[at(1), Answer::Signed]),
        ("plain.bears.test", &[at(2)]),
        (NAME, &signed),
        ("_25._tcp.plain.bears.test", &[tlsa(3)]),
        (
            "alias.bears.test",
            &[Answer::Cname("plain.bears.test"), Answer::Signed],
        ),
        (
            "txt.bears.test",
            &[
                Answer::Txt(vec!["v=STSv1; ", "id=1"]),
                Answer::Txt(vec!["x"]),
            ],
        ),
    ])
    .await
}

#[tokio::test]
async fn the_flag_is_the_standing_and_the_signature_tells_the_ttl() {
    let dns = signed_and_not().await;
    let resolvers = trusting(&dns);
    assert_eq!(resolvers.validation("v"), Validation::Unknown);
    assert_eq!(
        security(&*resolvers, "mx.bears.test").await,
        Security::Secure
    );
    assert_eq!(
        security(&*resolvers, "plain.bears.test").await,
        Security::Insecure
    );
    assert_eq!(
        security(&*resolvers, "alias.bears.test").await,
        Security::Insecure
    );
    assert_eq!(resolvers.validation("v"), Validation::Able);
    let found = resolvers.tlsa("v", NAME).await.unwrap();
    assert_eq!((found.records.len(), found.count), (2, 2));
    assert_eq!(found.records[0].bits(), (3, 1, 1));
    assert_eq!(found.security, Security::Secure);
    assert_eq!(found.ttl, Duration::from_secs(3600));
    let plain = resolvers
        .tlsa("v", "_25._tcp.plain.bears.test")
        .await
        .unwrap();
    assert_eq!(
        (plain.records.len(), plain.security),
        (1, Security::Insecure)
    );
    let alias = resolvers.alias("v", "alias.bears.test").await.unwrap();
    assert_eq!(
        (&*alias.records[0], alias.security),
        ("plain.bears.test", Security::Secure)
    );
    assert_eq!(
        resolvers
            .alias("v", "mx.bears.test")
            .await
            .unwrap()
            .records
            .len(),
        0
    );
    let texts = resolvers.texts("v", "txt.bears.test").await.unwrap();
    assert_eq!(
        *texts.records,
        [b"v=STSv1; id=1".as_slice().into(), b"x".as_slice().into()]
    );
    let none = resolvers
        .tlsa("v", "_25._tcp.gone.bears.test")
        .await
        .unwrap();
    assert!(none.records.is_empty() && !none.exists);
}

#[tokio::test]
async fn what_does_not_fit_comes_over_tcp_and_what_is_too_much_is_counted() {
    let many: Vec<_> = (0..41).map(tlsa).chain([Answer::Signed]).collect();
    let flood: Vec<_> = (0..100).map(tlsa).chain([Answer::Signed]).collect();
    let cut = [Answer::TooLong, tlsa(1), Answer::Signed];
    let dns = dns(&[
        root(),
        ("many.test", &many),
        ("flood.test", &flood),
        ("cut.test", &cut),
    ])
    .await;
    let resolvers = trusting(&dns);
    resolvers.validates("v").await;
    for (name, kept, count) in [
        ("many.test", 41, 41),
        ("flood.test", 64, 100),
        ("cut.test", 1, 1),
    ] {
        let found = resolvers.tlsa("v", name).await.unwrap();
        assert_eq!((found.records.len(), found.count), (kept, count), "{name}");
        assert_eq!(found.security, Security::Secure, "{name}");
    }
}

#[tokio::test]
async fn a_failure_is_never_an_absence() {
    let fails = |code| [Answer::Fails(RecordType::TLSA, code), Answer::Signed];
    let dns = dns(&[
        root(),
        ("servfail.test", &fails(Some(ResponseCode::ServFail))),
        ("refused.test", &fails(Some(ResponseCode::Refused))),
        ("silent.test", &fails(None)),
    ])
    .await;
    let resolvers = trusting(&dns);
    resolvers.validates("v").await;
    for name in ["servfail.test", "refused.test"] {
        let said = resolvers.tlsa("v", name).await;
        assert!(
            matches!(said, Err(Unanswered::Failed(_))),
            "{name}: {said:?}"
        );
    }
    let said = resolvers.tlsa("v", "silent.test").await;
    assert!(matches!(said, Err(Unanswered::Pending(_))), "{said:?}");
    tokio::time::sleep(DEADLINE).await;
    let said = resolvers.tlsa("v", "silent.test").await;
    assert!(matches!(said, Err(Unanswered::Failed(_))), "{said:?}");
    let strangers = resolvers.for_strangers().unwrap();
    let said = strangers.tlsa("v", "silent.test").await;
    assert!(matches!(said, Err(Unanswered::Failed(_))), "{said:?}");
    let said = resolvers.tlsa("elsewhere", "silent.test").await;
    assert!(matches!(said, Err(Unanswered::Failed(_))), "{said:?}");
}

#[tokio::test]
async fn a_resolver_that_does_not_validate_says_nothing() {
    let dns = dns(&[root(), ("mx.test", &[at(1), Answer::Signed])]).await;
    dns.validates(false);
    let resolvers = trusting(&dns);
    assert_eq!(security(&*resolvers, "mx.test").await, Security::Unknown);
    assert_eq!(resolvers.validation("v"), Validation::Unable);
    let silent = dns_of(&[
        ("mx.test", &[at(1), Answer::Signed]),
        ("", &[Answer::Silence]),
    ])
    .await;
    let resolvers = trusting(&silent);
    assert_eq!(security(&*resolvers, "mx.test").await, Security::Unknown);
    assert_eq!(resolvers.validates("v").await, Validation::Unknown);
}

async fn dns_of(records: &[(&'static str, &[Answer])]) -> Dns {
    dns(records).await
}

#[tokio::test]
async fn who_stops_to_validate_is_found_out_and_takes_nothing_away() {
    let short = [at(1), Answer::Signed, Answer::Ttl(1, 1)];
    let dns = dns(&[root(), ("mx.test", &short)]).await;
    let resolvers = trusting(&dns);
    assert_eq!(security(&*resolvers, "mx.test").await, Security::Secure);
    dns.validates(false);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // The root was asked a moment ago, which settles nothing about now, or is asked at once.
    let now = security(&*resolvers, "mx.test").await;
    assert_ne!(now, Security::Secure);
}

/// What is asked when 5,000 hosts are watched: what each second brings, and that a warm memory asks nobody.
#[tokio::test(flavor = "multi_thread")]
async fn many_questions_are_spread_out_and_shared() {
    const HOSTS: usize = 300;
    let names: Vec<&'static str> = (0..HOSTS)
        .map(|n| &*format!("_25._tcp.mx{n}.test").leak())
        .collect();
    let one = [tlsa(1), Answer::Signed, Answer::Ttl(3600, 3600)];
    let mut records: Vec<(&'static str, &[Answer])> =
        names.iter().map(|n| (*n, &one[..])).collect();
    records.push(root());
    let dns = Arc::new(dns(&records).await);
    let resolvers = trusting(&dns);
    resolvers.validates("v").await;
    let before = dns.asked();
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    for name in names.iter().chain(&names) {
        let (resolvers, name) = (Arc::clone(&resolvers), *name);
        asking.spawn(async move { resolvers.tlsa("v", name).await.is_ok() });
    }
    let mut last = before;
    let mut most = 0;
    while dns.asked() - before < HOSTS && begun.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = dns.asked();
        most = most.max(now - last);
        last = now;
    }
    let took = begun.elapsed();
    println!("{HOSTS} questions, each by two: {took:?}, at most {most} in a second");
    assert!(most <= 52, "{most} in a second");
    assert_eq!(dns.asked() - before, HOSTS, "each once");
    let in_time = asking.join_all().await.into_iter().filter(|ok| *ok).count();
    assert!(
        in_time > 0 && in_time < 2 * HOSTS,
        "the others are pending: {in_time}"
    );
    let begun = Instant::now();
    for name in &names {
        assert!(resolvers.tlsa("v", name).await.is_ok(), "{name}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(dns.asked() - before, HOSTS, "a warm memory asks nobody");
}

/// What a target comes to in the view that trusts.
async fn expanded(resolvers: &Arc<Resolvers>, target: &str) -> Expansion {
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://127.0.0.1:1', dnssec: trust}}}}\ntargets: [{{{target}, ports: 25, views: v}}]"
    );
    let settings = world().settings(&yaml);
    let view = settings
        .views
        .iter()
        .find(|view| &*view.vantage.name == "v");
    let lookup: Arc<dyn Lookup> = Arc::clone(resolvers) as Arc<dyn Lookup>;
    expand(
        &settings.targets[0].source,
        &view.unwrap().vantage,
        &lookup,
        true,
    )
    .await
}

/// Of the first endpoint.
fn dane(found: &Expansion) -> DaneFacts {
    let endpoint = found.endpoints.first().expect("an endpoint");
    DaneFacts::clone(found.dane(endpoint).expect("facts"))
}

fn word(facts: &DaneFacts) -> String {
    let standing = match &facts.standing {
        DaneStanding::Unavailable => "unavailable".to_owned(),
        DaneStanding::Pending(_) => "pending".to_owned(),
        DaneStanding::HostInsecure => "host insecure".to_owned(),
        DaneStanding::None => "none".to_owned(),
        DaneStanding::Insecure => "insecure".to_owned(),
        DaneStanding::Error(_) => "error".to_owned(),
        DaneStanding::Records(set) => format!("{} at {}", set.records.len(), set.owner),
    };
    let alias = facts.alias.as_deref().unwrap_or("-");
    format!("{} {} {} {standing}", facts.hop.as_str(), facts.base, alias)
}

async fn every_alias() -> Dns {
    use Answer::{Cname, Fails, Mx, Signed};
    dns(&[
        root(),
        ("s.test", &[at(1), Signed]),
        ("_25._tcp.s.test", &[tlsa(1), Signed]),
        ("none.test", &[at(1), Signed]),
        ("i.test", &[at(1)]),
        ("_25._tcp.i.test", &[tlsa(1)]),
        ("tlsai.test", &[at(1), Signed]),
        ("_25._tcp.tlsai.test", &[tlsa(1)]),
        ("fails.test", &[at(1), Signed]),
        (
            "_25._tcp.fails.test",
            &[Fails(RecordType::TLSA, Some(ResponseCode::ServFail))],
        ),
        ("both.test", &[Cname("s.test"), Signed]),
        ("_25._tcp.both.test", &[tlsa(9), tlsa(8), Signed]),
        ("own.test", &[Cname("none.test"), Signed]),
        ("_25._tcp.own.test", &[tlsa(9), Signed]),
        ("half.test", &[Cname("i.test"), Signed]),
        ("_25._tcp.half.test", &[tlsa(9), Signed]),
        ("loose.test", &[Cname("i.test")]),
        ("signed.test", &[Mx(10, "s.test"), Signed]),
        ("unsigned.test", &[Mx(10, "s.test")]),
    ])
    .await
}

#[tokio::test]
async fn the_name_to_ask_follows_the_aliases_as_far_as_they_are_signed() {
    let dns = every_alias().await;
    let resolvers = trusting(&dns);
    for (target, expected) in [
        ("host: s.test", "secure s.test - 1 at _25._tcp.s.test"),
        ("host: none.test", "secure none.test - none"),
        ("host: i.test", "secure i.test - host insecure"),
        ("host: tlsai.test", "secure tlsai.test - insecure"),
        ("host: fails.test", "secure fails.test - error"),
        (
            "host: both.test",
            "secure s.test both.test 1 at _25._tcp.s.test",
        ),
        ("host: own.test", "secure own.test - 1 at _25._tcp.own.test"),
        (
            "host: half.test",
            "secure half.test - 1 at _25._tcp.half.test",
        ),
        ("host: loose.test", "secure loose.test - host insecure"),
        ("mx: signed.test", "secure s.test - 1 at _25._tcp.s.test"),
        (
            "mx: unsigned.test",
            "insecure s.test - 1 at _25._tcp.s.test",
        ),
        ("mx: s.test", "secure s.test - 1 at _25._tcp.s.test"),
        ("mx: i.test", "insecure i.test - host insecure"),
        (
            "{host: s.test, addresses: 127.0.0.9}",
            "secure s.test - 1 at _25._tcp.s.test",
        ),
    ] {
        let target = target.trim_matches(['{', '}']);
        let found = expanded(&resolvers, target).await;
        assert_eq!(word(&dane(&found)), expected, "{target}");
    }
    let signed = expanded(&resolvers, "mx: signed.test").await;
    assert_eq!(dane(&signed).mail_domain.as_deref(), Some("signed.test"));
    dns.validates(false);
    let unable = trusting(&dns);
    let found = expanded(&unable, "host: s.test").await;
    assert!(word(&dane(&found)).ends_with("unavailable"));
}
