//! Exim's options to the places where they name a certificate; runs nothing and reads no file.

use super::options::{EximTransport, Options, items};
use crate::collect::machine::shelf::CertificateFiles;
use crate::facts::inventory::{Role, Select, Use};

/// The use of the server itself.
const DAEMON: &str = "daemon";

/// Two options as they are when they are expanded, or why that cannot be told.
pub(super) type Expanded = Result<(String, String), String>;

/// What Exim presents to whoever connects; none where it offers no TLS.
pub(super) fn of_daemon(
    options: &Options,
    expanded: Expanded,
) -> Option<(Use, Vec<CertificateFiles>)> {
    let is_offered = ["tls_advertise_hosts", "tls_on_connect_ports"]
        .iter()
        .any(|name| !options.value(name).is_empty());
    is_offered.then(|| {
        let own = "there is no tls_certificate: Exim makes one of its own";
        let (select, files) = selected(expanded, Select::Unresolved(own.to_owned()));
        let mut entry = new(DAEMON, Role::Server, select);
        entry.bindings = items(options.value("daemon_smtp_ports"));
        (entry, files)
    })
}

/// What a transport presents; none where it speaks no SMTP.
pub(super) fn of_transport(
    transport: &EximTransport,
    expanded: Expanded,
) -> (Use, Vec<CertificateFiles>) {
    let options = &transport.options;
    let (select, files) = selected(expanded, Select::Nothing);
    let mut entry = new(&transport.name, Role::Client, select);
    entry.enabled = options.value("hosts_avoid_tls") != "*";
    entry.require_tls = match (
        options.value("hosts_require_tls"),
        options.value("protocol"),
    ) {
        (_, "smtps") | ("*", _) => Some(true),
        ("", _) => Some(false),
        // It depends on the host.
        _ => None,
    };
    (entry, files)
}

fn selected(expanded: Expanded, without: Select) -> (Select, Vec<CertificateFiles>) {
    match expanded {
        Err(why) => (Select::Unresolved(why), Vec::new()),
        Ok((certificates, keys)) => match &files(&certificates, &keys)[..] {
            [] => (without, Vec::new()),
            files => {
                let places = files.iter().map(|f| f.certificate.clone());
                (Select::Place(places.collect()), files.to_vec())
            }
        },
    }
}

/// Each certificate with its key, which may be in the same file.
fn files(certificates: &str, keys: &str) -> Vec<CertificateFiles> {
    let keys = items(keys);
    let pair = |(nth, certificate): (usize, String)| CertificateFiles {
        key: keys.get(nth).unwrap_or(&certificate).clone(),
        certificate,
    };
    items(certificates)
        .into_iter()
        .enumerate()
        .map(pair)
        .collect()
}

fn new(name: &str, role: Role, select: Select) -> Use {
    Use::new(name, name, role, select)
}

#[cfg(test)]
mod tests {
    use super::super::options::transports;
    use super::*;

    fn ok(certificate: &str, key: &str) -> Expanded {
        Ok((certificate.to_owned(), key.to_owned()))
    }

    fn place(files: &[&str]) -> Select {
        Select::Place(files.iter().map(|f| (*f).to_owned()).collect())
    }

    #[test]
    fn the_daemon_counts_where_it_offers_tls() {
        let options = |text: &str| Options::read(text.lines());
        let off = options("tls_advertise_hosts = \ntls_on_connect_ports = \n");
        assert_eq!(of_daemon(&off, ok("/c", "")), None);
        let on = options("tls_advertise_hosts = *\ndaemon_smtp_ports = 25 : 587\n");
        let (entry, files) = of_daemon(&on, ok("/a.pem:/b.pem", "/a.key")).unwrap();
        assert_eq!(entry.select, place(&["/a.pem", "/b.pem"]));
        assert_eq!((&*files[0].key, &*files[1].key), ("/a.key", "/b.pem"));
        assert_eq!(entry.bindings, ["25", "587"]);
        let (entry, _) = of_daemon(&on, ok("", "")).unwrap();
        assert!(matches!(entry.select, Select::Unresolved(_)));
    }

    #[test]
    fn transports_say_whether_they_insist() {
        let of = |lines: &str| {
            let text = format!("t transport:\ndriver = smtp\n{lines}");
            of_transport(&transports(&text)[0], ok("", "")).0
        };
        let plain = of("hosts_avoid_tls = \nhosts_require_tls = \n");
        assert_eq!((plain.enabled, plain.require_tls), (true, Some(false)));
        assert_eq!((plain.select, &*plain.id), (Select::Nothing, "t"));
        assert_eq!(of("hosts_require_tls = *\n").require_tls, Some(true));
        assert_eq!(of("hosts_require_tls = *.bears.test\n").require_tls, None);
        assert_eq!(of("protocol = smtps\n").require_tls, Some(true));
        assert!(!of("hosts_avoid_tls = *\n").enabled);
    }

    #[test]
    fn what_varies_is_unresolved() {
        let text = "t transport:\ndriver = smtp\n";
        let why = Err("it depends on $host".to_owned());
        let (entry, files) = of_transport(&transports(text)[0], why);
        assert_eq!(
            entry.select,
            Select::Unresolved("it depends on $host".to_owned())
        );
        assert!(files.is_empty());
    }
}
