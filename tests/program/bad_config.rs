//! Holds the program to one clear line for every mistake in its configuration: file, line, key, and what was expected.

use std::fs;

use crate::run;

/// A document of one target, into whose map the rest goes.
const ONE: &str = "targets:\n- host: mx.bears.test\n";

/// Documents (a `+` at the beginning stands for [`ONE`]), and what is said behind the file's name. `{dir}` is the
/// directory that the file is in.
const MISTAKES: &[(&str, &str)] = &[
    (
        "+views: {v: {dnssec: trust, trust_anchor: a.key}}\n",
        "3: views.v.trust_anchor: with dnssec: trust the resolvers know where signatures end, expected it only with \
         validate",
    ),
    (
        "+views: {v: {dnssec: trust, proxy: 'socks5://a:1080'}}\n",
        "3: views.v: the proxy resolves its names, expected resolvers beside dnssec and family",
    ),
    ("", "1: targets: missing, expected a list of what to probe"),
    (
        "targets:\n",
        "1: targets: missing, expected a list of what to probe",
    ),
    (
        "targets: []\n",
        "1: targets: empty, expected at least one target",
    ),
    (
        "targets: mx.bears.test\n",
        "1: targets: text, expected a list",
    ),
    (
        "targets: [mx.bears.test]\n",
        "1: targets[0]: text, expected a map of keys and values",
    ),
    (
        "- host: a\n",
        "1: a list, expected a map of keys and values",
    ),
    (
        "tragets: []\n",
        "1: tragets: unknown key (did you mean targets?), expected targets",
    ),
    (
        "targets:\n- host: a\n  addresses: [192.0.2.1, '::ffff:0.0.0.0']\n",
        "3: targets[0].addresses[1]: ::ffff:0.0.0.0 is unspecified, multicast or broadcast, \
         expected the address of a server",
    ),
    (
        "targets:\n- host: 224.0.0.1\n",
        "2: targets[0].host: 224.0.0.1 is unspecified, multicast or broadcast, expected the \
         address of a server",
    ),
    (
        "targets:\n- {name: a}\n",
        "2: targets[0]: nothing to probe, expected host, mx or addresses",
    ),
    (
        "targets:\n- hots: mx.bears.test\n",
        "2: targets[0].hots: unknown key (did you mean host?), expected host, mx or addresses",
    ),
    (
        "+  prots: [25]\n",
        "3: targets[0].prots: unknown key (did you mean ports?), expected one of ",
    ),
    (
        "+probe:\n  timout: 10s\n",
        "4: probe.timout: unknown key (did you mean timeout?), expected one of timeout, \
         min_interval, concurrency, per_address, helo",
    ),
    (
        "+  checks: {thrust: off}\n",
        "3: targets[0].checks.thrust: unknown key (did you mean trust?), expected one of ",
    ),
    (
        "+  limits: {warning: 30d}\n",
        "3: targets[0].limits.warning: text, expected a map of keys and values",
    ),
    (
        "+  limits: {critical: {}}\n",
        "3: targets[0].limits.critical: not a limit, expected lifetime, left or both",
    ),
    (
        "+  limits: {warning: {lifetme: 25%}}\n",
        "3: targets[0].limits.warning.lifetme: unknown key (did you mean lifetime?), expected lifetime or left",
    ),
    (
        "+  limits: {warning: {lifetime: 25}}\n",
        "3: targets[0].limits.warning.lifetime: 25: not a share, expected a share of the lifetime such as 25%",
    ),
    (
        "+  limits: {warning: {left: 5d}}\n",
        "3: targets[0].limits: critical begins when 1w are left, warning at 5d, expected warning to begin first",
    ),
    (
        "+defaults: {limits: {critical: {lifetime: 30%}}}\n",
        "3: defaults.limits: critical begins at 30% of the lifetime, warning at 25%, expected warning to begin first",
    ),
    (
        "+defaults: {host: a}\n",
        "3: defaults.host: unknown key, expected one of ",
    ),
    (
        "+\nprobe: {}\nprobe: {}\n",
        "5: probe: duplicate key (also in line 4)",
    ),
    (
        "+  ports: [25]\n  host: b\n",
        "4: targets[0].host: duplicate key (also in line 2)",
    ),
    (
        "+- host: MX.bears.test.\n",
        "3: targets[1]: a second target 'mx.bears.test' (the first is in line 2), expected a unique name",
    ),
    (
        "targets:\n- {name: a, host: b}\n- {name: a, host: c}\n",
        "3: targets[1]: a second target 'a' (the first is in line 2), expected a unique name",
    ),
    (
        "+  ports: [25, 70000]\n",
        "3: targets[0].ports[1]: 70000 is not a valid port, expected 1 to 65535",
    ),
    (
        "+  ports:\n  - 25\n  - 0\n",
        "5: targets[0].ports[1]: 0 is not a valid port, expected 1 to 65535",
    ),
    (
        "+  ports: [smtp]\n",
        "3: targets[0].ports[0]: 'smtp' is not a valid port, expected 1 to 65535",
    ),
    (
        "+  ports: []\n",
        "3: targets[0].ports: empty, expected at least one",
    ),
    (
        "+  ports: [25, 25]\n",
        "3: targets[0].ports[1]: listed twice, expected it once",
    ),
    (
        "+  tls: ssl\n",
        "3: targets[0].tls: 'ssl' is unknown, expected starttls or implicit",
    ),
    (
        "targets: [{host: mx.bears.test:25}]\n",
        "1: targets[0].host: not a host name or IP address: 'mx.bears.test:25', \
         expected a host name or IP address without port",
    ),
    (
        "targets: [{addresses: [mx.bears.test]}]\n",
        "1: targets[0].addresses[0]: 'mx.bears.test': invalid IP address syntax, \
         expected an IP address without port",
    ),
    (
        "targets: [{name: '', host: a}]\n",
        "1: targets[0].name: '': not a target name, expected a name of 1 to 200 characters, without control characters, other than . and ..",
    ),
    (
        "+probe: {timeout: 10}\n",
        "3: probe.timeout: 10 has no unit, expected 10s or the like",
    ),
    (
        "+probe: {timeout: 1ms}\n",
        "3: probe.timeout: '1ms' is not a valid timeout, expected 100ms to 10m",
    ),
    (
        "+probe: {min_interval: 2d}\n",
        "3: probe.min_interval: '2d' is not a valid interval, expected 0s to 1d",
    ),
    (
        "+probe: {concurrency: 0}\n",
        "3: probe.concurrency: 0 is not a valid number of probes, expected 1 to 65535",
    ),
    (
        "+probe: {per_address: all}\n",
        "3: probe.per_address: 'all' is not a valid number of probes, expected 1 to 1000",
    ),
    (
        "+probe: {helo: 'a b'}\n",
        "3: probe.helo: 'a b': not an EHLO name, expected a host name, or an address in brackets",
    ),
];

const EXPECTATIONS: &[(&str, &str)] = &[
    (
        "subject: mx.bears.test",
        "subject: expected KEY=value at byte 0, found 'mx.bears.test' (",
    ),
    (
        "issuer: 'CN=a, O=\"b'",
        "issuer: 'CN=a, O=\"b': the quote that opens at byte 8 is not closed, expected a \
         distinguished name such as CN=mail.example.com, O=Example, C=US",
    ),
    (
        "fingerprints: ['AB:CD']",
        "fingerprints[0]: 'AB:CD': a fingerprint of 4 hex digits (expected 40 for SHA-1 or 64 for SHA-256)",
    ),
    (
        "fingerprints: 117958926ACC3A5571B7FF683C3C6693007ADFEX",
        "fingerprints: '117958926ACC3A5571B7FF683C3C6693007ADFEX': 'X' in a fingerprint \
         (expected hex digits, with or without colons)",
    ),
    (
        "tls_certificate_name: CN=a",
        "tls_certificate_name: 'CN=a': expected <I> at the beginning, as in \
         <I>CN=Some CA, C=US<S>CN=mail.example.com",
    ),
    (
        "names: ['*.bears.test']",
        "names[0]: not a host name or IP address: '*.bears.test', expected a host name or IP \
         address without port",
    ),
    (
        "min_tls: '1.4'",
        "min_tls: '1.4' is unknown (did you mean 1.0?), expected 1.0, 1.1, 1.2 or 1.3",
    ),
    (
        "same_certificate: maybe",
        "same_certificate: 'maybe', expected true or false",
    ),
    (
        "roots: gone.pem",
        "roots: {dir}/gone.pem: cannot be read: No such file or directory (os error 2), expected mozilla, system or a PEM file",
    ),
    (
        "roots: bad.yml",
        "roots: {dir}/bad.yml: no certificate inside, expected mozilla, system or a PEM file",
    ),
    (
        "roots: []",
        "roots: nothing, expected mozilla, system or a PEM file",
    ),
];

const LABELS: &[(&str, &str)] = &[
    (
        "1a",
        "not a label name, expected letters, digits and _, not beginning with a digit or __",
    ),
    (
        "__a",
        "not a label name, expected letters, digits and _, not beginning with a digit or __",
    ),
    (
        "a-b",
        "not a label name, expected letters, digits and _, not beginning with a digit or __",
    ),
    (
        "target",
        "a label of the exporter's own series, expected another name",
    ),
    (
        "reason",
        "a label of the exporter's own series, expected another name",
    ),
];

/// Runs `--config.check` over a document; the line that it says, behind the file's name.
async fn complaint(document: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("bad.yml");
    fs::write(&file, document).expect("a file");
    let name = file.display().to_string();
    let ended = run(&["--config.check", "--config.file", &name]).await;
    assert_eq!(ended.code, Some(1), "{document}: {ended:?}");
    assert_eq!(ended.stdout, "", "{document}");
    let line = ended.complaint();
    let start = format!("smtp-tls-exporter: {name}:");
    let said = line
        .strip_prefix(&start)
        .unwrap_or_else(|| panic!("{line}"));
    said.replace(&directory.path().display().to_string(), "{dir}")
}

/// What is said is this, or begins with it where the table cuts a long list after a blank or a bracket.
#[track_caller]
fn assert_said(said: &str, expected: &str, document: &str) {
    let cut = expected.ends_with([' ', '(']);
    let right = said == expected || cut && said.starts_with(expected);
    assert!(right, "{document}\nsaid:     {said}\nexpected: {expected}");
}

#[tokio::test]
async fn a_mistake_is_one_line() {
    for (document, expected) in MISTAKES {
        let document = match document.strip_prefix('+') {
            Some(rest) => format!("{ONE}{rest}"),
            None => (*document).to_owned(),
        };
        assert_said(&complaint(&document).await, expected, &document);
    }
}

#[tokio::test]
async fn a_bad_expectation_is_one_line_for_a_target_and_for_all() {
    for (yaml, expected) in EXPECTATIONS {
        let one = format!("{ONE}  expect:\n    {yaml}\n");
        let said = complaint(&one).await;
        assert_said(&said, &format!("4: targets[0].expect.{expected}"), &one);
    }
    let all = format!("defaults: {{expect: {{min_tls: 1.4}}}}\n{ONE}");
    let expected = "1: defaults.expect.min_tls: 1.4 is unknown";
    let said = complaint(&all).await;
    assert!(said.starts_with(expected), "{said}");
}

#[tokio::test]
async fn a_bad_label_is_one_line() {
    for (label, expected) in LABELS {
        let document = format!("{ONE}  labels: {{good: x, {label}: x}}\n");
        let said = complaint(&document).await;
        let expected = format!("3: targets[0].labels.{label}: {expected}");
        assert_said(&said, &expected, &document);
    }
}

#[tokio::test]
async fn what_is_no_yaml_has_a_line_too() {
    for (document, expected) in [
        (
            "targets:\n\t- host: a\n",
            "2: no YAML: found character that cannot start any token",
        ),
        ("targets: [\n", "2: no YAML: "),
        ("targets:\n- host: a\n  - b\n", "3: no YAML: "),
        ("targets: *mx\n", "1: no YAML: unknown anchor"),
        (
            "a: 1\n---\nb: 2\n",
            "3: a second document starts here, expected only one",
        ),
        (
            "targets: !secret x\n",
            "1: targets: a YAML tag (!name), expected none",
        ),
        (
            "targets:\n- host: \u{1b}[31m\n",
            "2: the control character \\u{1b}, expected text",
        ),
    ] {
        let said = complaint(document).await;
        assert!(said.starts_with(expected), "{said}");
    }
}

/// Nonsense under keys of the contract that this version may lack: no version may ignore it.
#[tokio::test]
async fn keys_of_another_version_are_never_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("later.yml");
    let name = file.display().to_string();
    for (yaml, key) in [
        ("+  offers: [bears]\n", "3: targets[0].offers"),
        ("+  views: [nowhere]\n", "3: targets[0].views"),
        (
            "+  expect: {dane: sometimes}\n",
            "3: targets[0].expect.dane",
        ),
        (
            "+  expect: {mta_sts: sometimes}\n",
            "3: targets[0].expect.mta_sts",
        ),
        (
            "+  client_certificate: {cert_file: gone.pem}\n",
            "3: targets[0].client_certificate",
        ),
        ("targets:\n- mx: 'a b'\n", "2: targets[0].mx"),
        (
            "+views: {internal: {resolvers: ['bears://']}}\n",
            "3: views",
        ),
        ("+target_files: {}\n", "3: target_files"),
        ("+probe_endpoint: {ports: [many]}\n", "3: probe_endpoint"),
        ("+trust: {crls: gone.pem}\n", "3: trust.crls"),
    ] {
        let document = yaml.strip_prefix('+').map(|rest| format!("{ONE}{rest}"));
        fs::write(&file, document.as_deref().unwrap_or(yaml)).unwrap();
        let ended = run(&["--config.check", "--config.file", &name]).await;
        assert_eq!(ended.code, Some(1), "{yaml}: {ended:?}");
        let start = format!("smtp-tls-exporter: {name}:{key}");
        assert!(ended.complaint().starts_with(&start), "{ended:?}");
    }
}

#[tokio::test]
async fn a_way_on_which_the_flag_can_be_forged_is_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("good.yml");
    let resolvers =
        "'udp://127.0.0.1', 'udp://[::1]', 'tls://192.0.2.1#dns.bears.test', 'tcp://192.0.2.2'";
    for (dnssec, warnings) in [("trust", 1), ("validate", 0)] {
        let yaml = format!("{ONE}views: {{v: {{dnssec: {dnssec}, resolvers: [{resolvers}]}}}}\n");
        fs::write(&file, yaml).unwrap();
        let ended = run(&[
            "--config.check",
            "--config.file",
            &file.display().to_string(),
        ])
        .await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let warned = ended
            .stdout
            .lines()
            .filter(|line| line.contains("warning: "));
        let warned: Vec<_> = warned.collect();
        assert_eq!(warned.len(), warnings, "{warned:?}");
        let named = "view v: warning: tcp://192.0.2.2:53 is believed";
        assert!(
            warned.iter().all(|line| line.starts_with(named)),
            "{warned:?}"
        );
    }
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    fs::write(at("bytes.yml"), b"targets:\n- \xff\xfe\n").unwrap();
    for (name, expected) in [
        (
            at("gone.yml"),
            ": cannot be read: No such file or directory (os error 2)",
        ),
        (at("."), ": is a directory, expected a regular file"),
        (at("bytes.yml"), ":2: not UTF-8, expected text"),
    ] {
        let ended = run(&["--config.check", "--config.file", &name]).await;
        assert_eq!(ended.code, Some(1));
        let line = format!("smtp-tls-exporter: {name}{expected}");
        assert_eq!(ended.complaint(), line);
    }
}

/// Files that a document names, each a FIFO, which holds up whoever opens it as a dead mount does; and what is said.
const FIFOS: &[(&str, &str)] = &[
    ("+trust: {roots: fifo.yml}\n", "3: trust.roots: "),
    ("+trust: {crls: fifo.yml}\n", "3: trust.crls: "),
    (
        "+  expect: {roots: [mozilla, fifo.yml]}\n",
        "3: targets[0].expect.roots[1]: ",
    ),
    (
        "+  client_certificate: {cert_file: fifo.yml, key_file: k}\n",
        "3: targets[0].client_certificate.cert_file: ",
    ),
    (
        "+views: {v: {trust_anchor: fifo.yml}}\n",
        "3: views.v.trust_anchor: ",
    ),
];

#[tokio::test]
async fn what_is_no_regular_file_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let mut fifo = std::process::Command::new("mkfifo");
    assert!(fifo.arg(at("fifo.yml")).status().unwrap().success());
    let (good, bad) = (at("good.yml"), at("bad.yml"));
    let named = "probe: {helo: probe.bears.test}\n";
    fs::write(&good, format!("{named}{ONE}")).unwrap();
    let begun = std::time::Instant::now();
    for (yaml, place) in FIFOS {
        fs::write(&bad, yaml.replacen('+', ONE, 1)).unwrap();
        let ended = run(&["--config.check", "--config.file", &bad]).await;
        let line = ended.complaint();
        let begin = format!("smtp-tls-exporter: {bad}:{place}");
        assert!(
            line.starts_with(&begin) && line.contains("is a FIFO"),
            "{line}"
        );
        assert_eq!(ended.code, Some(1));
    }
    fs::write(&bad, format!("{named}{ONE}target_files: [fifo.yml]\n")).unwrap();
    fs::write(
        at("web.yml"),
        "tls_server_config: {cert_file: fifo.yml, key_file: k}\n",
    )
    .unwrap();
    for (config, web, named) in [
        (at("fifo.yml"), None, at("fifo.yml")),
        (bad, None, at("fifo.yml")),
        (good.clone(), Some(at("fifo.yml")), at("fifo.yml")),
        (good, Some(at("web.yml")), at("web.yml:1")),
    ] {
        let mut arguments = vec![
            "--config.check".to_owned(),
            "--config.file".to_owned(),
            config,
        ];
        arguments.extend(web.map(|web| format!("--web.config.file={web}")));
        let ended = run(&arguments).await;
        let line = ended.complaint();
        assert!(
            line.contains(&named) && line.contains("is a FIFO"),
            "{line}"
        );
        assert_eq!(ended.code, Some(1));
    }
    // Each was told at once and not after a time limit: a single one is of 5 s.
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_never_cut() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    // What is good is there, and would be found if the rest were cut off.
    let padding = "# honey\n".repeat(1 << 17);
    fs::write(at("large.yml"), format!("{ONE}{padding}")).unwrap();
    fs::write(
        at("bad.yml"),
        format!("{ONE}  client_certificate: {{cert_file: large.yml, key_file: k}}\n"),
    )
    .unwrap();
    for name in ["large.yml", "bad.yml"] {
        let ended = run(&["--config.check", "--config.file", &at(name)]).await;
        let line = ended.complaint();
        assert!(line.contains("larger than 1 MiB, expected less"), "{line}");
    }
}

/// A secret where it does not belong, in documents that are refused and in such as are understood.
const MISPLACED: &[&str] = &[
    "+views: {v: {resolvers: ['http://user:hunter2@proxy.test:3128']}}\n",
    "+views: {v: {resolvers: ['https://user:hunter2@dns.test/dns-query']}}\n",
    "+views: {v: {resolvers: 'https://127.0.0.1/hunter2'}}\n",
    "+views: {v: {resolvers: 'https://127.0.0.1/dns-query?key=hunter2'}}\n",
    "+views: {v: {resolvers: ['user:hunter2@192.0.2.1']}}\n",
    "+views: {v: {source_address: 'http://user:hunter2@proxy.test:3128'}}\n",
    "+views: {v: {proxy: !hunter2 x}}\n",
    "+views: {v: {proxy: 'ftp://user:hun@t\"e''r/hunter2@proxy.test:1'}}\n",
    "+views: {v: {family: 'Bearer hunter2'}}\n",
    "targets: [{host: 'socks5://user:hunter2@proxy.test:1080'}]\n",
    "targets: [{addresses: ['socks5://user:hunter2@proxy.test:1080']}]\n",
    "targets: [{mx: 'user:hunter2@bears.test'}]\n",
    "targets: [{name: 'socks5://user:hunter2@proxy.test:1080', host: a.test}]\n",
    "targets: [{host: a.test, views: v}]\nviews: {'socks5://user:hunter2@proxy.test:1080': {}}\n",
    "+  labels: {proxy: 'socks5://user:hunter2@proxy.test:1080'}\n",
    "+  labels: {'socks5://user:hunter2@proxy.test:1080': x}\n",
    "+  expect: {roots: '-----BEGIN PRIVATE KEY-----hunter2'}\n",
    "+  expect: {subject: 'http://user:hunter2@x'}\n",
    "+  ports: ['http://user:hunter2@x']\n",
    "+  tls: 'http://user:hunter2@x'\n",
    "+probe: {helo: 'http://user:hunter2@x'}\n",
    "+probe: {timeout: 'http://user:hunter2@x'}\n",
    "+trust: {crls: 'http://user:hunter2@x/hunter2.crl'}\n",
    "+target_files: 'http://user:hunter2@x/*.yml'\n",
    "+auth: {password: hunter2}\n",
    "+'http://user:hunter2@x': 1\n'http://user:hunter2@x': 2\n",
    "+probe_endpoint: {allow: ['http://user:hunter2@x']}\n",
    "+probe_endpoint: {modules: {m: {password: hunter2}}}\n",
];

#[tokio::test]
async fn a_secret_in_the_wrong_place_is_not_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.yml");
    let name = file.display().to_string();
    for yaml in MISPLACED {
        let document = yaml.strip_prefix('+').map(|rest| format!("{ONE}{rest}"));
        fs::write(&file, document.as_deref().unwrap_or(yaml)).unwrap();
        let ended = run(&["--config.check", "--config.file", &name]).await;
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains("hunter2"), "{yaml}: {said}");
    }
    fs::write(&file, ONE).unwrap();
    let web = directory.path().join("web.yml");
    let hash = "$2y$10$hunter2.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze";
    for yaml in [
        "tls_server_config: {cert_file: c.pem, key_file: '-----BEGIN PRIVATE KEY-----hunter2'}\n"
            .to_owned(),
        format!("basic_auth_users: {{'{hash}': alice}}\n"),
        "basic_auth_users: 'alice:hunter2'\n".to_owned(),
        "basic_auth_users: {alice: !hunter2 x}\n".to_owned(),
    ] {
        fs::write(&web, &yaml).unwrap();
        let web = format!("--web.config.file={}", web.display());
        let ended = run(&["--config.check", "--config.file", &name, &web]).await;
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(
            !said.contains("hunter2") && ended.code == Some(1),
            "{yaml}: {said}"
        );
    }
    let ended = run(&["check", "socks5://user:hunter2@proxy.test:1080"]).await;
    assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
}

/// What a word processor, a page or Windows makes of a document, and what is said.
#[tokio::test]
async fn odd_characters_are_named() {
    for (document, expected) in [
        (
            "targets: [{host: \u{201c}mail.bears.test\u{201d}}]\n",
            "1: targets[0].host: '\u{201c}mail.bears.test\u{201d}' has \u{201c} inside, which no host name has ",
        ),
        (
            "targets:\n\u{a0}\u{a0}- host: a.test\n",
            "2: a no-break or wide space, expected ",
        ),
        (
            "targets:\n- host: a.test\n  expect: {roots: \"C:\\pki\\x.pem\"}\n",
            "3: no YAML: found unknown escape character, ",
        ),
        (
            "targets:\n- host: a.test\n  checks: {trust: maybe}\n",
            "3: targets[0].checks.trust: 'maybe', expected on or off",
        ),
    ] {
        assert_said(&complaint(document).await, expected, document);
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.yml");
    let utf16: Vec<u8> = std::iter::once(0xfeff_u16)
        .chain(ONE.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(&file, utf16).unwrap();
    let name = file.display().to_string();
    let ended = run(&["--config.check", "--config.file", &name]).await;
    assert!(
        ended
            .complaint()
            .contains("x.yml:1: UTF-16, expected UTF-8"),
        "{ended:?}"
    );
}

/// What is read wrong by a hair is read right.
#[tokio::test]
async fn words_for_off_switch_checks_off() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.yml");
    let name = file.display().to_string();
    let checks = "{trust: no, names: off, lifetime: false, revocation: yes, must_staple: True}";
    fs::write(&file, format!("{ONE}  checks: {checks}\n")).unwrap();
    let ended = run(&["--config.check", "--config.file", &name]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn wrong_use_of_check_exits_with_3_wherever_the_word_stands() {
    for arguments in [
        &["--config.file", "c.yml", "check", "--json"][..],
        &["check", "--bears"],
        &["--log.level=debug", "check", "a.test"],
    ] {
        let ended = run(arguments).await;
        assert_eq!(ended.code, Some(3), "{ended:?}");
        ended.complaint();
    }
    let ended = run(&["--config.file", "c.yml", "check", "--json"]).await;
    let expected = "expected the subcommand before all options";
    assert!(ended.complaint().ends_with(expected), "{ended:?}");
}

#[tokio::test]
async fn good_documents_are_understood() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("good.yml");
    let name = file.display().to_string();
    for (document, understood) in [
        (
            "targets: [{host: mx.bears.test}]\n",
            "mx.bears.test: mx.bears.test (25 starttls)",
        ),
        (
            "targets: [{name: relay, host: mx.bears.test, ports: [25, 465, 587]}]\n",
            "relay: mx.bears.test (25 starttls, 465 implicit, 587 starttls)",
        ),
        (
            "defaults: {ports: [2525], tls: implicit}\ntargets: [{addresses: [10.0.0.1, '::1']}]\n",
            "10.0.0.1: 10.0.0.1 ::1 (2525 implicit)",
        ),
        (
            "\u{feff}# with a mark and CRLF\r\ntargets:\r\n- host: bücher.example\r\n",
            "xn--bcher-kva.example: xn--bcher-kva.example (25 starttls)",
        ),
        (
            "trust: {roots: [mozilla]}\nprobe: {timeout: 10s, helo: '[192.0.2.1]'}\n\
             targets:\n- host: a.b\n  expect: {subject: 'CN=a', min_tls: 1.3}\n  checks: {trust: off}\n",
            "a.b: a.b (25 starttls)",
        ),
    ] {
        fs::write(&file, document).unwrap();
        let ended = run(&["--config.check", "--config.file", &name]).await;
        assert_eq!(ended.code, Some(0), "{document}: {ended:?}");
        assert!(
            ended.stdout.lines().any(|line| line == understood),
            "{}",
            ended.stdout
        );
    }
}
