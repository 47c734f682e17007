//! Whole exchanges into new WARC files, byte for byte as they lie, each proven on the way; with the lines
//! by which a replay finds them, and on request the titles of pages.

use super::pages::{Prefix, is_html};
use super::proof::{self, Unfit};
use super::{ExportError, Work, snapshot};
use crate::archive::excerpt::{Excerpts, Proven, excerpt_head};
use crate::archive::warc::record::urn;
use crate::archive::{cdxj, format};
use crate::db::kept::Kept;
use crate::db::selection::Chosen;

/// Where the new WARC files are written, one after the other.
pub(super) trait Volume {
    /// Begins a file.
    fn begin(&mut self, name: &str) -> Result<(), ExportError>;
    /// Adds to it.
    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError>;
    /// Ends it, if one is begun.
    fn end(&mut self) -> Result<(), ExportError>;
}

/// Copies the chosen exchanges.
pub(super) fn copy(
    work: &mut Work<'_>,
    volume: &mut dyn Volume,
    with_pages: bool,
) -> Result<(), ExportError> {
    let [exchanges, ahead] = [(); 2].map(|()| Excerpts::new(&work.request.archive_dir));
    let fields = snapshot::excerpt_fields(work)?;
    let mut copier =
        Copier { exchanges, ahead, volume, with_pages, fields, number: 0, name: None, offset: 0 };
    let of = work.counts.chosen + work.counts.brought_along;
    let (selection, mut done) = (work.selection, 0);
    selection.each_chosen(|capture| {
        work.stop.check()?;
        copier.take(work, &capture)?;
        done += 1;
        work.tell_done(done, of);
        Ok::<_, ExportError>(())
    })?;
    work.tell_unread();
    copier.volume.end()
}

struct Copier<'a> {
    exchanges: Excerpts,
    /// For what lies elsewhere than where we are.
    ahead: Excerpts,
    volume: &'a mut dyn Volume,
    with_pages: bool,
    /// What heads each file.
    fields: Vec<(&'static str, String)>,
    number: u32,
    /// The file that is begun.
    name: Option<String>,
    /// Its length so far.
    offset: u64,
}

impl Copier<'_> {
    fn take(&mut self, work: &mut Work<'_>, capture: &Chosen) -> Result<(), ExportError> {
        if capture.kind == "revisit" && !self.has_original(work, capture)? {
            return Ok(());
        }
        let mut prefix = Prefix::default();
        let wanted = self.with_pages && is_html(capture);
        let found = proof::exchange(&mut self.exchanges, capture, &mut |part| {
            if wanted {
                prefix.take(part);
            }
        });
        let Some((proven, end)) = work.settle(capture, found)? else { return Ok(()) };
        if capture.kind == "revisit" && !is_found(work, capture, &proven)? {
            work.tally.known_lost += 1;
            return Ok(());
        }
        self.append(work, capture, &proven, end)?;
        if self.with_pages {
            keep_page(work, capture, wanted.then_some(&prefix))?;
        }
        Ok(())
    }

    /// Whether the exchange that holds a revisit's payload is copied, too: one that lies before it was, or
    /// was found to be damaged; one that lies behind it is looked at now.
    fn has_original(&mut self, work: &mut Work<'_>, capture: &Chosen) -> Result<bool, ExportError> {
        let Some((payload, _)) = capture.payload else { return Ok(true) };
        if work.selection.is_known_lost(payload)? {
            work.tally.known_lost += 1;
            return Ok(false);
        }
        let is_whole = match work.selection.is_whole(payload)? {
            Some(is_whole) => is_whole,
            None => match work.selection.holder(payload)? {
                Some(holder) if lies_behind(&holder, capture) => {
                    let found = proof::exchange(&mut self.ahead, &holder, &mut |_| {});
                    work.selection.set_whole(payload, found.is_ok())?;
                    found.is_ok()
                }
                _ => true,
            },
        };
        if !is_whole {
            let why = "the record that holds its payload is damaged".to_owned();
            work.leave_out(capture, Unfit::Record(why));
        }
        Ok(is_whole)
    }

    fn append(
        &mut self,
        work: &mut Work<'_>,
        capture: &Chosen,
        proven: &Proven,
        end: u64,
    ) -> Result<(), ExportError> {
        let place = &capture.place;
        let name = self.file(work)?;
        if let Some(line) = cdxj::line(&proven.main, &name, self.offset, place.length) {
            work.selection.keep(Kept::Cdxj, &line)?;
        }
        let volume = &mut *self.volume;
        self.exchanges.copy(&place.segment, place.offset, end, |part| volume.write(part))?;
        self.offset += end - place.offset;
        work.tally.captures += 1;
        work.tally.brought_along += u64::from(capture.brought_along);
        if proven.main.kind() == "response" {
            work.tally.responses += 1;
            work.tally.payload_bytes += proven.payload_length;
        }
        Ok(())
    }

    /// The file that the next exchange goes to.
    fn file(&mut self, work: &Work<'_>) -> Result<String, ExportError> {
        if let Some(name) = self.name.as_ref().filter(|_| self.offset < work.request.warc_size) {
            return Ok(name.clone());
        }
        self.volume.end()?;
        self.number += 1;
        let name = format!("gongkai-{:05}{}", self.number, format::SEALED);
        self.volume.begin(&name)?;
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let head = excerpt_head(&name, work.as_of, &fields);
        self.volume.write(&head)?;
        self.offset = head.len() as u64;
        self.name = Some(name.clone());
        Ok(name)
    }
}

fn lies_behind(one: &Chosen, other: &Chosen) -> bool {
    (&one.place.segment, one.place.offset) > (&other.place.segment, other.place.offset)
}

/// Whether a replay finds the payload of a revisit: by the record that it refers to, or by the digest at one
/// of the two URLs that it names. One that refers to a lost record is not found by bytes that another URL
/// brought since.
fn is_found(work: &Work<'_>, capture: &Chosen, proven: &Proven) -> Result<bool, ExportError> {
    let Some((payload, _)) = capture.payload else { return Ok(true) };
    let (Some(holder), Some(refers_to)) =
        (work.selection.holder(payload)?, proven.main.field("WARC-Refers-To"))
    else {
        return Ok(true);
    };
    if refers_to == urn(holder.record_id) {
        return Ok(true);
    }
    let target = proven.main.field("WARC-Refers-To-Target-URI").unwrap_or(&capture.url);
    Ok(work.selection.is_held_at(payload, [target, &capture.url])?)
}

/// Lists a capture as a page, if it or the payload it refers to is one; the title comes with the
/// payload.
fn keep_page(
    work: &Work<'_>,
    capture: &Chosen,
    prefix: Option<&Prefix>,
) -> Result<(), ExportError> {
    let Some((payload, _)) = capture.payload else { return Ok(()) };
    if let Some(prefix) = prefix.filter(|_| capture.kind == "response") {
        work.selection.keep_title(payload, prefix.title(capture).as_deref())?;
    }
    let is_page = matches!(capture.status, Some(200 | 304)) && capture.not_page.is_none();
    if is_page && !capture.brought_along {
        work.selection.keep_page(capture, payload)?;
    }
    Ok(())
}
