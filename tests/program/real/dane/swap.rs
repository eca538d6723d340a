//! A resolver that stops validating while the program serves: nothing is said about DANE any more, and never that there is
//! none.

use std::time::{Duration, Instant};

use testkit::network::get;
use testkit::process::scratch;
use testkit::{Exporter, Exposition, Sample};

use super::case::{Case, Hop};
use super::chain::{Of, record};
use super::unbound::{Kind, Unbound};
use super::{Lab, RESOLVERS, namespace, say};
use crate::PROGRAM;

/// The program asks again after its TTL, and whether a resolver validates after a minute; here sooner.
const FASTER: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// What the check says of each domain; `None` where it says nothing.
fn verdicts(page: &Exposition, domains: &[String]) -> Vec<Option<f64>> {
    let of = |domain: &String| {
        let labels = [("check", "dane"), ("target", domain)];
        page.value("smtp_tls_check_success", &labels)
    };
    domains.iter().map(of).collect()
}

fn available(page: &Exposition) -> Option<f64> {
    page.value("smtp_tls_dnssec_available", &[("view", "v")])
}

/// How the hosts stand, as far as that is said.
fn standings(page: &Exposition) -> Vec<&str> {
    let all = page.all("smtp_tls_dane_standing", &[]);
    let present = all.into_iter().filter(|sample| sample.value == 1.0);
    present
        .filter_map(|sample: &Sample| sample.label("standing"))
        .collect()
}

/// What is told of each domain as long as somebody validates.
const TOLD: [Option<f64>; 3] = [Some(1.0), Some(0.0), Some(0.0)];

/// Until nobody validates, as the program sees it, and meanwhile that it says nothing that is wrong.
fn until_told(exporter: &Exporter, domains: &[String]) {
    let begun = Instant::now();
    loop {
        let page = Exposition::parse(&get(exporter.address, "/metrics").expect("metrics"));
        let verdicts = verdicts(&page, domains);
        for (verdict, before) in verdicts.iter().zip(TOLD) {
            assert!(verdict.is_none() || *verdict == before, "{verdicts:?}");
        }
        let standings = standings(&page);
        assert!(
            standings.iter().all(|word| *word == "usable"),
            "{standings:?}"
        );
        // The scrape in which that is found out may still say what was judged before.
        if available(&page) == Some(0.0) && verdicts == [None; 3] {
            say(&format!("not validating: seen after {:?}", begun.elapsed()));
            let probed = page.all("smtp_tls_handshake_success", &[]);
            assert_eq!(probed.iter().filter(|probe| probe.value == 1.0).count(), 3);
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "never noticed: {}",
            exporter.log()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
#[ignore = "needs root (namespaces), Knot DNS, ldns and Unbound: run tests/run.sh"]
fn a_resolver_that_stops_validating_takes_no_policy_away() {
    let name = "real::dane::swap::a_resolver_that_stops_validating_takes_no_policy_away";
    namespace::within(name, async {
        let place = scratch();
        let records = [Of::Leaf, Of::Former].map(|of| [record([3, 1, 1], of)]);
        let unsigned = Case {
            hop: Hop::Insecure,
            ..Case::sound(&records[1])
        };
        let cases = [Case::sound(&records[0]), Case::sound(&records[1]), unsigned];
        let mut lab = Lab::start(place.path(), cases).await;
        let domains: Vec<_> = lab.cases.iter().map(|case| case.domain.clone()).collect();
        let targets: String = domains
            .iter()
            .map(|d| format!("- {{name: {d}, mx: {d}}}\n"))
            .collect();
        let config = format!(
            "probe: {{min_interval: 0s, timeout: 60s}}\nviews: {{v: {{resolvers: 'udp://{}:53', dnssec: trust}}}}\n\
             defaults: {{views: v, expect: {{dane: opportunistic, mta_sts: off, tlsrpt: off}}}}\ntargets:\n{targets}",
            RESOLVERS[0].0
        );
        let clock = testkit::fast_clock(place.path(), FASTER)
            .display()
            .to_string();
        let mut exporter = PROGRAM.over(&config).variable("LD_PRELOAD", &clock).start();
        tokio::task::block_in_place(|| {
            exporter.until_metrics("verdicts", |page| {
                let seen = (available(page), verdicts(page, &domains));
                (seen == (Some(1.0), TOLD.to_vec()))
                    .then_some(())
                    .ok_or_else(|| format!("{seen:?}"))
            });
            lab.stop_resolvers();
            let _blind = Unbound::start(place.path(), RESOLVERS[0].0, Kind::Blind, &lab.zones);
            until_told(&exporter, &domains);
        });
    });
}
