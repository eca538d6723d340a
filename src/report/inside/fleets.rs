//! Every connector over all servers that may use it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::connectors::applies;
use super::model::{ConnectorFleet, ServerReport};
use crate::facts::inventory::{Role, Select, ServerKey, Use, is_same_server, short_name};
use crate::reason::Reason;
use crate::verdict::Finding;

/// Each connector with the servers that can use a certificate for it, and those that cannot. A server that is named and
/// of which nobody knows, or not any more, is unknown.
pub(super) fn fleets(servers: &[Arc<ServerReport>]) -> Vec<ConnectorFleet> {
    let names = Names::new(servers);
    let mut drafts: BTreeMap<(String, Role), Draft<'_>> = BTreeMap::new();
    for server in servers {
        let uses = server.inventory().map(|newest| newest.uses());
        for connector in uses.unwrap_or_default().iter().filter(|one| is_asked(one)) {
            let key = (connector.name.to_lowercase(), connector.role);
            let draft = drafts.entry(key).or_insert_with(|| Draft::new(connector));
            draft.named(connector, server, &names);
        }
    }
    for server in servers {
        for (connector, finding) in findings(server) {
            let key = (connector.name.to_lowercase(), connector.role);
            if let Some(draft) = drafts.get_mut(&key) {
                draft.found(&server.facts.key, finding);
            }
        }
    }
    drafts.into_values().map(Draft::fleet).collect()
}

/// Whether it has to have a certificate at all.
fn is_asked(connector: &Use) -> bool {
    connector.enabled
        && match connector.select {
            Select::TlsCertificateName { .. } | Select::Fqdn(_) | Select::Place(_) => true,
            Select::Nothing | Select::Unresolved(_) => false,
        }
}

/// What was found of a server's connectors, as long as its inventory is young.
fn findings(server: &ServerReport) -> impl Iterator<Item = (&Use, &Finding)> {
    let judged = server.connectors.iter().filter(|_| server.is_young);
    judged.filter_map(|report| Some((server.use_of(report)?, &report.finding)))
}

/// The servers by their names without domain.
struct Names(HashMap<String, Vec<ServerKey>>);

impl Names {
    fn new(servers: &[Arc<ServerReport>]) -> Self {
        let mut all: HashMap<String, Vec<ServerKey>> = HashMap::new();
        for server in servers {
            let key = &server.facts.key;
            let short = short_name(&key.0).to_lowercase();
            all.entry(short).or_default().push(key.clone());
        }
        Self(all)
    }

    /// The server that is named; one that is not known by itself.
    fn find(&self, name: &str) -> ServerKey {
        let alike = self.0.get(&short_name(name).to_lowercase());
        let mut alike = alike.into_iter().flatten();
        let known = alike.find(|key| is_same_server(&key.0, name));
        known.map_or_else(|| ServerKey(Arc::from(name)), Clone::clone)
    }
}

/// A connector, while its servers are gathered.
struct Draft<'a> {
    connector: &'a str,
    role: Role,
    servers: BTreeSet<ServerKey>,
    results: BTreeMap<ServerKey, Result<(), Option<Reason>>>,
}

impl<'a> Draft<'a> {
    fn new(connector: &'a Use) -> Self {
        Self {
            connector: &connector.name,
            role: connector.role,
            servers: BTreeSet::new(),
            results: BTreeMap::new(),
        }
    }

    /// The servers that an inventory names for it, and the one that it is about.
    fn named(&mut self, connector: &Use, server: &ServerReport, names: &Names) {
        if connector.role == Role::Client {
            let named = connector.servers.iter().map(|name| names.find(name));
            self.servers.extend(named);
        }
        if applies(connector, &server.facts) {
            self.servers.insert(server.facts.key.clone());
        }
    }

    /// Of two connectors of one name on one server, the worse counts.
    fn found(&mut self, key: &ServerKey, finding: &Finding) {
        let result = match finding {
            Finding::Pass | Finding::Remark(_) => Ok(()),
            Finding::Fail(failure) => Err(Some(failure.reason)),
            Finding::Unknown(_) => Err(None),
            Finding::NotApplicable(_) => return,
        };
        let known = self.results.entry(key.clone()).or_insert(result);
        let is_worse = matches!(result, Err(Some(_))) || known.is_ok();
        if is_worse {
            *known = result;
        }
    }

    fn fleet(self) -> ConnectorFleet {
        let mut fleet = ConnectorFleet {
            connector: Arc::from(self.connector),
            role: self.role,
            pass: Vec::new(),
            fail: Vec::new(),
            unknown: Vec::new(),
        };
        for server in self.servers {
            match self.results.get(&server) {
                Some(Ok(())) => fleet.pass.push(server),
                Some(Err(Some(reason))) => fleet.fail.push((server, *reason)),
                Some(Err(None)) | None => fleet.unknown.push(server),
            }
        }
        fleet
    }
}
