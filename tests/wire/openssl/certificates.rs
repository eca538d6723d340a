//! Arguments of `openssl req` to a certificate and its key in files; knows no servers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A certificate and its key.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Where certificates are made, until the test ends.
pub(crate) struct Workshop(TempDir);

/// An RSA key of 2048 bits.
pub(crate) const RSA: &[&str] = &["-newkey", "rsa:2048"];
/// A key on P-256.
pub(crate) const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

impl Workshop {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn pair(&self, name: &str) -> Pair {
        let file = |end: &str| self.0.path().join(format!("{name}.{end}"));
        Pair {
            certificate: file("pem"),
            key: file("key"),
        }
    }

    /// A certificate signed by itself.
    pub(crate) fn issue(&self, name: &str, arguments: &[&str]) -> Pair {
        let pair = self.pair(name);
        let mut command = request(&pair, name, arguments);
        command.args(["-x509", "-days", "60"]).arg("-out");
        run(command.arg(&pair.certificate));
        pair
    }

    /// The same in version 1 of X.509, which has no extensions.
    pub(crate) fn issue_v1(&self, name: &str, arguments: &[&str]) -> Pair {
        let pair = self.pair(name);
        let request_file = self.0.path().join(format!("{name}.csr"));
        run(request(&pair, name, arguments)
            .arg("-out")
            .arg(&request_file));
        let mut sign = Command::new("openssl");
        sign.args(["x509", "-req", "-days", "60", "-in"]);
        sign.arg(&request_file).arg("-signkey").arg(&pair.key);
        run(sign.arg("-out").arg(&pair.certificate));
        pair
    }

    /// A certificate with a DSA key, whose parameters are a matter of their own.
    pub(crate) fn issue_dsa(&self, name: &str) -> Pair {
        self.issue(name, &["-newkey", &self.dsa()])
    }

    /// What `-newkey` wants for a DSA key.
    pub(crate) fn dsa(&self) -> String {
        let parameters = self.0.path().join("dsa.pem");
        let mut make = Command::new("openssl");
        run(make.args(["dsaparam", "-out"]).arg(&parameters).arg("1024"));
        format!("dsa:{}", parameters.display())
    }

    /// A key, and the wish for a certificate of this common name.
    pub(crate) fn request(&self, name: &str, arguments: &[&str]) -> Pair {
        let pair = self.pair(name);
        let mut command = Command::new("openssl");
        command.args(["req", "-new", "-nodes", "-subj", &format!("/CN={name}")]);
        command.args(arguments).arg("-keyout").arg(&pair.key);
        run(command
            .arg("-out")
            .arg(pair.certificate.with_extension("csr")));
        pair
    }

    /// Fulfils it, by an issuer or by itself.
    pub(crate) fn sign(&self, pair: &Pair, issuer: Option<&Pair>, extensions: &str, how: &[&str]) {
        let mut command = Command::new("openssl");
        command.args(["x509", "-req", "-days", "60", "-in"]);
        command.arg(pair.certificate.with_extension("csr"));
        match issuer {
            Some(issuer) => {
                let [certificate, key] = [&issuer.certificate, &issuer.key];
                command.arg("-CA").arg(certificate).arg("-CAkey").arg(key);
                command.arg("-CAcreateserial");
            }
            None => drop(command.arg("-signkey").arg(&pair.key)),
        }
        if !extensions.is_empty() {
            let file = pair.certificate.with_extension("ext");
            std::fs::write(&file, extensions).expect("a file");
            command.arg("-extfile").arg(file);
        }
        run(command.args(how).arg("-out").arg(&pair.certificate));
    }

    /// A file of this content.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let file = self.0.path().join(name);
        std::fs::write(&file, content).expect("a file");
        file
    }
}

fn request(pair: &Pair, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(["req", "-new", "-nodes", "-subj"]);
    command.arg(format!("/O=BearWorld/CN={name}"));
    command.args(arguments).arg("-keyout").arg(&pair.key);
    command
}

fn run(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output();
    let done = done.unwrap_or_else(|error| missing(&error));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}

/// Says what to do on a machine without the tool.
pub(crate) fn missing(error: &std::io::Error) -> ! {
    panic!(
        "openssl does not start ({error}): install it, as tests/run.sh does, or leave these tests out"
    )
}

impl Pair {
    /// As options of `s_server`, where a second pair has other names.
    pub(crate) fn options(&self, second: bool) -> [&Path; 4] {
        let names = if second {
            ["-dcert", "-dkey"]
        } else {
            ["-cert", "-key"]
        };
        let [certificate, key] = names.map(Path::new);
        [certificate, &self.certificate, key, &self.key]
    }
}
