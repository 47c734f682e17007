//! Whole exchanges into new WARC files, byte for byte as they lie, each proven on the way; with the lines
//! by which a replay finds them, and on request the titles of pages.

use super::pages::{Prefix, is_html};
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
    let exchanges = Excerpts::new(&work.request.archive_dir);
    let fields = snapshot::excerpt_fields(work)?;
    let mut copier =
        Copier { exchanges, volume, with_pages, fields, number: 0, name: None, offset: 0 };
    let of = work.counts.chosen + work.counts.brought_along;
    let (selection, mut done) = (work.selection, 0);
    selection.each_chosen(|capture| {
        work.stop.check()?;
        copier.take(work, &capture)?;
        done += 1;
        work.tell_done(done, of);
        Ok::<_, ExportError>(())
    })?;
    copier.volume.end()
}

struct Copier<'a> {
    exchanges: Excerpts,
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
        if capture.kind == "revisit"
            && let Some((payload, _)) = capture.payload
        {
            if work.selection.is_known_lost(payload)? {
                work.tally.known_lost += 1;
                return Ok(());
            }
            if work.selection.is_lost(payload)? {
                work.leave_damaged(capture, "the record that holds its payload is damaged".into());
                return Ok(());
            }
        }
        let mut prefix = Prefix::default();
        let wanted = self.with_pages && is_html(capture);
        let proven = self.exchanges.prove(&capture.place, &mut |part| {
            if wanted {
                prefix.take(part);
            }
        });
        let proven = proven.map_err(|error| error.to_string()).and_then(|proven| {
            what_it_should_be(&proven, capture)?;
            Ok(proven)
        });
        let proven = match proven {
            Ok(proven) => proven,
            Err(why) => {
                if let ("response", Some((payload, _))) = (capture.kind.as_str(), &capture.payload)
                {
                    work.selection.lose(*payload)?;
                }
                work.leave_damaged(capture, why);
                return Ok(());
            }
        };
        self.append(work, capture, &proven)?;
        if self.with_pages {
            keep_page(work, capture, wanted.then_some(&prefix))?;
        }
        if let Some(why) = proven.beside {
            work.leave_damaged(capture, format!("beside its response, which is kept: {why}"));
        }
        Ok(())
    }

    fn append(
        &mut self,
        work: &mut Work<'_>,
        capture: &Chosen,
        proven: &Proven,
    ) -> Result<(), ExportError> {
        let place = &capture.place;
        let name = self.file(work)?;
        if let Some(line) = cdxj::line(&proven.main, &name, self.offset, place.length) {
            work.selection.keep(Kept::Cdxj, &line)?;
        }
        let volume = &mut *self.volume;
        self.exchanges.copy(&place.segment, place.offset, proven.end, |part| volume.write(part))?;
        self.offset += proven.end - place.offset;
        work.tally.captures += 1;
        work.tally.brought_along += u64::from(capture.brought_along);
        if proven.main.kind() == "response" {
            work.tally.payloads += 1;
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

/// Whether the record is the one that the index speaks of.
pub(super) fn what_it_should_be(proven: &Proven, capture: &Chosen) -> Result<(), String> {
    let (main, place) = (&proven.main, &capture.place);
    let at = format!("{} at byte {}", place.segment, place.offset);
    let kind = if capture.is_answer() { capture.kind.as_str() } else { "metadata" };
    if main.kind() != kind {
        return Err(format!("{at}: expected a record `{kind}`, found `{}`", main.kind()));
    }
    let id = urn(capture.record_id);
    if main.field("WARC-Record-ID") != Some(&id) {
        return Err(format!("{at}: the index says record {id}, another lies there"));
    }
    let Some((_, digest)) = capture.payload.as_ref().filter(|_| capture.is_answer()) else {
        return Ok(());
    };
    let found = match kind {
        "response" => proven.payload.to_string(),
        _ => main.field("WARC-Payload-Digest").unwrap_or_default().to_owned(),
    };
    if found != digest.to_string() {
        return Err(format!("{at} holds {found} where the index says {digest}"));
    }
    Ok(())
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
    if !capture.brought_along && matches!(capture.status, Some(200 | 304)) {
        work.selection.keep_page(capture, payload)?;
    }
    Ok(())
}
