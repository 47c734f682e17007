//! `wacz`: one file with everything for a replay, WACZ 1.1.1. Its parts are stored as they are, so that a
//! replay reads any record without unpacking.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::beside::{Beside, digest_of};
use super::copy::{Volume, copy};
use super::{ExportError, Size, Work, snapshot};
use crate::archive::cdxj::{Block, ZipNum};
use crate::clock::Moment;
use crate::db::kept::Kept;
use crate::digest::{Digest, Hashing};

const VERSION: &str = "1.1.1";
const INDEX: &str = "index.cdx.gz";

/// Writes the file.
pub(super) fn write(work: &mut Work<'_>, beside: &Beside) -> Result<Size, ExportError> {
    let path = beside.file();
    let mut zip = Zip::create(path.clone())?;
    copy(work, &mut zip, true)?;
    if work.tally.captures == 0 {
        return Err(work.nothing());
    }
    index(work, &mut zip)?;
    pages(work, &mut zip)?;
    // Two names deep, as all else: `wacz validate` takes a name for its last two parts.
    let snapshot = snapshot::object(work)?;
    zip.put("snapshot/snapshot.json", &snapshot::json(&snapshot))?;
    zip.put("snapshot/README.txt", &snapshot::readme(work)?)?;
    let package = snapshot::json(&package(work, &zip.resources)?);
    zip.put("datapackage.json", &package)?;
    let digest = json!({
        "path": "datapackage.json",
        "hash": Digest::of(package.as_bytes()).to_string(),
    });
    zip.put("datapackage-digest.json", &snapshot::json(&digest))?;
    zip.finish()?;
    let (digest, bytes) = digest_of(&path)?;
    Ok(Size { files: 1, bytes, digest })
}

fn index(work: &Work<'_>, zip: &mut Zip) -> Result<(), ExportError> {
    let mut zipnum = ZipNum::new();
    zip.start(&format!("indexes/{INDEX}"))?;
    let keep = |block: Option<Block>, zip: &mut Zip| match block {
        Some(block) => {
            zip.add(&block.packed)?;
            Ok::<_, ExportError>(work.selection.keep(Kept::Blocks, &block.line)?)
        }
        None => Ok(()),
    };
    work.selection.each_kept(Kept::Cdxj, |line| keep(zipnum.add(line), zip))?;
    keep(zipnum.end(), zip)?;
    zip.close();
    zip.start("indexes/index.idx")?;
    zip.add(ZipNum::head(INDEX).as_bytes())?;
    work.selection.each_kept(Kept::Blocks, |line| zip.add(line.as_bytes()))?;
    zip.close();
    Ok(())
}

#[derive(Serialize)]
struct Page<'a> {
    id: String,
    url: &'a str,
    ts: Moment,
    title: &'a str,
}

fn pages(work: &Work<'_>, zip: &mut Zip) -> Result<(), ExportError> {
    zip.start("pages/pages.jsonl")?;
    let head = json!({"format": "json-pages-1.0", "id": "pages", "title": "Pages"});
    zip.add(format!("{head}\n").as_bytes())?;
    work.selection.each_page(|url, at, title| {
        let id = Digest::of(format!("{url} {at}").as_bytes()).hex();
        let id = id.get(..22).unwrap_or_default().to_owned();
        let page = Page { id, url, ts: at, title: title.unwrap_or(url) };
        let mut line = snapshot::line(&page);
        line.push('\n');
        zip.add(line.as_bytes())
    })?;
    zip.close();
    Ok(())
}

/// A part, as the package lists it.
#[derive(Debug, Serialize)]
struct Resource {
    name: String,
    path: String,
    hash: String,
    bytes: u64,
}

fn package(work: &Work<'_>, resources: &[Resource]) -> Result<serde_json::Value, ExportError> {
    let mut package = json!({
        "profile": "data-package",
        "wacz_version": VERSION,
        "title": snapshot::title(work),
        "description": snapshot::description(work)?,
        "created": work.as_of,
        "modified": work.as_of,
        "software": work.request.software,
        "resources": resources,
    });
    if let (Some(object), Some(operator)) = (package.as_object_mut(), &work.request.operator) {
        let operator = json!([{"title": operator, "role": "publisher"}]);
        object.insert("contributors".to_owned(), operator);
    }
    Ok(package)
}

/// The file that grows, part by part.
struct Zip {
    path: PathBuf,
    /// Never dropped: it would end the file, and complain of a full disk on its own.
    writer: ManuallyDrop<ZipWriter<BufWriter<File>>>,
    /// The part that is begun.
    open: Option<(String, Hashing, u64)>,
    resources: Vec<Resource>,
}

impl Zip {
    fn create(path: PathBuf) -> Result<Self, ExportError> {
        let file = File::create_new(&path).map_err(ExportError::io("make", &path))?;
        let writer = ZipWriter::new(BufWriter::with_capacity(128 << 10, file));
        let writer = ManuallyDrop::new(writer);
        Ok(Self { path, writer, open: None, resources: Vec::new() })
    }

    fn start(&mut self, name: &str) -> Result<(), ExportError> {
        // A part may be longer than 4 GiB, and how long is known only at its end.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .large_file(name.starts_with("archive/"));
        let started = self.writer.start_file(name, options).map_err(std::io::Error::from);
        started.map_err(ExportError::io("write", &self.path))?;
        self.open = Some((name.to_owned(), Hashing::default(), 0));
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        if let Some((_, hasher, length)) = &mut self.open {
            hasher.update(bytes);
            *length += bytes.len() as u64;
        }
        self.writer.write_all(bytes).map_err(ExportError::io("write", &self.path))
    }

    fn close(&mut self) {
        if let Some((path, hasher, bytes)) = self.open.take() {
            let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
            self.resources.push(Resource { name, path, hash: hasher.digest().to_string(), bytes });
        }
    }

    fn put(&mut self, name: &str, content: &str) -> Result<(), ExportError> {
        self.start(name)?;
        self.add(content.as_bytes())?;
        self.close();
        Ok(())
    }

    fn finish(self) -> Result<(), ExportError> {
        let io = ExportError::io("write", &self.path);
        let writer =
            ManuallyDrop::into_inner(self.writer).finish().map_err(|error| io(error.into()))?;
        let file = writer.into_inner().map_err(|error| io(error.into_error()))?;
        file.sync_all().map_err(ExportError::io("sync", &self.path))
    }
}

impl Volume for Zip {
    fn begin(&mut self, name: &str) -> Result<(), ExportError> {
        self.start(&format!("archive/{name}"))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.add(bytes)
    }

    fn end(&mut self) -> Result<(), ExportError> {
        self.close();
        Ok(())
    }
}
