//! What the index says of a fault, beside what it should say.

use rusqlite::Row;

use super::MAX_BODY;
use super::fault::Fault;
use super::server::ordinary_page;
use crate::support::Workspace;
use gongkai::digest::Digest;
use gongkai::frontier::state::UrlState;

/// Faults whose page leads to another of the same host, on the same connection if that is still open.
const FOLLOWED_BY_ANOTHER: usize = 6;

/// What must be recorded of a fault.
pub(super) struct Expected {
    name: &'static str,
    host: String,
    url: String,
    /// Whether the page is at fault, and not what comes before it.
    is_of_pages: bool,
    recorded: [&'static str; 3],
}

impl Expected {
    pub(super) fn of(fault: &Fault) -> Self {
        Self {
            name: fault.name,
            host: fault.host(),
            url: fault.url(),
            is_of_pages: fault.is_of_pages(),
            recorded: [fault.standing, fault.capture, fault.rest],
        }
    }
}

/// Compares every fault; says of all that differ how.
pub(super) fn check(workspace: &Workspace, expected: &[Expected]) {
    let differs = expected.iter().filter_map(|one| {
        let found = recorded(workspace, one);
        let expected = one.recorded;
        let why = || failures(workspace, &one.host);
        (found != expected)
            .then(|| format!("{}: {found:?}, expected {expected:?}{}", one.name, why()))
    });
    let differs: Vec<_> = differs.collect();
    assert!(differs.is_empty(), "{}", differs.join("\n"));
}

fn recorded(workspace: &Workspace, one: &Expected) -> [String; 3] {
    let (state, reason) = url(workspace, one);
    let rest = word(&rest(workspace, &one.host));
    if one.is_of_pages {
        return [format!("{state} {reason}"), capture(workspace, &one.url), rest];
    }
    let robots = capture(workspace, &format!("{}robots.txt", one.url));
    [format!("{state}: {}", standing(workspace, one)), robots, rest]
}

fn one<T>(
    workspace: &Workspace,
    question: &str,
    about: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> T {
    workspace
        .database()
        .query_row(question, [about], |row| read(row))
        .unwrap_or_else(|error| panic!("{about}: {error}"))
}

fn url(workspace: &Workspace, expected: &Expected) -> (&'static str, String) {
    one(workspace, "SELECT state, reason FROM urls WHERE url = ?", &expected.url, |row| {
        let state = UrlState::from_number(row.get(0)?).unwrap().as_str();
        Ok((state, row.get::<_, Option<String>>(1)?.unwrap_or_default()))
    })
}

fn rest(workspace: &Workspace, host: &str) -> String {
    let reason =
        one(workspace, "SELECT rest_reason FROM hosts WHERE name = ?", host, |row| row.get(0));
    Option::<String>::unwrap_or_default(reason)
}

fn standing(workspace: &Workspace, expected: &Expected) -> String {
    let origin = expected.url.trim_end_matches('/');
    one(workspace, "SELECT standing, why FROM origins WHERE origin = ?", origin, |row| {
        let (standing, why): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(format!("{standing} {}", word(&why)).trim_end().to_owned())
    })
}

fn capture(workspace: &Workspace, url: &str) -> String {
    let latest = "SELECT c.kind, c.status, c.truncated, c.failure FROM captures c
         JOIN urls u ON u.id = c.url_id WHERE u.url = ? ORDER BY c.id DESC LIMIT 1";
    one(workspace, latest, url, |row| {
        let status = row.get::<_, Option<u16>>(1)?.map(|status| format!(" {status}"));
        let cut = row.get::<_, Option<String>>(2)?.map(|why| format!(" cut {why}"));
        let failure = row.get::<_, Option<String>>(3)?.map(|why| format!(" {}", word(&why)));
        let parts = [status, cut, failure].map(Option::unwrap_or_default);
        // The payload of two pages that are alike is stored once.
        let kind = row.get::<_, String>(0)?.replace("revisit", "response");
        Ok(kind + &parts.concat())
    })
}

/// All that failed at a host, in its own words, for who has to find out why.
fn failures(workspace: &Workspace, host: &str) -> String {
    let question =
        "SELECT coalesce(group_concat('\n    ' || u.url || ' ' || c.failure || ', after '
             || c.elapsed_ms || ' ms', ''), '') FROM captures c
         JOIN urls u ON u.id = c.url_id JOIN hosts h ON h.id = u.host_id
         WHERE h.name = ? AND c.failure IS NOT NULL";
    one(workspace, question, host, |row| row.get(0))
}

/// What stands before the particulars.
fn word(reason: &str) -> String {
    reason.split(':').next().unwrap_or_default().to_owned()
}

/// What no server got us to keep, to ask for, or to wait for.
pub(super) fn assert_bounded(workspace: &Workspace) {
    let database = workspace.database();
    let count = |question: &str| -> i64 {
        database
            .query_row(question, [], |row| row.get(0))
            .unwrap_or_else(|error| panic!("{question}: {error}"))
    };
    assert_eq!(count(&format!("SELECT count(*) FROM payloads WHERE length > {MAX_BODY}")), 0);
    assert_eq!(
        count(
            "SELECT count(*) FROM urls WHERE url NOT LIKE 'http://%' AND url NOT LIKE 'https://%'"
        ),
        0
    );
    assert_eq!(count("SELECT count(*) FROM urls WHERE state = 1"), 0, "a lease without an end");
    let latest = "SELECT (max(next_at) - (SELECT max(at) FROM captures)) / 3600000 FROM hosts";
    assert!(count(latest) <= 24, "a host rests for longer than a day");
}

/// What a server adds to an answer is taken for no answer to the next question.
pub(super) fn assert_nothing_was_foisted_on_the_next_page(workspace: &Workspace) {
    let database = workspace.database();
    let mut statement = database
        .prepare(
            "SELECT u.url, p.digest FROM captures c JOIN urls u ON u.id = c.url_id
             JOIN payloads p ON p.id = c.payload_id WHERE u.url LIKE '%/next.html'",
        )
        .unwrap();
    let page = Digest::of(ordinary_page("/next.html").as_bytes());
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let found: Vec<(String, [u8; 32])> = rows.map(Result::unwrap).collect();
    assert_eq!(found.len(), FOLLOWED_BY_ANOTHER);
    for (url, digest) in found {
        assert_eq!(&digest, page.as_bytes(), "{url}");
    }
}
