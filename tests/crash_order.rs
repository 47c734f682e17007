//! Bytes before rows, at every step of the order that docs/ARCHIVE.md writes down: wherever a crawl is cut off,
//! the archive passes `verify` as it lies, the next crawl mends it, and nothing that was committed is lost.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Portals, Workspace};
use crate::verified::problems;

/// An archive whose crawl ended, so that a crawl more asks nobody for anything; its last file, and some whole
/// records as they would be appended next.
struct Ended {
    workspace: Workspace,
    file: PathBuf,
    next: Vec<u8>,
}

impl Ended {
    fn new() -> Self {
        let log = tempfile::tempdir().unwrap();
        let portals = Portals::serve(&log.path().join("log"));
        let workspace = Workspace::new(&portals, "");
        workspace.result(&["crawl", "--host", "tjj.baishuizhou.gov.cn"]);
        let file = workspace.warc_files().pop().unwrap();
        let next = fs::read(&file).unwrap()[..4_000].to_vec();
        let file = file.strip_prefix(workspace.path()).unwrap().to_owned();
        Self { workspace, file, next }
    }

    /// The archive as a crawl leaves it that is cut off when `tail` was appended to the open file and the
    /// index spoke of what was before it.
    fn cut_off_with(&self, tail: &[u8]) -> (Workspace, PathBuf) {
        let workspace = self.workspace.copy();
        let sealed = workspace.path().join(&self.file);
        let bytes = [fs::read(&sealed).unwrap().as_slice(), tail].concat();
        let open = PathBuf::from(format!("{}.open", sealed.display()));
        fs::write(&open, bytes).unwrap();
        fs::remove_file(&sealed).unwrap();
        workspace.database().execute("UPDATE segments SET sealed = 0", []).unwrap();
        (workspace, open)
    }

    /// What was committed is there, what was not is set aside, and the archive is whole, before and after.
    fn assert_mended(&self, workspace: &Workspace, set_aside: &[u8], what: &str) {
        assert_eq!(problems(workspace), [""; 0], "as it was left: {what}");
        workspace.result(&["crawl", "--host", "tjj.baishuizhou.gov.cn"]);
        assert_eq!(problems(workspace), [""; 0], "after the next crawl: {what}");
        workspace.assert_whole();
        assert_eq!(workspace.frontier(), self.workspace.frontier(), "{what}");
        let bytes = |workspace: &Workspace| fs::read(workspace.path().join(&self.file)).unwrap();
        assert_eq!(bytes(workspace), bytes(&self.workspace), "{what}");
        assert_eq!(aside(workspace.path()), set_aside, "{what}");
    }
}

/// Everything that was set aside.
fn aside(workspace: &Path) -> Vec<u8> {
    let Ok(entries) = fs::read_dir(workspace.join("archive/set-aside")) else {
        return Vec::new();
    };
    entries.flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn cut_off_while_or_after_a_batch_is_appended_and_before_it_is_committed() {
    let ended = Ended::new();
    // Nothing of it reached the disk; a byte; within a record's head; within a record; all of it.
    for length in [0, 1, 9, 700, ended.next.len()] {
        let tail = &ended.next[..length];
        let (workspace, _) = ended.cut_off_with(tail);
        ended.assert_mended(&workspace, tail, &format!("{length} bytes appended"));
    }
}

#[test]
fn cut_off_while_a_file_is_begun() {
    let ended = Ended::new();
    for length in [0, 5, ended.next.len()] {
        let workspace = ended.workspace.copy();
        let begun = "archive/warc/gongkai-20990101000000000-00001-w0.warc.gz.open";
        let bytes = &ended.next[..length];
        fs::write(workspace.path().join(begun), bytes).unwrap();
        ended.assert_mended(&workspace, bytes, &format!("{length} bytes of a file begun"));
    }
}

#[test]
fn cut_off_after_a_batch_is_committed_and_before_its_file_is_sealed() {
    let ended = Ended::new();
    let (workspace, _) = ended.cut_off_with(b"");
    ended.assert_mended(&workspace, b"", "committed");
}

#[test]
fn cut_off_after_a_file_is_sealed_and_before_the_index_says_so() {
    let ended = Ended::new();
    let (workspace, open) = ended.cut_off_with(b"");
    fs::rename(&open, workspace.path().join(&ended.file)).unwrap();
    ended.assert_mended(&workspace, b"", "renamed");
}

#[test]
fn cut_off_while_the_tail_is_set_aside() {
    let ended = Ended::new();
    let tail = &ended.next;
    for copied in [1, tail.len()] {
        let (workspace, open) = ended.cut_off_with(tail);
        let committed = fs::metadata(&open).unwrap().len() - tail.len() as u64;
        let name = ended.file.file_name().unwrap().to_str().unwrap();
        let dir = workspace.path().join("archive/set-aside");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(format!("{name}.from-{committed}")), &tail[..copied]).unwrap();
        ended.assert_mended(&workspace, tail, &format!("{copied} bytes of the tail set aside"));
    }
}
