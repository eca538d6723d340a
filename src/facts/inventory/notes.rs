//! What a reader had to leave out of an inventory, told as far as people read it, and what it may still take.

use super::model::SectionError;

/// What is told one by one of a section; the rest is counted.
const MAX_TOLD: usize = 20;

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Section>);

#[derive(Debug)]
struct Section {
    name: &'static str,
    told: Vec<String>,
    more: usize,
}

impl Notes {
    /// One line about a section.
    pub(super) fn add(&mut self, name: &'static str, line: String) {
        let place = self.0.iter().position(|section| section.name == name);
        let place = place.unwrap_or_else(|| {
            let (told, more) = (Vec::new(), 0);
            self.0.push(Section { name, told, more });
            self.0.len() - 1
        });
        let section = &mut self.0[place];
        if section.told.len() < MAX_TOLD {
            section.told.push(line);
        } else {
            section.more += 1;
        }
    }

    /// All of it, section by section.
    pub(super) fn into_errors(self) -> Vec<SectionError> {
        let mut errors = Vec::new();
        for Section { name, told, more } in self.0 {
            let more = (more > 0).then(|| format!("and {more} more"));
            errors.extend(told.into_iter().chain(more).map(|text| SectionError {
                section: name.to_owned(),
                text,
            }));
        }
        errors
    }
}

/// How much memory an inventory may still take, whatever is in it.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Texts in lists.
    pub(super) texts: usize,
    /// Bytes of what is read out of certificates and names.
    pub(super) bytes: usize,
    /// What was cut, one line each.
    pub(super) notes: Notes,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            texts: 200_000,
            bytes: 16 << 20,
            notes: Notes::default(),
        }
    }
}

impl Allowance {
    /// Whether so many bytes may be taken; they are then.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some()
    }
}
