//! What is remembered of policies to a file that outlives the process, and back; SQLite does the rest.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Row, Transaction, params};

use super::remembered::Remembered;
use crate::facts::published::{KnownPolicy, StsPolicy};
use crate::timestamp::Timestamp;

/// Which domain is meant, and in which view.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainAt {
    /// The mail domain.
    pub domain: Arc<str>,
    /// Who looked.
    pub view: Arc<str>,
}

/// The file's name in the state directory.
const FILE: &str = "policies.sqlite";

/// The form of the table below; files of a later one are left alone.
const VERSION: i64 = 1;

/// What was last seen so long ago is forgotten: no sender keeps a policy longer than a year.
const FORGOTTEN: i64 = 400 * 86_400;

/// Most pages of 4 KiB: 64 MiB, a thousand policies of the largest size.
const MOST_PAGES: i64 = 16_384;

/// How long a file is waited for that another process writes.
const PATIENCE: Duration = Duration::from_millis(500);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS policy (
        domain TEXT NOT NULL,
        view TEXT NOT NULL,
        -- 0 is the policy that counts; former ones follow.
        place INTEGER NOT NULL,
        id TEXT NOT NULL,
        text TEXT NOT NULL,
        hash BLOB NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        seen_under_old_id INTEGER NOT NULL,
        PRIMARY KEY (domain, view, place)
    ) STRICT, WITHOUT ROWID;";

/// An open file.
pub(super) struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the file, or makes it, and reads what it has. Nobody else has it open until this is dropped.
    ///
    /// # Errors
    /// Why it is of no use, in words: it cannot be opened or written, is damaged, or of a later version.
    pub(super) fn open(
        directory: &Path,
        now: Timestamp,
    ) -> Result<(Self, Vec<(DomainAt, Remembered)>), String> {
        let path = directory.join(FILE);
        let told = |why: String| format!("{}: {why}", path.display());
        let connection = Connection::open(&path).map_err(|e| told(e.to_string()))?;
        prepare(&connection).map_err(told)?;
        let read = |e: rusqlite::Error| told(e.to_string());
        let oldest = now.plus_seconds(-FORGOTTEN).0;
        connection
            .execute("DELETE FROM policy WHERE last_seen < ?1", [oldest])
            .map_err(read)?;
        let known = all(&connection).map_err(read)?;
        Ok((Self { connection }, known))
    }

    /// Writes what is remembered of these domains, in the place of what was: all of it or nothing.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    pub(super) fn save(&mut self, all: &[(DomainAt, Remembered)]) -> Result<(), String> {
        if all.is_empty() {
            return Ok(());
        }
        let saved = self.connection.transaction().and_then(|change| {
            for (at, known) in all {
                write(&change, at, known)?;
            }
            change.commit()
        });
        saved.map_err(|error| error.to_string())
    }
}

fn prepare(connection: &Connection) -> Result<(), String> {
    let told = |error: rusqlite::Error| error.to_string();
    connection.busy_timeout(PATIENCE).map_err(told)?;
    connection
        .pragma_update(None, "locking_mode", "EXCLUSIVE")
        .map_err(told)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(told)?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(told)?;
    connection
        .pragma_update(None, "max_page_count", MOST_PAGES)
        .map_err(told)?;
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(told)?;
    if version > VERSION {
        return Err(format!(
            "written by a later version ({version}) of this program"
        ));
    }
    let state: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(told)?;
    if state != "ok" {
        return Err(state);
    }
    connection.execute_batch(SCHEMA).map_err(told)?;
    connection
        .pragma_update(None, "user_version", VERSION)
        .map_err(told)
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<(DomainAt, Remembered)>> {
    let mut query = connection.prepare(
        "SELECT domain, view, place, id, text, hash, first_seen, last_seen, seen_under_old_id
         FROM policy ORDER BY domain, view, place",
    )?;
    let mut rows = query.query([])?;
    let mut all: Vec<(DomainAt, Remembered)> = Vec::new();
    while let Some(row) = rows.next()? {
        let at = DomainAt {
            domain: row.get::<_, String>(0)?.into(),
            view: row.get::<_, String>(1)?.into(),
        };
        // A text that a later version of this program reads otherwise is no policy any more.
        let Some(policy) = policy(row)? else { continue };
        if all.last().is_none_or(|(last, _)| *last != at) {
            all.push((at, Remembered::default()));
        }
        if let Some((_, known)) = all.last_mut() {
            match row.get::<_, i64>(2)? {
                0 => known.current = Some(policy),
                _ => known.former.push(policy),
            }
        }
    }
    Ok(all)
}

fn policy(row: &Row<'_>) -> rusqlite::Result<Option<KnownPolicy>> {
    let text: String = row.get(4)?;
    let Ok(policy) = StsPolicy::read(text.as_bytes()) else {
        return Ok(None);
    };
    Ok(Some(KnownPolicy {
        id: row.get::<_, String>(3)?.into(),
        policy: Arc::new(policy),
        text: text.into(),
        hash: row.get(5)?,
        first_seen: Timestamp(row.get(6)?),
        last_seen: Timestamp(row.get(7)?),
        seen_under_old_id: row.get(8)?,
    }))
}

fn write(change: &Transaction<'_>, at: &DomainAt, known: &Remembered) -> rusqlite::Result<()> {
    let (domain, view) = (&*at.domain, &*at.view);
    change.execute(
        "DELETE FROM policy WHERE domain = ?1 AND view = ?2",
        params![domain, view],
    )?;
    // The first place is the current one's, also when there is none.
    let places = (1_i64..).zip(&known.former);
    let all = known
        .current
        .iter()
        .map(|current| (0, current))
        .chain(places);
    for (place, one) in all {
        change.execute(
            "INSERT INTO policy VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                domain,
                view,
                place,
                &*one.id,
                &*one.text,
                one.hash,
                one.first_seen.0,
                one.last_seen.0,
                one.seen_under_old_id,
            ],
        )?;
    }
    Ok(())
}
