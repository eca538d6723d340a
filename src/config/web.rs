//! A web configuration file, in the format of Prometheus' exporter-toolkit, to what the listener demands of clients.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::document;
use super::last_good::{self, Base};
use super::named_file::FileKind;
use super::pem::{self, Wanted};
use crate::web::{
    Acceptor, Access, ClientAuth, Header, Rate, TlsSettings, header, is_known, is_spoken,
};
use crate::yaml::{DocumentError, Fields, Problem, Value};

/// A web configuration as it was read.
pub struct WebConfig {
    /// What it comes to.
    pub access: Access,
    /// What is odd but no mistake, one line each.
    pub warnings: Vec<String>,
}

const SECTIONS: [&str; 4] = [
    "tls_server_config",
    "http_server_config",
    "basic_auth_users",
    "rate_limit",
];

impl WebConfig {
    /// Reads a file and the certificates and keys that it names.
    ///
    /// # Errors
    /// [`DocumentError`] for the first mistake, with its line.
    pub fn load(file: &Path) -> Result<Self, DocumentError> {
        let document = document::open(file, FileKind::WebConfig)?;
        let mut reading = Reading {
            base: Base::of(file),
            warnings: Vec::new(),
        };
        let access = reading.document(&document.root());
        Ok(Self {
            access: access.map_err(|problem| document.error(problem))?,
            warnings: reading.warnings,
        })
    }
}

struct Reading {
    base: Base,
    warnings: Vec<String>,
}

impl Reading {
    fn document(&mut self, root: &Value<'_>) -> Result<Access, Problem> {
        let mut fields = root.fields()?;
        let mut access = Access::default();
        if let Some(section) = fields.take("tls_server_config") {
            let settings = self.tls(&section)?;
            let acceptor = Acceptor::new(&settings).map_err(|why| section.problem(why))?;
            access.acceptor = Some(acceptor);
        }
        if let Some(section) = fields.take("http_server_config") {
            access.headers = http(&section)?;
        }
        if let Some(section) = fields.take("basic_auth_users") {
            access.users = users(&section)?;
        }
        if let Some(section) = fields.take("rate_limit") {
            access.rate = rate(&section)?;
        }
        fields.finish(&SECTIONS)?;
        Ok(access)
    }

    fn tls(&mut self, section: &Value<'_>) -> Result<TlsSettings, Problem> {
        let mut fields = section.fields()?;
        let certificate = self.pem(&mut fields, "cert", "cert_file")?;
        let key = self.pem(&mut fields, "key", "key_file")?;
        let missing = |what| section.problem(format!("{what} is missing, expected a PEM file"));
        let (tls12, tls13) = versions(&mut fields)?;
        let mut settings = TlsSettings {
            certificate: certificate.ok_or_else(|| missing("cert_file"))?,
            key: key.ok_or_else(|| missing("key_file"))?,
            client_ca: self.pem(&mut fields, "client_ca", "client_ca_file")?,
            tls12,
            tls13,
            prefers_own_order: true,
            ..TlsSettings::default()
        };
        if let Some(value) = fields.take("client_auth_type") {
            settings.client_auth = value.choice(&CLIENT_AUTH)?;
        }
        if let Some(value) = fields.take("client_allowed_sans") {
            settings.client_allowed_sans = texts(&value)?;
        }
        check_clients(&settings, section)?;
        if let Some(value) = fields.take("cipher_suites") {
            settings.cipher_suites = self.names(&value)?;
        }
        if let Some(value) = fields.take("curve_preferences") {
            settings.curves = self.names(&value)?;
        }
        if let Some(value) = fields.take("prefer_server_cipher_suites") {
            settings.prefers_own_order = value.flag()?;
        }
        fields.finish(&TLS_KEYS)?;
        Ok(settings)
    }

    /// Names that Go knows; those that are not spoken here are left out, with a warning.
    fn names(&mut self, value: &Value<'_>) -> Result<Vec<String>, Problem> {
        for item in value.list()? {
            let name = item.text()?;
            if !is_known(name) {
                return Err(item.problem("unknown, expected a name as in Go's crypto/tls"));
            }
            if !is_spoken(name) {
                let warning = format!("web configuration: {name} is left out: not supported");
                self.warnings.push(warning);
            }
        }
        texts(value)
    }

    /// What stands in the file itself, or in another that it names.
    fn pem(
        &mut self,
        fields: &mut Fields<'_>,
        inline: &str,
        named: &str,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let text = fields.take(inline);
        match (text, fields.take(named)) {
            (Some(_), Some(file)) => Err(file.problem(format!(
                "given as well as {inline}, expected only one of them"
            ))),
            (Some(text), None) => Ok(Some(text.text()?.as_bytes().to_vec())),
            (None, Some(file)) => {
                let name = self.base.file(FileKind::WebCertificate, file.text()?);
                let read = last_good::read(&name);
                // The path is not repeated: somebody may have written the key itself in its place.
                let unread = |e| file.problem(format!("the file {e}"));
                let bytes = read.map_err(unread)?;
                let wanted = match named {
                    "key_file" => Wanted::Key,
                    _ => Wanted::Certificate,
                };
                match pem::mistaken(&bytes, wanted) {
                    Some(what) => Err(file.problem(format!("the file {what}"))),
                    None => Ok(Some(bytes)),
                }
            }
            (None, None) => Ok(None),
        }
    }
}

const TLS_KEYS: [&str; 13] = [
    "cert_file",
    "key_file",
    "cert",
    "key",
    "client_ca",
    "client_ca_file",
    "client_auth_type",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
];

const CLIENT_AUTH: [(&str, ClientAuth); 6] = [
    ("NoClientCert", ClientAuth::None),
    ("RequestClientCert", ClientAuth::Request),
    ("RequireAnyClientCert", ClientAuth::RequireAny),
    ("RequireClientCert", ClientAuth::RequireAny),
    ("VerifyClientCertIfGiven", ClientAuth::VerifyIfGiven),
    ("RequireAndVerifyClientCert", ClientAuth::RequireAndVerify),
];

/// Demands that nobody could meet, or that would demand nothing.
fn check_clients(settings: &TlsSettings, section: &Value<'_>) -> Result<(), Problem> {
    let verifies = matches!(
        settings.client_auth,
        ClientAuth::VerifyIfGiven | ClientAuth::RequireAndVerify
    );
    match (&settings.client_ca, verifies) {
        (Some(_), _) if settings.client_auth == ClientAuth::None => Err(section.problem(
            "client_ca_file without client_auth_type, expected RequireAndVerifyClientCert",
        )),
        _ if !verifies && !settings.client_allowed_sans.is_empty() => Err(section.problem(
            "client_allowed_sans where no certificate is verified, expected client_auth_type: RequireAndVerifyClientCert",
        )),
        (None, true) => Err(section.problem(
            "client_auth_type verifies certificates, expected client_ca_file to verify them by",
        )),
        _ => Ok(()),
    }
}

/// Versions before TLS 1.2 are accepted as a lower limit, and not spoken.
fn versions(fields: &mut Fields<'_>) -> Result<(bool, bool), Problem> {
    let lower = [("TLS10", 10), ("TLS11", 11), ("TLS12", 12), ("TLS13", 13)];
    let min = fields.take("min_version").map(|v| v.choice(&lower));
    let max = fields
        .take("max_version")
        .map(|v| (v.choice(&lower[2..]), v));
    let min = min.transpose()?.unwrap_or(12);
    let Some((max, value)) = max else {
        return Ok((min <= 12, true));
    };
    let max = max?;
    if max < min {
        return Err(value.problem("below min_version, expected at least that"));
    }
    Ok((min <= 12, max >= 13))
}

fn texts(value: &Value<'_>) -> Result<Vec<String>, Problem> {
    let items = value.list()?;
    items.iter().map(|v| v.text().map(str::to_owned)).collect()
}

/// The only headers that the toolkit allows, and the values of those that have few.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-XSS-Protection", &[]),
    ("Strict-Transport-Security", &[]),
];

fn http(section: &Value<'_>) -> Result<Vec<Header>, Problem> {
    let mut fields = section.fields()?;
    if let Some(value) = fields.take("http2") {
        // HTTP/1.1 is spoken in any case, which every client of HTTP/2 speaks, too.
        value.flag()?;
    }
    let headers = fields.take("headers").map(|value| headers(&value));
    fields.finish(&["http2", "headers"])?;
    headers.unwrap_or_else(|| Ok(Vec::new()))
}

fn headers(section: &Value<'_>) -> Result<Vec<Header>, Problem> {
    let mut fields = section.fields()?;
    let mut headers = Vec::new();
    for (name, allowed) in HEADERS {
        let Some(value) = fields.take(name) else {
            continue;
        };
        let text = value.text()?;
        if text.is_empty() {
            continue;
        }
        let is_allowed = |one: &&str| one.eq_ignore_ascii_case(text);
        if !allowed.is_empty() && !allowed.iter().any(is_allowed) {
            return Err(value.problem(format!("expected {}", allowed.join(" or "))));
        }
        let Some(header) = header(name, text) else {
            return Err(value.problem("not a header value, expected printable text"));
        };
        headers.push(header);
    }
    let known = HEADERS.map(|(name, _)| name);
    fields.finish(&known)?;
    Ok(headers)
}

fn users(section: &Value<'_>) -> Result<BTreeMap<String, String>, Problem> {
    let mut users = BTreeMap::new();
    for (user, value) in section.entries()? {
        let hash = value.text()?;
        if !is_bcrypt(hash) {
            // The value is not repeated: somebody may have written the password itself.
            return Err(
                value.problem("not a bcrypt hash, expected one such as htpasswd -nBC 10 prints")
            );
        }
        users.insert(user.to_owned(), hash.to_owned());
    }
    Ok(users)
}

/// `$2y$10$` and 53 characters; costs above 16 would hold up every login for seconds.
fn is_bcrypt(hash: &str) -> bool {
    let parts: Vec<_> = hash.split('$').collect();
    let ["", "2a" | "2b" | "2x" | "2y", cost, rest] = parts[..] else {
        return false;
    };
    let cost_fits = cost.parse().is_ok_and(|cost: u32| (4..=18).contains(&cost));
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'/';
    cost_fits && rest.len() == 53 && rest.bytes().all(is_digit)
}

fn rate(section: &Value<'_>) -> Result<Option<Rate>, Problem> {
    let mut fields = section.fields()?;
    let interval = fields.take("interval").map(|value| {
        let range = Duration::ZERO..=Duration::from_secs(3600);
        value.duration_in(range, "interval")
    });
    let burst = fields
        .take("burst")
        .map(|value| value.integer_in(0..=1_000_000, "number"));
    fields.finish(&["interval", "burst"])?;
    let interval = interval.transpose()?.unwrap_or_default();
    let burst = burst.transpose()?.unwrap_or(0);
    let rate = Rate { interval, burst };
    Ok((!interval.is_zero()).then_some(rate))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("web.yml");
        let certificate = rcgen::generate_simple_self_signed(["bear.test".to_owned()]).unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text);
        write("server.crt", &certificate.cert.pem()).unwrap();
        write("server.key", &certificate.signing_key.serialize_pem()).unwrap();
        write("web.yml", text).unwrap();
        match WebConfig::load(&file) {
            Ok(_) => String::new(),
            Err(error) => {
                let text = error.to_string();
                let at = text.find("web.yml").unwrap_or_default();
                text[at..].to_owned()
            }
        }
    }

    const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

    #[test]
    fn the_toolkits_files_are_read() {
        for good in [
            String::new(),
            TLS.to_owned(),
            format!("{TLS}  min_version: TLS10\n  max_version: TLS12\n"),
            format!("{TLS}  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n"),
            format!("{TLS}  curve_preferences: [CurveP521, X25519]\n  prefer_server_cipher_suites: false\n"),
            format!("{TLS}  client_auth_type: RequireAnyClientCert\n"),
            format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.crt\n  client_allowed_sans: [a]\n"),
            "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n    Strict-Transport-Security: ''\n".to_owned(),
            "basic_auth_users:\n  alice: $2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze\n".to_owned(),
            "rate_limit: {interval: 1s, burst: 20}\n".to_owned(),
        ] {
            assert_eq!(mistake(&good), "", "{good}");
        }
    }

    const MISTAKES: &[(&str, &str)] = &[
        ("tls_config: {}", "web.yml:1: tls_config: unknown key"),
        (
            "tls_server_config: {cert_file: x.crt}",
            "web.yml:1: tls_server_config.cert_file: ",
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n",
            "web.yml:1: tls_server_config: key_file is missing",
        ),
        (
            "tls_server_config:\n  cert: hunter2\n  key: hunter2\n",
            "web.yml:1: tls_server_config: the certificate has no certificate inside",
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key: hunter2\n",
            "web.yml:1: tls_server_config: the key is no PEM",
        ),
        (
            "{TLS}  key: hunter2\n",
            "web.yml:3: tls_server_config.key_file: given as well as key",
        ),
        (
            "{TLS}  max_version: TLS11\n",
            "web.yml:4: tls_server_config.max_version: 'TLS11' is unknown",
        ),
        (
            "{TLS}  min_version: TLS13\n  max_version: TLS12\n",
            "web.yml:5: tls_server_config.max_version: below min_version",
        ),
        (
            "{TLS}  client_ca_file: server.crt\n",
            "web.yml:1: tls_server_config: client_ca_file without client_auth_type",
        ),
        (
            "{TLS}  client_allowed_sans: [a]\n",
            "web.yml:1: tls_server_config: client_allowed_sans where no certificate is verified",
        ),
        (
            "{TLS}  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n",
            "web.yml:1: tls_server_config: client_allowed_sans where no certificate is verified",
        ),
        (
            "{TLS}  client_auth_type: RequireAndVerifyClientCert\n",
            "web.yml:1: tls_server_config: client_auth_type verifies",
        ),
        (
            "{TLS}  cipher_suites: [TLS_BEARS]\n",
            "web.yml:4: tls_server_config.cipher_suites[0]: unknown",
        ),
        (
            "http_server_config: {headers: {X-Bear: 1}}",
            "web.yml:1: http_server_config.headers.X-Bear: unknown key",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: x}}",
            "web.yml:1: http_server_config.headers.X-Frame-Options: expected deny or sameorigin",
        ),
        (
            "basic_auth_users:\n  alice: hunter2\n",
            "web.yml:2: basic_auth_users.alice: not a bcrypt hash",
        ),
        (
            "rate_limit: {interval: 1}",
            "web.yml:1: rate_limit.interval: 1 has no unit",
        ),
    ];

    #[test]
    fn mistakes_have_a_line_and_never_repeat_a_secret() {
        for (text, line) in MISTAKES {
            let told = mistake(&text.replace("{TLS}", TLS));
            assert!(told.starts_with(line), "{text}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
