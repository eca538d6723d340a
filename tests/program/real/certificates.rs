//! Names and dates into certificates, by OpenSSL and a certificate authority of the tests' own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::process::{output, program};

/// The name that every certificate is for.
pub(crate) const HOST: &str = "mailrelay.bears.test";

/// From when to when, in words that `date` understands.
pub(crate) struct Lifetime(pub(crate) &'static str, pub(crate) &'static str);

/// A certificate that should have been replaced last week.
pub(crate) const EXPIRED: Lifetime = Lifetime("93 days ago", "3 days ago");
/// What replaced it where somebody thought of it.
pub(crate) const RENEWED: Lifetime = Lifetime("1 day ago", "89 days");
const AUTHORITY: Lifetime = Lifetime("400 days ago", "3000 days");

const SETTINGS: &str = "
[ca]
default_ca = tests
[tests]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
policy = policy
certificate = ca.pem
private_key = ca.key
[policy]
countryName = optional
localityName = optional
organizationName = optional
commonName = supplied
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:mailrelay.bears.test
";

/// A certificate authority that nobody but the tests trusts.
pub(crate) struct Authority {
    directory: PathBuf,
}

impl Authority {
    /// Sets one up in a new directory below `place`.
    pub(crate) fn new(place: &Path) -> Self {
        let directory = place.join("authority");
        fs::create_dir(&directory).expect("a new directory");
        fs::write(directory.join("openssl.cnf"), SETTINGS).expect("a file of ours");
        fs::write(directory.join("index.txt"), "").expect("a file of ours");
        let authority = Self { directory };
        authority.request("ca", "/C=US/O=BearWorld/CN=BearWorld Test CA");
        let itself = ["-selfsign", "-extensions", "authority"];
        authority.sign("ca", &AUTHORITY, &itself);
        authority
    }

    /// What has to be trusted.
    pub(crate) fn roots(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// A new key and its certificate for [`HOST`], in one PEM file called `name`.
    pub(crate) fn issue(&self, name: &str, lifetime: &Lifetime) -> PathBuf {
        self.request(name, &format!("/C=US/L=Bearville/O=BearWorld/CN={HOST}"));
        self.sign(name, lifetime, &["-extensions", "server"]);
        self.joined(name)
    }

    /// The same from nobody but itself.
    pub(crate) fn self_signed(&self, name: &str) -> PathBuf {
        self.request(name, &format!("/CN={HOST}"));
        self.sign_with_itself(name);
        self.joined(name)
    }

    fn sign_with_itself(&self, name: &str) {
        output(
            self.openssl("x509")
                .args(["-req", "-days", "89", "-in", &format!("{name}.csr")])
                .args(["-signkey", &format!("{name}.key")])
                .args(["-out", &format!("{name}.pem")]),
        );
    }

    /// Key first, then certificate, as Postfix wants them; for root alone.
    fn joined(&self, name: &str) -> PathBuf {
        let [key, certificate] = ["key", "pem"].map(|suffix| {
            let file = self.directory.join(format!("{name}.{suffix}"));
            fs::read(file).expect("a file OpenSSL wrote")
        });
        let file = self.directory.join(format!("{name}.chain"));
        fs::write(&file, [key, certificate].concat()).expect("a file of ours");
        let secret = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&file, secret).expect("permissions of a file of ours");
        file
    }

    fn request(&self, name: &str, subject: &str) {
        output(
            self.openssl("req")
                .args(["-new", "-nodes", "-subj", subject])
                .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
                .args(["-keyout", &format!("{name}.key")])
                .args(["-out", &format!("{name}.csr")]),
        );
    }

    fn sign(&self, name: &str, Lifetime(from, to): &Lifetime, how: &[&str]) {
        output(
            self.openssl("ca")
                .args(["-batch", "-notext", "-preserveDN"])
                .args(["-startdate", &moment(from), "-enddate", &moment(to)])
                .args(["-in", &format!("{name}.csr")])
                .args(["-out", &format!("{name}.pem")])
                .args(how),
        );
    }

    fn openssl(&self, what: &str) -> Command {
        let mut command = Command::new(program("openssl"));
        command.current_dir(&self.directory).arg(what);
        if what != "x509" {
            command.args(["-config", "openssl.cnf"]);
        }
        command
    }
}

/// As OpenSSL wants it: 20260131235959Z.
fn moment(words: &str) -> String {
    let printed = output(Command::new("date").args(["--utc", "--date", words, "+%Y%m%d%H%M%SZ"]));
    printed.trim().to_owned()
}
