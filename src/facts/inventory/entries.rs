//! The entries of an inventory's lists, each from its object; a mistake costs only the entry.

use std::collections::HashSet;
use std::sync::Arc;

use data_encoding::BASE64;

use super::item::{Item, Mistake};
use super::model::{
    Queue, QueueKind, QueueStatus, Role, SectionError, Select, StoredCertificate, Use,
};
use crate::certificate::{Certificate, TlsCertificateName};

/// Most bytes of a certificate.
const MAX_DER: usize = 64 << 10;

/// What is read out of a name takes at most so many times its text.
const NAME_FACTOR: usize = 32;

pub(super) fn queue(item: &mut Item<'_>) -> Result<Queue, Mistake> {
    let next_hop = item.text("next_hop")?;
    let messages = item.count("messages")?;
    Ok(Queue {
        kind: queue_kind(item)?,
        next_hop: item
            .required("next_hop", next_hop, "where the messages go to")?
            .into(),
        use_id: item.text("use")?.map(Arc::from),
        status: queue_status(item)?,
        messages: item.required("messages", messages, "how many there are")?,
        last_error: last_error(item)?,
        since: item.known_moment("since")?,
        next_retry: item.known_moment("next_retry")?,
        velocity: item.number("velocity")?,
        incoming_rate: item.number("incoming_rate")?,
        outgoing_rate: item.number("outgoing_rate")?,
        delivery_type: item.text("delivery_type")?.map(Arc::from),
    })
}

fn last_error(item: &mut Item<'_>) -> Result<Option<Arc<str>>, Mistake> {
    let text = item.text("last_error")?.filter(|text| !text.is_empty());
    Ok(text.map(Arc::from))
}

fn queue_kind(item: &mut Item<'_>) -> Result<QueueKind, Mistake> {
    let Some(word) = item.text("kind")? else {
        return Ok(QueueKind::Delivery);
    };
    let mut kinds = QueueKind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.as_str().eq_ignore_ascii_case(&word));
    let expected = "expected delivery, submission, unreachable, poison or shadow";
    kind.ok_or_else(|| format!("{}: {expected}", item.path("kind")))
}

fn queue_status(item: &mut Item<'_>) -> Result<QueueStatus, Mistake> {
    let word = item.text("status")?.unwrap_or_default();
    let mut all = QueueStatus::ALL.into_iter();
    let status = all.find(|status| status.as_str().eq_ignore_ascii_case(&word));
    Ok(status.unwrap_or(QueueStatus::Other))
}

pub(super) fn certificate(
    item: &mut Item<'_>,
    known: &HashSet<Certificate>,
) -> Result<StoredCertificate, Mistake> {
    Ok(StoredCertificate {
        services: item.texts("services")?,
        status: item.text("status")?,
        private_key: item.flag("private_key")?,
        listed: item.flag("listed")?.unwrap_or(true),
        // Connectors select by them, so they stay as they are.
        places: item.exact_texts("places")?.unwrap_or_default(),
        certificate: read_certificate(item, known)?,
    })
}

fn read_certificate(
    item: &mut Item<'_>,
    known: &HashSet<Certificate>,
) -> Result<Certificate, Mistake> {
    let text = item.base64("der")?;
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", item.path("der"));
    let der = BASE64.decode(text.as_bytes());
    let der = der.map_err(|_| wrong(&"no base64, expected one certificate as DER in base64"))?;
    if der.len() > MAX_DER {
        return Err(wrong(&"longer than 64 KiB, expected one certificate"));
    }
    let certificate = match known.get(der.as_slice()) {
        Some(known) => known.clone(),
        None => Certificate::from_der(&der),
    };
    if let Err(unreadable) = certificate.facts() {
        return Err(wrong(unreadable));
    }
    Ok(certificate)
}

pub(super) fn connector(item: &mut Item<'_>) -> Result<Use, Mistake> {
    let id = item.text("id")?.filter(|id| !id.is_empty());
    let id = item.required("id", id, "a name of its own")?;
    Ok(Use {
        name: item.text("name")?.unwrap_or_else(|| id.clone()),
        id,
        role: role(item)?,
        enabled: item.flag("enabled")?.unwrap_or(true),
        select: select(item)?,
        servers: item.texts("servers")?.unwrap_or_default(),
        require_tls: item.flag("require_tls")?,
        auth_level: item.text("auth_level")?,
        tls_domain: item.text("tls_domain")?,
        fqdn: item.text("fqdn")?,
        address_spaces: item.texts("address_spaces")?.unwrap_or_default(),
        bindings: item.texts("bindings")?.unwrap_or_default(),
    })
}

fn role(item: &mut Item<'_>) -> Result<Role, Mistake> {
    let word = item.text("role")?.unwrap_or_default();
    let mut roles = [Role::Client, Role::Server].into_iter();
    let role = roles.find(|role| role.as_str().eq_ignore_ascii_case(&word));
    role.ok_or_else(|| format!("{}: expected client or server", item.path("role")))
}

fn select(item: &mut Item<'_>) -> Result<Select, Mistake> {
    let what = "how it selects certificates";
    let at = item.path("select");
    let Some(mut inner) = item.inner("select")? else {
        return Err(format!("{at}: missing, expected {what}"));
    };
    let text = inner.exact("tls_certificate_name")?;
    let names = text.map(|text| by_names(&mut inner, text));
    let fqdn = inner.text("fqdn")?.map(Select::Fqdn);
    let place = inner.exact_texts("place")?.map(Select::Place);
    let nothing = inner.flag("none")?.filter(|none| *none);
    let unresolved = inner.text("unresolved")?.map(Select::Unresolved);
    let nothing = nothing.map(|_| Select::Nothing);
    let mut all = [names, fqdn, place, nothing, unresolved]
        .into_iter()
        .flatten();
    match (all.next(), all.next()) {
        (Some(select), None) => Ok(select),
        _ => Err(format!(
            "{at}: expected one of tls_certificate_name, fqdn, place, none and unresolved"
        )),
    }
}

fn by_names(item: &mut Item<'_>, text: String) -> Select {
    let names = match item.allowance().take(text.len() * NAME_FACTOR) {
        true => TlsCertificateName::parse(&text).ok(),
        false => {
            let line = format!(
                "{}: one of too many long names",
                item.path("tls_certificate_name")
            );
            item.note("limits", line);
            None
        }
    };
    Select::TlsCertificateName { text, names }
}

pub(super) fn section_error(item: &mut Item<'_>) -> Result<SectionError, Mistake> {
    let section = item.text("section")?;
    Ok(SectionError {
        section: item.required("section", section, "which section is not whole")?,
        text: item.text("text")?.unwrap_or_default(),
    })
}
