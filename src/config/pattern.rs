//! `target_files:` to the files that it names; reads none of them.

use std::path::{Path, PathBuf};

use super::last_good::Base;
use super::named_file;
use crate::yaml::secret::masked;
use crate::yaml::{Problem, Value};

const ENDINGS: [&str; 3] = [".yml", ".yaml", ".json"];

/// A directory and what its files' names begin and end with.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    directory: PathBuf,
    /// The directory as configured, with the slash behind it.
    written: String,
    begin: String,
    /// Behind the star; `None` when there is no star.
    end: Option<String>,
}

impl Pattern {
    pub(super) fn parse(value: &Value<'_>, base: &Base) -> Result<Self, Problem> {
        let expected =
            "a file or DIRECTORY/*.yml (or .yaml, .json), with one star in the file name at most";
        let text = value.text()?;
        let path = base.path(text);
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| ENDINGS.iter().any(|end| name.ends_with(end)));
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        let is_plain = !directory.to_string_lossy().contains('*');
        let (begin, end) = match name.map(|name| name.split_once('*').ok_or(name)) {
            Some(Ok((begin, end))) if is_plain && !end.contains('*') => (begin, Some(end)),
            Some(Err(name)) if is_plain => (name, None),
            _ => return Err(value.problem(format!("no pattern of files, expected {expected}"))),
        };
        Ok(Self {
            begin: begin.to_owned(),
            end: end.map(str::to_owned),
            written: match text.rfind('/') {
                Some(slash) => text[..=slash].to_owned(),
                None => String::new(),
            },
            directory,
        })
    }

    /// The files that there are, or would be, and their names as configured.
    pub(super) fn files(&self) -> Result<Vec<(PathBuf, String)>, String> {
        let known = |name: &str| (self.directory.join(name), format!("{}{name}", self.written));
        let Some(end) = &self.end else {
            return Ok(vec![known(&self.begin)]);
        };
        // The folder of a plain file name is nothing, which cannot be listed.
        let here = match self.directory.as_path() {
            folder if folder == Path::new("") => Path::new("."),
            folder => folder,
        };
        let shown = masked(&here.to_string_lossy());
        let refused = |e| format!("target_files: the folder {shown} {e}");
        let mut files = Vec::new();
        for name in named_file::names_in(here).map_err(refused)? {
            let fits = name.len() >= self.begin.len() + end.len();
            // As in a shell, a star does not stand for the dot of a hidden file.
            let is_hidden = name.starts_with('.') && !self.begin.starts_with('.');
            if fits && !is_hidden && name.starts_with(&self.begin) && name.ends_with(end) {
                files.push(known(&name));
            }
        }
        Ok(files)
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
                error.starts_with("x.yml:1: target_files: no pattern"),
                "{error}"
            );
        }
    }
}
