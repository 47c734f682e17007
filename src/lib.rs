//! gongkai: a polite crawler and archiver of the annual reports on government information
//! disclosure (政府信息公开工作年度报告).
//!
//! The modules stand in the order of the way that a page takes; a module uses only those above it.

pub mod clock;

pub mod digest;

pub mod canonical;

pub mod toml_file;

pub mod config;

pub mod exchange;

pub mod not_page;

pub mod politeness;

pub mod fetch;

pub mod frontier;

pub mod scope;

pub mod seeds;

pub mod stops;

pub mod archive;

pub mod discover;

pub mod outcome;

pub mod read;

pub mod db;

pub mod crawl;

pub mod rebuild;

pub mod verify;

pub mod audit;

pub mod repair;

pub mod reparse;

pub mod export;

pub mod init;

pub mod demo;

pub mod cli;
