//! Literals and foreign text to HTML: only literals are markup, everything else is escaped by its type.

use crate::plain::plain;

/// Longest foreign text on a page, in characters.
const MAX_TEXT: usize = 2000;

/// A page in the making.
#[derive(Debug)]
pub(super) struct Html {
    text: String,
    home: &'static str,
}

impl Html {
    /// An empty page; `home` leads from it to the start page.
    pub(super) fn new(home: &'static str) -> Self {
        let text = String::new();
        Self { text, home }
    }

    /// The way to the start page, to go on from. Links are relative, so that they also hold below the path of a
    /// reverse proxy.
    pub(super) fn home(&mut self) -> &mut Self {
        self.raw(self.home)
    }

    /// Markup. Being literal, it is ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.text.push_str(markup);
        self
    }

    /// Text, of whomever, between tags or in a quoted attribute.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape_into(&mut self.text, &plain(text, MAX_TEXT));
        self
    }

    /// Markup that a library writes from our own documents.
    pub(super) fn written(&mut self, write: impl FnOnce(&mut String)) -> &mut Self {
        write(&mut self.text);
        self
    }

    /// Several lines that we wrote ourselves from harmless letters (PEM); their breaks stay.
    pub(super) fn lines(&mut self, text: &str) -> &mut Self {
        for line in text.lines() {
            self.text(line).raw("\n");
        }
        self
    }

    /// A part of a path: everything that is not unreserved (RFC 3986 §2.3) is percent-encoded.
    pub(super) fn segment(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.text.push(char::from(byte));
            } else {
                self.text.push_str(&format!("%{byte:02X}"));
            }
        }
        self
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    fn text(of: &str) -> String {
        let mut html = Html::new("./");
        html.text(of);
        html.into_text()
    }

    #[test]
    fn strangers_write_text_and_no_markup() {
        assert_eq!(
            text("<script>alert('\"&')</script>"),
            "&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;"
        );
        assert_eq!(text("a\u{202e}b\u{0}c\nd"), "a\\u{202e}b\\u{0}c\\nd");
        assert_eq!(text("&lt;"), "&amp;lt;");
        assert!(text(&"x".repeat(10_000)).len() < 2100);
    }

    #[test]
    fn paths_hold_any_name() {
        let mut html = Html::new("./");
        html.segment("a/b?c#d \"ü\"..");
        assert_eq!(html.into_text(), "a%2Fb%3Fc%23d%20%22%C3%BC%22..");
    }
}
