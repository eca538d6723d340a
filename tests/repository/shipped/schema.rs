//! The configuration keys that the program defines to docs/config.schema.json, held to what the program itself accepts.

use std::error::Error;
use std::path::Path;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::config::keys::{FILE, GROUP, Key, Needs, Section, Shape, TARGET, Unset};
use smtp_tls_exporter::render::reserved_labels;
use smtp_tls_exporter::verdict::CHECKS;

use super::generated::{Outcome, generated, read};

const SCHEMA: &str = "docs/config.schema.json";

#[test]
fn the_schema_is_that_of_the_program() -> Outcome {
    let text = serde_json::to_string_pretty(&schema())?;
    generated(SCHEMA, ("", ""), &format!("{text}\n"))
}

fn schema() -> Value {
    let mut definitions = Map::new();
    let mut whole = section(&FILE, &mut definitions);
    let (group, target) = (
        reference(&GROUP, &mut definitions),
        reference(&TARGET, &mut definitions),
    );
    let entry = json!({
        "type": "object",
        "if": {"required": ["targets"]},
        "then": group,
        "else": target,
    });
    let list = json!({
        "description": "What a file of `target_files` holds.",
        "type": "array",
        "items": entry,
    });
    definitions.insert("targets".to_owned(), list);
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    whole["title"] = "Configuration of smtp-tls-exporter".into();
    whole["$defs"] = Value::Object(definitions);
    whole
}

/// A map of known keys; nothing is as good as an empty one.
fn section(section: &Section, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in section.keys() {
        properties.insert(key.name.to_owned(), property(key, definitions));
    }
    let mut found = json!({
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    });
    let there =
        |key: &&str| json!({"required": [key], "properties": {*key: {"not": {"type": "null"}}}});
    match section.needs {
        Needs::Nothing => {}
        Needs::OneOf(keys) => {
            found["type"] = "object".into();
            found["anyOf"] = keys.iter().map(there).collect();
        }
        Needs::All(keys) => {
            found["type"] = "object".into();
            found["allOf"] = keys.iter().map(there).collect();
        }
    }
    found
}

/// The definition of a section, written once.
fn reference(of: &Section, definitions: &mut Map<String, Value>) -> Value {
    if !definitions.contains_key(of.name) {
        let found = section(of, definitions);
        definitions.insert(of.name.to_owned(), found);
    }
    json!({"$ref": format!("#/$defs/{}", of.name)})
}

/// What may stand behind a key, which may be nothing; and what an editor says of it.
fn property(key: &Key, definitions: &mut Map<String, Value>) -> Value {
    let mut found = optional(key.shape, definitions);
    found["description"] = without_links(key.expected).into();
    if let Unset::Value(value) = key.unset {
        found["default"] = serde_yaml::from_str(value).expect("a default is YAML");
    }
    found
}

fn optional(shape: Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Flag
        | Shape::Integer(..)
        | Shape::Duration
        | Shape::Share
        | Shape::Text(_)
        | Shape::Word(_) => or_nothing(item(shape)),
        Shape::TextOr(pattern, of) => {
            json!({"anyOf": [or_nothing(item(Shape::Text(pattern))), reference(of, definitions)]})
        }
        Shape::List {
            item: of,
            is_empty,
            is_distinct,
        } => list(item(*of), is_empty, is_distinct),
        Shape::Section(of) => match of.needs {
            Needs::Nothing => reference(of, definitions),
            Needs::OneOf(_) | Needs::All(_) => {
                json!({"anyOf": [reference(of, definitions), {"type": "null"}]})
            }
        },
        Shape::Named(of) => {
            json!({"type": ["object", "null"], "additionalProperties": optional(*of, definitions)})
        }
        Shape::Labels { is_discovered } => labels(is_discovered),
        Shape::Checks => {
            definitions.entry("checks").or_insert_with(checks);
            json!({"$ref": "#/$defs/checks"})
        }
        Shape::Targets => {
            json!({"anyOf": [{"$ref": "#/$defs/targets", "minItems": 1}, {"type": "null"}]})
        }
    }
}

/// One value. Keywords of JSON Schema that are about another type do not apply, so several types share a schema.
fn item(shape: Shape) -> Value {
    match shape {
        Shape::Flag => json!({"type": ["boolean", "string"], "pattern": flags()}),
        Shape::Integer(from, to) => {
            json!({"type": ["integer", "string"], "minimum": from, "maximum": to, "pattern": "^[0-9]+$"})
        }
        Shape::Duration => json!({"type": ["string"], "pattern": "^([0-9]+(w|d|h|m|s|ms))+$"}),
        Shape::Share => json!({"type": ["string"], "pattern": "^[0-9]+([.][0-9]+)?%$"}),
        Shape::Text("") => json!({"type": ["string", "number", "boolean"]}),
        Shape::Text(pattern) => json!({"type": ["string"], "pattern": pattern}),
        Shape::Word(words) => {
            json!({"enum": words.iter().flat_map(|word| spelled(word)).collect::<Vec<_>>()})
        }
        Shape::List { .. }
        | Shape::Section(_)
        | Shape::TextOr(..)
        | Shape::Named(_)
        | Shape::Labels { .. }
        | Shape::Checks
        | Shape::Targets => unreachable!("lists and maps do not stand in lists"),
    }
}

/// A word that YAML takes for a number may be written so.
fn spelled(word: &str) -> Vec<Value> {
    let number = word.parse::<f64>().map(Value::from);
    [Value::from(word)].into_iter().chain(number).collect()
}

/// In lower case, upper case, or with a capital.
fn flags() -> String {
    let words = ["true", "false", "yes", "no", "on", "off"];
    let any_case = words.iter().flat_map(|word| {
        let (first, rest) = word.split_at(1);
        let capital = first.to_uppercase() + rest;
        [(*word).to_owned(), capital, word.to_uppercase()]
    });
    format!("^({})$", any_case.collect::<Vec<_>>().join("|"))
}

fn or_nothing(mut of: Value) -> Value {
    for list in ["type", "enum"] {
        if let Some(values) = of.get_mut(list).and_then(Value::as_array_mut) {
            values.push(if list == "type" {
                "null".into()
            } else {
                Value::Null
            });
        }
    }
    of
}

/// A list, or one in its place.
fn list(item: Value, is_empty: bool, is_distinct: bool) -> Value {
    let mut list = json!({"type": "array", "items": item});
    if is_distinct {
        list["uniqueItems"] = true.into();
    }
    if !is_empty {
        list["minItems"] = 1.into();
    }
    json!({"anyOf": [list, or_nothing(item)]})
}

/// `is_discovered`: of a group, whose labels with two underscores are left out.
fn labels(is_discovered: bool) -> Value {
    let own = "^(_|_?[A-Za-z][A-Za-z0-9_]*|_[0-9][A-Za-z0-9_]*)$";
    let mut names = json!({"pattern": own, "not": {"enum": reserved_labels()}});
    if is_discovered {
        names = json!({"anyOf": [names, {"pattern": "^__"}]});
    }
    let text = ["string", "number", "boolean"];
    json!({"type": ["object", "null"], "propertyNames": names, "additionalProperties": {"type": text}})
}

fn checks() -> Value {
    let switch = |check: &smtp_tls_exporter::verdict::Check| {
        let mut switch = or_nothing(item(Shape::Flag));
        switch["description"] = check.help.into();
        (check.name.to_owned(), switch)
    };
    let switches: Map<_, _> = CHECKS.iter().map(switch).collect();
    json!({"type": ["object", "null"], "properties": switches, "additionalProperties": false})
}

/// `[text](where)` as `text`: an editor could not follow it.
fn without_links(markdown: &str) -> String {
    let mut parts = markdown.split("](");
    let mut text = parts.next().unwrap_or_default().replace('[', "");
    for part in parts {
        let (_, rest) = part.split_once(')').unwrap_or(("", part));
        text += &rest.replace('[', "");
    }
    text
}

/// Files that the program understands. Each says what it is about by what it has.
const GOOD: &[&str] = &[
    "targets: [{host: a}]",
    "targets: [{mx: bears.test}, {addresses: 192.0.2.1}, {addresses: ['2001:db8::1'], name: a}]",
    "target_files: [targets/*.yml, more.json]",
    "target_files: more.yaml\ntargets:",
    "probe:\ntrust:\nviews:\ndefaults:\nprobe_endpoint:\ntargets: [{host: a}]",
    "probe: {timeout: 1m30s, min_interval: 0s, concurrency: '7', per_address: 0x10, helo: '[192.0.2.1]'}\ntargets: [{host: a}]",
    "trust: {roots: [mozilla, mozilla], crls: []}\ntargets: [{host: a}]",
    "views: {a: , b: {resolvers: system}, c: {resolvers: ['udp://192.0.2.1:53', 'tls://192.0.2.1#a']}}\ntargets: [{host: a}]",
    "views: {a: {dnssec: validate, family: ipv6}, b: {proxy: 'socks5://a:1080'}}\ntargets: [{host: a, views: [a, b]}]",
    "views: {a: {dnssec: trust, resolvers: ['udp://127.0.0.1']}}\ntargets: [{host: a, views: a}]",
    "views: {a: {source_address: 192.0.2.1}}\ntargets: [{host: a, views: a}]",
    "defaults: {ports: 25, offers: [rsa, ecdsa], tls: implicit, proxy_protocol: v2}\ntargets: [{host: a, ports: ['25', 0x1A, 587]}]",
    "defaults: {labels: {site: den, _a: 1, _: yes, _1: 2}}\ntargets: [{host: a, labels: {b: off}}]",
    "targets: [{host: a, checks: {trust: off, lifetime: yes, names: No, issuer: TRUE, subject: }}]",
    "targets: [{host: a, limits: {warning: {left: 30d}, critical: {lifetime: 2.5%}}}, {host: b, limits: {warning: }}]",
    "targets: [{host: a, expect: {names: [], min_tls: 1.2, same_certificate: no, dane: off, mta_sts: off}}]",
    "targets: [{host: a, expect: {subject: 'CN=a, C=US', issuer: CN=b, tls_certificate_name: '<I>CN=b<S>CN=a', roots: mozilla}}]",
    "targets: [{host: a, expect: {fingerprints: '11:79:58:92:6A:CC:3A:55:71:B7:FF:68:3C:3C:66:93:00:7A:DF:E9'}}]",
    "targets: [{targets: ['a:25', 'mx:bears.test'], labels: {site: den, __meta_x: y}}, {targets: b, labels: }]",
    "inside: {files: a.json}",
    "inside: {files: ['/var/spool/x/*.json', b.json], max_age: 15m, next_hops: 0, servers: {BearA: , beara.bear.test: {max_age: 7d, addresses: 192.0.2.11}}}",
    "probe_endpoint: {ports: 25, allow: 192.0.2.0/24, deny: [], deny_default: off, enabled: no}\ntargets: [{host: a}]",
    "probe_endpoint: {modules: {a: , b: {server_name: a, ports: [25], limits: {warning: {left: 9d}}}}}\ntargets: [{host: a}]",
];

/// Files whose structure is wrong, whatever is in the files and names that they name.
const BAD: &[&str] = &[
    "",
    "[]",
    "targets:",
    "targets: []",
    "targets: a",
    "targets: [a]",
    "targets: [~]",
    "targets: [{}]",
    "targets: [{name: a}]",
    "targets: [{host: }]",
    "targets: [{host: [a]}]",
    "targets: [{host: {}}]",
    "target_files: {}",
    "target_files: a.txt",
    "tragets: []\ntargets: [{host: a}]",
    "probe: {timout: 10s}\ntargets: [{host: a}]",
    "probe: {timeout: 10}\ntargets: [{host: a}]",
    "probe: {timeout: 1y}\ntargets: [{host: a}]",
    "probe: {concurrency: 0}\ntargets: [{host: a}]",
    "probe: {concurrency: 1.5}\ntargets: [{host: a}]",
    "probe: {per_address: all}\ntargets: [{host: a}]",
    "probe: []\ntargets: [{host: a}]",
    "trust: {roots: []}\ntargets: [{host: a}]",
    "views: [a]\ntargets: [{host: a}]",
    "views: {a: {resolvers: []}}\ntargets: [{host: a}]",
    "views: {a: {resolvers: 'bears://a'}}\ntargets: [{host: a}]",
    "views: {a: {dnssec: on}}\ntargets: [{host: a}]",
    "views: {a: {family: ipv5}}\ntargets: [{host: a}]",
    "views: {a: {proxy: 'ftp://a:21'}}\ntargets: [{host: a}]",
    "views: {a: {proxy: {url: 'http://a:21'}}}\ntargets: [{host: a}]",
    "views: {a: {proxy: {url: 'http://a:b@a:21', username: a, password_file: a}}}\ntargets: [{host: a}]",
    "views: {a: {proxy: [a]}}\ntargets: [{host: a}]",
    "defaults: {host: a}\ntargets: [{host: a}]",
    "targets: [{host: a, ports: []}]",
    "targets: [{host: a, ports: [25, 25]}]",
    "targets: [{host: a, ports: [25, 70000]}]",
    "targets: [{host: a, ports: [smtp]}]",
    "targets: [{host: a, ports: [~]}]",
    "targets: [{host: a, tls: ssl}]",
    "targets: [{host: a, offers: [bears]}]",
    "targets: [{host: a, proxy_protocol: v3}]",
    "targets: [{host: a, client_certificate: {cert_file: c.pem}}]",
    "targets: [{host: a, labels: {1a: x}}]",
    "targets: [{host: a, labels: {__a: x}}]",
    "targets: [{host: a, labels: {target: x}}]",
    "targets: [{host: a, labels: {key_exchange: x}}]",
    "targets: [{host: a, labels: {b: }}]",
    "targets: [{host: a, checks: {thrust: off}}]",
    "targets: [{host: a, checks: {trust: maybe}}]",
    "targets: [{host: a, limits: {warning: 30d}}]",
    "targets: [{host: a, limits: {critical: {}}}]",
    "targets: [{host: a, limits: {warning: {lifetime: 25}}}]",
    "targets: [{host: a, expect: {min_tls: 1.4}}]",
    "targets: [{host: a, expect: {dane: on}}]",
    "targets: [{host: a, expect: {same_certificate: maybe}}]",
    "targets: [{host: a, expect: {fingerprints: [bears]}}]",
    "targets: [{targets: [a], labels: {site: den}, host: a}]",
    "targets: [{targets: [a], labels: {port: 1}}]",
    "inside:",
    "inside: {}",
    "inside: {files: []}",
    "inside: {files: a.txt}",
    "inside: {files: a.json, max_age: 10}",
    "inside: {files: a.json, next_hops: 1001}",
    "inside: {files: a.json, servers: [BearA]}",
    "inside: {files: a.json, servers: {BearA: {adresses: 192.0.2.11}}}",
    "probe_endpoint: {ports: [many]}\ntargets: [{host: a}]",
    "probe_endpoint: {modules: {a: {host: a}}}\ntargets: [{host: a}]",
];

#[test]
fn the_schema_accepts_what_the_program_accepts() -> Outcome {
    let judge = Judge::new()?;
    let shipped = [
        "config.example.yml",
        "examples/smtp-tls-exporter.yml",
        "tests/fuzz/seeds/configurations/full.yml",
    ];
    let shipped: Vec<_> = shipped.iter().copied().map(read).collect();
    for text in shipped
        .iter()
        .map(String::as_str)
        .chain(GOOD.iter().copied())
    {
        assert_eq!(judge.program(text), Ok(()), "the program on {text}");
        assert_eq!(judge.schema(text), Ok(()), "{SCHEMA} on {text}");
    }
    Ok(())
}

#[test]
fn the_schema_refuses_what_is_wrong_in_structure() -> Outcome {
    let judge = Judge::new()?;
    for text in BAD {
        assert!(judge.program(text).is_err(), "the program accepts {text}");
        assert!(judge.schema(text).is_err(), "{SCHEMA} accepts {text}");
    }
    Ok(())
}

/// Every key of the example, misspelt, and every value, exchanged for one that fits nowhere.
#[test]
fn no_mistake_in_the_example_escapes_the_schema() -> Outcome {
    let judge = Judge::new()?;
    let example: Value = serde_yaml::from_str(&read("config.example.yml"))?;
    let mut paths = Vec::new();
    keys_in(&example, "", &mut paths);
    assert!(paths.len() > 60, "{paths:?}");
    for path in paths {
        let (parent, name) = path.rsplit_once('/').ok_or("no key")?;
        let mut misspelt = example.clone();
        let map = misspelt
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .ok_or("no map")?;
        let value = map.remove(name).ok_or("no value")?;
        map.insert(format!("{name}x"), value);
        let mut exchanged = example.clone();
        *exchanged.pointer_mut(&path).ok_or("no value")? = json!([[{"nonsense": ["here"]}]]);
        // Names that the operator gives are free.
        let is_free = ["/views", "/labels", "/modules", "/servers"]
            .iter()
            .any(|free| parent.ends_with(free));
        for damaged in [Some(misspelt).filter(|_| !is_free), Some(exchanged)]
            .into_iter()
            .flatten()
        {
            let text = damaged.to_string();
            assert!(
                judge.program(&text).is_err(),
                "the program accepts {path} in {text}"
            );
            assert!(
                judge.schema(&text).is_err(),
                "{SCHEMA} accepts {path} in {text}"
            );
        }
    }
    Ok(())
}

/// The pointers to every value behind a key.
fn keys_in(value: &Value, at: &str, paths: &mut Vec<String>) {
    if let Value::Object(map) = value {
        for (key, value) in map {
            let path = format!("{at}/{key}");
            keys_in(value, &path, paths);
            paths.push(path);
        }
    }
    if let Value::Array(list) = value {
        for (nth, value) in list.iter().enumerate() {
            keys_in(value, &format!("{at}/{nth}"), paths);
        }
    }
}

/// The schema as it is shipped, and the program.
struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    fn new() -> Result<Self, Box<dyn Error>> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        let place = "https://bears.test/config.schema.json";
        let add = |e: boon::CompileError| format!("{SCHEMA}: {e:#}");
        compiler.add_resource(place, schema()).map_err(add)?;
        let index = compiler.compile(place, &mut schemas).map_err(add)?;
        Ok(Self { schemas, index })
    }

    fn schema(&self, text: &str) -> Result<(), String> {
        let value: Value = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
        let judged = self.schemas.validate(&value, self.index);
        judged.map_err(|e| format!("{e:#}"))
    }

    fn program(&self, text: &str) -> Result<(), String> {
        let read = Config::parse(Path::new("x.yml"), text.as_bytes(), "helo.bears.test");
        read.map(drop).map_err(|e| e.to_string())
    }
}
