//! The name of this machine, for EHLO.

use std::fs::File;
use std::io::{self, Read};

/// This machine's fully qualified name as the system knows it without asking DNS: the host name, completed from the
/// hosts file where it has no dot. A machine without any is `localhost`.
pub(super) fn fully_qualified() -> String {
    let name = read("/proc/sys/kernel/hostname").or_else(|_| read("/etc/hostname"));
    let name = name.unwrap_or_default().trim().to_owned();
    let hosts = read("/etc/hosts").unwrap_or_default();
    complete(&name, &hosts)
}

#[expect(
    clippy::disallowed_methods,
    reason = "files of the system, known by name and bounded"
)]
fn read(path: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(1 << 20).read_to_string(&mut text)?;
    Ok(text)
}

fn complete(name: &str, hosts: &str) -> String {
    let is_sendable = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    if !is_sendable {
        return "localhost".to_owned();
    }
    if name.contains('.') {
        return name.to_owned();
    }
    let begin = format!("{name}.");
    hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(|line| line.split_ascii_whitespace().skip(1))
        .find(|known| known.starts_with(&begin))
        .unwrap_or(name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn a_short_name_is_completed_from_the_hosts_file() {
        let hosts = "127.0.0.1 localhost # bear.example\n192.0.2.7 bear.bears.test bear\n";
        assert_eq!(complete("bear", hosts), "bear.bears.test");
        assert_eq!(complete("fox", hosts), "fox");
        assert_eq!(complete("mx.bears.test", hosts), "mx.bears.test");
        assert_eq!(complete("", hosts), "localhost");
    }
}
