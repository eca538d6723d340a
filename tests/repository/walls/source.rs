//! Rust text to the paths it names and the lines it counts: just enough of the language for that. Unit tests are left
//! out, comments and the insides of literals too.

use std::collections::{BTreeSet, HashMap};

/// A file below `src/`.
pub(crate) struct Source {
    /// Below `src/`, with `/`.
    pub(crate) path: String,
    text: String,
    bare: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            bare: without_tests(&bare(text)),
        }
    }

    /// Whether it begins by saying what it is.
    pub(crate) fn opens_with_a_sentence(&self) -> bool {
        self.text.starts_with("//! ")
    }

    /// Lines of code: neither blank nor comment nor unit test.
    pub(crate) fn lines(&self) -> usize {
        let lines = self.bare.lines();
        lines.filter(|line| !line.trim().is_empty()).count()
    }

    /// The top-level module that it belongs to; `main` and `lib` are their own.
    pub(crate) fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// Every path of more than one segment, and everything imported, from its crate on: `crate::dns::Lookup`.
    pub(crate) fn paths(&self) -> BTreeSet<String> {
        let module = self.module();
        let named = Named::of(&tokens(&self.bare));
        let known = named.names(&module);
        let full = named
            .paths
            .iter()
            .map(|path| resolve(path, &module, &known).join("::"));
        full.collect()
    }

    /// The types, traits and aliases declared here that other files can see.
    pub(crate) fn types(&self) -> Vec<&str> {
        let tokens = tokens(&self.bare);
        let declared = tokens.windows(3).filter(|three| {
            let is_seen = ["pub", ")"].contains(&three[0]);
            is_seen && ["struct", "enum", "trait", "type"].contains(&three[1])
        });
        declared.map(|three| three[2]).collect()
    }

    /// `crate::dns::hickory` for `dns/hickory.rs`.
    pub(crate) fn module(&self) -> Vec<String> {
        let mut module = vec!["crate".to_owned()];
        let path = self.path.trim_end_matches(".rs");
        let parts = path
            .split('/')
            .filter(|part| !["mod", "lib", "main"].contains(part));
        module.extend(parts.map(str::to_owned));
        module
    }

    /// The files of modules that only tests have: `#[cfg(test)] mod case;`.
    pub(crate) fn test_files(&self) -> Vec<String> {
        let whole = bare(&self.text);
        let folder = self.path.trim_end_matches("mod.rs").trim_end_matches(".rs");
        whole
            .split(TEST_ONLY)
            .skip(1)
            .filter_map(|item| item.trim_start().strip_prefix("mod ")?.split_once(';'))
            .filter(|(name, _)| name.chars().all(is_word))
            .map(|(name, _)| format!("{}/{name}.rs", folder.trim_end_matches('/')))
            .collect()
    }
}

const TEST_ONLY: &str = "#[cfg(test)]";

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text without comments and without what stands in literals; lines stay lines.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (skipped, kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), "")
        } else if rest.starts_with("/*") {
            (block_comment(rest), " ")
        } else if let Some(length) = text_literal(rest, out.ends_with(is_word)) {
            (length, "\"")
        } else if let Some(length) = character(rest) {
            (length, "'")
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.push_str(kept);
        for _ in rest[..skipped].matches('\n') {
            out.push('\n');
            out.push_str(kept.trim());
        }
        rest = &rest[skipped..];
    }
    out
}

fn block_comment(rest: &str) -> usize {
    rest.find("*/").map_or(rest.len(), |end| end + 2)
}

/// The length of the string that begins here, with `r`, `b` and `#` where it has them.
fn text_literal(rest: &str, in_word: bool) -> Option<usize> {
    let prefix = rest.find(|c| !['r', 'b', 'c'].contains(&c))?;
    let hashes = rest[prefix..].find(|c| c != '#')?;
    let open = prefix + hashes;
    if !rest[open..].starts_with('"') || prefix > 0 && in_word {
        return None;
    }
    if rest[..prefix].contains('r') {
        let close = format!("\"{}", "#".repeat(hashes));
        let end = rest[open + 1..].find(&close);
        return Some(end.map_or(rest.len(), |end| open + 1 + end + close.len()));
    }
    let mut escaped = false;
    let end = rest[open + 1..].char_indices().find(|(_, c)| {
        let closes = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        closes
    });
    Some(end.map_or(rest.len(), |(end, _)| open + 2 + end)).filter(|_| hashes == 0)
}

/// The length of the character that begins here; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    if first == '\\' {
        // The escaped character may be the quote itself.
        return Some(inside[2..].find('\'')? + 4);
    }
    let width = first.len_utf8();
    inside[width..].starts_with('\'').then_some(width + 2)
}

/// The text without the items that only tests have; `text` is bare.
fn without_tests(text: &str) -> String {
    let mut parts = text.split(TEST_ONLY);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(&part[item_end(part)..]);
    }
    out
}

/// Where the first item ends: at its `;`, or where its braces close.
fn item_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Words, `::`, and all else as single characters.
fn tokens(bare: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = bare.trim_start();
    while let Some(c) = rest.chars().next() {
        let length = if is_word(c) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            c.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

type Path = Vec<String>;

/// What a file names.
#[derive(Default)]
struct Named {
    paths: Vec<Path>,
    /// Names that imports bring in, with their paths.
    imports: Vec<(String, Path)>,
    /// Modules declared here.
    modules: Vec<String>,
}

impl Named {
    fn of(tokens: &[&str]) -> Self {
        let mut named = Self::default();
        let mut at = 0;
        while at < tokens.len() {
            at = match (tokens[at], tokens.get(at + 1).copied().unwrap_or_default()) {
                // `use<'a>` in a type is no import.
                // Nor is `pub(in a::b)`, which says who sees a thing.
                ("pub", "(") if tokens.get(at + 2) == Some(&"in") => {
                    let end = tokens[at..].iter().position(|token| *token == ")");
                    end.map_or(tokens.len(), |end| at + end)
                }
                ("use", next) if next != "<" => named.tree(tokens, at + 1, Vec::new()),
                ("mod", name) if tokens.get(at + 2) == Some(&";") => {
                    named.modules.push(name.to_owned());
                    at + 3
                }
                (first, "::") if first.starts_with(is_word) && begins(tokens, at) => {
                    named.path(tokens, at)
                }
                _ => at + 1,
            };
        }
        named
    }

    /// `a::b::c` in an expression or a type.
    fn path(&mut self, tokens: &[&str], mut at: usize) -> usize {
        let mut path = vec![tokens[at].to_owned()];
        while tokens.get(at + 1) == Some(&"::")
            && tokens.get(at + 2).is_some_and(|t| t.starts_with(is_word))
        {
            path.push(tokens[at + 2].to_owned());
            at += 2;
        }
        self.paths.push(path);
        at + 1
    }

    /// `a::{b, c as d}` behind `use`, with what stands before it. Returns where it ends.
    fn tree(&mut self, tokens: &[&str], mut at: usize, mut path: Path) -> usize {
        while let Some(token) = tokens.get(at) {
            match *token {
                "::" => {}
                "{" => {
                    at += 1;
                    while tokens.get(at).is_some_and(|t| *t != "}") {
                        let next = self.tree(tokens, at, path.clone());
                        at = next + usize::from(tokens.get(next) == Some(&","));
                    }
                    return at + 1;
                }
                "self" if !path.is_empty() => {}
                "as" => {
                    let alias = tokens.get(at + 1).copied().unwrap_or_default();
                    self.import(alias, path);
                    return at + 2;
                }
                "," | "}" | ";" => {
                    let last = path.last().cloned().unwrap_or_default();
                    self.import(&last, path);
                    return at;
                }
                word => path.push(word.to_owned()),
            }
            at += 1;
        }
        at
    }

    fn import(&mut self, name: &str, path: Path) {
        self.imports.push((name.to_owned(), path.clone()));
        self.paths.push(path);
    }

    /// What first words mean in this file.
    fn names(&self, module: &[String]) -> HashMap<String, Path> {
        let mut names = HashMap::new();
        for name in &self.modules {
            let mut path = module.to_vec();
            path.push(name.clone());
            names.insert(name.clone(), path);
        }
        let own = names.clone();
        for (name, path) in &self.imports {
            names.insert(name.clone(), resolve(path, module, &own));
        }
        names
    }
}

/// Whether a path begins at this word: not in the middle of one, and not a method's.
fn begins(tokens: &[&str], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map_or("", |i| tokens[i]);
    match before(1) {
        "." => false,
        // `::time::x` begins at `time`; `<T>::x` and `a::b` do not begin at their ends.
        "::" => !before(2).starts_with(is_word) && before(2) != ">",
        _ => true,
    }
}

fn resolve(path: &[String], module: &[String], names: &HashMap<String, Path>) -> Path {
    let mut base = module.to_vec();
    let mut rest = path;
    match path.first().map(String::as_str) {
        Some("crate" | "smtp_tls_exporter") => base.truncate(1),
        Some("self") => {}
        Some("super") => {
            while rest.get(1).is_some_and(|next| next == "super") {
                base.pop();
                rest = &rest[1..];
            }
            base.pop();
        }
        Some(first) => match names.get(first) {
            Some(known) => base.clone_from(known),
            None => base = vec![first.to_owned()],
        },
        None => return Vec::new(),
    }
    base.extend_from_slice(&rest[1..]);
    base
}
