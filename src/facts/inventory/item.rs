//! One object of an inventory to its fields, each of the type that is asked for; a mistake is one line with its path.

use std::borrow::Cow;

use super::address::without_addresses;
use super::json::Json;
use super::moment::moment;
use super::notes::Allowance;
use crate::timestamp::Timestamp;

/// Most characters of a text that is kept.
const MAX_LENGTH: usize = 4096;

/// Most texts in a list.
const MAX_TEXTS: usize = 1000;

/// An object and where it stands.
pub(super) struct Item<'a> {
    at: String,
    object: Vec<(String, Json)>,
    allowance: &'a mut Allowance,
}

/// What is wrong, with its path.
pub(super) type Mistake = String;

impl<'a> Item<'a> {
    /// What stands there, if it is an object.
    pub(super) fn new(
        at: String,
        value: Json,
        allowance: &'a mut Allowance,
    ) -> Result<Self, Mistake> {
        match value {
            Json::Object(object) => Ok(Self {
                at,
                object,
                allowance,
            }),
            other => Err(format!("{at}: {}, expected an object", other.kind())),
        }
    }

    /// Whatever is behind the key; null is nothing.
    pub(super) fn take(&mut self, key: &str) -> Result<Option<Json>, Mistake> {
        let Some(place) = self.place(key) else {
            return Ok(None);
        };
        let (_, value) = self.object.swap_remove(place);
        if self.place(key).is_some() {
            return Err(format!("{}: there twice", self.path(key)));
        }
        Ok(Some(value).filter(|value| *value != Json::Null))
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.object.iter().position(|(name, _)| name == key)
    }

    /// Where the value of a key stands.
    pub(super) fn path(&self, key: &str) -> String {
        match self.at.as_str() {
            "" => key.to_owned(),
            at => format!("{at}.{key}"),
        }
    }

    /// What may still be taken.
    pub(super) fn allowance(&mut self) -> &mut Allowance {
        self.allowance
    }

    /// One line about a section.
    pub(super) fn note(&mut self, section: &'static str, line: String) {
        self.allowance.notes.add(section, line);
    }

    /// What was read, or nothing and a line about it.
    pub(super) fn or_noted<T: Default>(
        &mut self,
        section: &'static str,
        read: Result<T, Mistake>,
    ) -> T {
        read.unwrap_or_else(|mistake| {
            self.note(section, mistake);
            T::default()
        })
    }

    /// A text that is no words: the whole of it.
    pub(super) fn base64(&mut self, key: &str) -> Result<String, Mistake> {
        let what = "a text in base64";
        match self.take(key)? {
            Some(Json::Text(mut text)) => {
                text.retain(|c| !c.is_ascii_whitespace());
                Ok(text)
            }
            Some(other) => Err(self.expected(key, &other, what)),
            None => self.required(key, None, what),
        }
    }

    fn expected(&self, key: &str, value: &Json, what: &str) -> Mistake {
        format!("{}: {}, expected {what}", self.path(key), value.kind())
    }

    /// An object in it.
    pub(super) fn inner(&mut self, key: &str) -> Result<Option<Item<'_>>, Mistake> {
        let (at, value) = (self.path(key), self.take(key)?);
        let inner = value.map(|value| Item::new(at, value, self.allowance));
        inner.transpose()
    }

    /// A text as it is written.
    pub(super) fn exact(&mut self, key: &str) -> Result<Option<String>, Mistake> {
        let Some(value) = self.take(key)? else {
            return Ok(None);
        };
        match word(value) {
            Ok(text) => Ok(Some(self.shortened(key, text))),
            Err(other) => Err(self.expected(key, &other, "a text")),
        }
    }

    /// A text without what may be an address.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Mistake> {
        Ok(self.exact(key)?.map(masked))
    }

    fn shortened(&mut self, key: &str, text: String) -> String {
        let Some((end, _)) = text.char_indices().nth(MAX_LENGTH) else {
            return text;
        };
        let line = format!(
            "{}: longer than {MAX_LENGTH} characters, cut",
            self.path(key)
        );
        self.note("limits", line);
        text[..end].to_owned()
    }

    /// What must be there.
    pub(super) fn required<T>(
        &self,
        key: &str,
        value: Option<T>,
        what: &str,
    ) -> Result<T, Mistake> {
        value.ok_or_else(|| format!("{}: missing, expected {what}", self.path(key)))
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, Mistake> {
        match self.take(key)? {
            None => Ok(None),
            Some(Json::Flag(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.expected(key, &other, "true or false")),
        }
    }

    /// A number of things.
    pub(super) fn count(&mut self, key: &str) -> Result<Option<u64>, Mistake> {
        self.parsed(key, "an integer from 0", |text| text.parse().ok())
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str) -> Result<Option<f64>, Mistake> {
        let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        self.parsed(key, "a number", finite)
    }

    /// A time.
    pub(super) fn moment(&mut self, key: &str) -> Result<Option<Timestamp>, Mistake> {
        self.parsed(key, "a time as 2023-06-07T07:30:00Z", moment)
    }

    /// A time that servers may not know: what lies before 1970 is the nothing of .NET.
    pub(super) fn known_moment(&mut self, key: &str) -> Result<Option<Timestamp>, Mistake> {
        Ok(self.moment(key)?.filter(|moment| moment.0 >= 0))
    }

    fn parsed<T>(
        &mut self,
        key: &str,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Mistake> {
        let Some(value) = self.take(key)? else {
            return Ok(None);
        };
        let text = word(value).map_err(|other| self.expected(key, &other, what))?;
        let parsed = parse(text.trim());
        let wrong = || format!("{}: expected {what}", self.path(key));
        parsed.map(Some).ok_or_else(wrong)
    }

    /// Texts without what may be addresses.
    pub(super) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, Mistake> {
        let texts = self.exact_texts(key)?;
        Ok(texts.map(|texts| texts.into_iter().map(masked).collect()))
    }

    /// Texts as they are written.
    pub(super) fn exact_texts(&mut self, key: &str) -> Result<Option<Vec<String>>, Mistake> {
        let Some(value) = self.take(key)? else {
            return Ok(None);
        };
        let mut values = elements(value);
        let most = MAX_TEXTS.min(self.allowance.texts);
        if values.len() > most {
            let (path, found) = (self.path(key), values.len());
            let line = format!("{path}: {found} texts, of which the first {most} are kept");
            self.allowance.notes.add("limits", line);
            values.truncate(most);
        }
        self.allowance.texts -= values.len();
        let mut texts = Vec::with_capacity(values.len());
        for (nth, value) in values.into_iter().enumerate() {
            let key = format!("{key}[{nth}]");
            let text = word(value).map_err(|other| self.expected(&key, &other, "a text"))?;
            texts.push(self.shortened(&key, text));
        }
        Ok(Some(texts))
    }
}

fn masked(text: String) -> String {
    match without_addresses(&text) {
        Cow::Owned(masked) => masked,
        Cow::Borrowed(_) => text,
    }
}

/// A text, or what Windows PowerShell makes of one: a number, or `{"value": 1, "Value": "Name"}`.
fn word(value: Json) -> Result<String, Json> {
    match value {
        Json::Text(text) => Ok(text),
        Json::Number(number) => Ok(number.to_string()),
        Json::Object(object) => match the(&object, "Value") {
            Some(Json::Text(name)) => Ok(name.clone()),
            _ => Err(Json::Object(object)),
        },
        other @ (Json::Null | Json::Flag(_) | Json::List(_)) => Err(other),
    }
}

/// A list, or what Windows PowerShell makes of one: `{"value": […], "Count": 1}`, or the only element.
fn elements(value: Json) -> Vec<Json> {
    match value {
        Json::List(list) => list,
        Json::Object(object) => match the(&object, "value") {
            Some(Json::List(list)) => list.clone(),
            _ => vec![Json::Object(object)],
        },
        other => vec![other],
    }
}

fn the<'a>(object: &'a [(String, Json)], key: &str) -> Option<&'a Json> {
    let mut values = object.iter().filter(|(name, _)| name == key);
    values.next().map(|(_, value)| value)
}
