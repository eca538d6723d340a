//! A configuration file to settings, each validated once; opens no file but the ones it names.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::document;
use super::inside;
use super::inventory_files::InventoryFiles;
use super::keys;
use super::last_good::Base;
use super::named_file::FileKind;
use super::probe_endpoint;
use super::published;
use super::target_files::TargetFiles;
use super::target_list;
use super::targets::Common;
use super::trust::TrustStores;
use super::views::KnownViews;
use crate::policy::PolicySettings;
use crate::probe::Limits;
use crate::report::InsideSettings;
use crate::watch::{OnRequest, Settings};
use crate::yaml::{Document, DocumentError, Fields, KnownKeys, Problem, Value};

/// A configuration as it was read.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file.
    pub file: PathBuf,
    /// What the rounds need to know.
    pub settings: Settings,
    /// What may be probed on request.
    pub on_request: OnRequest,
    /// The file for people, secrets hidden.
    pub shown: String,
    /// The files that list more targets, not looked at yet.
    pub target_files: TargetFiles,
    /// The files about the inside of mail servers, not looked at yet.
    pub inventory_files: InventoryFiles,
    /// What is odd but no mistake, one line each.
    pub warnings: Vec<String>,
}

/// What the file for people has to know: the names of views, modules and checks say nothing about secrets, and the path
/// of a resolver may be an account.
static KNOWN_KEYS: KnownKeys = KnownKeys {
    with_names: &["views", "modules", "checks"],
    with_accounts: &["resolvers"],
};

impl Config {
    /// Reads a file. `helo` is the EHLO name where the file has none.
    ///
    /// # Errors
    /// [`DocumentError`] for the first mistake, with its line.
    pub fn load(file: &Path, helo: &str) -> Result<Self, DocumentError> {
        Self::of(&document::open(file, FileKind::Config)?, file, helo)
    }

    /// Reads what would be in a file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(file: &Path, bytes: &[u8], helo: &str) -> Result<Self, DocumentError> {
        Self::of(&Document::parse(file, bytes)?, file, helo)
    }

    fn of(document: &Document, file: &Path, helo: &str) -> Result<Self, DocumentError> {
        let mut stores = TrustStores::new(Base::of(file));
        let read = read(document, helo, &mut stores);
        let (settings, on_request, target_files, inventory_files) =
            read.map_err(|problem| document.error(problem))?;
        Ok(Self {
            file: file.to_owned(),
            settings,
            on_request,
            shown: document.shown(&KNOWN_KEYS),
            target_files,
            inventory_files,
            warnings: stores.warnings,
        })
    }
}

fn read(
    document: &Document,
    helo: &str,
    stores: &mut TrustStores,
) -> Result<(Settings, OnRequest, TargetFiles, InventoryFiles), Problem> {
    let mut fields = document.root().fields()?;
    let mut settings = probe_section(fields.take("probe"), helo)?;
    let (roots, crls) = match fields.take("trust") {
        Some(trust) => stores.section(&trust)?,
        None => (stores.mozilla(), Arc::default()),
    };
    settings.published = published::read(&mut fields, stores)?;
    let mut views = KnownViews::new();
    if let Some(section) = fields.take("views") {
        views.read(&section, &stores.base, &roots)?;
    }
    let mut common = Common::new(roots, crls, views.clone());
    if let Some(defaults) = fields.take("defaults") {
        common.defaults_section(&defaults, stores)?;
    }
    let on_request = probe_endpoint::read(fields.take("probe_endpoint"), &common, stores)?;
    settings.inside.thresholds = common.expect.expectations.thresholds;
    let inventories = match fields.take("inside") {
        Some(section) => inside::read(&section, &stores.base, &mut settings.inside)?,
        None => InventoryFiles::default(),
    };
    let files = fields.take("target_files");
    let listed = match fields.take("targets") {
        None if files.is_some() || !inventories.is_empty() => None,
        Some(listed) => Some(listed),
        None => Some(fields.require("targets", "a list of what to probe")?),
    };
    fields.finish(&keys::FILE.names())?;
    if let Some(listed) = listed {
        settings.targets = target_list::read(document, &listed, &common, stores)?;
    }
    let files = match files {
        Some(files) => TargetFiles::read(&files, &stores.base, common, settings.targets.clone())?,
        None => TargetFiles::default(),
    };
    settings.views = views.into_inner();
    Ok((settings, on_request, files, inventories))
}

fn probe_section(section: Option<Value<'_>>, helo: &str) -> Result<Settings, Problem> {
    let mut settings = Settings {
        targets: Vec::new(),
        inside: InsideSettings::default(),
        published: PolicySettings::new(Arc::default()),
        views: Vec::new(),
        limits: Limits {
            timeout: Duration::from_secs(10),
            helo: helo.to_owned(),
        },
        min_interval: Duration::from_secs(60),
        concurrency: 256,
        per_address: 1,
    };
    let Some(section) = section else {
        return Ok(settings);
    };
    let mut fields = section.fields()?;
    let seconds = Duration::from_secs;
    if let Some(value) = fields.take("timeout") {
        let range = Duration::from_millis(100)..=seconds(600);
        settings.limits.timeout = value.duration_in(range, "timeout")?;
    }
    if let Some(value) = fields.take("min_interval") {
        settings.min_interval = value.duration_in(seconds(0)..=seconds(86_400), "interval")?;
    }
    settings.concurrency = number(&mut fields, "concurrency", keys::CONCURRENCY)?.unwrap_or(256);
    settings.per_address = number(&mut fields, "per_address", keys::PER_ADDRESS)?.unwrap_or(1);
    if let Some(value) = fields.take("helo") {
        let expected = "a host name, or an address in brackets";
        settings.limits.helo = value.parsed_by(ehlo_name, expected)?;
    }
    fields.finish(&keys::PROBE.names())?;
    Ok(settings)
}

fn number(
    fields: &mut Fields<'_>,
    key: &str,
    range: RangeInclusive<u16>,
) -> Result<Option<usize>, Problem> {
    let value = fields.take(key);
    let number = value.map(|v| v.integer_in(range, "number of probes"));
    Ok(number.transpose()?.map(usize::from))
}

/// RFC 5321 §4.1.1.1: a domain, or an address literal.
fn ehlo_name(text: &str) -> Result<String, &'static str> {
    let is_sendable = |b: u8| b.is_ascii_graphic();
    // What is sent to every server is no URL and no login.
    let is_name = !text.contains(['@', '/']);
    if is_name && !text.is_empty() && text.len() <= 255 && text.bytes().all(is_sendable) {
        Ok(text.to_owned())
    } else {
        Err("not an EHLO name")
    }
}
