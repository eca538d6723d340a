//! Secrets that stand in files appear nowhere: not on a page, not in an answer, not in the log.

use std::net::SocketAddr;

use testkit::World;

use super::config;
use crate::PROGRAM;

const SECRET: &str = "hunter2";

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_found_nowhere() {
    let hash = bcrypt::hash(SECRET, 4).unwrap();
    let tail = &hash[10..];
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    // In a comment, as the password of a proxy that is used, and as a user's password.
    let head = format!(
        "# {SECRET}\nviews: {{gate: {{proxy: 'socks5://bear:{SECRET}@127.0.0.1:9'}}}}\n\
         defaults: {{views: [default, gate]}}"
    );
    let setup = PROGRAM
        .over(&config(&head, &[nobody]))
        .file("root.pem", &World::today().authority.root_pem())
        .file("web.yml", &format!("basic_auth_users:\n  bear: {hash}\n"))
        .argument("--log.level=debug");
    let file = setup.path("web.yml").display().to_string();
    let exporter = setup.argument(format!("--web.config.file={file}")).start();
    let login = format!("bear:{SECRET}");
    let mut seen = String::new();
    for path in [
        "/",
        "/metrics",
        "/config",
        "/sd",
        "/api/v1/report",
        "/targets/bear0",
        "/probe?target=x",
        "/probe?target=192.0.2.1:9&debug=true",
        "/-/ready",
        "/nowhere",
    ] {
        for user in [login.as_str(), "fox:wrong"] {
            let got = exporter.fetch(path, &["-u", user]);
            seen += &format!("{}{}", got.head, got.body);
        }
    }
    assert!(seen.contains("socks5://<secret>@127.0.0.1:9"), "{seen}");
    exporter.rewrite(
        "exporter.yml",
        &format!("views: {{a: {{proxy: 'socks5://u:{SECRET}@h:1'}}}}\nx: {SECRET}\n"),
    );
    seen += &exporter
        .fetch("/-/reload", &["-X", "POST", "-u", &login])
        .body;
    exporter.rewrite("web.yml", &format!("basic_auth_users:\n  bear: {SECRET}\n"));
    exporter.until("refused", |e| e.log().contains("not a bcrypt hash"));
    seen += &exporter.log();
    assert!(!seen.contains(SECRET), "{seen}");
    assert!(!seen.contains(tail), "{seen}");
}

/// The name of a file is a label, and somebody may have written the key itself in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_place_of_its_file_is_no_label() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let secret = key.lines().nth(1).unwrap();
    let host = "- {host: 127.0.0.1, ports: 9";
    let list = format!(
        "{host}, name: a, client_certificate: {{cert_file: {key:?}, key_file: {key:?}}}}}\n\
         {host}, name: b, expect: {{roots: {key:?}}}}}\n{host}, name: c}}\n"
    );
    let exporter = PROGRAM
        .over("target_files: more.yml\n")
        .file("more.yml", &list)
        .start();
    let metrics = exporter.body("/metrics");
    assert!(
        metrics.contains("file=\"<secret>\",kind=\"roots\""),
        "{metrics}"
    );
    let answer = exporter.fetch("/-/reload", &["-X", "POST"]).body;
    let seen = [metrics, answer, exporter.log()].concat();
    assert!(!seen.contains(secret), "{seen}");
}

#[test]
fn a_mistake_beside_a_secret_does_not_show_it() {
    let setup = PROGRAM.over(&format!(
        "targets: [{{host: a, client_certificate: {{key: {SECRET}}}}}]\n"
    ));
    let file = setup.path("exporter.yml").display().to_string();
    let ended = PROGRAM.run_alone(&["--config.check", "--config.file", &file]);
    let told = ended.stdout + &ended.stderr;
    assert!(!told.contains(SECRET), "{told}");
}
