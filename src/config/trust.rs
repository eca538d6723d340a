//! `trust:` and every `roots:` to trust anchors and revocation lists, each store and file of roots read once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::keys;
use super::last_good::{self, Base, FileName};
use super::named_file::{FileError, FileKind};
use super::pem::{self, Wanted};
use crate::hanging::in_time;
use crate::pki::{Anchors, Crls};
use crate::yaml::{Problem, Value};

/// What trust rests on where a target says nothing else.
pub(super) type TrustSection = (Arc<Anchors>, Arc<Crls>);

/// The stores that were named so far.
pub(super) struct TrustStores {
    /// What relative paths are relative to.
    pub(super) base: Base,
    known: HashMap<String, Arc<Anchors>>,
    /// What was odd about them.
    pub(super) warnings: Vec<String>,
}

impl TrustStores {
    pub(super) fn new(base: Base) -> Self {
        Self {
            base,
            known: HashMap::new(),
            warnings: Vec::new(),
        }
    }

    /// The roots that Mozilla trusts, as bundled with this program.
    pub(super) fn mozilla(&mut self) -> Arc<Anchors> {
        let store = self.known.entry("mozilla".to_owned());
        Arc::clone(store.or_insert_with(|| Arc::new(Anchors::mozilla())))
    }

    /// Reads `trust:`.
    pub(super) fn section(&mut self, section: &Value<'_>) -> Result<TrustSection, Problem> {
        let mut fields = section.fields()?;
        let roots = match fields.take("roots") {
            Some(roots) => self.read(&roots)?,
            None => self.mozilla(),
        };
        let (mut crls, mut first_wrong) = (Crls::default(), None);
        for file in fields
            .take("crls")
            .map_or_else(|| Ok(vec![]), |v| v.list_or_one())?
        {
            let (lists, complaints) = lists_in(self.base.file(FileKind::Crl, file.text()?));
            crls.extend(&lists);
            for complaint in complaints {
                first_wrong.get_or_insert_with(|| {
                    file.problem(format!("{complaint}, expected a file of CRLs, PEM or DER"))
                });
                self.warnings.push(format!("{complaint}; it is left out"));
            }
        }
        // A list that nobody can use is no reason to do without the others.
        if let Some(wrong) = first_wrong.filter(|_| crls.is_empty()) {
            return Err(wrong);
        }
        fields.finish(&keys::TRUST.names())?;
        Ok((roots, Arc::new(crls)))
    }

    /// `mozilla`, `system`, a PEM file, or a list of these.
    pub(super) fn read(&mut self, value: &Value<'_>) -> Result<Arc<Anchors>, Problem> {
        let mut stores = Vec::new();
        for one in value.list_or_one()? {
            stores.push(self.one(&one)?);
        }
        match stores.as_slice() {
            [] => Err(value.problem("nothing, expected mozilla, system or a PEM file")),
            [one] => Ok(Arc::clone(one)),
            several => Ok(Arc::new(Anchors::union(
                several.iter().map(|s| (**s).clone()).collect(),
            ))),
        }
    }

    fn one(&mut self, value: &Value<'_>) -> Result<Arc<Anchors>, Problem> {
        let text = value.text()?;
        if let Some(known) = self.known.get(text) {
            return Ok(Arc::clone(known));
        }
        let anchors = match text {
            "mozilla" => return Ok(self.mozilla()),
            "system" => system_roots(),
            file => followed_roots(self.base.file(FileKind::Roots, file)),
        };
        let anchors = anchors.map_err(|error| {
            value.problem(format!("{error}, expected mozilla, system or a PEM file"))
        })?;
        self.warnings.extend(anchors.warnings().iter().cloned());
        self.known.insert(text.to_owned(), Arc::clone(&anchors));
        Ok(anchors)
    }
}

/// The revocation lists of a file, and what is wrong with it or with others in it, behind the file's name.
fn lists_in(file: FileName) -> (Arc<Crls>, Vec<String>) {
    let name = file.shown();
    let whole = last_good::parsed(
        [file],
        |[read]| {
            let (lists, complaints) = lists(&name, read);
            match complaints.as_slice() {
                [] => Ok(lists),
                [_, ..] => Err((lists, complaints)),
            }
        },
        |(_, complaints)| complaints.join("; "),
    );
    whole.map_or_else(|in_part| in_part, |lists| (lists, Vec::new()))
}

fn lists(name: &str, read: Result<Vec<u8>, FileError>) -> (Arc<Crls>, Vec<String>) {
    match read {
        Ok(bytes) => {
            let (lists, complaints) = Crls::from_bytes(name, &bytes);
            let complaints = complaints.iter().map(ToString::to_string).collect();
            (Arc::new(lists), complaints)
        }
        Err(error) => (Arc::default(), vec![format!("{name}: {error}")]),
    }
}

/// The certificates of a PEM file, or the one of a DER file, as trust anchors.
///
/// # Errors
/// Why there are none, behind the file's name.
pub fn roots_in(path: &Path) -> Result<Arc<Anchors>, String> {
    followed_roots(FileName::new(FileKind::Roots, path.to_owned(), path))
}

fn followed_roots(file: FileName) -> Result<Arc<Anchors>, String> {
    let name = file.shown();
    last_good::parsed([file], |[read]| roots(name, read), String::clone)
}

fn roots(name: String, read: Result<Vec<u8>, FileError>) -> Result<Arc<Anchors>, String> {
    let bytes = read.map_err(|e| format!("{name}: {e}"))?;
    let is_pem = !matches!(bytes.first(), Some(0x30));
    match pem::mistaken(&bytes, Wanted::Certificate) {
        Some(what) if is_pem && !bytes.is_empty() => Err(format!("{name}: {what}")),
        _ => Anchors::from_bytes(name, &bytes)
            .map(Arc::new)
            .map_err(|e| e.to_string()),
    }
}

/// The environment may name files, which may hang as well.
fn system_roots() -> Result<Arc<Anchors>, String> {
    let found = in_time(Path::new("system"), Anchors::system);
    let found = found.map_err(|e| format!("the roots of the system cannot be read: {e}"))?;
    found.map(Arc::new).map_err(|e| e.to_string())
}
