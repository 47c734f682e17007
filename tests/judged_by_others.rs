//! What we write, judged by tools that others wrote: gunzip, warcio, pywb, cdxj-indexer, wacz, DuckDB and
//! sha256sum. They come from Python's package index: `tests/tools/make.sh` gets them, `.ci/run` runs these.
//!
//! - `crawled`: the archive that is judged, crawled twice from portals with what is hard to replay
//! - `raw`: the archive itself
//! - `exports`: what `gongkai export` writes of it
//! - `tools`: the tools, and a replay

mod crawled;
mod exports;
mod raw;
mod tools;
