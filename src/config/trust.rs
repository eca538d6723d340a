//! `trust:` and every `roots:` to trust anchors and revocation lists, each store and file of roots read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named_file::{self, FileError, FileKind};
use super::pem::{self, Wanted};
use super::reader::{Problem, Value};
use super::secret::masked;
use crate::pki::{Anchors, Crls};

/// What trust rests on where a target says nothing else.
pub(super) type Trust = (Arc<Anchors>, Arc<Crls>);

/// The stores that were named so far.
pub(super) struct TrustStores {
    /// What relative paths are relative to.
    pub(super) base: PathBuf,
    known: HashMap<String, Arc<Anchors>>,
    /// What was odd about them.
    pub(super) warnings: Vec<String>,
}

impl TrustStores {
    pub(super) fn new(base: &Path) -> Self {
        Self {
            base: base.to_owned(),
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
    pub(super) fn section(&mut self, section: &Value<'_>) -> Result<Trust, Problem> {
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
            let (lists, complaints) = lists_in(&self.base.join(file.text()?));
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
        fields.finish(&["roots", "crls"])?;
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
            file => roots_in(&self.base.join(file)),
        };
        let anchors = anchors.map_err(|error| {
            value.problem(format!("{error}, expected mozilla, system or a PEM file"))
        })?;
        self.warnings.extend(anchors.warnings().iter().cloned());
        let anchors = Arc::new(anchors);
        self.known.insert(text.to_owned(), Arc::clone(&anchors));
        Ok(anchors)
    }
}

/// The revocation lists of a file, and what is wrong with it or with others in it, behind the file's name.
fn lists_in(path: &Path) -> (Crls, Vec<String>) {
    let name = masked(&path.to_string_lossy());
    match named_file::read(path, FileKind::Crl) {
        Ok((bytes, _)) => {
            let (lists, complaints) = Crls::from_bytes(&name, &bytes);
            (lists, complaints.iter().map(ToString::to_string).collect())
        }
        Err(error) => (Crls::default(), vec![format!("{name}: {error}")]),
    }
}

/// The certificates of a PEM file, or the one of a DER file, as trust anchors.
///
/// # Errors
/// Why there are none, behind the file's name.
pub fn roots_in(path: &Path) -> Result<Anchors, String> {
    let name = masked(&path.to_string_lossy());
    let read = named_file::read(path, FileKind::Roots);
    let (bytes, _) = read.map_err(|e| format!("{name}: {e}"))?;
    let is_pem = !matches!(bytes.first(), Some(0x30));
    match pem::mistaken(&bytes, Wanted::Certificate) {
        Some(what) if is_pem && !bytes.is_empty() => Err(format!("{name}: {what}")),
        _ => Anchors::from_bytes(name, &bytes).map_err(|e| e.to_string()),
    }
}

/// The environment may name files, which may hang as well.
fn system_roots() -> Result<Anchors, String> {
    let found = named_file::in_time(Path::new("system"), || Ok(Anchors::system()));
    let found = found.map_err(|e: FileError| format!("the roots of the system: {e}"))?;
    found.map_err(|e| e.to_string())
}
