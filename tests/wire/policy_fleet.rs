//! Many mail domains whose policies one server has: all are asked for, so many at a time, and no scrape waits for a
//! second look.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use smtp_tls_exporter::dns::{
    AddressFamily, AddressRecord, Addresses, Answer, Asking, AskingPublished, Exchanger, Lookup,
};
use smtp_tls_exporter::verdict::Finding;
use testkit::fleet;
use testkit::peer::{Leaf, Page, PolicyHost};
use tokio::time::{Instant, sleep};

use crate::watched::{Watched, clock, one_exchanger, over, scrape, texts, world};

const DOMAINS: usize = 200;

/// Each domain has one MX host, `mx1.bears.test`, and a policy.
struct Hoster;

impl Lookup for Hoster {
    fn addresses<'a>(
        &'a self,
        _view: &'a str,
        name: &'a str,
        _family: AddressFamily,
    ) -> Asking<'a, Addresses> {
        let last = match name.starts_with("mta-sts.") {
            true => 61,
            false => 51,
        };
        let record = AddressRecord {
            address: [127, 0, 0, last].into(),
            ttl: None,
        };
        Box::pin(ready(Ok(Answer::unproven(Addresses {
            records: vec![record],
            ..Addresses::default()
        }))))
    }

    fn exchangers<'a>(&'a self, _view: &'a str, _domain: &'a str) -> Asking<'a, Vec<Exchanger>> {
        one_exchanger()
    }

    fn texts<'a>(&'a self, _view: &'a str, name: &'a str) -> AskingPublished<'a, Box<[u8]>> {
        let text = match name.starts_with("_mta-sts.") {
            true => "v=STSv1; id=1",
            false => "v=TLSRPTv1; rua=mailto:tls@bears.test",
        };
        Box::pin(ready(Ok(texts(&[text]))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_domains_are_asked_for_in_turns() {
    let world = world();
    let names: Vec<_> = (0..DOMAINS)
        .map(|n| format!("mta-sts.den{n}.test"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let leaf = Leaf {
        names: &names,
        ..Leaf::server(names[0], -3, 87)
    };
    let text = "version: STSv1\nmode: enforce\nmx: mx1.bears.test\nmax_age: 864000\n".to_owned();
    let credentials = world.authority.issue(&leaf);
    let page = Page::Late(Duration::from_millis(300), text);
    let host = PolicyHost::start(([127, 0, 0, 61], 0).into(), &credentials, page);
    let host = host.await.unwrap();
    let mx = world.issue("mx1.bears.test", -3, 87);
    let (port, _servers) = fleet(0, &[(51, &mx)]).await;
    let state = tempfile::tempdir().unwrap();
    let target = |n| format!("- {{name: den{n}, mx: den{n}.test, ports: {port}}}\n");
    let targets: String = (0..DOMAINS).map(target).collect();
    let yaml = format!(
        "probe: {{timeout: 4s, per_address: 8}}\ntrust: {{roots: root.pem}}\ntargets:\n{targets}"
    );
    let mut settings = world.parsed(&yaml);
    settings.published.roots = Arc::clone(&settings.targets[0].expectations.roots);
    settings.published.port = host.address.port();
    settings.published.interval = Duration::ZERO;
    settings.published.state_directory = Some(state.path().to_owned());
    let rounds = over(settings, Hoster, clock);

    let begun = Instant::now();
    let snapshot = scrape(&rounds).await;
    println!(
        "first scrape: {:?}, {} at a time",
        begun.elapsed(),
        host.most_clients()
    );
    let passed = snapshot
        .domains
        .iter()
        .filter(|domain| domain.verdict.of_check("mta_sts_policy") == Some(&Finding::Pass));
    assert_eq!((passed.count(), host.log().len()), (DOMAINS, DOMAINS));
    // The first looks are spread over a while; all that follow may be due at once.
    let begun = Instant::now();
    scrape(&rounds).await;
    while host.log().len() < 2 * DOMAINS {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{}",
            host.log().len()
        );
        sleep(Duration::from_millis(20)).await;
    }
    let most = host.most_clients();
    println!("all again: {:?}, {most} at a time", begun.elapsed());
    assert!((32..=64).contains(&most), "{most}");
}
