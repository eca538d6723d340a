//! Chains of kinds that our own verifier does not try, made by `openssl`: root, intermediate, leaf; knows no servers.

use super::certificates::{P256, Pair, Workshop};

/// Keys and signatures of a chain, as arguments of `openssl`.
pub(crate) struct Kind {
    pub(crate) name: String,
    root: Vec<String>,
    intermediate: Vec<String>,
    /// How root and intermediate sign.
    signing: [Vec<String>; 2],
    /// The extensions of the intermediate; without any it is of version 1.
    extensions: &'static str,
    /// What is to be said of the path.
    pub(crate) said: Vec<String>,
}

/// Whose key or signature is odd.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Root,
    Intermediate,
}

const CA: &str = "basicConstraints=critical,CA:TRUE\n";

impl Kind {
    fn usual(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            root: words(P256),
            intermediate: words(P256),
            signing: [Vec::new(), Vec::new()],
            extensions: CA,
            said: Vec::new(),
        }
    }

    /// One of them has such a key.
    pub(crate) fn key(name: &str, by: By, key: &[&str], said: &[&str]) -> Self {
        let mut kind = Self::usual(&format!("{name}-{by:?}")).saying(by, said);
        match by {
            By::Root => kind.root = words(key),
            By::Intermediate => kind.intermediate = words(key),
        }
        kind
    }

    /// One of them signs so, with such a key.
    pub(crate) fn signature(
        name: &str,
        by: By,
        (key, signing): (&[&str], &[&str]),
        said: &[&str],
    ) -> Self {
        let mut kind = Self::key(name, by, key, said);
        kind.signing[by as usize] = words(signing);
        kind
    }

    /// The intermediate is of version 1.
    pub(crate) fn version_1() -> Self {
        Self {
            extensions: "",
            said: words(&["'CN=version-1 Intermediate'", "X.509 version 1"]),
            ..Self::usual("version-1")
        }
    }

    /// Whose signature it is, and these.
    fn saying(mut self, by: By, said: &[&str]) -> Self {
        let name = &self.name;
        let (of, by) = match by {
            By::Root => (format!("{name} Intermediate"), format!("{name} Root")),
            By::Intermediate => (format!("{name} Leaf"), format!("{name} Intermediate")),
        };
        self.said = vec![format!("'CN={of}'"), format!("'CN={by}'")];
        self.said.extend(words(said));
        self
    }

    /// The root, the intermediate and the leaf.
    pub(crate) fn issue(&self, workshop: &Workshop, host: &str) -> [Pair; 3] {
        let name = |who: &str| format!("{} {who}", self.name);
        let root = workshop.request(&name("Root"), &borrowed(&self.root));
        workshop.sign(&root, None, CA, &[]);
        let intermediate = workshop.request(&name("Intermediate"), &borrowed(&self.intermediate));
        let [by_root, by_intermediate] = self.signing.each_ref().map(|s| borrowed(s));
        workshop.sign(&intermediate, Some(&root), self.extensions, &by_root);
        let leaf = workshop.request(&name("Leaf"), P256);
        let names = format!("subjectAltName=DNS:{host}\n");
        workshop.sign(&leaf, Some(&intermediate), &names, &by_intermediate);
        [root, intermediate, leaf]
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn borrowed(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}
