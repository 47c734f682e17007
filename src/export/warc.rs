//! `warc`: WARC files with a sorted CDXJ, for any replay.

use super::beside::{Beside, Folder, NewFile};
use super::copy::{Volume, copy};
use super::{ExportError, Size, Work, snapshot};
use crate::db::kept::Kept;

const INDEX: &str = "index.cdxj";

/// Writes the folder.
pub(super) fn write(work: &mut Work<'_>, beside: &Beside) -> Result<Size, ExportError> {
    let mut files = Files { folder: Folder::new(beside, work.selection), open: None };
    copy(work, &mut files, false)?;
    if work.tally.captures == 0 {
        return Err(work.nothing());
    }
    let mut folder = files.folder;
    let mut index = folder.create(INDEX)?;
    work.selection.each_kept(Kept::Cdxj, |line| index.write(line.as_bytes()))?;
    folder.end(INDEX, index)?;
    snapshot::put(work, &mut folder)?;
    folder.finish()
}

struct Files<'a> {
    folder: Folder<'a>,
    open: Option<(String, NewFile)>,
}

impl Volume for Files<'_> {
    fn begin(&mut self, name: &str) -> Result<(), ExportError> {
        self.open = Some((name.to_owned(), self.folder.create(name)?));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        match &mut self.open {
            Some((_, file)) => file.write(bytes),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), ExportError> {
        match self.open.take() {
            Some((name, file)) => self.folder.end(&name, file).map(drop),
            None => Ok(()),
        }
    }
}
