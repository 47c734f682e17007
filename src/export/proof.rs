//! Whether what was chosen can be had: each record is read before anything of it leaves, and what cannot be
//! had is left out, counted, and told.

use super::{Damaged, Event, ExportError, Unread, Work};
use crate::archive::ArchiveError;
use crate::archive::excerpt::{Excerpts, Proven};
use crate::archive::warc::record::urn;
use crate::db::selection::Chosen;

/// So many damaged records are named in the snapshot; all are counted, and told as they are met.
pub(super) const DAMAGED_NAMED: usize = 10_000;

/// Why a capture cannot be had. The file goes by its name, not by where the archive lies.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It is damaged itself, or what it needs is.
    Record(String),
    /// Its file cannot be read, as none of that file's captures can.
    File(String),
}

impl Unfit {
    fn of(error: &ArchiveError, segment: &str) -> Self {
        match error {
            ArchiveError::Io { what, source, .. } => {
                Self::File(format!("cannot {what} {segment}: {source}"))
            }
            ArchiveError::Damaged { offset, what, .. } => {
                Self::Record(format!("{segment} at byte {offset}: {what}"))
            }
            other => Self::Record(format!("{segment}: {other}")),
        }
    }
}

/// Reads a capture's main record to its end, handing the payload on: it is whole, and the one that the
/// index speaks of.
pub(super) fn main_record(
    exchanges: &mut Excerpts,
    capture: &Chosen,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<Proven, Unfit> {
    let place = &capture.place;
    let proven = exchanges.prove(place, sink);
    let proven = proven.map_err(|error| Unfit::of(&error, &place.segment))?;
    what_it_should_be(&proven, capture).map_err(Unfit::Record)?;
    Ok(proven)
}

/// Reads all records of an exchange, as [`main_record`] does the first; where the last one ends.
pub(super) fn exchange(
    exchanges: &mut Excerpts,
    capture: &Chosen,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(Proven, u64), Unfit> {
    let proven = main_record(exchanges, capture, sink)?;
    let end = exchanges.end_of(&capture.place, &proven);
    let end = end.map_err(|error| Unfit::of(&error, &capture.place.segment))?;
    Ok((proven, end))
}

/// Whether the record is the one that the index speaks of.
fn what_it_should_be(proven: &Proven, capture: &Chosen) -> Result<(), String> {
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

impl Work<'_> {
    /// What was found of a capture; none where it cannot be had: it is left out then, and what needs its
    /// payload will be.
    pub(super) fn settle<T>(
        &mut self,
        capture: &Chosen,
        found: Result<T, Unfit>,
    ) -> Result<Option<T>, ExportError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(unfit) => {
                if let ("response", Some((payload, _))) = (capture.kind.as_str(), &capture.payload)
                {
                    self.selection.set_whole(*payload, false)?;
                }
                self.leave_out(capture, unfit);
                Ok(None)
            }
        }
    }

    /// Counts what cannot be had, and tells it: of a file that cannot be read, once for all its captures.
    pub(super) fn leave_out(&mut self, capture: &Chosen, unfit: Unfit) {
        let segment = &capture.place.segment;
        if self.unread.as_ref().is_some_and(|unread| unread.segment != *segment) {
            self.tell_unread();
        }
        let (of_file, why) = match (unfit, &mut self.unread) {
            // What else is wrong with a capture in such a file does not matter.
            (_, Some(unread)) => {
                unread.captures += 1;
                (true, unread.why.clone())
            }
            (Unfit::File(why), none) => {
                let segment = segment.clone();
                *none = Some(Unread { segment, why: why.clone(), captures: 1 });
                (true, why)
            }
            (Unfit::Record(why), None) => (false, why),
        };
        let damaged = Damaged { url: capture.url.clone(), captured_at: capture.at, why };
        if !of_file {
            (self.tell)(Event::Damaged(&damaged));
        }
        self.tally.damaged += 1;
        if self.damaged.len() < DAMAGED_NAMED {
            self.damaged.push(damaged);
        }
    }

    /// Tells of the file that could not be read, if there is one that was not told of.
    pub(super) fn tell_unread(&mut self) {
        if let Some(unread) = self.unread.take() {
            (self.tell)(Event::Unread(&unread));
        }
    }

    /// Why there is nothing to write.
    pub(super) fn nothing(&self) -> ExportError {
        let (damaged, known_lost) = (self.tally.damaged, self.tally.known_lost);
        if damaged + known_lost == 0 {
            return ExportError::Nothing;
        }
        ExportError::NoneWhole { chosen: self.counts.chosen, known_lost }
    }
}
