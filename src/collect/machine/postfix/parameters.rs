//! What postconf prints to the value that a parameter has for a service of master.cf; runs nothing.

use std::collections::{BTreeMap, HashMap};

/// A line of master.cf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    /// Its first field.
    pub(super) name: String,
    /// Its second: inet, unix, pass.
    pub(super) kind: String,
    /// The program that it runs.
    pub(super) command: String,
    /// Its own values of parameters.
    overrides: BTreeMap<String, String>,
}

/// The configuration of one instance.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// As main.cf or Postfix' defaults write them.
    written: HashMap<String, String>,
    /// The same with every `$name` replaced.
    expanded: HashMap<String, String>,
}

impl Service {
    /// How Postfix calls it where it overrides something.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.name, self.kind)
    }
}

impl Parameters {
    /// From what `postconf NAMES` and `postconf -x NAMES` print.
    pub(super) fn read(written: &str, expanded: &str) -> Self {
        let map = |text: &str| text.lines().filter_map(assignment).collect();
        Self {
            written: map(written),
            expanded: map(expanded),
        }
    }

    /// What main.cf says.
    pub(super) fn value(&self, name: &str) -> &str {
        self.expanded.get(name).map_or("", String::as_str)
    }

    /// What a service has: by default many parameters follow another (`smtp_tls_key_file = $smtp_tls_cert_file`), also
    /// where the service overrides only that one.
    pub(super) fn value_for<'a>(&'a self, service: Option<&'a Service>, name: &str) -> &'a str {
        let mut name = name;
        // A default follows another at most twice (tlsproxy_tls_key_file).
        for _ in 0..4 {
            if let Some(own) = service.and_then(|s| s.overrides.get(name)) {
                return own;
            }
            match self.written.get(name).and_then(|text| reference(text)) {
                Some(other) if self.written.contains_key(other) => name = other,
                _ => break,
            }
        }
        self.value(name)
    }
}

/// The services that `postconf -M` prints, with the values that `postconf -x -P` prints.
pub(super) fn services(lines: &str, overrides: &str) -> Vec<Service> {
    let mut services: Vec<_> = lines.lines().filter_map(service).collect();
    for line in overrides.lines() {
        let Some((key, value)) = assignment(line) else {
            continue;
        };
        let Some((id, parameter)) = key.rsplit_once('/') else {
            continue;
        };
        if let Some(service) = services.iter_mut().find(|s| s.id() == id) {
            service.overrides.insert(parameter.to_owned(), value);
        }
    }
    services
}

/// Eight fields, of which the last is the command with its arguments.
fn service(line: &str) -> Option<Service> {
    let mut fields = line.split_whitespace();
    let (name, kind) = (fields.next()?, fields.next()?);
    let command = fields.nth(5)?;
    Some(Service {
        name: name.to_owned(),
        kind: kind.to_owned(),
        command: command.to_owned(),
        overrides: BTreeMap::new(),
    })
}

/// `name = value`.
fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

/// The parameter that a value consists of: `$name`, `${name}` or `$(name)`.
fn reference(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let inner = |open, close| name.strip_prefix(open)?.strip_suffix(close);
    let name = inner('{', '}').or_else(|| inner('(', ')')).unwrap_or(name);
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some(name)
}

/// Items that commas or blanks separate.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n'])
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "smtp_tls_cert_file = $here/c.pem\nsmtp_tls_key_file = $smtp_tls_cert_file\nhere = /p\n\
                           tlsproxy_tls_key_file = ${smtpd_tls_key_file}\nsmtpd_tls_key_file = $smtpd_tls_cert_file\n\
                           smtpd_tls_cert_file =\nround = $round\nrelayhost = $gone\n";
    const EXPANDED: &str = "smtp_tls_cert_file = /p/c.pem\nsmtp_tls_key_file = /p/c.pem\nhere = /p\n\
                            tlsproxy_tls_key_file =\nsmtpd_tls_key_file =\nsmtpd_tls_cert_file =\nround =\n\
                            relayhost =\n";
    /// As Postfix 3.7 prints them.
    const SERVICES: &str = "\
127.0.27.1:2525 inet n   -       n       -       -       smtpd -o smtpd_tls_wrappermode=yes
smtp       unix  -       -       n       -       -       smtp
o365       unix  -       -       n       -       -       smtp -o smtp_tls_cert_file=/tmp/pf/x.pem
half       unix  -       -       n
";
    const OVERRIDES: &str = "\
127.0.27.1:2525/inet/smtpd_tls_cert_file = /other=1.pem
127.0.27.1:2525/inet/smtpd_tls_wrappermode = yes
o365/unix/smtp_tls_cert_file = /tmp/pf/x.pem
gone/unix/smtp_tls_cert_file = /tmp/pf/x.pem
rubbish
";

    #[test]
    fn defaults_follow_what_a_service_overrides() {
        let parameters = Parameters::read(WRITTEN, EXPANDED);
        let services = services(SERVICES, OVERRIDES);
        let ids: Vec<_> = services.iter().map(Service::id).collect();
        assert_eq!(ids, ["127.0.27.1:2525/inet", "smtp/unix", "o365/unix"]);
        assert_eq!(services[2].command, "smtp");
        let key = |service, name| parameters.value_for(service, name).to_owned();
        assert_eq!(key(None, "smtp_tls_key_file"), "/p/c.pem");
        assert_eq!(key(Some(&services[1]), "smtp_tls_key_file"), "/p/c.pem");
        assert_eq!(
            key(Some(&services[2]), "smtp_tls_key_file"),
            "/tmp/pf/x.pem"
        );
        let inet = Some(&services[0]);
        assert_eq!(key(inet, "tlsproxy_tls_key_file"), "/other=1.pem");
        assert_eq!(key(inet, "smtpd_tls_wrappermode"), "yes");
        assert_eq!(key(None, "round") + &key(None, "relayhost"), "");
        assert_eq!(parameters.value("unknown"), "");
    }

    #[test]
    fn lists_are_split_at_commas_and_blanks() {
        assert_eq!(items("/a.pem, /b.pem /c.pem,").count(), 3);
        assert_eq!(items(" ").count(), 0);
    }
}
