//! The source text of a table of names and certificates (`tls_server_sni_maps`) to the files of each name; reads no file.

use super::parameters::items;
use crate::collect::machine::shelf::CertificateFiles;

/// A name and the files with its keys and certificates.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SniEntry {
    /// As the table has it: a name, or a domain behind a dot for all names below it.
    pub(super) name: String,
    /// Its files.
    pub(super) files: Vec<CertificateFiles>,
}

/// The file with the source text of a table that postmap makes; `None` for tables of other kinds.
pub(super) fn source_of(table: &str) -> Option<&str> {
    let (kind, path) = table.split_once(':')?;
    let is_made_from_text = matches!(
        kind,
        "hash" | "btree" | "lmdb" | "dbm" | "sdbm" | "cdb" | "texthash"
    );
    (is_made_from_text && path.starts_with('/')).then_some(path)
}

/// The entries of a table's source: a name, then files. A line that begins with a blank goes on with the one before it.
pub(super) fn entries(text: &str) -> Vec<SniEntry> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let is_nothing = line.trim().is_empty() || line.trim_start().starts_with('#');
        match lines.last_mut() {
            _ if is_nothing => {}
            Some(last) if line.starts_with([' ', '\t']) => *last += line,
            _ => lines.push(line.to_owned()),
        }
    }
    lines.iter().filter_map(|line| entry(line)).collect()
}

fn entry(line: &str) -> Option<SniEntry> {
    let mut words = items(line);
    Some(SniEntry {
        name: words.next()?.to_ascii_lowercase(),
        files: words.map(CertificateFiles::chain).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files_are_read_over_several_lines() {
        let text = "# names\n\nMX.bears.test /rsa.pem,\n  /ec.pem\n# more\n.bears.test\t/all.pem\n";
        let found = entries(text);
        let told: Vec<_> = found.iter().map(|e| (&*e.name, e.files.len())).collect();
        assert_eq!(told, [("mx.bears.test", 2), (".bears.test", 1)]);
        assert_eq!(found[0].files[1], CertificateFiles::chain("/ec.pem"));
        assert_eq!(entries(" \n#\n"), []);
    }

    #[test]
    fn only_tables_with_a_source_are_read() {
        assert_eq!(source_of("hash:/etc/postfix/sni"), Some("/etc/postfix/sni"));
        assert_eq!(source_of("lmdb:/sni"), Some("/sni"));
        for other in [
            "pcre:/sni",
            "inline:{a=b}",
            "mysql:/x",
            "hash:sni",
            "sni",
            "",
        ] {
            assert_eq!(source_of(other), None, "{other}");
        }
    }
}
