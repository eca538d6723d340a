//! Every text of the program, whole: help, table, plugin line, JSON, exposition, pages. The clock stands still; ports,
//! fingerprints, durations and what the process takes are left out. After a change that is meant:
//! `UPDATE=1 cargo test --test program golden`.

use std::path::Path;

use smtp_tls_exporter::certificate::Certificate;
use testkit::golden::{assert_golden, without_figures, without_hex, without_numbers};
use testkit::network::free_address;
use testkit::peer::{Answer, Credentials, Dns, Leaf, Server, Speech};
use testkit::{Exporter, World, ended, fleet, serve, stopped_clock, target, target_with};

use crate::PROGRAM;

/// 2026-06-01T00:00:00Z.
const NOW: i64 = 1_780_272_000;
const HOST: &str = "mailrelay.bears.test";

/// A half-renewed fleet, and a server for most of what else can be wrong.
struct Den {
    world: World,
    /// Ports, and what stands for them.
    ports: Vec<(String, &'static str)>,
    _servers: Vec<Server>,
    _dns: Dns,
}

impl Den {
    async fn new() -> Self {
        let world = World::new(NOW);
        let old = world.issue(HOST, -91, -1);
        let (new, soon) = (after(&old, &world), world.issue(HOST, -85, 5));
        let (port, mut servers) = fleet(75, &[(1, &new), (2, &old), (3, &new)]).await;
        let other = world.issue("printer.bears.test", -30, 60);
        let implicit = Speech {
            implicit: true,
            ..Speech::default()
        };
        let silent = Speech {
            offers_starttls: false,
            ..Speech::default()
        };
        let own = world.authority.self_signed(&Leaf::server(HOST, -30, 60));
        let mut ports = vec![(port.to_string(), "PORT0")];
        let mut config = format!(
            "probe: {{helo: monitor.bears.test, min_interval: 1h}}\ntrust: {{roots: root.pem}}\n\
             targets:\n- {{name: relay, host: {HOST}, addresses: [127.0.75.1, 127.0.75.2, 127.0.75.3], \
             ports: [{port}], labels: {{team: mail}}}}\n"
        );
        for (name, credentials, speech, more, shown) in [
            ("healthy", &new, Speech::default(), "", "PORT1"),
            ("soon", &soon, implicit, ", tls: implicit", "PORT2"),
            ("printer", &other, Speech::default(), "", "PORT3"),
            ("fax", &new, silent, "", "PORT4"),
            ("own", &own, Speech::default(), "", "PORT5"),
        ] {
            let server = serve(credentials, speech).await;
            config += &target_with(name, HOST, server.address, more);
            ports.push((server.address.port().to_string(), shown));
            servers.push(server);
        }
        let gone = free_address();
        config += &target("gone", HOST, gone);
        ports.push((gone.port().to_string(), "PORT6"));
        let dns = Dns::start(
            [(
                "here.bears.test",
                vec![Answer::Address([127, 0, 75, 1].into())],
            )]
            .into(),
        );
        let dns = dns.await.unwrap();
        config += &format!(
            "- {{name: lost, host: lost.bears.test, views: inside}}\n- {{name: found, host: here.bears.test, \
             views: inside, ports: [{port}], server_name: {HOST}}}\n\
             views: {{inside: {{resolvers: 'udp://{}'}}}}\n",
            dns.address
        );
        ports.push((dns.address.port().to_string(), "PORT7"));
        world.write("exporter.yml", &config);
        Self {
            world,
            ports,
            _servers: servers,
            _dns: dns,
        }
    }

    fn serving(&self) -> Exporter {
        let clock = stopped_clock(self.world.directory(), NOW);
        PROGRAM
            .serving(&self.world.path("exporter.yml"))
            .variable("LD_PRELOAD", &clock.display().to_string())
            .start()
    }

    async fn checked(&self, more: &[&str]) -> String {
        let clock = stopped_clock(self.world.directory(), NOW);
        let mut command = PROGRAM.command();
        command
            .args(["check", "--config.file"])
            .args([self.world.path("exporter.yml")]);
        command.args(more).env("LD_PRELOAD", clock);
        ended(command).await.stdout
    }

    /// Without what differs from run to run.
    fn steady(&self, text: &str) -> String {
        let folder = self.world.directory().display().to_string();
        let text = without_hex(&without_pem(&text.replace(&folder, "FOLDER")));
        let text = without_numbers(&text, &self.ports);
        let keys = ["\"duration_seconds\": ", "\"seconds\": ", "\"length\": "];
        let text = without_figures(&text, &keys);
        let mut lines: Vec<_> = text.split_inclusive('\n').map(untimed).collect();
        // Files stand in no order.
        let files =
            |line: &String| line.starts_with("smtp_tls_exporter_file_last_load_successful{");
        if let Some(first) = lines.iter().position(files) {
            let count = lines[first..].iter().take_while(|line| files(line)).count();
            lines[first..first + count].sort();
        }
        lines.concat()
    }
}

/// A renewed certificate whose fingerprints sort behind those of the old one.
fn after(old: &Credentials, world: &World) -> Credentials {
    let fingerprints = |credentials: &Credentials| {
        let leaf = Certificate::from_der(&credentials.chain[0]);
        *leaf.fingerprints()
    };
    loop {
        let new = world.issue(HOST, -1, 89);
        if fingerprints(&new) > fingerprints(old) {
            return new;
        }
    }
}

/// Without the certificates themselves.
fn without_pem(text: &str) -> String {
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let mut parts = text.split(begin);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, after) = part.split_once(end).expect("an end");
        out += &format!("{begin}…{end}{after}");
    }
    out
}

/// A line without how long something took, and without what the process takes.
fn untimed(line: &str) -> String {
    let named = |begin: &&str| line.starts_with(*begin);
    if line.starts_with("smtp_tls_exporter_build_info{") {
        return "smtp_tls_exporter_build_info{…} 1\n".to_owned();
    }
    let figures = [
        "smtp_tls_probe_duration_seconds{",
        "smtp_tls_probe_phase_duration_seconds{",
        "process_",
    ];
    if figures.iter().any(named) {
        let (series, _) = line.rsplit_once(' ').expect("a value");
        return format!("{series} …\n");
    }
    let Some((before, timings)) = line.split_once("<h3>Timings</h3>") else {
        return line.to_owned();
    };
    let (timings, after) = timings.split_once("</table>").expect("a table");
    let timings: String = timings
        .chars()
        .filter(|c| !(c.is_ascii_digit() || *c == '.'))
        .collect();
    format!("{before}<h3>Timings</h3>{timings}</table>{after}")
}

fn golden(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    assert_golden(&folder.join(name), text);
}

#[cfg(feature = "demo")]
#[test]
fn the_help_of_every_command() {
    for (name, arguments) in [
        ("help.txt", &["--help"][..]),
        ("help-serve.txt", &["serve", "--help"]),
        ("help-check.txt", &["check", "--help"]),
        ("help-collect.txt", &["collect", "--help"]),
        ("help-tlsa.txt", &["tlsa", "--help"]),
        ("help-demo.txt", &["demo", "--help"]),
    ] {
        golden(name, &PROGRAM.run_alone(arguments).stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_check_says() {
    let den = Den::new().await;
    for (name, arguments) in [
        ("table.txt", &[][..]),
        ("plugin.txt", &["--nagios"]),
        ("report.json", &["--json"]),
    ] {
        golden(name, &den.steady(&den.checked(arguments).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_served() {
    let den = Den::new().await;
    let exporter = den.serving();
    for (name, path) in [
        ("metrics.txt", "/metrics"),
        ("index.html", "/"),
        ("fleet.html", "/targets/relay"),
        ("refused.html", "/targets/gone"),
        ("unresolved.html", "/targets/lost"),
        ("config.txt", "/config"),
        ("sd.json", "/sd"),
    ] {
        golden(name, &den.steady(&exporter.body(path)));
    }
}
