//! The configuration of a Postfix instance to the places where it names a certificate, one for each service that has its
//! own; reads no file.

use super::parameters::{Parameters, Service, items};
use crate::collect::machine::shelf::CertificateFiles;
use crate::facts::inventory::{Role, Select, Use};

/// A program of Postfix that presents certificates, and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Smtp,
    Lmtp,
    Smtpd,
    Tlsproxy,
}

/// What is presented, and when.
#[derive(Debug, PartialEq, Eq)]
struct Presented {
    files: Vec<CertificateFiles>,
    /// As Postfix has it: no certificate, and not by an oversight.
    is_none: bool,
    is_on: bool,
    is_required: bool,
}

/// A use and what belongs to it.
#[derive(Debug)]
pub(super) struct FoundUse {
    /// What goes into the inventory.
    pub(super) entry: Use,
    /// The files that it presents.
    pub(super) files: Vec<CertificateFiles>,
    /// The services of master.cf that it is of.
    pub(super) services: Vec<String>,
}

const SIDES: [Side; 4] = [Side::Smtp, Side::Lmtp, Side::Smtpd, Side::Tlsproxy];
/// Postfix' kinds of keys: RSA, ECDSA, DSA.
const KEYS: [&str; 3] = ["", "ec", "d"];

impl Side {
    const fn word(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Lmtp => "lmtp",
            Self::Smtpd => "smtpd",
            Self::Tlsproxy => "tlsproxy",
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::Smtp | Self::Lmtp => Role::Client,
            Self::Smtpd | Self::Tlsproxy => Role::Server,
        }
    }

    /// The parameters that decide about TLS and certificates.
    fn parameters(self) -> Vec<String> {
        let word = self.word();
        let mut names = vec![
            format!("{word}_tls_chain_files"),
            format!("{word}_tls_security_level"),
            format!("{word}_tls_wrappermode"),
            format!("{word}_use_tls"),
            format!("{word}_enforce_tls"),
        ];
        for key in KEYS {
            let of = |what| format!("{word}_tls_{key}{what}_file");
            names.extend([of("cert"), of("key")]);
        }
        if self.role() == Role::Client {
            names.extend(["policy_maps", "per_site"].map(|what| format!("{word}_tls_{what}")));
        }
        names
    }
}

/// The parameters that have to be known.
pub(super) fn parameters() -> Vec<String> {
    SIDES.into_iter().flat_map(Side::parameters).collect()
}

/// Every use of an instance.
pub(super) fn uses(parameters: &Parameters, services: &[Service]) -> Vec<FoundUse> {
    // Only postscreen leaves the work of a server to tlsproxy.
    let has_postscreen = services.iter().any(|s| s.command == "postscreen");
    let is_there = |side: &Side| *side != Side::Tlsproxy || has_postscreen;
    let mut found: Vec<FoundUse> = Vec::new();
    for side in SIDES.into_iter().filter(is_there) {
        for service in services.iter().filter(|s| s.command == side.word()) {
            let presented = Presented::by(parameters, side, service);
            if side.role() == Role::Server && !presented.is_on {
                continue;
            }
            let base = Presented::of(parameters, side, None);
            let is_own = (&presented.files, presented.is_none) != (&base.files, base.is_none);
            let id = if is_own {
                service.id()
            } else {
                side.word().to_owned()
            };
            match found.iter_mut().find(|known| known.entry.id == id) {
                Some(known) => known.join(service, &presented),
                None => found.push(FoundUse::new(id, side, service, presented)),
            }
        }
    }
    found
}

impl Presented {
    fn by(parameters: &Parameters, side: Side, service: &Service) -> Self {
        Self::of(parameters, side, Some(service))
    }

    fn of(parameters: &Parameters, side: Side, service: Option<&Service>) -> Self {
        let word = side.word();
        let value = |name: &str| parameters.value_for(service, &format!("{word}_{name}"));
        let yes = |name| value(name) == "yes";
        let level = value("tls_security_level");
        let has_exceptions = [value("tls_policy_maps"), value("tls_per_site")].concat() != "";
        let is_required = yes("tls_wrappermode")
            || match level {
                "" => yes("enforce_tls"),
                level => !matches!(level, "none" | "may" | "dane"),
            };
        let is_on = match level {
            "" => is_required || yes("use_tls"),
            "none" => yes("tls_wrappermode"),
            _ => true,
        };
        let files = files(&value);
        Self {
            is_none: files.is_empty()
                && (side.role() == Role::Client || value("tls_cert_file") == "none"),
            files,
            is_on: is_on || has_exceptions,
            is_required,
        }
    }
}

/// The files that hold key and certificate: a list of chains, or else a pair for each kind of key.
fn files<'a>(value: &dyn Fn(&str) -> &'a str) -> Vec<CertificateFiles> {
    let chains: Vec<_> = items(value("tls_chain_files"))
        .map(CertificateFiles::chain)
        .collect();
    if !chains.is_empty() {
        return chains;
    }
    let pair = |key: &str| {
        let [certificate, key] =
            ["cert", "key"].map(|what| value(&format!("tls_{key}{what}_file")));
        let is_named = !certificate.is_empty() && certificate != "none";
        is_named.then(|| CertificateFiles {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })
    };
    KEYS.into_iter().filter_map(pair).collect()
}

impl FoundUse {
    fn new(id: String, side: Side, service: &Service, presented: Presented) -> Self {
        let select = if presented.is_none {
            Select::Nothing
        } else {
            Select::Place(places(&presented.files))
        };
        let entry = Use {
            name: id.clone(),
            id,
            role: side.role(),
            enabled: presented.is_on,
            select,
            servers: Vec::new(),
            require_tls: Some(presented.is_required),
            auth_level: None,
            tls_domain: None,
            fqdn: None,
            address_spaces: Vec::new(),
            bindings: bindings(service),
        };
        Self {
            entry,
            files: presented.files,
            services: vec![service.name.clone()],
        }
    }

    /// What belongs to no line of master.cf.
    pub(super) const fn without_service(entry: Use, files: Vec<CertificateFiles>) -> Self {
        Self {
            entry,
            files,
            services: Vec::new(),
        }
    }

    /// Another service that presents the same.
    fn join(&mut self, service: &Service, presented: &Presented) {
        self.entry.enabled |= presented.is_on;
        let required = self.entry.require_tls == Some(true) && presented.is_required;
        self.entry.require_tls = Some(required);
        self.entry.bindings.extend(bindings(service));
        self.services.push(service.name.clone());
    }
}

/// The certificates' files, once each.
pub(super) fn places(files: &[CertificateFiles]) -> Vec<String> {
    let mut places: Vec<_> = files.iter().map(|f| f.certificate.clone()).collect();
    places.dedup();
    places
}

fn bindings(service: &Service) -> Vec<String> {
    let listens = service.kind == "inet";
    listens.then(|| service.name.clone()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::parameters::services;
    use super::*;

    const MASTER: &str = "\
smtp       inet  n       -       n       -       -       smtpd
submission inet  n       -       n       -       -       smtpd
smtps      inet  n       -       n       -       -       smtpd
clear      inet  n       -       n       -       -       smtpd
smtp       unix  -       -       n       -       -       smtp
relay      unix  -       -       n       -       -       smtp
o365       unix  -       -       n       -       -       smtp
lmtp       unix  -       -       n       -       -       lmtp
tlsproxy   unix  -       -       n       -       0       tlsproxy
";
    const MAIN: &str = "smtp_tls_chain_files = /c1.pem, /c2.pem\nsmtp_tls_security_level = may\n\
                        smtp_tls_cert_file = /ignored.pem\n\
                        smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /s.pem\nsmtpd_tls_key_file = /s.key\n\
                        smtpd_tls_eccert_file = /ec.pem\nsmtpd_tls_eckey_file = $smtpd_tls_eccert_file\n";
    const OVERRIDES: &str = "submission/inet/smtpd_tls_security_level = encrypt\n\
                             smtps/inet/smtpd_tls_wrappermode = yes\n\
                             smtps/inet/smtpd_tls_cert_file = /own.pem\n\
                             clear/inet/smtpd_tls_security_level = none\n\
                             o365/unix/smtp_tls_security_level = secure\n\
                             o365/unix/smtp_tls_chain_files = /o365.pem\n";

    fn found(main: &str, master: &str, overrides: &str) -> Vec<FoundUse> {
        uses(&Parameters::read(main, main), &services(master, overrides))
    }

    fn pair(certificate: &str, key: &str) -> CertificateFiles {
        CertificateFiles {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        }
    }

    #[test]
    fn services_with_certificates_of_their_own_are_uses_of_their_own() {
        let found = found(MAIN, MASTER, OVERRIDES);
        let told: Vec<_> = found.iter().map(|f| (&*f.entry.id, f.entry.role)).collect();
        let (client, server) = (Role::Client, Role::Server);
        let expected = [
            ("smtp", client),
            ("o365/unix", client),
            ("lmtp", client),
            ("smtpd", server),
            ("smtps/inet", server),
        ];
        assert_eq!(told, expected);
        let [smtp, o365, lmtp, smtpd, smtps] = &found[..] else {
            panic!("five");
        };
        let place = |files: &[&str]| Select::Place(files.iter().map(|f| (*f).to_owned()).collect());
        assert_eq!(smtp.entry.select, place(&["/c1.pem", "/c2.pem"]));
        assert_eq!(smtp.services, ["smtp", "relay"]);
        assert_eq!(
            (smtp.entry.enabled, smtp.entry.require_tls),
            (true, Some(false))
        );
        assert_eq!(o365.entry.select, place(&["/o365.pem"]));
        assert_eq!(o365.entry.require_tls, Some(true));
        assert_eq!(
            (lmtp.entry.enabled, &lmtp.entry.select),
            (false, &Select::Nothing)
        );
        assert_eq!(
            smtpd.files,
            [pair("/s.pem", "/s.key"), pair("/ec.pem", "/ec.pem")]
        );
        assert_eq!(smtpd.entry.bindings, ["smtp", "submission"]);
        assert_eq!(smtpd.entry.require_tls, Some(false));
        assert_eq!(
            smtps.files,
            [pair("/own.pem", "/s.key"), pair("/ec.pem", "/ec.pem")]
        );
        assert_eq!(smtps.entry.require_tls, Some(true));
    }

    #[test]
    fn a_server_counts_where_tls_is_on() {
        let master = "smtp inet n - n - - smtpd\n";
        let count = |main: &str| found(main, master, "").len();
        assert_eq!(count("smtpd_tls_cert_file = /s.pem\n"), 0);
        assert_eq!(count("smtpd_tls_security_level = none\n"), 0);
        for on in [
            "smtpd_use_tls = yes",
            "smtpd_enforce_tls = yes",
            "smtpd_tls_wrappermode = yes",
            "smtpd_tls_security_level = may",
        ] {
            assert_eq!(count(on), 1, "{on}");
        }
    }

    #[test]
    fn no_certificate_is_an_oversight_of_a_server_unless_it_says_so() {
        let master = "smtp inet n - n - - smtpd\n";
        let select = |more: &str| {
            let main = format!("smtpd_tls_security_level = may\n{more}");
            found(&main, master, "")[0].entry.select.clone()
        };
        assert_eq!(select(""), Select::Place(Vec::new()));
        assert_eq!(select("smtpd_tls_cert_file = none\n"), Select::Nothing);
    }

    #[test]
    fn postscreen_leaves_tls_to_tlsproxy() {
        let main = "smtpd_tls_security_level = may\nsmtpd_tls_chain_files = /s.pem\n\
                    tlsproxy_tls_security_level = $smtpd_tls_security_level\n\
                    tlsproxy_tls_chain_files = $smtpd_tls_chain_files\n";
        let master = format!("smtp inet n - n - 1 postscreen\n{MASTER}");
        let found = found(main, &master, "");
        let proxy = found.iter().find(|f| f.entry.id == "tlsproxy").unwrap();
        assert_eq!(proxy.files, [CertificateFiles::chain("/s.pem")]);
    }
}
