//! The bytes of an inventory (schema `smtp-tls-inventory/1`) to what it says, or to why it says nothing; takes a bounded
//! time and memory, whatever the bytes.

use std::collections::HashSet;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::draft::{Draft, Whole};
use super::item::{Item, Mistake};
use super::json::Json;
use super::model::{Collector, Inventory, ServerIdentity, ServerKind};
use super::server::{FileFault, TroubleWithFile};
use crate::certificate::Certificate;
use crate::plain::plain;
use crate::timestamp::Timestamp;

/// Most bytes of an inventory.
pub const MAX_BYTES: usize = 8 << 20;

/// Most lists and objects in each other.
const MAX_DEPTH: usize = 32;

/// Most addresses of a server.
const MAX_ADDRESSES: usize = 100;

/// What every collector writes.
pub(super) const SCHEMA: &str = "smtp-tls-inventory/1";

/// What an inventory says. Certificates that are `known` are neither read nor kept a second time.
///
/// # Errors
/// [`FileFault`] where it as a whole cannot be understood. What is wrong with an entry costs the entry, and is one of
/// the inventory's errors.
pub fn read(bytes: &[u8], known: &HashSet<Certificate>) -> Result<Inventory, FileFault> {
    if bytes.len() > MAX_BYTES {
        return Err(fault(TroubleWithFile::TooLarge, "larger than 8 MiB"));
    }
    let text = text(bytes).map_err(|why| fault(TroubleWithFile::NotJson, &why))?;
    let mut draft = Draft::new(known);
    parse(text, &mut draft)?;
    inventory(draft).map_err(|mistake| fault(TroubleWithFile::WrongSchema, &mistake))
}

fn fault(trouble: TroubleWithFile, detail: &str) -> FileFault {
    let detail = plain(detail, 300);
    FileFault { trouble, detail }
}

/// UTF-8 with or without a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if matches!(
        bytes,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]
    ) {
        let remedy = "write it as UTF-8, in Windows PowerShell with [IO.File]::WriteAllText";
        return Err(format!("UTF-16, expected UTF-8: {remedy}"));
    }
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|e| format!("no UTF-8 at byte {}", e.valid_up_to()))?;
    match is_deep(text) {
        true => Err(format!(
            "more than {MAX_DEPTH} lists and objects in each other"
        )),
        false => Ok(text),
    }
}

/// Whether lists and objects stand in each other deeper than they may. Of what is no JSON it may say anything.
fn is_deep(text: &str) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if is_text {
            is_text = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

fn parse(text: &str, draft: &mut Draft<'_>) -> Result<(), FileFault> {
    let mut json = serde_json::Deserializer::from_str(text);
    let is_object = text.trim_start().starts_with('{');
    let read = match is_object {
        true => json.deserialize_map(Whole(draft)),
        false => IgnoredAny::deserialize(&mut json).map(drop),
    };
    let read = read.and_then(|()| json.end());
    read.map_err(|e| fault(TroubleWithFile::NotJson, &e.to_string()))?;
    match is_object {
        true => Ok(()),
        false => Err(fault(
            TroubleWithFile::WrongSchema,
            "no object, expected one",
        )),
    }
}

fn inventory(mut draft: Draft<'_>) -> Result<Inventory, Mistake> {
    let heads = Json::Object(std::mem::take(&mut draft.heads));
    let mut item = Item::new(String::new(), heads, &mut draft.allowance)?;
    schema(&mut item)?;
    let collected_at = collected_at(&mut item)?;
    let server = item.inner("server")?;
    let server = server.ok_or("server: missing, expected which server it is about")?;
    let server = server_identity(server)?;
    let collector = item.inner("collector").and_then(collector);
    let collector = item.or_noted("collector", collector);
    let mut errors = draft.errors;
    errors.extend(draft.allowance.notes.into_errors());
    Ok(Inventory {
        collected_at,
        collector,
        server,
        errors,
        queues: draft.queues.map(shrunk),
        certificates: draft.certificates.map(shrunk),
        uses: draft.uses.map(shrunk),
    })
}

/// A list without the room that it had for more.
fn shrunk<T>(mut list: Vec<T>) -> Vec<T> {
    list.shrink_to_fit();
    list
}

/// A later minor version only has more to say.
fn schema(item: &mut Item<'_>) -> Result<(), Mistake> {
    let text = item.text("schema")?;
    let text = item.required("schema", text, SCHEMA)?;
    let minor = text.strip_prefix(SCHEMA);
    let is_minor = |rest: &str| {
        let digits = rest.strip_prefix('.').unwrap_or_default();
        rest.is_empty() || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    match minor.is_some_and(is_minor) {
        true => Ok(()),
        false => Err(format!(
            "schema: another format or version, expected {SCHEMA}"
        )),
    }
}

fn collected_at(item: &mut Item<'_>) -> Result<Timestamp, Mistake> {
    let moment = item.moment("collected_at")?;
    item.required("collected_at", moment, "when collecting began")
}

fn server_identity(mut item: Item<'_>) -> Result<ServerIdentity, Mistake> {
    let name = item.text("name")?.unwrap_or_default();
    if !(1..=255).contains(&name.chars().count()) {
        return Err("server.name: expected 1 to 255 characters".to_owned());
    }
    let kind = item.text("kind");
    let kind = item.or_noted("server", kind);
    let (fqdn, version) = (item.text("fqdn"), item.text("version"));
    let (addresses, running) = (item.texts("addresses"), item.flag("running"));
    Ok(ServerIdentity {
        name,
        fqdn: item.or_noted("server", fqdn),
        kind: server_kind(kind.as_deref()),
        version: item.or_noted("server", version).unwrap_or_default(),
        addresses: {
            let texts = item.or_noted("server", addresses);
            addresses_of(&mut item, texts.unwrap_or_default())
        },
        running: item.or_noted("server", running),
    })
}

fn server_kind(word: Option<&str>) -> ServerKind {
    let word = word.unwrap_or("unknown");
    let known = [
        ServerKind::Exchange,
        ServerKind::ExchangeEdge,
        ServerKind::Postfix,
        ServerKind::Exim,
    ];
    let mut known = known.into_iter();
    let kind = known.find(|kind| kind.as_str().eq_ignore_ascii_case(word));
    kind.unwrap_or_else(|| ServerKind::Other(word.to_owned()))
}

/// One that is none costs only itself.
fn addresses_of(item: &mut Item<'_>, texts: Vec<String>) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for (nth, text) in texts.iter().enumerate() {
        // Windows puts the interface behind addresses of its own link.
        let address = text.split('%').next().unwrap_or_default().parse();
        let path = format!("server.addresses[{nth}]");
        match address {
            Ok(address) if addresses.len() < MAX_ADDRESSES => addresses.push(address),
            Ok(_) => {
                let line = format!("{path}: more than {MAX_ADDRESSES}, left out");
                item.note("limits", line);
            }
            Err(_) => item.note("server", format!("{path}: expected an IP address")),
        }
    }
    addresses
}

fn collector(item: Option<Item<'_>>) -> Result<Collector, Mistake> {
    let Some(mut item) = item else {
        return Ok(Collector::default());
    };
    Ok(Collector {
        name: item.text("name")?.unwrap_or_default(),
        version: item.text("version")?.unwrap_or_default(),
        seconds: item.number("seconds")?,
    })
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::super::model::{
        Queue, QueueKind, QueueStatus, Role, SectionError, Select, StoredCertificate, Use,
    };
    use super::super::write::write;
    use super::*;
    use crate::certificate::TlsCertificateName;

    const HEAD: &str = r#""schema": "smtp-tls-inventory/1", "collected_at": "2023-06-07T07:30:00Z", "server": {"name": "BearA"}"#;
    const DER: &[u8] = include_bytes!("../../../tests/fixtures/certificates/ordinary.der");

    fn bytes(bytes: &[u8]) -> Result<Inventory, FileFault> {
        read(bytes, &HashSet::new())
    }

    /// With this beside what must be there.
    fn with(more: &str) -> Inventory {
        let text = format!("{{{HEAD}, {more}}}");
        bytes(text.as_bytes()).unwrap_or_else(|fault| panic!("{more}: {fault:?}"))
    }

    fn told(inventory: &Inventory) -> Vec<String> {
        let errors = inventory.errors.iter();
        errors
            .map(|SectionError { section, text }| format!("{section}: {text}"))
            .collect()
    }

    fn fault_of(text: &str) -> (TroubleWithFile, String) {
        let fault = bytes(text.as_bytes()).expect_err(text);
        (fault.trouble, fault.detail)
    }

    fn queue(next_hop: &str) -> Queue {
        Queue {
            kind: QueueKind::Delivery,
            next_hop: next_hop.into(),
            use_id: None,
            status: QueueStatus::Other,
            messages: 0,
            last_error: None,
            since: None,
            next_retry: None,
            velocity: None,
            incoming_rate: None,
            outgoing_rate: None,
            delivery_type: None,
        }
    }

    fn connector(id: &str, select: Select) -> Use {
        Use::new(id, &format!("to {id}"), Role::Client, select)
    }

    /// Everything there is, and names that are a trial.
    fn full() -> Inventory {
        let strange = "a \"b\"\n\u{0}\u{202e}\\ \u{1f43b}";
        let names = "<I>CN=Some CA, C=US<S>CN=mail.bear.test, E=post@bear.test".to_owned();
        Inventory {
            collected_at: Timestamp(1_686_123_000),
            collector: Collector {
                name: "by hand".to_owned(),
                version: "1.0.0".to_owned(),
                seconds: Some(21.4),
            },
            server: ServerIdentity {
                name: format!("mx1/{strange}"),
                fqdn: Some("beara.bear.test".to_owned()),
                kind: ServerKind::Exchange,
                version: "15.2.1258.12".to_owned(),
                addresses: vec![
                    "192.0.2.11".parse().unwrap(),
                    "2001:db8::11".parse().unwrap(),
                ],
                running: Some(true),
            },
            errors: vec![SectionError {
                section: "store".to_owned(),
                text: strange.to_owned(),
            }],
            queues: Some(vec![
                queue(strange),
                Queue {
                    kind: QueueKind::Poison,
                    use_id: Some("0292C782".into()),
                    status: QueueStatus::Retry,
                    messages: u64::MAX,
                    last_error: Some("454 4.7.5 no".into()),
                    since: Some(Timestamp(1_686_071_110)),
                    next_retry: Some(Timestamp(1_686_123_300)),
                    velocity: Some(-0.72),
                    incoming_rate: Some(0.1 + 0.2),
                    outgoing_rate: Some(1e300),
                    delivery_type: Some("DnsConnectorDelivery".into()),
                    ..queue("mail.bear.test")
                },
            ]),
            certificates: Some(vec![StoredCertificate {
                certificate: Certificate::from_der(DER),
                services: Some(vec!["SMTP".to_owned(), "IIS".to_owned()]),
                status: Some("Valid".to_owned()),
                private_key: Some(false),
                listed: false,
                places: vec!["LocalMachine\\My".to_owned(), "/etc/a@b.pem".to_owned()],
            }]),
            uses: Some(one_of_each(names)),
        }
    }

    /// A use of every kind.
    fn one_of_each(names: String) -> Vec<Use> {
        vec![
            Use {
                role: Role::Server,
                enabled: false,
                servers: vec!["BearA".to_owned(), "BearB".to_owned()],
                require_tls: Some(true),
                auth_level: Some("DomainValidation".to_owned()),
                tls_domain: Some("mail.bear.test".to_owned()),
                fqdn: Some("beara.bear.test".to_owned()),
                address_spaces: vec!["smtp:*;1".to_owned()],
                bindings: vec!["[::]:25".to_owned()],
                ..connector(
                    "names",
                    Select::TlsCertificateName {
                        names: TlsCertificateName::parse(&names).ok(),
                        text: names,
                    },
                )
            },
            connector(
                "odd",
                Select::TlsCertificateName {
                    text: "no names".to_owned(),
                    names: None,
                },
            ),
            connector("fqdn", Select::Fqdn("beara.bear.test".to_owned())),
            connector("place", Select::Place(vec!["/etc/a@b.pem".to_owned()])),
            connector("none", Select::Nothing),
            connector("unresolved", Select::Unresolved("$tls_in_sni".to_owned())),
        ]
    }

    #[test]
    fn what_is_written_reads_back() {
        let full = full();
        assert_eq!(bytes(write(&full).as_bytes()), Ok(full.clone()));
        let empty = Inventory {
            queues: Some(Vec::new()),
            certificates: None,
            uses: None,
            errors: Vec::new(),
            collector: Collector::default(),
            server: ServerIdentity {
                name: "x".to_owned(),
                fqdn: None,
                kind: ServerKind::Other("opensmtpd".to_owned()),
                version: String::new(),
                addresses: Vec::new(),
                running: None,
            },
            ..full
        };
        assert_eq!(bytes(write(&empty).as_bytes()), Ok(empty));
    }

    #[test]
    fn absent_is_not_collected() {
        let little = with("\"queues\": null, \"uses\": [], \"else\": {\"a\": [1]}");
        assert_eq!((little.queues, little.certificates), (None, None));
        assert_eq!(little.uses, Some(Vec::new()));
        assert_eq!(little.server.kind, ServerKind::Other("unknown".to_owned()));
        assert!(little.errors.is_empty());
    }

    #[test]
    fn what_windows_powershell_makes_is_understood() {
        let text = format!(
            "\u{feff}{{{HEAD}, {}}}",
            r#""queues": {"value": [{"next_hop": 15, "messages": "1443", "velocity": "-0.72", "since": "\/Date(1686123000000)\/",
                "next_retry": "0001-01-01T00:00:00Z", "status": {"value": 3, "Value": "RETRY"}, "kind": "Delivery"}], "Count": 1},
               "uses": {"id": "a", "role": "Client", "select": {"none": true}, "servers": "BearA", "bindings": {"value": ["a", "b"], "Count": 2}}"#
        );
        let read = bytes(text.as_bytes()).unwrap();
        assert_eq!(told(&read), [""; 0]);
        let expected = Queue {
            status: QueueStatus::Retry,
            messages: 1443,
            velocity: Some(-0.72),
            since: Some(Timestamp(1_686_123_000)),
            ..queue("15")
        };
        assert_eq!(read.queues(), [expected]);
        let [only] = read.uses() else {
            panic!("{:?}", read.uses)
        };
        assert_eq!((&only.name, only.enabled), (&"a".to_owned(), true));
        assert_eq!(
            (&only.servers[..], &only.bindings[..]),
            (
                &["BearA".to_owned()][..],
                &["a".to_owned(), "b".to_owned()][..]
            )
        );
    }

    #[test]
    fn a_broken_entry_costs_itself() {
        let der = BASE64.encode(DER);
        let long = BASE64.encode(&[0; MAX_BYTES / 100]);
        let read = with(&format!(
            r#""queues": [{{"next_hop": "a", "messages": 1}}, {{"next_hop": "b"}}, 7, {{"next_hop": "c", "messages": -1}},
                {{"next_hop": "d", "messages": 1, "messages": 2}}, {{"next_hop": "e", "messages": 1, "kind": "bear"}},
                {{"next_hop": "f", "messages": 1, "since": "yesterday"}}, {{"next_hop": [], "messages": 1}}],
               "certificates": [{{"der": "!"}}, {{"der": "AAAA"}}, {{"der": "{long}"}}, {{"der": "{der}", "places": "a"}},
                {{"services": []}}, {{"der": "{der}", "places": ["b", "a"], "private_key": true}}],
               "uses": [{{"id": "a", "role": "client", "select": {{"none": true, "fqdn": "x"}}}}, {{"id": "b", "role": "client"}},
                {{"id": "c", "role": "bear", "select": {{"none": true}}}}, {{"id": "d", "role": "client", "select": {{"fqdn": "x"}}}},
                {{"id": "D", "role": "server", "select": {{"fqdn": "x"}}}}, {{"id": "e", "name": "d", "role": "client", "select": {{"fqdn": "x"}}}},
                {{"id": "f", "role": "client", "select": {{"none": false}}}}],
               "errors": [{{"section": "store", "text": "no"}}, "x"], "collector": 3"#
        ));
        assert_eq!(
            told(&read),
            [
                "store: no",
                "queues: queues[1].messages: missing, expected how many there are",
                "queues: queues[2]: a number, expected an object",
                "queues: queues[3].messages: expected an integer from 0",
                "queues: queues[4].messages: there twice",
                "queues: queues[5].kind: expected delivery, submission, unreachable, poison or shadow",
                "queues: queues[6].since: expected a time as 2023-06-07T07:30:00Z",
                "queues: queues[7].next_hop: a list, expected a text",
                "certificates: certificates[0].der: no base64, expected one certificate as DER in base64",
                "certificates: certificates[1].der: BER error: Unexpected Tag (expected: Some(Tag(16)), actual: Tag(0)) (3 bytes)",
                "certificates: certificates[2].der: longer than 64 KiB, expected one certificate",
                "certificates: certificates[4].der: missing, expected a text in base64",
                "uses: uses[0].select: expected one of tls_certificate_name, fqdn, place, none and unresolved",
                "uses: uses[1].select: missing, expected how it selects certificates",
                "uses: uses[2].role: expected client or server",
                "uses: uses[4].id: that of an earlier one, expected its own",
                "uses: uses[5].name: that of an earlier one, expected its own",
                "uses: uses[6].select: expected one of tls_certificate_name, fqdn, place, none and unresolved",
                "errors: errors[1]: a text, expected an object",
                "collector: collector: a number, expected an object",
            ]
        );
        assert_eq!((read.queues().len(), read.uses().len()), (1, 1));
        let [stored] = read.certificates() else {
            panic!("one certificate")
        };
        assert_eq!(
            (stored.places.join(" "), stored.private_key),
            ("a b".to_owned(), Some(true))
        );
    }

    #[test]
    fn a_file_that_is_none_says_why() {
        let nested = |depth: usize| {
            format!(
                "{{{HEAD}, \"x\": {}{}}}",
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        assert!(bytes(nested(31).as_bytes()).is_ok());
        let twice = format!("{{{HEAD}, \"queues\": [], \"queues\": []}}");
        let whole = format!("{{{HEAD}, \"queues\": []}}");
        let nul = format!("{{{HEAD}, \"x\": \"a\0b\"}}");
        for (text, said) in [
            ("", "EOF while parsing a value at line 1 column"),
            (
                &whole[..whole.len() - 9],
                "EOF while parsing a string at line 1 column",
            ),
            (&format!("{whole}x"), "trailing characters at line 1 column"),
            (&twice, "the key queues is there twice at line 1 column"),
            (
                &nul,
                "control character (\\u0000-\\u001F) found while parsing a string at line 1 column",
            ),
            (&nested(32), "more than 32 lists and objects in each other"),
            (
                &nested(1_000_000),
                "more than 32 lists and objects in each other",
            ),
            (
                "\u{0}{\u{0}}",
                "UTF-16, expected UTF-8: write it as UTF-8, in Windows PowerShell with [IO.File]::WriteAllText",
            ),
        ] {
            let (trouble, detail) = fault_of(text);
            assert_eq!(trouble, TroubleWithFile::NotJson);
            assert!(detail.starts_with(said), "{detail}");
        }
        for utf16 in [
            &b"\xff\xfe{\0}\0"[..],
            b"\xfe\xff\0{\0}",
            b"{\0}\0",
            b"\0{\0}",
        ] {
            let detail = bytes(utf16).unwrap_err().detail;
            assert!(detail.starts_with("UTF-16, expected UTF-8"), "{detail}");
        }
        assert_eq!(
            bytes(b"{\"a\": \"\xfc\"}").unwrap_err().detail,
            "no UTF-8 at byte 7"
        );
        let large = vec![b' '; MAX_BYTES + 1];
        assert_eq!(
            bytes(&large).unwrap_err().trouble,
            TroubleWithFile::TooLarge
        );
    }

    #[test]
    fn another_format_or_version_is_refused() {
        let of = |schema: &str| HEAD.replace("\"smtp-tls-inventory/1\"", schema);
        for good in ["\"smtp-tls-inventory/1.7\"", "\"smtp-tls-inventory/1.10\""] {
            assert!(
                bytes(format!("{{{}}}", of(good)).as_bytes()).is_ok(),
                "{good}"
            );
        }
        let other = "schema: another format or version, expected smtp-tls-inventory/1";
        for (text, said) in [
            ("[]", "no object, expected one"),
            ("{}", "schema: missing, expected smtp-tls-inventory/1"),
            (&format!("{{{}}}", of("\"smtp-tls-inventory/2\"")), other),
            (&format!("{{{}}}", of("\"smtp-tls-inventory/10\"")), other),
            (&format!("{{{}}}", of("\"smtp-tls-inventory/1.\"")), other),
            (&format!("{{{}}}", of("\"smtp-tls-inventory/1.x\"")), other),
            (
                &format!("{{{}}}", of("[]")),
                "schema: a list, expected a text",
            ),
            (
                &format!("{{{}}}", HEAD.replace("collected_at", "x")),
                "collected_at: missing, expected when collecting began",
            ),
            (
                &format!("{{{}}}", HEAD.replace("07:30", "")),
                "collected_at: expected a time as 2023-06-07T07:30:00Z",
            ),
            (
                &format!("{{{}}}", HEAD.replace("server", "x")),
                "server: missing, expected which server it is about",
            ),
            (
                &format!("{{{}}}", HEAD.replace("BearA", "")),
                "server.name: expected 1 to 255 characters",
            ),
            (
                &format!("{{{}}}", HEAD.replace("BearA", &"x".repeat(256))),
                "server.name: expected 1 to 255 characters",
            ),
        ] {
            assert_eq!(
                fault_of(text),
                (TroubleWithFile::WrongSchema, said.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn of_more_than_there_may_be_the_first_are_kept() {
        let queue = r#"{"next_hop":"a","messages":1}"#;
        let read = with(&format!("\"queues\": [{}]", vec![queue; 20_001].join(",")));
        assert_eq!(read.queues().len(), 20_000);
        assert_eq!(
            told(&read),
            ["limits: queues: 20001 entries, of which the first 20000 are kept"]
        );
        let read = with(&format!(
            "\"queues\": [{}]",
            vec!["{}"; 1_000_000].join(",")
        ));
        assert_eq!(read.errors.len(), 22);
        assert_eq!(read.errors[20].text, "and 19980 more");
        let servers = vec!["\"x\""; 1001].join(",");
        let read = with(&format!(
            "\"uses\": [{{\"id\": \"a\", \"role\": \"client\", \"select\": {{\"fqdn\": \"{}\"}}, \"servers\": [{servers}]}},
              {{\"x\": [{}]}}]",
            "ä".repeat(4097),
            vec!["1"; 10_000].join(",")
        ));
        assert_eq!(
            told(&read),
            [
                "limits: uses[0].select.fqdn: longer than 4096 characters, cut",
                "limits: uses[0].servers: 1001 texts, of which the first 1000 are kept",
                "limits: uses[1]: more than 10000 values, left out",
            ]
        );
        assert_eq!(read.uses()[0].servers.len(), 1000);
        assert_eq!(read.uses()[0].select, Select::Fqdn("ä".repeat(4096)));
    }

    #[test]
    fn no_address_of_a_person_is_kept() {
        let post = "bear@bear.test";
        let read = with(&format!(
            r#""queues": [{{"next_hop": "{post}", "messages": 1, "last_error": "550 <{post}> unknown"}}], "errors": [{{"section": "{post}", "text": "{post}"}}],
               "uses": [{{"id": "{post}", "name": "to {post}", "role": "client", "select": {{"unresolved": "{post}"}}, "servers": ["{post}"]}}]"#
        ));
        assert!(!format!("{read:?}").contains('@'), "{read:?}");
        assert_eq!(
            read.queues()[0].last_error.as_deref(),
            Some("550 *** unknown")
        );
    }

    #[test]
    fn a_certificate_of_many_servers_is_read_once() {
        let text = write(&full());
        let first = bytes(text.as_bytes()).unwrap();
        let known = HashSet::from([first.certificates()[0].certificate.clone()]);
        let second = read(text.as_bytes(), &known).unwrap();
        let der = |inventory: &Inventory| inventory.certificates()[0].certificate.der().as_ptr();
        assert_eq!(der(&first), der(&second));
    }
}
