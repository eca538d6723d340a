//! A Postfix instance of this machine to what an inventory says of it, by postconf and postqueue.

mod listing;
mod parameters;
mod sni;
mod uses;

use std::collections::BTreeSet;
use std::path::Path;

use self::listing::MailRoute;
use self::parameters::{Parameters, Service, items};
use self::uses::{FoundUse, places};
use super::findings::{Findings, InventorySection};
use super::masked::masked;
use super::program::{Finished, Program, ProgramFault};
use super::shelf::Shelf;
use super::tally::Tally;
use super::{addresses, file};
use crate::facts::inventory::{Role, Select, ServerKind, Use};

/// What else has to be known of an instance.
const PARAMETERS: [&str; 11] = [
    "myhostname",
    "mail_version",
    "multi_instance_name",
    "inet_interfaces",
    "relayhost",
    "default_transport",
    "relay_transport",
    "transport_maps",
    "sender_dependent_default_transport_maps",
    "mydestination",
    "virtual_mailbox_domains",
];
const SNI_MAPS: &str = "tls_server_sni_maps";

/// A program of Postfix, asked about one instance.
struct Instance<'a> {
    config_dir: Option<&'a Path>,
    postconf: Option<Program>,
    postqueue: Option<Program>,
}

/// What can be found out about an instance: the one in this directory, or Postfix' default one.
pub(super) fn findings(config_dir: Option<&Path>, next_hops: usize) -> Findings {
    let instance = Instance {
        config_dir,
        postconf: Program::find(&["postconf"]),
        postqueue: Program::find(&["postqueue"]),
    };
    let mut findings = Findings::of(ServerKind::Postfix);
    let (parameters, services) = match instance.configuration() {
        Ok(configuration) => configuration,
        Err(why) => {
            findings.complain(InventorySection::Uses, &why);
            Default::default()
        }
    };
    instance.introduce(&parameters, &mut findings);
    let mut uses = uses::uses(&parameters, &services);
    if !services.is_empty() {
        let route = route(&parameters, &uses);
        uses.extend(sni_uses(&parameters, &uses, &mut findings));
        shelve(uses, &mut findings);
        instance.count(&route, next_hops, &mut findings);
    } else {
        instance.count(&MailRoute::default(), next_hops, &mut findings);
    }
    findings
}

impl Instance<'_> {
    /// The first words of a command about this instance.
    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let dir = self.config_dir.map(|dir| dir.display().to_string());
        let begin = dir.map(|dir| ["-c".to_owned(), dir]).into_iter().flatten();
        begin
            .chain(more.iter().map(|word| (*word).to_owned()))
            .collect()
    }

    fn postconf(&self, more: &[&str]) -> Result<String, String> {
        let program = self.postconf.as_ref().ok_or("postconf is not found")?;
        let finished = program.run(&self.arguments(more));
        let finished = finished.map_err(|fault: ProgramFault| fault.to_string())?;
        if !finished.is_success {
            return Err(complaint("postconf", &finished));
        }
        Ok(finished.printed)
    }

    fn configuration(&self) -> Result<(Parameters, Vec<Service>), String> {
        let names = uses::parameters();
        let mut words: Vec<_> = names.iter().map(String::as_str).collect();
        words.extend(PARAMETERS);
        words.push(SNI_MAPS);
        let written = self.postconf(&words)?;
        words.insert(0, "-x");
        let parameters = Parameters::read(&written, &self.postconf(&words)?);
        let lines = self.postconf(&["-M"])?;
        let overrides = self.postconf(&["-x", "-P"])?;
        Ok((parameters, parameters::services(&lines, &overrides)))
    }

    /// Who it is.
    fn introduce(&self, parameters: &Parameters, findings: &mut Findings) {
        let full = parameters.value("myhostname");
        findings.call(full, self.instance_name(parameters).as_deref());
        findings.version = parameters.value("mail_version").to_owned();
        findings.addresses = addresses::own();
        let listens: Result<Vec<_>, _> = items(parameters.value("inet_interfaces"))
            .map(|item| item.trim_matches(['[', ']']).parse())
            .collect();
        match listens {
            Ok(listed) if !listed.is_empty() => {
                findings.addresses = listed.into_iter().filter(addresses::is_of_use).collect();
            }
            // `all`, `loopback-only`, or names, which only DNS could tell.
            _ => {}
        }
    }

    /// The default instance has the machine's name alone.
    fn instance_name(&self, parameters: &Parameters) -> Option<String> {
        let dir = self.config_dir?;
        let default = self.postconf(&["-d", "-h", "config_directory"]);
        if default.is_ok_and(|default| Path::new(default.trim()) == dir) {
            return None;
        }
        match parameters.value("multi_instance_name") {
            "" => Some(dir.file_name()?.to_str()?.to_owned()),
            name => Some(name.to_owned()),
        }
    }

    /// Reads the queue, line by line.
    fn count(&self, route: &MailRoute, next_hops: usize, findings: &mut Findings) {
        let Some(postqueue) = &self.postqueue else {
            return findings.complain(InventorySection::Queues, "postqueue is not found");
        };
        let (mut tally, mut unread) = (Tally::default(), 0_u64);
        let outcome = postqueue.stream(&self.arguments(&["-j"]), &mut |line| {
            let is_read = line.is_empty() || route.count(line, &mut tally).is_ok();
            unread += u64::from(!is_read);
        });
        if unread > 0 {
            let text = format!("{unread} lines of postqueue could not be read");
            findings.complain(InventorySection::Queues, &text);
        }
        match outcome {
            Ok(finished) => {
                let is_down = finished
                    .complaints
                    .to_lowercase()
                    .contains("mail system is down");
                findings.running = Some(!is_down);
                if !finished.is_success {
                    return findings
                        .complain(InventorySection::Queues, &complaint("postqueue", &finished));
                }
            }
            Err(fault) => findings.complain(InventorySection::Queues, &fault.to_string()),
        }
        findings.queues = Some(tally.into_queues(next_hops));
    }
}

/// The last line of what a program complained of.
fn complaint(program: &str, finished: &Finished) -> String {
    let last = finished.complaints.lines().last().unwrap_or_default();
    match masked(last, 400) {
        last if last.is_empty() => format!("{program} failed"),
        last => last,
    }
}

/// Where mail goes, as far as main.cf says so in words.
fn route(parameters: &Parameters, uses: &[FoundUse]) -> MailRoute {
    let words = |name| items(parameters.value(name)).map(str::to_ascii_lowercase);
    let local: BTreeSet<String> = words("mydestination")
        .chain(words("virtual_mailbox_domains"))
        .collect();
    let relayhost = parameters.value("relayhost").replace(['[', ']'], "");
    MailRoute {
        relayhost: (!relayhost.is_empty()).then_some(relayhost),
        use_id: use_of_mail(parameters, uses),
        local,
    }
}

/// The use with which mail leaves: the only one there is, or else the default transport's where no table may say
/// something else.
fn use_of_mail(parameters: &Parameters, uses: &[FoundUse]) -> Option<String> {
    let clients = uses.iter().filter(|u| u.entry.role == Role::Client);
    // Hardly anybody sends to other servers by LMTP; its service is in every master.cf.
    let is_idle = |found: &&FoundUse| found.entry.id == "lmtp" && found.files.is_empty();
    let clients: Vec<_> = clients.filter(|found| !is_idle(found)).collect();
    if let [only] = clients[..] {
        return Some(only.entry.id.clone());
    }
    let tables = ["transport_maps", "sender_dependent_default_transport_maps"];
    if tables
        .iter()
        .any(|table| !parameters.value(table).is_empty())
    {
        return None;
    }
    let of = |name| {
        let transport = parameters.value(name).split(':').next()?;
        clients
            .iter()
            .find(|u| u.services.iter().any(|s| s == transport))
    };
    let [default, relay] = ["default_transport", "relay_transport"].map(of);
    let (default, relay) = (default?, relay?);
    (default.entry.id == relay.entry.id).then(|| default.entry.id.clone())
}

/// The certificates that a server presents to whoever asks for one of these names.
fn sni_uses(parameters: &Parameters, uses: &[FoundUse], findings: &mut Findings) -> Vec<FoundUse> {
    if !uses.iter().any(|u| u.entry.role == Role::Server) {
        return Vec::new();
    }
    let tables = items(parameters.value(SNI_MAPS));
    tables
        .flat_map(|table| sni_uses_of(table, findings))
        .collect()
}

fn sni_uses_of(table: &str, findings: &mut Findings) -> Vec<FoundUse> {
    let unresolved = |why: String| {
        let entry = server_use(&format!("sni {table}"), Select::Unresolved(why));
        vec![FoundUse::without_service(entry, Vec::new())]
    };
    let Some(path) = sni::source_of(table) else {
        return unresolved("only tables that postmap makes of a text are read".to_owned());
    };
    let text = match file::read(Path::new(path)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            let why = format!("{path}: {error}");
            findings.complain(InventorySection::Uses, &why);
            return unresolved(why);
        }
    };
    let found = |entry: sni::SniEntry| {
        let id = format!("sni {}", entry.name);
        let mut used = server_use(&id, Select::Place(places(&entry.files)));
        used.fqdn = Some(entry.name);
        FoundUse::without_service(used, entry.files)
    };
    sni::entries(&text).into_iter().map(found).collect()
}

fn server_use(id: &str, select: Select) -> Use {
    Use::new(id, id, Role::Server, select)
}

/// Reads the files of all uses.
fn shelve(uses: Vec<FoundUse>, findings: &mut Findings) {
    let mut shelf = Shelf::default();
    for files in uses.iter().flat_map(|found| &found.files) {
        shelf.take(files);
    }
    findings.shelve(shelf);
    findings.list(uses.into_iter().map(|found| found.entry).collect());
}
