//! `roots:` to trust anchors, each store and file read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reader::{Problem, Value};
use crate::pki::Anchors;

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
            "system" => Anchors::system(),
            file => Anchors::from_pem_file(&self.base.join(file)),
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
