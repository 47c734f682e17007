//! `gongkai cat`

use super::exit::{Exit, Failure};
use super::open;
use super::output::Output;
use super::why::canonical;
use crate::archive::read::read_record;
use crate::config::Config;
use crate::db::Db;
use crate::db::captures::Capture;
use crate::digest::Digest;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A URL (its latest payload), a payload's address (`sha256:…`), or a capture's number.
    what: String,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let db = open(config)?;
    let digest = digest(&db, &args.what)?;
    let Some(stored) = db.stored(&digest)? else {
        return Err(Failure::failed(format!("{digest} is not in the archive")));
    };
    let record = read_record(&config.archive.dir, &stored.segment, stored.offset, stored.length)
        .map_err(Failure::failed)?;
    let found = Digest::of(record.payload());
    if found != digest {
        return Err(Failure::failed(format!(
            "{} at byte {} holds {found} where the index says {digest}: run `gongkai verify`",
            stored.segment, stored.offset
        )));
    }
    output.bytes(record.payload())?;
    Ok(Exit::Done)
}

fn digest(db: &Db, what: &str) -> Result<Digest, Failure> {
    if let Ok(id) = what.parse::<i64>() {
        return of_capture(db, id);
    }
    if what.starts_with("sha256:") {
        return what.parse().map_err(Failure::usage);
    }
    let captures = match db.url_id(&canonical(what)?.0)? {
        Some(id) => db.captures_of_url(id)?,
        None => Vec::new(),
    };
    // The page itself, rather than what came later in its place.
    let is_page = |capture: &&Capture| capture.status == Some(200) && capture.failure.is_none();
    let whole = captures.iter().filter(is_page).find(|capture| !capture.broke_off());
    let page = whole.or_else(|| captures.iter().find(is_page));
    let payload = page.or(captures.first()).and_then(|capture| capture.payload.clone());
    match payload {
        Some(payload) => payload.parse().map_err(Failure::failed),
        None => Err(Failure::failed(format!("nothing was kept of `{what}`"))),
    }
}

fn of_capture(db: &Db, id: i64) -> Result<Digest, Failure> {
    let Some(capture) = db.capture(id)? else {
        let what = format!("there is no capture {id}: `gongkai show URL` names those of a URL");
        return Err(Failure::failed(what));
    };
    if let Some(payload) = capture.payload {
        return payload.parse().map_err(Failure::failed);
    }
    let why = capture.failure.unwrap_or_else(|| format!("it is a {}", capture.kind));
    Err(Failure::failed(format!("capture {id} holds no payload: {why}")))
}
