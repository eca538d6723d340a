//! `target_files:` and `inside.files:` to the files that they name; reads none of them.

use std::path::{Path, PathBuf};

use super::last_good::Base;
use super::named_file;
use crate::yaml::secret::masked;
use crate::yaml::{Problem, Value};

const LISTS: Kind = Kind {
    key: "target_files",
    endings: &[".yml", ".yaml", ".json"],
    expected: "a file or DIRECTORY/*.yml (or .yaml, .json), with one star in the file name at most",
};

const INVENTORIES: Kind = Kind {
    key: "inside.files",
    endings: &[".json"],
    expected: "a file or DIRECTORY/*.json, with one star in the file name at most",
};

/// Which files are meant.
#[derive(Debug)]
struct Kind {
    key: &'static str,
    endings: &'static [&'static str],
    expected: &'static str,
}

/// A directory and what its files' names begin and end with.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    kind: &'static Kind,
    directory: PathBuf,
    /// The directory as configured, with the slash behind it.
    written: String,
    begin: String,
    /// Behind the star; `None` when there is no star.
    end: Option<String>,
}

impl Pattern {
    pub(super) fn parse(value: &Value<'_>, base: &Base) -> Result<Self, Problem> {
        Self::of(&LISTS, value, base)
    }

    pub(super) fn of_inventories(value: &Value<'_>, base: &Base) -> Result<Self, Problem> {
        Self::of(&INVENTORIES, value, base)
    }

    /// An inventory that somebody names, or all in a folder.
    pub(super) fn of_path(path: &Path) -> Self {
        let is_folder = named_file::names_in(path).is_ok();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (directory, begin, end) = match is_folder {
            true => (path, String::new(), Some(".json".to_owned())),
            false => (
                path.parent().unwrap_or_else(|| Path::new("")),
                name.into_owned(),
                None,
            ),
        };
        Self {
            kind: &INVENTORIES,
            directory: directory.to_owned(),
            written: format!("{}/", directory.display()),
            begin,
            end,
        }
    }

    fn of(kind: &'static Kind, value: &Value<'_>, base: &Base) -> Result<Self, Problem> {
        let text = value.text()?;
        let path = base.path(text);
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| kind.endings.iter().any(|end| name.ends_with(end)));
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        let is_plain = !directory.to_string_lossy().contains('*');
        let (begin, end) = match name.map(|name| name.split_once('*').ok_or(name)) {
            Some(Ok((begin, end))) if is_plain && !end.contains('*') => (begin, Some(end)),
            Some(Err(name)) if is_plain => (name, None),
            _ => {
                let expected = kind.expected;
                return Err(value.problem(format!("not a file pattern, expected {expected}")));
            }
        };
        Ok(Self {
            kind,
            begin: begin.to_owned(),
            end: end.map(str::to_owned),
            written: match text.rfind('/') {
                Some(slash) => text[..=slash].to_owned(),
                None => String::new(),
            },
            directory,
        })
    }

    /// Whether it names this file, be it there or not.
    pub(super) fn names(&self, file: &Path) -> bool {
        let name = file.file_name().and_then(|name| name.to_str());
        file.parent() == Some(&self.directory) && name.is_some_and(|name| self.fits(name))
    }

    fn fits(&self, name: &str) -> bool {
        let Some(end) = &self.end else {
            return name == self.begin;
        };
        // As in a shell, a star does not stand for the dot of a hidden file.
        let is_hidden = name.starts_with('.') && !self.begin.starts_with('.');
        let is_long_enough = name.len() >= self.begin.len() + end.len();
        is_long_enough && !is_hidden && name.starts_with(&self.begin) && name.ends_with(end)
    }

    /// The file name, perhaps with a star.
    pub(super) fn file_name(&self) -> String {
        let star = self.end.as_ref().map(|end| format!("*{end}"));
        format!("{}{}", self.begin, star.unwrap_or_default())
    }

    /// The files that there are, or would be, and their names as configured.
    pub(super) fn files(&self) -> Result<Vec<(PathBuf, String)>, String> {
        let known = |name: &str| (self.directory.join(name), format!("{}{name}", self.written));
        if self.end.is_none() {
            return Ok(vec![known(&self.begin)]);
        }
        // The folder of a plain file name is nothing, which cannot be listed.
        let here = match self.directory.as_path() {
            folder if folder == Path::new("") => Path::new("."),
            folder => folder,
        };
        let shown = masked(&here.to_string_lossy());
        let key = self.kind.key;
        let refused = |e| format!("{key}: the folder {shown} {e}");
        let names = named_file::names_in(here).map_err(refused)?;
        let fitting = names.iter().filter(|name| self.fits(name));
        Ok(fitting.map(|name| known(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn patterns_are_one_star_in_the_name_of_a_list() {
        for bad in ["*/a.yml", "a*b*.yml", "targets", "targets/*", "*.conf", "/"] {
            let yaml = format!("target_files: '{bad}'\n");
            let error = Config::parse(Path::new("x.yml"), yaml.as_bytes(), "me").unwrap_err();
            let error = error.to_string();
            assert!(
                error.starts_with("x.yml:1: target_files: not a file pattern"),
                "{error}"
            );
        }
    }
}
