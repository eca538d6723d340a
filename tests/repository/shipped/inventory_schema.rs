//! docs/inventory.schema.json, held to what the program reads: what it accepts is read without a complaint, and what it
//! refuses is not.

use std::collections::HashSet;
use std::error::Error;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::{Value, json};
use smtp_tls_exporter::facts::inventory::{read as read_inventory, write};

use super::generated::{Outcome, read};

const SCHEMA: &str = "docs/inventory.schema.json";

/// Everything that there is.
fn full() -> Value {
    let der = include_bytes!("../../fixtures/certificates/ordinary.der");
    let connector = |id: &str, select: Value| json!({"id": id, "role": "client", "select": select});
    json!({
        "schema": "smtp-tls-inventory/1",
        "collected_at": "2023-06-07T07:30:00Z",
        "collector": {"name": "Get-SmtpTlsInside.ps1", "version": "1.0.0", "seconds": 21.4},
        "server": {
            "name": "BearA", "fqdn": "beara.bear.test", "kind": "exchange", "version": "15.2.1258.12",
            "addresses": ["192.0.2.11", "2001:db8::11"], "running": true
        },
        "errors": [{"section": "store", "text": "denied"}],
        "queues": [{
            "kind": "delivery", "next_hop": "mail.bear.test", "use": "a", "status": "Retry", "messages": 1443,
            "last_error": "454 4.7.5 no", "since": "2023-06-06T17:05:10Z", "next_retry": "2023-06-07T07:35:00.5Z",
            "velocity": -0.72, "incoming_rate": 0.0, "outgoing_rate": 1, "delivery_type": "DnsConnectorDelivery"
        }],
        "certificates": [{
            "der": data_encoding::BASE64.encode(der), "services": ["SMTP"], "status": "DateInvalid",
            "private_key": true, "listed": true, "places": ["LocalMachine\\My"]
        }],
        "uses": [
            {
                "id": "a", "name": "Outbound", "role": "client", "enabled": true, "select": {"tls_certificate_name": "<I>CN=a<S>CN=b"},
                "servers": ["BearA"], "require_tls": true, "auth_level": "DomainValidation", "tls_domain": "bear.test",
                "fqdn": "beara.bear.test", "address_spaces": ["smtp:*;1"], "bindings": ["[::]:25"]
            },
            connector("b", json!({"fqdn": "beara.bear.test"})),
            connector("c", json!({"place": ["/etc/ssl/a.pem"]})),
            connector("d", json!({"none": true})),
            connector("e", json!({"unresolved": "$tls_in_sni"}))
        ]
    })
}

#[test]
fn what_the_schema_accepts_is_read_and_what_is_written_it_accepts() -> Outcome {
    let judge = Judge::new()?;
    let full = full();
    let nothing = json!({
        "schema": "smtp-tls-inventory/1.1", "collected_at": "2023-06-07T07:30:00Z", "server": {"name": "a"}, "new": {}
    });
    let mut unknown = full.clone();
    nothing_behind_optional_keys(&mut unknown);
    for inventory in [full, nothing, unknown] {
        assert_eq!(judge.schema(&inventory), Ok(()), "{inventory}");
        let said = judge.reader(&inventory);
        assert_eq!(said, Ok(()), "{inventory}");
        let known = HashSet::new();
        let read = read_inventory(inventory.to_string().as_bytes(), &known);
        let read = read.map_err(|fault| fault.detail)?;
        let written: Value = serde_json::from_str(&write(&read))?;
        assert_eq!(judge.schema(&written), Ok(()), "{written}");
    }
    Ok(())
}

fn nothing_behind_optional_keys(whole: &mut Value) {
    for entry in ["/queues/0", "/certificates/0", "/uses/0"] {
        let kept = ["next_hop", "messages", "der", "id", "role", "select"];
        let entry = whole.pointer_mut(entry).and_then(Value::as_object_mut);
        for (key, value) in entry.expect("an entry") {
            if !kept.contains(&key.as_str()) {
                *value = Value::Null;
            }
        }
    }
}

/// Every value, exchanged for one that fits nowhere, and every key that must be there, left out.
#[test]
fn no_mistake_in_structure_escapes_the_schema_or_the_reader() -> Outcome {
    let judge = Judge::new()?;
    let mut paths = Vec::new();
    keys_in(&full(), "", &mut paths);
    assert!(paths.len() > 50, "{paths:?}");
    for path in paths {
        let mut exchanged = full();
        *exchanged.pointer_mut(&path).ok_or("no value")? = json!([[{"nonsense": ["here"]}]]);
        assert!(judge.schema(&exchanged).is_err(), "{SCHEMA} accepts {path}");
        assert!(
            judge.reader(&exchanged).is_err(),
            "the reader accepts {path}"
        );
    }
    for path in [
        "/schema",
        "/collected_at",
        "/server",
        "/server/name",
        "/queues/0/next_hop",
        "/queues/0/messages",
        "/certificates/0/der",
        "/uses/0/id",
        "/uses/0/role",
        "/uses/0/select",
        "/uses/1/select/fqdn",
        "/errors/0/section",
    ] {
        let (parent, key) = path.rsplit_once('/').ok_or("no key")?;
        let mut less = full();
        let map = less.pointer_mut(parent).and_then(Value::as_object_mut);
        map.ok_or("no map")?.remove(key).ok_or("no value")?;
        assert!(
            judge.schema(&less).is_err(),
            "{SCHEMA} accepts it without {path}"
        );
        assert!(
            judge.reader(&less).is_err(),
            "the reader accepts it without {path}"
        );
    }
    Ok(())
}

#[test]
fn values_out_of_bounds_are_refused_by_both() -> Outcome {
    let judge = Judge::new()?;
    for (path, value) in [
        ("/schema", json!("smtp-tls-inventory/2")),
        ("/schema", json!("smtp-tls-inventory/1.x")),
        ("/collected_at", json!("07/06/2023 07:30:00")),
        ("/server/name", json!("")),
        ("/server/name", json!("x".repeat(256))),
        ("/server/addresses/0", json!("BearA")),
        ("/queues/0/kind", json!("bears")),
        ("/queues/0/messages", json!(-1)),
        ("/queues/0/since", json!("yesterday")),
        ("/queues/0/last_error", json!("x".repeat(4097))),
        ("/certificates/0/der", json!("-----BEGIN CERTIFICATE-----")),
        ("/certificates/0/private_key", json!("yes")),
        ("/uses/0/role", json!("both")),
        ("/uses/0/id", json!("")),
        ("/uses/0/select", json!({"fqdn": "a", "none": true})),
        ("/uses/0/select", json!({"none": false})),
        ("/uses/0/servers", json!(vec!["a"; 1001])),
    ] {
        let mut wrong = full();
        *wrong.pointer_mut(path).ok_or("no value")? = value.clone();
        assert!(
            judge.schema(&wrong).is_err(),
            "{SCHEMA} accepts {path}: {value}"
        );
        assert!(
            judge.reader(&wrong).is_err(),
            "the reader accepts {path}: {value}"
        );
    }
    Ok(())
}

/// The pointers to every value behind a key.
fn keys_in(value: &Value, at: &str, paths: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(nth, value)| (nth.to_string(), value))
            .collect(),
        _ => return,
    };
    for (key, child) in children {
        let path = format!("{at}/{key}");
        keys_in(child, &path, paths);
        paths.push(path);
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
        let place = "https://bears.test/inventory.schema.json";
        let add = |e: boon::CompileError| format!("{SCHEMA}: {e:#}");
        compiler
            .add_resource(place, serde_json::from_str(&read(SCHEMA))?)
            .map_err(add)?;
        let index = compiler.compile(place, &mut schemas).map_err(add)?;
        Ok(Self { schemas, index })
    }

    fn schema(&self, inventory: &Value) -> Result<(), String> {
        let judged = self.schemas.validate(inventory, self.index);
        judged.map_err(|e| format!("{e:#}"))
    }

    /// Whatever the reader complains of, beside what the collector itself did.
    fn reader(&self, inventory: &Value) -> Result<(), String> {
        let known = HashSet::new();
        let read = read_inventory(inventory.to_string().as_bytes(), &known);
        let read = read.map_err(|fault| fault.detail)?;
        let own = read.errors.iter().find(|error| error.text != "denied");
        own.map_or(Ok(()), |error| Err(error.text.clone()))
    }
}
