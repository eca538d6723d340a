//! `mx:` targets against a DNS server and mail servers in this process, through snapshots.

use hickory_resolver::proto::op::ResponseCode;
use smtp_tls_exporter::reason::Reason;
use smtp_tls_exporter::render;
use smtp_tls_exporter::report::State;
use testkit::fleet;
use testkit::peer::Answer;

use crate::watched::{Watched, at, dns, endpoints, metrics, reason, table, world};

#[tokio::test]
async fn a_mail_domain_is_every_host_under_its_own_name() {
    let world = world();
    let one = world.issue("mx1.bears.test", -30, 60);
    let two = world.issue("mx2.bears.test", -30, 60);
    let (port, _servers) = fleet(0, &[(35, &one), (36, &two), (37, &one)]).await;
    let dns = dns(&[
        (
            "xn--brenhhle-0za8p.test",
            &[
                Answer::Mx(20, "mx2.bears.test"),
                Answer::Mx(10, "mx1.bears.test"),
            ],
        ),
        ("mx1.bears.test", &[at(35)]),
        ("mx2.bears.test", &[Answer::Cname("host2.bears.test")]),
        ("host2.bears.test", &[at(36), at(37)]),
    ])
    .await;
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://{}'}}}}\n\
         targets: [{{mx: Bärenhöhle.test, ports: {port}, views: v, checks: {{same_certificate: off}}}}]",
        dns.address
    );
    let snapshot = world.look(&yaml).await;
    let target = &snapshot.targets[0];
    assert_eq!(
        endpoints(target),
        [
            ("127.0.0.35".into(), "mx1.bears.test".into(), State::Healthy),
            ("127.0.0.36".into(), "mx2.bears.test".into(), State::Healthy),
            // Alone it serves the other host's certificate: the expected name follows the MX host.
            (
                "127.0.0.37".into(),
                "mx2.bears.test".into(),
                State::Mismatch
            ),
        ]
    );
    let json = render::json(&snapshot);
    assert!(json.contains("\"mx_preference\": 20"), "{json}");
    assert_eq!(target.source.name, "mx:xn--brenhhle-0za8p.test");
}

#[tokio::test]
async fn what_a_domain_says_instead_of_hosts_has_its_own_reason() {
    let world = world();
    let leaf = world.issue("cave.test", -30, 60);
    let (port, _servers) = fleet(0, &[(38, &leaf)]).await;
    let dns = dns(&[
        ("null.test", &[Answer::Mx(0, ".")]),
        (
            "literal.test",
            &[Answer::Mx(5, "192.0.2.1"), Answer::Mx(10, "cave.test")],
        ),
        ("cave.test", &[at(38)]),
        ("dangling.test", &[Answer::Mx(10, "nowhere.test")]),
        ("broken.test", &[Answer::Code(ResponseCode::ServFail)]),
        ("loop.test", &[Answer::Cname("loop.test")]),
        ("empty.test", &[]),
    ])
    .await;
    let yaml = format!(
        "views: {{v: {{resolvers: 'udp://{}'}}}}\ndefaults: {{views: v, ports: {port}}}\ntargets: \
         [{{mx: null.test}}, {{mx: literal.test}}, {{mx: cave.test}}, {{mx: dangling.test}}, \
         {{mx: broken.test}}, {{mx: gone.test}}, {{mx: loop.test}}, {{mx: empty.test}}]",
        dns.address
    );
    let snapshot = world.look(&yaml).await;
    let found: Vec<_> = snapshot
        .targets
        .iter()
        .map(|t| (t.entries.len(), reason(t), t.state()))
        .collect();
    use State::{Critical, Healthy, Unreachable};
    assert_eq!(
        found,
        [
            (0, Some(Reason::NullMx), Unreachable),
            (1, Some(Reason::MxIpLiteral), Critical),
            (1, None, Healthy),
            (0, Some(Reason::DnsNotFound), Unreachable),
            (0, Some(Reason::DnsError), Unreachable),
            (0, Some(Reason::DnsNotFound), Unreachable),
            (0, Some(Reason::DnsError), Unreachable),
            (0, Some(Reason::DnsNotFound), Unreachable),
        ],
        "{}",
        table(&snapshot)
    );
    assert!(metrics(&snapshot).contains(
        "smtp_tls_target_failure_info{target=\"mx:null.test\",view=\"v\",reason=\"null_mx\"} 1"
    ));
}
