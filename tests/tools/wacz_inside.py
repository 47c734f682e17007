"""Shows what `wacz validate` does not look at in a WACZ: the pages are there, the digest of the package is
there and right, WARC files and the compressed index are stored and not compressed again, the index is sorted,
its blocks lie where its own index says, and each line's record lies at its place and is what the line says.

    wacz_inside.py FILE.wacz

Prints {"records": N, "pages": N}; ends with 1 and says what is wrong, if anything is.
"""

import gzip
import hashlib
import io
import json
import sys
import zipfile

from warcio.archiveiterator import ArchiveIterator
from warcio.timeutils import iso_date_to_timestamp


def must(holds, what):
    if not holds:
        sys.exit(f"{sys.argv[1]}: {what}")


def inside(wacz, name):
    """A file's bytes."""
    must(name in wacz.namelist(), f"there is no {name}")
    return wacz.read(name)


def package(wacz):
    """The package lists every file, with its length and hash; its own hash stands beside it."""
    raw = inside(wacz, "datapackage.json")
    listed = {one["path"]: one for one in json.loads(raw)["resources"]}
    digest = json.loads(inside(wacz, "datapackage-digest.json"))
    must(digest["path"] == "datapackage.json", "datapackage-digest.json names another file")
    must(digest["hash"] == "sha256:" + hashlib.sha256(raw).hexdigest(), "datapackage.json has another hash")
    there = set(wacz.namelist()) - {"datapackage.json", "datapackage-digest.json"}
    must(there == set(listed), f"listed and not there, or there and not listed: {there ^ set(listed)}")
    for path, one in listed.items():
        data = wacz.read(path)
        must(one["bytes"] == len(data), f"{path} has {len(data)} bytes, not {one['bytes']}")
        must(one["hash"] == "sha256:" + hashlib.sha256(data).hexdigest(), f"{path} has another hash")


def stored(wacz):
    """What is compressed already lies in the zip as it is, so that a reader can seek in it."""
    for one in wacz.infolist():
        if one.filename.endswith(".gz"):
            must(one.compress_type == zipfile.ZIP_STORED, f"{one.filename} is compressed in the zip")


def pages(wacz):
    """A header, then a page a line, each with its URL and time."""
    head, *lines = map(json.loads, inside(wacz, "pages/pages.jsonl").decode().splitlines())
    must(head["format"] == "json-pages-1.0", f"pages.jsonl begins with {head}")
    for line in lines:
        must(line["url"].startswith("http") and line["ts"].endswith("Z"), f"a page is {line}")
    return lines


def index(wacz):
    """The lines of indexes/index.cdx.gz, block by block as indexes/index.idx says."""
    data = inside(wacz, "indexes/index.cdx.gz")
    meta, *blocks = inside(wacz, "indexes/index.idx").decode().splitlines()
    must(meta.startswith("!meta 0 ") and json.loads(meta[8:])["filename"] == "index.cdx.gz", f"idx: {meta}")
    lines, end = [], 0
    for block in blocks:
        key, place = block[: block.index("{")].strip(), json.loads(block[block.index("{") :])
        must(place["offset"] == end, f"a block begins at {place['offset']}, the one before ends at {end}")
        end += place["length"]
        block = gzip.decompress(data[place["offset"] : end]).decode().splitlines()
        must(block[0].startswith(key + " "), f"the block of {key} begins with {block[0]}")
        lines += block
    must(end == len(data), f"index.cdx.gz has {len(data)} bytes, its blocks {end}")
    must(lines == sorted(lines), "index.cdx.gz is not sorted")
    return lines


def check_record(wacz, archives, line):
    """The record that lies where the line says is what it says."""
    key, time, said = line.split(" ", 2)
    said = json.loads(said)
    name = "archive/" + said["filename"]
    if name not in archives:
        archives[name] = inside(wacz, name)
    offset, length = int(said["offset"]), int(said["length"])
    records = ArchiveIterator(io.BytesIO(archives[name][offset : offset + length]))
    record = next(records)
    head = record.rec_headers.get_header
    must(record.rec_type in ("response", "revisit"), f"{line}: a {record.rec_type} lies there")
    must(head("WARC-Target-URI") == said["url"], f"{line}: the record is of {head('WARC-Target-URI')}")
    must(iso_date_to_timestamp(head("WARC-Date")) == time, f"{line}: the record is of {head('WARC-Date')}")
    must(head("WARC-Payload-Digest") == said["digest"], f"{line}: the record's is {head('WARC-Payload-Digest')}")
    if record.rec_type == "response":
        payload = hashlib.sha256(record.content_stream().read()).hexdigest()
        must("sha256:" + payload == said["digest"], f"{line}: the payload is sha256:{payload}")
    must(next(records, None) is None, f"{line}: more than one record lies there")
    return (said["url"], time)


def main():
    with zipfile.ZipFile(sys.argv[1]) as wacz:
        must(wacz.testzip() is None, "the zip is damaged")
        package(wacz)
        stored(wacz)
        archives = {}
        captured = [check_record(wacz, archives, line) for line in index(wacz)]
        shown = pages(wacz)
        for page in shown:
            must((page["url"], iso_date_to_timestamp(page["ts"])) in captured, f"no record for {page}")
        print(json.dumps({"records": len(captured), "pages": len(shown)}))


main()
