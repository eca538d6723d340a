//! Revocation as OpenSSL makes it: its authority's lists and OCSP responses, its server that staples them, and what
//! the real binary says of it. Needs what tests/run.sh installs; plain `cargo test` leaves these tests out.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use smtp_tls_exporter::config::Config;
use tempfile::TempDir;
use testkit::Ended;
use testkit::network::free_address;
use testkit::process::{Process, output, scratch};

use crate::PROGRAM;

/// An authority that has revoked `bad`, and `must`, which promises a staple.
const AUTHORITY: &str = r#"
set -eu
cat > openssl.cnf <<'SETTINGS'
[ca]
default_ca = tests
[tests]
database = index.txt
crlnumber = number
default_md = sha256
certificate = ca.pem
private_key = ca.key
crl_extensions = list
[list]
authorityKeyIdentifier = keyid
[old]
database = index.txt
default_md = sha256
certificate = ca.pem
private_key = ca.key
[users]
database = index.txt
crlnumber = number
default_md = sha256
certificate = ca.pem
private_key = ca.key
crl_extensions = scope
[scope]
issuingDistributionPoint = critical, @point
[point]
onlyuser = TRUE
[must]
tlsfeature = status_request
[plain]
basicConstraints = CA:false
SETTINGS
echo 01 > number
key='-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256'
openssl req -x509 $key -keyout ca.key -subj '/CN=Bear CA' -days 30 -out ca.pem
issue() {
    openssl req -new $key -keyout $1.key -subj /CN=$1 -out $1.csr
    openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -set_serial $2 -days 20 \
        -extfile openssl.cnf -extensions $3 -out $1.pem
}
issue plain 0x1001 plain
issue must 0x1002 must
issue bad 0x1003 plain
entry() { printf '%s\t361121000000Z\t%s\t%s\tunknown\t/CN=%s\n' "$@" "$3"; }
{ entry V '' 1001; entry V '' 1002; entry R 260102030405Z 1003; } > index.txt
openssl ca -config openssl.cnf -gencrl -crldays 30 -out current.crl
openssl ca -config openssl.cnf -gencrl -crl_lastupdate 20260101000000Z -crl_nextupdate 20260201000000Z -out outdated.crl
openssl ca -config openssl.cnf -name old -gencrl -crldays 30 -out v1.crl
openssl ca -config openssl.cnf -name users -gencrl -crldays 30 -out users.crl
for name in plain must bad; do
    openssl ocsp -issuer ca.pem -cert $name.pem -no_nonce -reqout request.der
    openssl ocsp -index index.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -ndays 7 \
        -reqin request.der -respout $name.staple
done
"#;

/// What the exporter said of one endpoint.
struct Report(Value);

impl Report {
    #[track_caller]
    fn check(&self, name: &str) -> (&str, &str) {
        let checks = self.0["checks"].as_array().expect("checks");
        let found = checks.iter().find(|check| check["check"] == name);
        let found = found.expect(name);
        let text = |key: &str| found[key].as_str().unwrap_or_default();
        (text("result"), text("evidence"))
    }

    #[track_caller]
    fn fails(&self, check: &str, reason: &str) {
        assert_eq!(self.check(check).0, "fail", "{:#}", self.0);
        let causes = self.0["causes"].as_array().expect("causes");
        let named = causes.iter().any(|cause| cause["reason"] == reason);
        assert!(named, "{causes:#?}");
    }
}

/// Probes `openssl s_server` with the certificate `name`.
fn report(place: &Path, name: &str, staple: Option<&str>, version: &str, crls: &str) -> Report {
    let address = free_address();
    let mut server = Command::new("openssl");
    server.current_dir(place);
    // In HTTP mode it does not end with its standard input. The greeting never comes; the certificate does.
    server.args(["s_server", "-www", version, "-accept", &address.to_string()]);
    server.args([
        "-cert",
        &format!("{name}.pem"),
        "-key",
        &format!("{name}.key"),
    ]);
    if let Some(staple) = staple {
        server.args(["-status_file", staple]);
    }
    let mut server = Process::start("s_server", &mut server, &place.join("server.log"));
    server.until("s_server listens", || {
        TcpStream::connect(address)
            .map(drop)
            .map_err(|e| e.to_string())
    });
    let config = place.join("exporter.yml");
    let text = format!(
        "probe: {{timeout: 1s, helo: monitor.bears.test}}\ntrust: {{roots: ca.pem, crls: {crls}}}\n\
         targets: [{{addresses: ['127.0.0.1'], ports: {}, tls: implicit}}]\n",
        address.port()
    );
    fs::write(&config, text).expect("a file of ours");
    let printed = exporter(&["check", "--json"], &config).stdout;
    let json: Value = serde_json::from_str(&printed).expect("JSON");
    Report(json["targets"][0]["endpoints"][0].clone())
}

/// Runs the program to its end.
fn exporter(arguments: &[&str], config: &Path) -> Ended {
    let mut command = PROGRAM.command();
    Ended::of(command.args(arguments).arg("--config.file").arg(config))
}

/// A directory with all that [`AUTHORITY`] makes.
fn authority() -> TempDir {
    let place = scratch();
    let mut script = Command::new("bash");
    output(script.args(["-c", AUTHORITY]).current_dir(place.path()));
    place
}

#[test]
#[ignore = "needs OpenSSL: run tests/run.sh"]
fn staples_are_understood_in_tls_1_2() {
    staples("-tls1_2");
}

#[test]
#[ignore = "needs OpenSSL: run tests/run.sh"]
fn staples_are_understood_in_tls_1_3() {
    staples("-tls1_3");
}

fn staples(version: &str) {
    let place = authority();
    let probe = |name, staple| report(place.path(), name, staple, version, "[]");
    let none = probe("plain", None);
    assert_eq!(none.0["staple"], Value::Null);
    assert_eq!(none.check("revocation").0, "not_applicable");
    assert_eq!(none.check("must_staple").0, "not_applicable");

    let good = probe("plain", Some("plain.staple"));
    assert_eq!(good.check("revocation").0, "pass");
    let staple = &good.0["staple"];
    assert_eq!(staple["response_status"], "successful");
    assert_eq!(staple["certificate_status"], "good");
    assert_eq!(staple["produced_at"], staple["this_update"]);
    assert!(staple["next_update"].as_str() > staple["this_update"].as_str());

    let bad = probe("bad", Some("bad.staple"));
    bad.fails("revocation", "revoked");
    assert_eq!(bad.0["staple"]["revoked_at"], "2026-01-02T03:04:05Z");

    probe("must", None).fails("must_staple", "must_staple_missing");
    probe("must", Some("plain.staple")).fails("must_staple", "must_staple_missing");
    let kept = probe("must", Some("must.staple"));
    assert_eq!(kept.check("must_staple").0, "pass");
    assert_eq!(kept.check("revocation").0, "pass");
}

#[test]
#[ignore = "needs OpenSSL: run tests/run.sh"]
fn lists_are_understood() {
    let place = authority();
    let probe = |name, crls| report(place.path(), name, None, "-tls1_3", crls);
    for list in ["current.crl", "v1.crl", "users.crl"] {
        assert_eq!(probe("plain", list).check("revocation").0, "pass", "{list}");
        probe("bad", list).fails("revocation", "revoked");
    }
    let bad = probe("bad", "[outdated.crl, current.crl]");
    bad.fails("revocation", "revoked");
    let outdated = probe("plain", "[outdated.crl]");
    let (result, evidence) = outdated.check("revocation");
    assert_eq!(result, "unknown");
    assert!(evidence.contains("expired at 2026-02-01"), "{evidence}");
}

#[test]
fn a_bad_list_is_left_out_while_another_is_good() {
    let place = scratch();
    let file = |name: &str| place.path().join(name);
    let key = rcgen::KeyPair::generate().expect("a key");
    let issuer = rcgen::Issuer::new(rcgen::CertificateParams::default(), key);
    let list = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 1, 1),
        next_update: rcgen::date_time_ymd(2036, 1, 1),
        crl_number: 1.into(),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&issuer).expect("a list");
    fs::write(file("good.crl"), list.der()).expect("a file of ours");
    fs::write(file("bad.crl"), "nothing").expect("a file of ours");
    let text = "targets: [{host: a.test}]\ntrust: {crls: [bad.crl, gone.crl, good.crl]}\n";
    fs::write(file("x.yml"), text).expect("a file of ours");
    let done = exporter(&["--config.check"], &file("x.yml"));
    let said = done.stderr;
    assert_eq!(done.code, Some(0), "{said}");
    for part in ["bad.crl: no CRL inside; it is left out", "gone.crl: "] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_file_without_list_is_one_line() {
    let place = scratch();
    fs::write(place.path().join("no.crl"), "nothing").expect("a file of ours");
    let file = place.path().join("x.yml");
    for (name, why) in [("no.crl", "no CRL inside"), ("missing.crl", "No such file")] {
        let text = format!("targets: [{{host: a.test}}]\ntrust:\n  crls:\n  - {name}\n");
        let error = Config::parse(&file, text.as_bytes(), "helo").unwrap_err();
        let line = error.to_string();
        assert!(line.contains("x.yml:4: trust.crls[0]: "), "{line}");
        assert!(line.contains(why), "{line}");
        assert!(
            line.ends_with("expected a file of CRLs, PEM or DER"),
            "{line}"
        );
    }
}
