//! An inventory to its JSON text (schema `smtp-tls-inventory/1`), from which the same inventory can be read.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::model::{
    Inventory, Queue, SectionError, Select, ServerIdentity, StoredCertificate, Use,
};
use super::read::SCHEMA;

/// The text, on one line with an end. What was not collected is not in it.
pub fn write(inventory: &Inventory) -> String {
    let collector = &inventory.collector;
    let lists = [
        ("queues", list(inventory.queues.as_deref(), queue)),
        (
            "certificates",
            list(inventory.certificates.as_deref(), certificate),
        ),
        ("uses", list(inventory.uses.as_deref(), connector)),
    ];
    let mut whole = object([
        ("schema", SCHEMA.into()),
        ("collected_at", inventory.collected_at.to_string().into()),
        (
            "collector",
            object([
                ("name", collector.name.as_str().into()),
                ("version", collector.version.as_str().into()),
                ("seconds", collector.seconds.into()),
            ]),
        ),
        ("server", server(&inventory.server)),
        ("errors", inventory.errors.iter().map(error).collect()),
    ]);
    let collected = lists
        .into_iter()
        .filter_map(|(key, list)| Some((key, list?)));
    for (key, list) in collected {
        whole[key] = list;
    }
    format!("{whole}\n")
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter();
    let fields = fields.filter(|(_, value)| !value.is_null());
    Value::Object(
        fields
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

fn list<T>(list: Option<&[T]>, entry: fn(&T) -> Value) -> Option<Value> {
    Some(list?.iter().map(entry).collect())
}

fn texts(list: &[String]) -> Value {
    list.iter().map(String::as_str).collect()
}

fn server(server: &ServerIdentity) -> Value {
    object([
        ("name", server.name.as_str().into()),
        ("fqdn", server.fqdn.as_deref().into()),
        ("kind", server.kind.as_str().into()),
        ("version", server.version.as_str().into()),
        (
            "addresses",
            server.addresses.iter().map(ToString::to_string).collect(),
        ),
        ("running", server.running.into()),
    ])
}

fn error(error: &SectionError) -> Value {
    json!({"section": error.section, "text": error.text})
}

fn queue(queue: &Queue) -> Value {
    let moment = |moment: Option<crate::timestamp::Timestamp>| moment.map(|m| m.to_string()).into();
    object([
        ("kind", queue.kind.as_str().into()),
        ("next_hop", (&*queue.next_hop).into()),
        ("use", queue.use_id.as_deref().into()),
        ("status", queue.status.as_str().into()),
        ("messages", queue.messages.into()),
        ("last_error", queue.last_error.as_deref().into()),
        ("since", moment(queue.since)),
        ("next_retry", moment(queue.next_retry)),
        ("velocity", queue.velocity.into()),
        ("incoming_rate", queue.incoming_rate.into()),
        ("outgoing_rate", queue.outgoing_rate.into()),
        ("delivery_type", queue.delivery_type.as_deref().into()),
    ])
}

fn certificate(stored: &StoredCertificate) -> Value {
    object([
        ("der", BASE64.encode(stored.certificate.der()).into()),
        ("services", stored.services.as_deref().map(texts).into()),
        ("status", stored.status.as_deref().into()),
        ("private_key", stored.private_key.into()),
        ("listed", stored.listed.into()),
        ("places", texts(&stored.places)),
    ])
}

fn connector(connector: &Use) -> Value {
    object([
        ("id", connector.id.as_str().into()),
        ("name", connector.name.as_str().into()),
        ("role", connector.role.as_str().into()),
        ("enabled", connector.enabled.into()),
        ("select", select(&connector.select)),
        ("servers", texts(&connector.servers)),
        ("require_tls", connector.require_tls.into()),
        ("auth_level", connector.auth_level.as_deref().into()),
        ("tls_domain", connector.tls_domain.as_deref().into()),
        ("fqdn", connector.fqdn.as_deref().into()),
        ("address_spaces", texts(&connector.address_spaces)),
        ("bindings", texts(&connector.bindings)),
    ])
}

fn select(select: &Select) -> Value {
    match select {
        Select::TlsCertificateName { text, .. } => json!({"tls_certificate_name": text}),
        Select::Fqdn(name) => json!({"fqdn": name}),
        Select::Place(places) => json!({"place": places}),
        Select::Nothing => json!({"none": true}),
        Select::Unresolved(why) => json!({"unresolved": why}),
    }
}
