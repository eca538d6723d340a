//! An inventory while it is read: each entry of its lists is understood and let go before the next is read.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::entries;
use super::item::Item;
use super::json::{Bounded, Json, Key};
use super::model::{Queue, Role, SectionError, StoredCertificate, Use};
use super::notes::Allowance;
use crate::certificate::Certificate;

/// Most values in an entry.
const MAX_VALUES: usize = 10_000;

/// What is no list.
const HEADS: [&str; 4] = ["schema", "collected_at", "collector", "server"];

/// What has been read.
pub(super) struct Draft<'k> {
    pub(super) heads: Vec<(String, Json)>,
    pub(super) errors: Vec<SectionError>,
    pub(super) queues: Option<Vec<Queue>>,
    pub(super) certificates: Option<Vec<StoredCertificate>>,
    pub(super) uses: Option<Vec<Use>>,
    pub(super) allowance: Allowance,
    known: &'k HashSet<Certificate>,
    /// Where each certificate stands.
    held: HashMap<Certificate, usize>,
    /// The ids of uses, in lower case.
    ids: HashSet<String>,
    connectors: HashSet<(String, Role)>,
    /// Words of queues; many have the same.
    words: HashSet<Arc<str>>,
    /// The keys that were there.
    keys: HashSet<String>,
}

#[derive(Clone, Copy)]
enum List {
    Errors,
    Queues,
    Certificates,
    Uses,
}

impl List {
    const ALL: [Self; 4] = [Self::Errors, Self::Queues, Self::Certificates, Self::Uses];

    /// The key, and the section.
    fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Queues => "queues",
            Self::Certificates => "certificates",
            Self::Uses => "uses",
        }
    }

    /// Most entries.
    fn most(self) -> usize {
        match self {
            Self::Errors => 100,
            Self::Queues => 20_000,
            Self::Certificates | Self::Uses => 1000,
        }
    }
}

impl<'k> Draft<'k> {
    pub(super) fn new(known: &'k HashSet<Certificate>) -> Self {
        Self {
            heads: Vec::new(),
            errors: Vec::new(),
            queues: None,
            certificates: None,
            uses: None,
            allowance: Allowance::default(),
            known,
            held: HashMap::new(),
            ids: HashSet::new(),
            connectors: HashSet::new(),
            words: HashSet::new(),
            keys: HashSet::new(),
        }
    }

    /// A list is there, even if nothing is in it.
    fn begin(&mut self, list: List) {
        match list {
            List::Errors => {}
            List::Queues => drop(self.queues.get_or_insert_default()),
            List::Certificates => drop(self.certificates.get_or_insert_default()),
            List::Uses => drop(self.uses.get_or_insert_default()),
        }
    }

    /// Understands an entry; `None` where it holds too much.
    fn add(&mut self, list: List, nth: usize, entry: Option<Json>) {
        let at = format!("{}[{nth}]", list.name());
        let Some(entry) = entry else {
            let line = format!("{at}: more than {MAX_VALUES} values, left out");
            return self.allowance.notes.add("limits", line);
        };
        let read = match list {
            List::Errors => self.add_error(at, entry),
            List::Queues => self.add_queue(at, entry),
            List::Certificates => self.add_certificate(at, entry),
            List::Uses => self.add_use(at, entry),
        };
        if let Err(mistake) = read {
            self.allowance.notes.add(list.name(), mistake);
        }
    }

    fn add_error(&mut self, at: String, entry: Json) -> Result<(), String> {
        let mut item = Item::new(at, entry, &mut self.allowance)?;
        self.errors.push(entries::section_error(&mut item)?);
        Ok(())
    }

    fn add_queue(&mut self, at: String, entry: Json) -> Result<(), String> {
        let mut item = Item::new(at, entry, &mut self.allowance)?;
        let mut queue = entries::queue(&mut item)?;
        let words = [
            &mut queue.use_id,
            &mut queue.last_error,
            &mut queue.delivery_type,
        ];
        let words = words.into_iter().filter_map(Option::as_mut);
        for word in words.chain([&mut queue.next_hop]) {
            match self.words.get(word) {
                Some(same) => *word = Arc::clone(same),
                None => drop(self.words.insert(Arc::clone(word))),
            }
        }
        self.queues.get_or_insert_default().push(queue);
        Ok(())
    }

    /// One that is there already adds what is known of it.
    fn add_certificate(&mut self, at: String, entry: Json) -> Result<(), String> {
        let line = format!("{at}: one of too many, left out");
        let mut item = Item::new(at, entry, &mut self.allowance)?;
        let stored = entries::certificate(&mut item, self.known)?;
        let all = self.certificates.get_or_insert_default();
        if let Some(before) = self.held.get(&stored.certificate) {
            all[*before].merge(stored);
            return Ok(());
        }
        // Names of a few bytes become text of their own: what is read out of it may be thirty times as long.
        if !self.allowance.take(stored.certificate.bytes()) {
            self.allowance.notes.add("limits", line);
            return Ok(());
        }
        self.held.insert(stored.certificate.clone(), all.len());
        all.push(stored);
        Ok(())
    }

    /// Two of one id could not be told apart by queues, and two of one name and role not by people.
    fn add_use(&mut self, at: String, entry: Json) -> Result<(), String> {
        let again = |key: &str| format!("{at}.{key}: that of an earlier one, expected its own");
        let mut item = Item::new(at.clone(), entry, &mut self.allowance)?;
        let read = entries::connector(&mut item)?;
        let named = (read.name.clone(), read.role);
        if self.connectors.contains(&named) {
            return Err(again("name"));
        }
        if !self.ids.insert(read.id.to_lowercase()) {
            return Err(again("id"));
        }
        self.connectors.insert(named);
        self.uses.get_or_insert_default().push(read);
        Ok(())
    }
}

impl StoredCertificate {
    fn merge(&mut self, other: Self) {
        let places = other.places.into_iter();
        let places: Vec<_> = places.filter(|p| !self.places.contains(p)).collect();
        self.places.extend(places);
        self.private_key = match (self.private_key, other.private_key) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            (None, _) | (_, None) => None,
        };
    }
}

/// The object that an inventory is.
pub(super) struct Whole<'d, 'k>(pub(super) &'d mut Draft<'k>);

impl<'de> Visitor<'de> for Whole<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while let Some(key) = values.next_key_seed(Key)? {
            let list = List::ALL.into_iter().find(|list| list.name() == key);
            if list.is_none() && !HEADS.contains(&key.as_str()) {
                values.next_value::<IgnoredAny>()?;
                continue;
            }
            if !self.0.keys.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key {key} is there twice")));
            }
            match list {
                Some(list) => drop(values.next_value_seed(Entries(self.0, list))?),
                None => {
                    let mut left = MAX_VALUES;
                    let head = values.next_value_seed(Bounded(&mut left))?;
                    self.0.heads.push((key, head));
                }
            }
        }
        Ok(())
    }
}

/// The entries of a list, or what Windows PowerShell makes of one: `{"value": […], "Count": 1}`, or the only entry.
/// Returns whether there was any of this.
struct Entries<'d, 'k>(&'d mut Draft<'k>, List);

impl Entries<'_, '_> {
    fn mistake<E>(self, found: &str) -> Result<bool, E> {
        let Self(draft, list) = self;
        let line = format!("{}: {found}, expected a list", list.name());
        draft.allowance.notes.add(list.name(), line);
        Ok(false)
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    /// Not collected.
    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        self.mistake("true or false")
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        self.mistake("a number")
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        self.mistake("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        self.mistake("a number")
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        self.mistake("a text")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<bool, A::Error> {
        let Self(draft, list) = self;
        draft.begin(list);
        let mut found = 0;
        while found < list.most() {
            let mut left = MAX_VALUES;
            let Some(entry) = values.next_element_seed(Bounded(&mut left))? else {
                return Ok(true);
            };
            draft.add(list, found, (left > 0).then_some(entry));
            found += 1;
        }
        while values.next_element::<IgnoredAny>()?.is_some() {
            found += 1;
        }
        if found > list.most() {
            let (name, most) = (list.name(), list.most());
            let line = format!("{name}: {found} entries, of which the first {most} are kept");
            draft.allowance.notes.add("limits", line);
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<bool, A::Error> {
        let Self(draft, list) = self;
        let (mut only, mut left, mut is_list) = (Vec::new(), MAX_VALUES, false);
        while let Some(key) = values.next_key_seed(Key)? {
            if key == "value" && !is_list {
                is_list = values.next_value_seed(Entries(draft, list))?;
            } else if left > 0 {
                only.push((key, values.next_value_seed(Bounded(&mut left))?));
                left = left.saturating_sub(1);
            } else {
                values.next_value::<IgnoredAny>()?;
            }
        }
        if !is_list {
            draft.begin(list);
            draft.add(list, 0, (left > 0).then_some(Json::Object(only)));
        }
        Ok(true)
    }
}
