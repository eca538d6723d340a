//! Name servers that do not know, keep silent or know no EDNS, and names that lead nowhere, through [`Resolvers`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::proto::op::ResponseCode;
use smtp_tls_exporter::dns::{AddressFamily, Lookup, LookupFault, Resolvers};
use smtp_tls_exporter::reason::Reason;
use testkit::peer::{Answer, Dns};

use crate::watched::{RELAY, Watched, at, dns, world, zone};

const DEADLINE: Duration = Duration::from_secs(2);

/// One view, `v`, with these servers.
fn resolvers(urls: &[String]) -> Resolvers {
    let urls: Vec<_> = urls.iter().map(|url| format!("'{url}'")).collect();
    let yaml = format!(
        "views: {{v: {{resolvers: [{}]}}}}\ntargets: [{{host: a, views: v}}]",
        urls.join(", ")
    );
    Resolvers::new(world().settings(&yaml).policies(), DEADLINE)
}

fn udp(servers: &[&Dns]) -> Resolvers {
    let urls: Vec<_> = servers
        .iter()
        .map(|s| format!("udp://{}", s.address))
        .collect();
    resolvers(&urls)
}

async fn found(resolvers: &dyn Lookup, name: &str) -> Result<Vec<IpAddr>, LookupFault> {
    let found = resolvers.addresses("v", name, AddressFamily::Ipv4).await?;
    Ok(found
        .value
        .records
        .iter()
        .map(|record| record.address)
        .collect())
}

fn here(last: u8) -> Result<Vec<IpAddr>, LookupFault> {
    Ok(vec![IpAddr::from([127, 0, 0, last])])
}

#[tokio::test]
async fn a_server_that_does_not_know_is_followed_by_the_next() {
    let right = dns(&[(RELAY, &[at(1)])]).await;
    for code in [
        ResponseCode::ServFail,
        ResponseCode::Refused,
        ResponseCode::NotImp,
        ResponseCode::FormErr,
        ResponseCode::NotAuth,
        ResponseCode::Unknown(12),
    ] {
        let wrong = dns(&[(RELAY, &[Answer::Code(code)])]).await;
        for servers in [[&right, &wrong], [&wrong, &right]] {
            assert_eq!(found(&udp(&servers), RELAY).await, here(1), "{code:?}");
        }
        let as_wrong = dns(&[(RELAY, &[Answer::Code(code)])]).await;
        let both = found(&udp(&[&wrong, &as_wrong]), RELAY).await.unwrap_err();
        assert_eq!(both.reason, Reason::DnsError);
        let said = format!("udp://{} answered ", wrong.address);
        assert!(both.detail.contains(&said), "{}", both.detail);
    }
}

#[tokio::test]
async fn what_the_first_says_of_a_name_counts() {
    let right = dns(&[(RELAY, &[at(1)])]).await;
    let (other, empty) = (dns(&[(RELAY, &[at(2)])]).await, dns(&[]).await);
    assert_eq!(found(&udp(&[&other, &right]), RELAY).await, here(2));
    assert_eq!(found(&udp(&[&right, &other]), RELAY).await, here(1));
    let missing = found(&udp(&[&empty, &right]), RELAY).await.unwrap_err();
    assert_eq!(missing.reason, Reason::DnsNotFound);
    assert_eq!(found(&udp(&[&right, &empty]), RELAY).await, here(1));
}

#[tokio::test]
async fn a_silent_server_is_waited_for_once_and_heard_again_when_it_is_back() {
    let names = ["a.bears.test", "b.bears.test", "c.bears.test"];
    let silent = names.map(|name| (name, &[Answer::Silence][..]));
    let first = dns(&silent).await;
    let answers = [at(2)];
    let second = dns(&names.map(|name| (name, &answers[..]))).await;
    let resolvers = udp(&[&first, &second]);
    assert_eq!(found(&resolvers, names[0]).await, here(2));
    let begun = Instant::now();
    assert_eq!(found(&resolvers, names[1]).await, here(2));
    // A quarter of what the first one took.
    let took = begun.elapsed();
    assert!(took < DEADLINE / 8, "{took:?}");
    first.change(zone(&[(names[2], &[at(1)])]));
    assert_eq!(found(&resolvers, names[2]).await, here(1));
}

#[tokio::test]
async fn many_look_ups_do_not_wait_for_a_silent_server() {
    let names: Vec<&'static str> = (0..100)
        .map(|n| &*format!("h{n}.bears.test").leak())
        .collect();
    let records = |answer: Answer| {
        let zone = names.iter().map(|name| (*name, vec![answer.clone()]));
        Dns::start(zone.collect())
    };
    let silent = records(Answer::Silence).await.unwrap();
    let right = records(at(1)).await.unwrap();
    let resolvers = Arc::new(udp(&[&silent, &right]));
    assert_eq!(found(&*resolvers, names[0]).await, here(1));
    let begun = Instant::now();
    for name in &names[1..] {
        assert_eq!(found(&*resolvers, name).await, here(1), "{name}");
    }
    // Each would take half of the deadline if it waited.
    let took = begun.elapsed();
    assert!(took < DEADLINE * 5, "{took:?}");
}

#[tokio::test]
async fn the_transports_may_differ() {
    let right = dns(&[(RELAY, &[at(1)])]).await;
    let wrong = dns(&[(RELAY, &[Answer::Code(ResponseCode::Refused)])]).await;
    let nobody = dns(&[]).await.address;
    for first in [
        format!("tcp://{}", wrong.address),
        format!("tcp://{nobody}"),
        format!("tls://{nobody}#dns.bears.test"),
        format!("https://{nobody}/dns-query#dns.bears.test"),
    ] {
        let resolvers = resolvers(&[first.clone(), format!("udp://{}", right.address)]);
        assert_eq!(found(&resolvers, RELAY).await, here(1), "{first}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_edns_is_asked_without() {
    for refusal in [
        Some(ResponseCode::FormErr),
        Some(ResponseCode::NotImp),
        Some(ResponseCode::Refused),
        Some(ResponseCode::ServFail),
        None,
    ] {
        let answers = [Answer::NoEdns(refusal), at(1)];
        let old = dns(&[("a.bears.test", &answers), ("b.bears.test", &answers)]).await;
        for scheme in ["udp", "tcp"] {
            let resolvers = resolvers(&[format!("{scheme}://{}", old.address)]);
            assert_eq!(
                found(&resolvers, "a.bears.test").await,
                here(1),
                "{scheme} {refusal:?}"
            );
            let asked = old.asked();
            assert_eq!(
                found(&resolvers, "b.bears.test").await,
                here(1),
                "{scheme} {refusal:?}"
            );
            assert_eq!(
                old.asked(),
                asked + 1,
                "that is remembered: {scheme} {refusal:?}"
            );
        }
    }
}

#[tokio::test]
async fn without_edns_comes_before_the_next_server() {
    let refusal = Answer::NoEdns(Some(ResponseCode::FormErr));
    let old = dns(&[(RELAY, &[refusal, at(1)])]).await;
    let other = dns(&[(RELAY, &[at(2)])]).await;
    assert_eq!(found(&udp(&[&old, &other]), RELAY).await, here(1));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_comes_by_tcp_from_the_same_server() {
    let first = dns(&[(RELAY, &[Answer::TooLong, at(1)])]).await;
    let second = dns(&[(RELAY, &[at(2)])]).await;
    assert_eq!(found(&udp(&[&first, &second]), RELAY).await, here(1));
}

#[tokio::test]
async fn what_strangers_ask_for_is_not_kept() {
    let dns = dns(&[(RELAY, &[at(1)])]).await;
    let resolvers = udp(&[&dns]);
    let strangers = resolvers.for_strangers().expect("others");
    for asked in [1, 2] {
        assert_eq!(found(&*strangers, RELAY).await, here(1));
        assert_eq!(dns.asked(), asked);
    }
    for _ in 0..2 {
        assert_eq!(found(&resolvers, RELAY).await, here(1));
        assert_eq!(dns.asked(), 3, "this one is kept");
    }
}

#[tokio::test]
async fn aliases_that_lead_nowhere_say_so() {
    let dns = dns(&[
        ("good.bears.test", &[Answer::Cname("long.bears.test")]),
        ("long.bears.test", &[Answer::Cname(RELAY)]),
        (RELAY, &[at(1)]),
        ("gone.bears.test", &[Answer::Cname("nobody.bears.test")]),
        ("empty.bears.test", &[Answer::Cname("mail.bears.test")]),
        ("mail.bears.test", &[Answer::Mx(10, "mx.bears.test")]),
        ("round.bears.test", &[Answer::Cname("about.bears.test")]),
        ("about.bears.test", &[Answer::Cname("round.bears.test")]),
        ("self.bears.test", &[Answer::Cname("self.bears.test")]),
    ])
    .await;
    let resolvers = udp(&[&dns]);
    assert_eq!(found(&resolvers, "good.bears.test").await, here(1));
    for (name, expected) in [
        (
            "gone.bears.test",
            "gone.bears.test is an alias of nobody.bears.test, which does not exist",
        ),
        (
            "empty.bears.test",
            "empty.bears.test is an alias of mail.bears.test, which has no A or AAAA record",
        ),
        (
            "round.bears.test",
            "A of round.bears.test: its aliases go round in circles: \
             round.bears.test → about.bears.test → round.bears.test",
        ),
        (
            "self.bears.test",
            "A of self.bears.test: its aliases go round in circles: self.bears.test → self.bears.test",
        ),
    ] {
        let fault = resolvers
            .addresses("v", name, AddressFamily::Any)
            .await
            .unwrap_err();
        assert_eq!(
            (fault.reason, fault.detail.as_str()),
            (Reason::DnsError, expected)
        );
    }
    let fault = resolvers
        .exchangers("v", "gone.bears.test")
        .await
        .unwrap_err();
    assert_eq!(fault.reason, Reason::DnsError);
    let records = resolvers.exchangers("v", "empty.bears.test").await.unwrap();
    assert_eq!(records.value[0].host, "mx.bears.test");
}

#[tokio::test]
async fn names_of_explicit_servers_are_complete() {
    let dns = dns(&[("relay", &[at(1)])]).await;
    let resolvers = udp(&[&dns]);
    assert_eq!(found(&resolvers, "relay").await, here(1));
    assert_eq!(found(&resolvers, "localhost").await, here(1));
    assert!(found(&resolvers, "relay.bears.test").await.is_err());
    assert_eq!(dns.asked(), 2);
}
