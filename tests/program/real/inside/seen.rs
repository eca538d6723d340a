//! What `collect` writes, read back by the library and as JSON.

use std::fs;
use std::path::Path;

use serde_json::Value;
use smtp_tls_exporter::facts::last_error::reason_of;

use crate::PROGRAM;

/// One inventory.
pub(super) struct Seen {
    pub(super) text: String,
    json: Value,
}

impl Seen {
    /// What `collect` prints with these arguments.
    pub(super) fn of(arguments: &[&str]) -> Self {
        let ended = PROGRAM.run_alone(&[&["collect"], arguments].concat());
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
        Self::parse(&ended.stdout)
    }

    /// What stands in a file.
    pub(super) fn read(file: &Path) -> Self {
        Self::parse(&fs::read_to_string(file).expect("a file that collect wrote"))
    }

    pub(super) fn parse(text: &str) -> Self {
        let json = serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"));
        let text = text.to_owned();
        Self { text, json }
    }

    fn list(&self, name: &str) -> &[Value] {
        self.json[name].as_array().map_or(&[], Vec::as_slice)
    }

    fn queues<'a>(&'a self, domain: &'a str) -> impl Iterator<Item = &'a Value> {
        self.list("queues")
            .iter()
            .filter(move |q| q["next_hop"] == domain)
    }

    /// How many messages wait for a domain with a status.
    pub(super) fn messages(&self, domain: &str, status: &str) -> u64 {
        let queues = self.queues(domain).filter(|q| q["status"] == status);
        queues.filter_map(|q| q["messages"].as_u64()).sum()
    }

    /// How many messages wait for a domain.
    pub(super) fn total(&self, domain: &str) -> u64 {
        self.queues(domain)
            .filter_map(|q| q["messages"].as_u64())
            .sum()
    }

    /// One reason for a domain, in the mail server's words and in ours.
    pub(super) fn waits(&self, domain: &str, words: &str, reason: &str, use_id: Option<&str>) {
        let queue = self.queues(domain).find(|q| q["status"] == "retry");
        let queue = queue.unwrap_or_else(|| panic!("{domain}: {}", self.text));
        let said = queue["last_error"].as_str().unwrap_or_default();
        assert!(said.contains(words), "{domain}: {queue}");
        assert_eq!(reason_of(said).as_str(), reason, "{domain}: {queue}");
        assert_eq!(queue["use"].as_str(), use_id, "{domain}: {queue}");
    }

    /// Whose inventory it is.
    pub(super) fn is_of(&self, kind: &str, name: &str, running: bool) {
        let server = &self.json["server"];
        let told = (&server["kind"], &server["name"], &server["running"]);
        let expected = (
            &Value::from(kind),
            &Value::from(name),
            &Value::from(running),
        );
        assert_eq!(told, expected, "{}", self.text);
        assert_eq!(self.list("errors"), [Value::Null; 0], "{}", self.text);
    }

    /// Whether something of a section is missing.
    pub(super) fn errors(&self, section: &str) -> bool {
        self.list("errors")
            .iter()
            .any(|error| error["section"] == section)
    }

    /// The ids of the uses with a role.
    pub(super) fn uses(&self, role: &str) -> Vec<&str> {
        let uses = self.list("uses").iter().filter(|u| u["role"] == role);
        uses.filter_map(|u| u["id"].as_str()).collect()
    }

    /// The certificate of a use, by the places that it names.
    fn certificate(&self, id: &str) -> &Value {
        let uses = self.list("uses").iter();
        let found = uses.into_iter().find(|u| u["id"] == id);
        let found = found.unwrap_or_else(|| panic!("{id}: {}", self.text));
        let places = found["select"]["place"].as_array().expect("places");
        let is_there = |c: &&Value| {
            let own = c["places"].as_array().into_iter().flatten();
            own.into_iter().any(|place| places.contains(place))
        };
        let certificate = self.list("certificates").iter().find(is_there);
        certificate.unwrap_or_else(|| panic!("{id}: {}", self.text))
    }

    /// Whether the key of a use's certificate is there.
    pub(super) fn has_key(&self, id: &str, expected: Option<bool>) {
        let told = self.certificate(id)["private_key"].as_bool();
        assert_eq!(told, expected, "{id}: {}", self.text);
    }

    /// Days until a use's certificate ends.
    pub(super) fn days_left(&self, id: &str) -> i64 {
        let der = self.certificate(id)["der"].as_str().expect("base64");
        let der = data_encoding::BASE64
            .decode(der.as_bytes())
            .expect("base64");
        let certificate = smtp_tls_exporter::certificate::Certificate::from_der(&der);
        let facts = certificate.facts().expect("a certificate of OpenSSL");
        (facts.not_after.0 - testkit::now()).div_euclid(86_400)
    }

    /// Neither addresses nor keys.
    pub(super) fn names_nobody(&self) {
        for secret in ["@", "honey", "fox", "elk", "PRIVATE", "Subject"] {
            assert!(!self.text.contains(secret), "{secret}: {}", self.text);
        }
    }
}
