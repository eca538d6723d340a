//! What files say to what is known of each server: whose each is, which is the youngest, whose is missing. Reads nothing,
//! and knows no time.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::earlier::Earlier;
use super::model::Inventory;
use super::server::{FileFault, InsideFacts, ServerFacts, ServerKey, Stray, TroubleWithFile};
use crate::plain::plain;
use crate::timestamp::Timestamp;

/// Most servers that have no inventory and are known because others name them.
const MAX_ABSENT: usize = 1000;

/// Most names of such servers that are looked at.
const MAX_NAMED: usize = 100_000;

/// A server that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedServer {
    /// Its name, with or without its domain.
    pub name: String,
    /// Its addresses, instead of those in its inventory.
    pub addresses: Option<Vec<IpAddr>>,
    /// Older than so many seconds an inventory of it says nothing any more.
    pub max_age: Option<i64>,
}

/// A file, and what it said.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Its name without folders.
    pub file: String,
    /// What it said when it could last be read.
    pub said: Option<Arc<Inventory>>,
    /// What is kept of what it said of the same server before that.
    pub before: Option<Arc<Earlier>>,
    /// What is the matter with it now.
    pub fault: Option<FileFault>,
}

/// Who has to be there, and what is remembered of those who are.
#[derive(Debug, Clone)]
pub struct Census {
    /// The servers that the configuration names.
    pub named: Vec<NamedServer>,
    /// Older than so many seconds an inventory says nothing any more.
    pub max_age: i64,
    since: BTreeMap<String, Arc<Since>>,
}

/// Three runs of a collector that runs every five minutes.
const MAX_AGE: i64 = 900;

impl Default for Census {
    fn default() -> Self {
        Self {
            named: Vec::new(),
            max_age: MAX_AGE,
            since: BTreeMap::new(),
        }
    }
}

/// Since when each certificate is known to be on a server, by SHA-1.
type Since = HashMap<[u8; 20], Timestamp>;

/// What makes two names the same server: in lower case, without a domain unless several have the same name without it.
type Id = String;

/// The files of one server.
#[derive(Default)]
struct Files<'a>(Vec<(&'a Sheet, &'a Arc<Inventory>)>);

impl Census {
    /// Remembers what another one does.
    pub fn inherit(&mut self, before: &Self) {
        self.since = before.since.clone();
    }

    /// All that is known, and what is odd about it, one line each.
    pub fn take(&mut self, sheets: &[Sheet]) -> (InsideFacts, Vec<String>) {
        let mut servers = BTreeMap::<Id, Files<'_>>::new();
        for sheet in sheets {
            if let Some(said) = &sheet.said {
                let id = self.id(&said.server.name, said.server.fqdn.as_deref());
                servers.entry(id).or_default().0.push((sheet, said));
            }
        }
        servers.values_mut().for_each(Files::sort);
        let mut facts = InsideFacts {
            servers: self.absent(&servers),
            strays: strays(sheets, &servers),
        };
        self.since.retain(|id, _| servers.contains_key(id));
        let odd = servers.values().filter_map(Files::of_two).collect();
        for (id, files) in servers {
            let since = files.since(self.since.get(&id));
            self.since.insert(id.clone(), Arc::clone(&since));
            facts.servers.extend(self.present(&id, &files, since));
        }
        facts.servers.sort_by(|one, other| one.key.cmp(&other.key));
        (facts, odd)
    }

    fn present(&self, id: &str, files: &Files<'_>, since: Arc<Since>) -> Option<ServerFacts> {
        let (sheet, newest) = files.0.first()?;
        let identity = &newest.server;
        let shown = match id == short(&identity.name).to_ascii_lowercase() {
            true => short(&identity.name).into_owned(),
            false => match (self.named(id), &identity.fqdn) {
                (Some(named), _) => named.name.clone(),
                (None, Some(fqdn)) => fqdn.clone(),
                (None, None) => identity.name.clone(),
            },
        };
        Some(ServerFacts {
            newest: Some(Arc::clone(newest)),
            earlier: files.earlier(),
            file: sheet.file.clone(),
            fault: sheet.fault.clone(),
            certificates_since: since,
            ..self.nothing_of(id, &shown)
        })
    }

    fn nothing_of(&self, id: &str, shown: &str) -> ServerFacts {
        let named = self.named(id);
        ServerFacts {
            key: ServerKey(shown.into()),
            newest: None,
            earlier: None,
            file: String::new(),
            fault: None,
            max_age: named.and_then(|n| n.max_age).unwrap_or(self.max_age),
            addresses: named.and_then(|n| n.addresses.clone()),
            certificates_since: Arc::default(),
        }
    }

    /// The servers that should have an inventory and have none.
    fn absent(&self, present: &BTreeMap<Id, Files<'_>>) -> Vec<ServerFacts> {
        let mut absent = BTreeMap::<Id, ServerFacts>::new();
        let most = self.named.len() + MAX_ABSENT;
        let mut add = |name: &str, detail: &dyn Fn() -> String| {
            let id = self.id(name, None);
            let is_known = present.contains_key(&id) || absent.contains_key(&id);
            if is_known || absent.len() >= most {
                return;
            }
            let shown = match id == short(name).to_ascii_lowercase() {
                true => short(name).into_owned(),
                false => name.to_owned(),
            };
            let detail = plain(&detail(), 300);
            let trouble = TroubleWithFile::Missing;
            let server = ServerFacts {
                fault: Some(FileFault { trouble, detail }),
                ..self.nothing_of(&id, &shown)
            };
            absent.insert(id, server);
        };
        for named in &self.named {
            add(&named.name, &|| "no file is about it".to_owned());
        }
        let sources = present
            .values()
            .filter_map(|files| Some(files.0.first()?.1));
        let mut left = MAX_NAMED;
        for inventory in sources {
            for one in inventory.uses().iter().filter(|one| one.enabled) {
                let names = one.servers.iter().filter(|name| !name.is_empty());
                for name in names.take(left) {
                    left -= 1;
                    add(name, &|| {
                        let (server, connector) = (&inventory.server.name, &one.name);
                        format!(
                            "no file is about it, but by that of {server} it may use {connector}"
                        )
                    });
                }
            }
        }
        absent.into_values().collect()
    }

    /// The configured server that this is.
    fn named(&self, id: &str) -> Option<&NamedServer> {
        match self.same(id).as_slice() {
            [only] if short(id) == id => Some(only),
            [] | [_] => None,
            several => {
                let mut several = several.iter().copied();
                several.find(|named| named.name.eq_ignore_ascii_case(id))
            }
        }
    }

    /// The configured servers of this name, domains aside.
    fn same(&self, name: &str) -> Vec<&NamedServer> {
        let name = short(name);
        let is_same = |named: &&NamedServer| short(&named.name).eq_ignore_ascii_case(&name);
        self.named.iter().filter(is_same).collect()
    }

    fn id(&self, name: &str, fqdn: Option<&str>) -> Id {
        let same = self.same(name);
        if same.len() < 2 {
            return short(name).to_ascii_lowercase();
        }
        let is_it = |named: &&NamedServer| {
            let is = |name: &str| named.name.eq_ignore_ascii_case(name);
            is(name) || fqdn.is_some_and(is)
        };
        match same.into_iter().find(is_it) {
            Some(named) => named.name.to_ascii_lowercase(),
            None => fqdn.unwrap_or(name).to_ascii_lowercase(),
        }
    }
}

impl Files<'_> {
    /// The youngest first.
    fn sort(&mut self) {
        self.0.sort_by(|(one, a), (other, b)| {
            let younger = b.collected_at.cmp(&a.collected_at);
            younger.then_with(|| one.file.cmp(&other.file))
        });
    }

    fn before(&self) -> impl Iterator<Item = &Arc<Earlier>> {
        self.0.iter().filter_map(|(sheet, _)| sheet.before.as_ref())
    }

    /// The youngest that is older than the youngest of all.
    fn earlier(&self) -> Option<Arc<Earlier>> {
        let newest = self.0.first()?.1.collected_at;
        let mut said = self.0.iter().map(|(_, said)| *said);
        let said = said.find(|said| said.collected_at < newest);
        let before = self.before().filter(|one| one.collected_at < newest);
        let before = before.max_by_key(|one| one.collected_at);
        match (said, before) {
            (Some(said), Some(before)) if said.collected_at < before.collected_at => {
                Some(Arc::clone(before))
            }
            (Some(said), _) => Some(Arc::new(Earlier::of(said))),
            (None, before) => before.cloned(),
        }
    }

    fn since(&self, before: Option<&Arc<Since>>) -> Arc<Since> {
        let mut since = Since::new();
        let mut add = |sha1, seen: Timestamp| {
            let known = before.and_then(|before| before.get(&sha1));
            let first = known.copied().unwrap_or(seen).min(seen);
            let at = since.entry(sha1).or_insert(first);
            *at = (*at).min(first);
        };
        for (_, said) in &self.0 {
            for stored in said.certificates() {
                add(stored.certificate.fingerprints().sha1, said.collected_at);
            }
        }
        for earlier in self.before() {
            for sha1 in &earlier.certificates {
                add(*sha1, earlier.collected_at);
            }
        }
        match before {
            Some(before) if **before == since => Arc::clone(before),
            Some(_) | None => Arc::new(since),
        }
    }

    /// Files of different servers that seem to be one.
    fn of_two(&self) -> Option<String> {
        let fqdn = |(sheet, said): &(&Sheet, &Arc<Inventory>)| {
            let fqdn = said.server.fqdn.as_ref()?;
            Some((sheet.file.clone(), fqdn.clone()))
        };
        let mut all = self.0.iter().filter_map(fqdn);
        let (file, first) = all.next()?;
        let (other_file, other) = all.find(|(_, fqdn)| !fqdn.eq_ignore_ascii_case(&first))?;
        let said = format!(
            "{file} is about {first} and {other_file} about {other}, which count as one server: name both under \
             inside.servers, with their domains"
        );
        Some(plain(&said, 500))
    }
}

/// What is the matter with files that tell of no server, or of one that another file tells of, too.
fn strays(sheets: &[Sheet], servers: &BTreeMap<Id, Files<'_>>) -> Vec<Stray> {
    let speaks = |sheet: &Sheet| {
        let mut first = servers
            .values()
            .filter_map(|files| Some(files.0.first()?.0));
        sheet.said.is_some() && first.any(|one| std::ptr::eq(one, sheet))
    };
    let stray = |sheet: &Sheet| {
        let fault = sheet.fault.clone().filter(|_| !speaks(sheet))?;
        let file = sheet.file.clone();
        Some(Stray { file, fault })
    };
    sheets.iter().filter_map(stray).collect()
}

/// A name without its domain. `mx1.bear.test/postfix-out` is `mx1/postfix-out`.
fn short(name: &str) -> Cow<'_, str> {
    let (host, instance) = name.split_at(name.find('/').unwrap_or(name.len()));
    match host.split_once('.') {
        Some((first, _)) if host.parse::<Ipv4Addr>().is_err() => match instance {
            "" => Cow::Borrowed(first),
            instance => Cow::Owned(format!("{first}{instance}")),
        },
        Some(_) | None => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::read;
    use super::*;

    fn inventory(name: &str, at: &str, more: &str) -> Option<Arc<Inventory>> {
        let text = format!(
            r#"{{"schema": "smtp-tls-inventory/1", "collected_at": "2023-06-07T{at}Z", "server": {{"name": "{name}"{more}}}}}"#
        );
        let read = read(text.as_bytes(), &HashSet::new());
        Some(Arc::new(read.unwrap_or_else(|e| panic!("{text}: {e:?}"))))
    }

    fn earlier(at: &str) -> Option<Arc<Earlier>> {
        inventory("a", at, "").map(|one| Arc::new(Earlier::of(&one)))
    }

    fn sheet(file: &str, said: Option<Arc<Inventory>>) -> Sheet {
        let file = file.to_owned();
        Sheet {
            file,
            said,
            ..Sheet::default()
        }
    }

    fn named(name: &str) -> NamedServer {
        NamedServer {
            name: name.to_owned(),
            addresses: None,
            max_age: None,
        }
    }

    fn census(names: &[&str]) -> Census {
        Census {
            named: names.iter().map(|name| named(name)).collect(),
            max_age: 900,
            ..Census::default()
        }
    }

    fn keys(facts: &InsideFacts) -> Vec<(&str, &str)> {
        let servers = facts.servers.iter();
        servers.map(|s| (&*s.key.0, s.file.as_str())).collect()
    }

    #[test]
    fn names_compare_without_case_and_domain() {
        let mut census = census(&["beara.bear.test", "BearB", "192.0.2.9"]);
        census.named[0].max_age = Some(60);
        let (facts, odd) = census.take(&[
            sheet("a", inventory("BEARA", "07:30:00", "")),
            sheet("b", inventory("mx1.bear.test/postfix-out", "07:30:00", "")),
        ]);
        assert_eq!(
            keys(&facts),
            [
                ("192.0.2.9", ""),
                ("BEARA", "a"),
                ("BearB", ""),
                ("mx1/postfix-out", "b")
            ]
        );
        let ages: Vec<_> = facts.servers.iter().map(|s| s.max_age).collect();
        assert_eq!(ages, [900, 60, 900, 900]);
        let missing = facts.servers[2].fault.as_ref().unwrap();
        assert_eq!(missing.trouble, TroubleWithFile::Missing);
        assert!(odd.is_empty());
    }

    #[test]
    fn servers_that_differ_in_their_domains_are_named_with_them() {
        let one = |at| inventory("mx", at, r#", "fqdn": "mx.a.test""#);
        let other = |at| inventory("MX", at, r#", "fqdn": "mx.b.test""#);
        let sheets = [sheet("a", one("07:30:00")), sheet("b", other("07:31:00"))];
        let (facts, odd) = census(&[]).take(&sheets);
        assert_eq!(keys(&facts), [("MX", "b")]);
        assert!(
            odd[0].starts_with("b is about mx.b.test and a about mx.a.test"),
            "{odd:?}"
        );
        let (facts, odd) = census(&["mx.A.test", "mx.b.test"]).take(&sheets);
        assert_eq!(keys(&facts), [("mx.A.test", "a"), ("mx.b.test", "b")]);
        assert!(odd.is_empty());
    }

    #[test]
    fn the_younger_counts_and_the_older_gives_the_trend() {
        let mut old = sheet("old", inventory("a", "07:20:00", ""));
        let mut new = sheet("new", inventory("a", "07:30:00", ""));
        let fault = |detail: &str| {
            let (trouble, detail) = (TroubleWithFile::NotJson, detail.to_owned());
            Some(FileFault { trouble, detail })
        };
        old.before = earlier("07:10:00");
        new.before = earlier("07:25:00");
        (old.fault, new.fault) = (fault("one"), fault("other"));
        let (facts, _) = census(&[]).take(&[old, new]);
        let [server] = facts.servers.as_slice() else {
            panic!("{facts:?}")
        };
        let newest = server.newest.as_ref().unwrap().collected_at;
        assert_eq!(newest.to_string(), "2023-06-07T07:30:00Z");
        let earlier = server.earlier.as_ref().unwrap().collected_at;
        assert_eq!(earlier.to_string(), "2023-06-07T07:25:00Z");
        assert_eq!(
            (server.file.as_str(), &server.fault),
            ("new", &fault("other"))
        );
        let strays = facts.strays.iter().map(|s| s.file.as_str());
        assert_eq!(strays.collect::<Vec<_>>(), ["old"]);
    }

    #[test]
    fn who_may_use_a_connector_and_says_nothing_is_missing() {
        let uses = r#"}, "uses": [{"id": "c", "name": "Outbound", "role": "client", "select": {"none": true}, "servers": ["A", "b.bear.test", "B"]},
            {"id": "d", "role": "client", "enabled": false, "select": {"none": true}, "servers": ["C"]}], "x": {"y": 1"#;
        let (facts, _) = census(&[]).take(&[sheet("a", inventory("a", "07:30:00", uses))]);
        assert_eq!(keys(&facts), [("a", "a"), ("b", "")]);
        let detail = &facts.servers[1].fault.as_ref().unwrap().detail;
        assert_eq!(
            detail,
            "no file is about it, but by that of a it may use Outbound"
        );
    }

    #[test]
    fn a_certificate_is_there_since_it_was_first_seen() {
        use data_encoding::BASE64;
        let der = include_bytes!("../../../tests/fixtures/certificates/ordinary.der");
        let der = BASE64.encode(der);
        let held = format!(r#"}}, "certificates": [{{"der": "{der}"}}], "x": {{"y": 1"#);
        let mut census = census(&[]);
        let mut since = |at: &str, more: &str| {
            let (facts, _) = census.take(&[sheet("a", inventory("a", at, more))]);
            let since = &facts.servers[0].certificates_since;
            since.values().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(since("07:30:00", ""), [""; 0]);
        assert_eq!(since("07:35:00", &held), ["2023-06-07T07:35:00Z"]);
        assert_eq!(since("07:40:00", &held), ["2023-06-07T07:35:00Z"]);
        assert_eq!(since("07:45:00", ""), [""; 0]);
        assert_eq!(since("07:50:00", &held), ["2023-06-07T07:50:00Z"]);
    }
}
