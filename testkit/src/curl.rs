//! A URL to an answer by curl, for what takes a whole client: TLS, redirects, compression.

use std::process::Command;

/// What a client got.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    /// In lower case, with what curl complained of.
    pub head: String,
    pub body: String,
}

/// Asks with curl. A connection that fails has the status 0.
pub fn curl(url: &str, arguments: &[&str]) -> Got {
    let output = Command::new("curl")
        .args(["-sS", "-i", "--max-time", "30", "-w", "\n%{http_code}"])
        .args(arguments)
        .arg(url)
        .output()
        .expect("curl is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (text, status) = text.rsplit_once('\n').expect("curl prints the status");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let error = String::from_utf8_lossy(&output.stderr);
    Got {
        status: status.parse().unwrap_or(0),
        head: format!("{head}{error}").to_lowercase(),
        body: body.to_owned(),
    }
}
