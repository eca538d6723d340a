//! Holds the files below examples/ to each other: every one is YAML, every mounted file exists, every name leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::Value;
use smtp_tls_exporter::config::Config;

use crate::{read, root};

#[test]
fn every_file_is_yaml() {
    let mut seen = 0;
    for file in files(&root().join("examples")) {
        for document in documents(&file) {
            assert!(document.is_mapping(), "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} documents");
}

#[test]
fn what_the_containers_mount_exists() {
    let compose = &documents(&root().join("examples/docker-compose.yml"))[0];
    let mut mounted = 0;
    for (name, service) in compose["services"].as_mapping().expect("services") {
        for volume in service["volumes"].as_sequence().into_iter().flatten() {
            let here = text(volume).split(':').next().unwrap_or_default();
            let path = root().join("examples").join(here);
            assert!(path.exists(), "{name:?}: {here}");
            mounted += 1;
        }
    }
    assert!(mounted >= 6, "only {mounted} mounts");
}

#[test]
fn what_the_containers_are_built_from_exists() {
    let compose = &documents(&root().join("examples/docker-compose.yml"))[0];
    let build = &compose["services"]["smtp-tls-exporter"]["build"];
    let context = root().join("examples").join(text(&build["context"]));
    assert!(
        context.join(text(&build["dockerfile"])).is_file(),
        "{build:?}"
    );
}

/// What is mounted, but not where it is looked for, would only show in a running container.
#[test]
fn the_containers_find_what_is_mounted() {
    let compose = &documents(&root().join("examples/docker-compose.yml"))[0];
    let prometheus = &documents(&root().join("examples/prometheus.yml"))[0];
    let provider =
        &documents(&root().join("examples/grafana/provisioning/dashboards/smtp-tls.yml"))[0];
    let rules = format!("/etc/prometheus/{}", text(&prometheus["rule_files"][0]));
    let dashboards = text(&provider["providers"][0]["options"]["path"]);
    let mut wanted = vec![
        ("prometheus", rules.as_str()),
        ("grafana", dashboards),
        ("grafana", "/etc/grafana/provisioning"),
    ];
    for (name, service) in compose["services"].as_mapping().expect("services") {
        let arguments = service["command"].as_sequence().into_iter().flatten();
        let files = arguments.filter_map(|a| text(a).strip_prefix("--config.file="));
        wanted.extend(files.map(|file| (text(name), file)));
    }
    assert!(wanted.len() >= 6, "{wanted:?}");
    for (service, path) in wanted {
        let volumes = compose["services"][service]["volumes"].as_sequence();
        let mut inside = volumes
            .into_iter()
            .flatten()
            .filter_map(|volume| text(volume).split(':').nth(1));
        assert!(inside.any(|there| there == path), "{service}: {path}");
    }
}

#[test]
fn kubernetes_finds_the_exporter() {
    let folder = root().join("examples/kubernetes");
    let exporter = documents(&folder.join("exporter.yml"));
    let of_kind = |kind: &str| {
        let found = exporter.iter().find(|document| document["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))
    };
    let service = of_kind("Service");
    let pod = &of_kind("Deployment")["spec"]["template"];
    assert_eq!(service["spec"]["selector"], pod["metadata"]["labels"]);
    let container = &pod["spec"]["containers"][0];
    let port = &service["spec"]["ports"][0];
    assert_eq!(port["targetPort"], container["ports"][0]["name"]);
    assert_eq!(port["port"], container["ports"][0]["containerPort"]);

    let monitor = &documents(&folder.join("servicemonitor.yml"))[0]["spec"];
    assert_eq!(
        monitor["selector"]["matchLabels"],
        service["metadata"]["labels"]
    );
    assert_eq!(monitor["endpoints"][0]["port"], port["name"]);
    let probe = &documents(&folder.join("probe.yml"))[0]["spec"];
    let name = text(&service["metadata"]["name"]);
    let url = format!("{name}:{}", port["port"].as_u64().expect("a port"));
    assert_eq!(text(&probe["prober"]["url"]), url);

    let rules = read("alerts/smtp-tls.rules.yml");
    let job = text(&monitor["endpoints"][0]["relabelings"][0]["replacement"]);
    for job in [job, text(&probe["jobName"])] {
        assert!(rules.contains(&format!("up{{job=\"{job}\"}}")), "{job}");
    }
    let all = &documents(&folder.join("kustomization.yml"))[0]["resources"];
    for resource in all.as_sequence().expect("resources") {
        assert!(folder.join(text(resource)).exists(), "{resource:?}");
    }
}

#[test]
fn services_call_each_other_by_their_names() {
    let compose = &documents(&root().join("examples/docker-compose.yml"))[0];
    let prometheus = &documents(&root().join("examples/prometheus.yml"))[0];
    let source =
        &documents(&root().join("examples/grafana/provisioning/datasources/prometheus.yml"))[0];
    let scraped = &prometheus["scrape_configs"][0]["static_configs"][0]["targets"][0];
    let told = &prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"][0];
    let asked = text(&source["datasources"][0]["url"]).trim_start_matches("http://");
    for called in [text(scraped), text(told), asked] {
        let service = called.split(':').next().unwrap_or_default();
        assert!(compose["services"][service].is_mapping(), "{called}");
    }
}

#[test]
fn the_rules_job_is_the_scraped_one() {
    let rules = read("alerts/smtp-tls.rules.yml");
    let scrape = &documents(&root().join("examples/prometheus.yml"))[0]["scrape_configs"][0];
    assert!(rules.contains(&format!("job=\"{}\"", text(&scrape["job_name"]))));
}

#[test]
fn the_exporter_accepts_its_examples() {
    let plain = root().join("examples/smtp-tls-exporter.yml");
    let map = &documents(&root().join("examples/kubernetes/exporter.yml"))[0];
    let in_kubernetes = text(&map["data"]["smtp-tls-exporter.yml"]).to_owned();
    for yaml in [read(&plain), in_kubernetes] {
        let config = Config::parse(&plain, yaml.as_bytes(), "monitor.bears.test");
        assert!(config.is_ok(), "{:?}", config.err());
    }
}

fn documents(file: &Path) -> Vec<Value> {
    let text = read(file);
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| {
            Value::deserialize(document)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// All YAML files of a folder and those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "yml") {
            found.push(path);
        }
    }
    found
}
