//! Bytes to one part of the exporter, and what must hold whatever they are.

use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};
use std::path::Path;

use smtp_tls_exporter::certificate::{Certificate, Dn, Facts, Staple, TlsCertificateName};
use smtp_tls_exporter::config::Config;
use smtp_tls_exporter::facts::inventory::{self, Inventory};
use smtp_tls_exporter::facts::published::{
    MAX_AGE, MAX_POLICY, StsMode, StsPolicy, StsRecord, TlsRptFacts, TlsaRecord,
};
use smtp_tls_exporter::name::Host;
use smtp_tls_exporter::probe::legacy::{Chain, Reader, ServerHello, Stop};
use smtp_tls_exporter::smtp::{Dialogue, Malformed, Mode, Replies, Reply, Step};

pub(crate) fn certificate(bytes: &[u8]) {
    let certificate = Certificate::from_der(bytes);
    assert_eq!(certificate.fingerprints().sha256_hex().len(), 64);
    match certificate.facts() {
        Ok(facts) => interrogate(facts),
        Err(why) => {
            assert_eq!(why.length, bytes.len());
            is_honest_line(&why.to_string());
        }
    }
}

fn interrogate(facts: &Facts) {
    reads_back(&facts.subject);
    reads_back(&facts.issuer);
    let name = TlsCertificateName::of(facts).to_string();
    let read = TlsCertificateName::parse(&name);
    assert!(read.is_ok_and(|read| read.matches(facts)), "{name}");
    let host = Host::parse("mail.bear.example").expect("a host");
    let _ = (
        facts.covers(&host),
        facts.is_self_issued(),
        facts.lifetime_seconds(),
    );
    for name in &facts.names {
        let _ = (name.to_string(), name.covers(&host));
    }
    facts
        .defects
        .iter()
        .for_each(|defect| is_honest_line(defect));
}

/// What is rendered from DER names the same subject when it is read as text.
fn reads_back(name: &Dn) {
    for text in [name.to_rfc4514(), name.to_exchange()] {
        let read = Dn::parse(&text);
        assert!(
            read.is_ok_and(|read| name.matches(&read)),
            "{text:?} of {name:?}"
        );
    }
}

/// One line, and no parser that broke.
fn is_honest_line(text: &str) {
    assert!(!text.contains(['\n', '\r']), "{text:?}");
    assert!(!text.contains("panicked"), "{text:?}");
}

pub(crate) fn staple(bytes: &[u8]) {
    let leaf = Certificate::from_der(include_bytes!("../../fixtures/ocsp/leaf.der"));
    let facts = leaf.facts().expect("a leaf");
    match Staple::from_der(bytes, facts) {
        Ok(staple) => assert!(staple.answer.is_none() || staple.produced_at.is_some()),
        Err(why) => {
            assert_eq!(why.length, bytes.len());
            is_honest_line(&why.to_string());
        }
    }
}

pub(crate) fn name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Dn::parse(&text) {
        // A text can be read in two ways; both are forms of the name.
        Ok(name) => {
            assert!(name.matches(&name));
            let _ = (name.to_exchange(), name.to_rfc4514(), name.common_name());
            let again = Dn::parse(&name.to_exchange());
            assert!(again.is_ok_and(|again| name.matches(&again)), "{text:?}");
        }
        Err(why) => assert!(why.to_string().len() < 500, "{why}"),
    }
}

pub(crate) fn connector_string(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match TlsCertificateName::parse(&text) {
        Ok(name) => {
            let again = TlsCertificateName::parse(&name.to_string());
            assert!(
                again.is_ok_and(|a| name.issuer.matches(&a.issuer)),
                "{text:?}"
            );
        }
        Err(why) => assert!(why.to_string().len() < 500, "{why}"),
    }
}

/// The outcome of a stream: the replies, and the kind of fault that ended it.
type Outcome = (Vec<Reply>, Option<Discriminant<Malformed>>);

pub(crate) fn replies(bytes: &[u8]) {
    let [whole, single, odd] = [bytes.len().max(1), 1, 7].map(|size| heard(bytes, size));
    assert_eq!(whole, single, "pieces of one byte");
    assert_eq!(whole, odd, "pieces of seven bytes");
    for reply in &whole.0 {
        assert!(reply.lines.len() <= 128 && reply.code <= 999, "{reply:?}");
        assert!(reply.lines.iter().all(|line| !line.contains('\n')));
    }
}

fn heard(bytes: &[u8], size: usize) -> Outcome {
    let mut replies = Replies::default();
    let mut all = Vec::new();
    for piece in bytes.chunks(size) {
        replies.push(piece);
        loop {
            match replies.take() {
                Ok(Some(reply)) => all.push(reply),
                Ok(None) => break,
                Err(why) => return (all, Some(discriminant(&why))),
            }
        }
    }
    (all, None)
}

pub(crate) fn dialogue(bytes: &[u8]) {
    let (replies, _) = heard(bytes, bytes.len().max(1));
    for mode in [Mode::StartTls, Mode::Implicit] {
        let mut dialogue = Dialogue::new(mode, "monitor.bears.test");
        let mut step = dialogue.first();
        let mut replies = replies.iter();
        // Greeting, EHLO, STARTTLS, TLS, EHLO, QUIT: no server makes it longer.
        for _ in 0..8 {
            step = match step {
                Step::Close => break,
                Step::Handshake => dialogue.secured(),
                Step::Expect(_) | Step::Send(..) => match replies.next() {
                    Some(reply) => dialogue.replied(reply),
                    None => return,
                },
            };
            if let Step::Send(command, _) = &step {
                assert!(["EHLO monitor.bears.test", "STARTTLS", "QUIT"].contains(&&**command));
            }
        }
        assert_eq!(step, Step::Close, "{mode:?}");
    }
}

/// Longest input of the legacy reader, beyond which it must have stopped; most that it keeps.
const LONGEST_FLIGHT: usize = 512 * 1024;
const LARGEST_CHAIN: usize = 256 * 1024;

pub(crate) fn legacy_reader(bytes: &[u8]) {
    let whole = flight(bytes.chunks(bytes.len().max(1)));
    for size in [1, 7, 1_000] {
        assert_eq!(whole, flight(bytes.chunks(size)), "pieces of {size} bytes");
    }
    let (outcome, hello, chain) = whole;
    assert_eq!(outcome == Ok(true), !chain.kept.is_empty());
    assert!(hello.is_some() || chain.kept.is_empty());
    assert!(chain.kept.len() <= 20 && (chain.omitted == 0 || chain.kept.len() == 20));
    assert!(chain.kept.iter().map(Vec::len).sum::<usize>() <= LARGEST_CHAIN);
    if let Err(why) = outcome {
        is_honest_line(&why.to_string());
    }
    if !bytes.is_empty() {
        let pieces = LONGEST_FLIGHT / bytes.len() + 1;
        let (endless, ..) = flight(std::iter::repeat_n(bytes, pieces));
        assert_ne!(endless, Ok(false), "still waiting for more");
    }
}

/// What comes of a server's first flight in these pieces: whether the certificates are there, and what was learnt.
fn flight<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Result<bool, Stop>, Option<ServerHello>, Chain) {
    let mut reader = Reader::default();
    let mut outcome = Ok(false);
    for piece in pieces {
        outcome = reader.push(piece);
        if outcome != Ok(false) {
            break;
        }
    }
    let (hello, chain) = reader.into_parts();
    (outcome, hello, chain)
}

pub(crate) fn configuration(bytes: &[u8]) {
    let file = Path::new("/nonexistent/smtp-tls-exporter.yml");
    match Config::parse(file, bytes, "monitor.bears.test") {
        Ok(config) => assert!(
            !config.settings.targets.is_empty()
                || !config.target_files.is_empty()
                || !config.inventory_files.is_empty()
        ),
        Err(error) => {
            let line = error.to_string();
            is_honest_line(&line);
            assert!(
                line.starts_with("/nonexistent/smtp-tls-exporter.yml"),
                "{line}"
            );
            assert!(line.len() < 4_000, "{} bytes: {line}", line.len());
        }
    }
}

/// What is read can be written, and is read the same way again.
pub(crate) fn inventory(bytes: &[u8]) {
    let known = HashSet::new();
    match inventory::read(bytes, &known) {
        Ok(read) => {
            // No more errors are read than these.
            let errors = read.errors.iter().take(100).cloned().collect();
            let read = Inventory { errors, ..read };
            let again = inventory::read(inventory::write(&read).as_bytes(), &known);
            assert_eq!(again, Ok(read));
        }
        Err(fault) => is_honest_line(&fault.detail),
    }
}

/// TXT records, parted by zeros.
pub(crate) fn published_texts(bytes: &[u8]) {
    let records = || bytes.split(|byte| *byte == 0);
    match StsRecord::read(records()) {
        StsRecord::Id(id) => {
            let fits = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(fits && (1..=32).contains(&id.len()), "{id}");
        }
        StsRecord::Malformed(mistake) => assert!(mistake.what.len() < 600, "{mistake}"),
        StsRecord::Several(count) => assert!(count > 1),
        StsRecord::None => {}
        other => panic!("nobody was asked: {other:?}"),
    }
    match TlsRptFacts::read(records()) {
        TlsRptFacts::Record(to) => {
            let all = to.destinations.len() + to.mistakes.len();
            assert!((1..=64).contains(&all), "{to:?}");
            for to in &to.destinations {
                assert!(to.uri.bytes().all(|byte| byte.is_ascii_graphic()), "{to:?}");
            }
        }
        TlsRptFacts::Malformed(mistake) => assert!(mistake.what.len() < 600, "{mistake}"),
        TlsRptFacts::Several(count) => assert!(count > 1),
        TlsRptFacts::None => {}
        other => panic!("nobody was asked: {other:?}"),
    }
}

pub(crate) fn tlsa(bytes: &[u8]) {
    let (Some([usage, selector, matching_type]), data) =
        (bytes.first_chunk(), bytes.get(3..).unwrap_or_default())
    else {
        return;
    };
    let record = TlsaRecord {
        usage: *usage,
        selector: *selector,
        matching_type: *matching_type,
        data: data.into(),
    };
    assert_eq!(record.to_string().len(), record_length(&record));
    assert!(record.short().len() < 32, "{}", record.short());
    // Of what no sender uses there is a reason, and of what anybody does, a known kind.
    if record.unusable().is_none() {
        assert!((2..=3).contains(usage) && *selector <= 1 && *matching_type <= 2);
    }
    let certificate = Certificate::from_der(data);
    assert!(!record.is_of(&certificate) || *matching_type == 0);
}

/// `3 1 1 ` and two digits for each byte.
fn record_length(record: &TlsaRecord) -> usize {
    let bits = [record.usage, record.selector, record.matching_type];
    let digits: usize = bits.iter().map(|bits| bits.to_string().len() + 1).sum();
    digits + 2 * record.data.len()
}

pub(crate) fn mta_sts_policy(bytes: &[u8]) {
    match StsPolicy::read(bytes) {
        Ok(policy) => {
            assert!(bytes.len() <= MAX_POLICY && policy.max_age <= MAX_AGE);
            assert!(policy.mode == StsMode::None || !policy.patterns.is_empty());
            assert!(policy.remarks.len() <= 16);
            assert_eq!(StsPolicy::read(bytes), Ok(policy.clone()));
            for pattern in &policy.patterns {
                let host = pattern.replacen('*', "one", 1);
                assert!(policy.covers(&host), "{pattern}");
                assert!(policy.covers(&host.to_ascii_uppercase()), "{pattern}");
            }
        }
        Err(mistake) => assert!(mistake.what.len() < 600, "{mistake}"),
    }
}
