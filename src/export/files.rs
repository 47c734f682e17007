//! `files`: the payloads as they are, each under its hash, with a table of what came from where.

use super::beside::{Beside, Folder};
use super::csv::Table;
use super::{ExportError, Size, Work, proof, snapshot};
use crate::archive::excerpt::Excerpts;
use crate::db::selection::Chosen;
use crate::digest::Digest;

const CAPTURES: &str = "captures.csv";

const COLUMNS: [&str; 8] =
    ["url", "captured_at", "status", "mime", "payload", "path", "truncated", "not_page"];

/// Writes the folder.
pub(super) fn write(work: &mut Work<'_>, beside: &Beside) -> Result<Size, ExportError> {
    let mut folder = Folder::new(beside, work.selection);
    let mut exchanges = Excerpts::new(&work.request.archive_dir);
    let (selection, mut done) = (work.selection, 0);
    selection.each_payload(|holder| {
        work.stop.check()?;
        payload(work, &mut folder, &mut exchanges, &holder)?;
        done += 1;
        work.tell_done(done, 0);
        Ok::<_, ExportError>(())
    })?;
    work.tell_unread();
    captures(work, &mut folder)?;
    if work.tally.captures == 0 {
        return Err(work.nothing());
    }
    snapshot::put(work, &mut folder)?;
    folder.finish()
}

/// Two folders deep: no folder holds more than a few thousand names.
fn path(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("payloads/sha256/{}/{hex}", hex.get(..2).unwrap_or_default())
}

fn payload(
    work: &mut Work<'_>,
    folder: &mut Folder<'_>,
    exchanges: &mut Excerpts,
    holder: &Chosen,
) -> Result<(), ExportError> {
    let Some((_, digest)) = &holder.payload else { return Ok(()) };
    let name = path(digest);
    let mut file = folder.create(&name)?;
    let mut written = Ok(());
    let found = proof::main_record(exchanges, holder, &mut |part| {
        if written.is_ok() {
            written = file.write(part);
        }
    });
    written?;
    match work.settle(holder, found)? {
        Some(proven) => {
            folder.end(&name, file)?;
            work.tally.payloads += 1;
            work.tally.payload_bytes += proven.payload_length;
        }
        None => file.discard()?,
    }
    Ok(())
}

/// The table, a row a capture with an answer; without a path where the payload could not be had.
fn captures(work: &mut Work<'_>, folder: &mut Folder<'_>) -> Result<(), ExportError> {
    let mut table = Table::begin(folder.create(CAPTURES)?, &COLUMNS)?;
    let selection = work.selection;
    selection.each_chosen(|capture| {
        if capture.brought_along {
            return Ok(());
        }
        let Some((id, digest)) = capture.payload.as_ref().filter(|_| capture.is_answer()) else {
            work.tally.no_answer += 1;
            return Ok(());
        };
        let known_lost = selection.is_known_lost(*id)?;
        work.tally.known_lost += u64::from(known_lost);
        let lost = known_lost || selection.is_whole(*id)? == Some(false);
        work.tally.captures += 1;
        table.row([
            capture.url.as_str(),
            &capture.at.to_string(),
            &capture.status.map(|status| status.to_string()).unwrap_or_default(),
            capture.mime.as_deref().unwrap_or_default(),
            &digest.to_string(),
            &if lost { String::new() } else { path(digest) },
            capture.truncated.as_deref().unwrap_or_default(),
            capture.not_page.as_deref().unwrap_or_default(),
        ])
    })?;
    folder.end(CAPTURES, table.end()?).map(drop)
}
