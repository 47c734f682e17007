//! `gongkai crawl`

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::exit::{self, Exit, Failure};
use super::output::{Output, count, count_do, say, size};
use super::{progress, seeds};
use crate::canonical::HostKey;
use crate::config::{Config, units};
use crate::crawl::{self, CrawlError, Ending, Options, Progress, Signal, Summary};
use crate::seeds::Seeds;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Seed files or URLs [default: the configured seeds folder].
    #[arg(value_name = "SEED")]
    pub(super) seeds: Vec<String>,
    /// Ask for at most so many pages.
    #[arg(long, value_name = "N")]
    max_pages: Option<u64>,
    /// Send no request after so long, for example 30m.
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    max_time: Option<Duration>,
    /// Ask only this host; may be repeated.
    #[arg(long = "host", value_name = "HOST", value_parser = super::export::host)]
    hosts: Vec<String>,
    /// Show no progress line.
    #[arg(long)]
    no_progress: bool,
}

pub(super) fn run(args: &Args, config: &Config, output: &mut Output) -> Result<Exit, Failure> {
    let reading = seeds::gather(&args.seeds, config)?;
    seeds::complain(&reading);
    if reading.seeds.is_empty() {
        let what = format!(
            "there are no good seeds in {}: `gongkai init` writes an example, `gongkai crawl URL` needs none",
            config.seeds.dir.display()
        );
        return Err(Failure::usage(what));
    }
    let options =
        Options { max_pages: args.max_pages, max_time: args.max_time, hosts: args.hosts.clone() };
    let good = Seeds::new(reading.seeds);
    for host in &args.hosts {
        if !good.has_host(&HostKey::from(host.clone())) {
            return Err(Failure::usage(format!(
                "--host {host}: no seed holds this host; expected the host of one, without scheme, port and path"
            )));
        }
    }
    let summary = blocking(config, good, &options, !args.no_progress)?;
    output.remark(words(&summary));
    if summary.is_deaf() {
        let requests = count(summary.pacing.granted, "request");
        say(&format!(
            "warning: of {requests} not one got a response: is this machine's network, name server or proxy in order?"
        ));
    }
    Ok(match summary.ending {
        Ending::Interrupt => Exit::Interrupted,
        Ending::Terminate => Exit::Terminated,
        Ending::NoRoom => {
            let (dir, reserve) = (config.archive.dir.clone(), config.archive.reserve);
            return Err(Failure::failed(CrawlError::NoRoom { dir, reserve }));
        }
        _ if reading.mistakes.is_empty() && !summary.bad_lists => Exit::Done,
        _ => Exit::Failed,
    })
}

/// Crawls, on a runtime of its own, with signals and progress.
pub(super) fn blocking(
    config: &Config,
    seeds: Seeds,
    options: &Options,
    show_progress: bool,
) -> Result<Summary, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
    let result = runtime.block_on(async {
        let (progress_tx, progress_rx) = watch::channel(Progress::default());
        let shown = tokio::spawn(progress::show(progress_rx, show_progress));
        let crawled = crawl::run(config, seeds, options, signals()?, progress_tx).await;
        shown.await.map_err(Failure::failed)?;
        crawled.map_err(failure)
    });
    // Whoever asked twice to stop does not wait for what is in flight.
    runtime.shutdown_background();
    result
}

/// SIGINT and SIGTERM, as they come.
pub(super) fn signals() -> Result<mpsc::Receiver<Signal>, Failure> {
    let (sender, receiver) = mpsc::channel(4);
    for (kind, what) in
        [(SignalKind::interrupt(), Signal::Interrupt), (SignalKind::terminate(), Signal::Terminate)]
    {
        let mut stream = signal(kind)
            .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() && sender.send(what).await.is_ok() {}
        });
    }
    Ok(receiver)
}

fn failure(error: CrawlError) -> Failure {
    let exit = match &error {
        CrawlError::Archive(error) => exit::of_archive(error),
        CrawlError::NoContact => Exit::Usage,
        _ => Exit::Failed,
    };
    let failure = Failure::new(exit, error);
    // A crawl that lasts longer than the time between two of cron's is no error: cron would mail each time.
    if exit == Exit::Locked { failure.unless_quiet() } else { failure }
}

/// The summary, as people read it.
pub(super) fn words(summary: &Summary) -> String {
    let tally = &summary.tally;
    let seconds = summary.elapsed.as_secs_f64();
    let mut text = format!(
        "{}: {}, {}, {} without a response, {} in {seconds:.1} s",
        summary.ending.as_str(),
        count(tally.pages, "page"),
        count(tally.reports, "new report"),
        count(tally.failures, "request"),
        size(tally.bytes),
    );
    if summary.waiting > 0 {
        let waiting = count_do(summary.waiting, "URL", "wait");
        text.push_str(&format!("; {waiting} for the next run"));
    }
    if summary.hosts_resting > 0 {
        let resting = count_do(summary.hosts_resting, "host", "rest");
        text.push_str(&format!(", {resting} (`gongkai status` says why)"));
    }
    let left = &summary.left;
    if left.hosts_stopped > 0 {
        let (urls, hosts) = (count(left.urls_stopped, "URL"), count(left.hosts_stopped, "host"));
        let are = if left.urls_stopped == 1 { "is" } else { "are" };
        text.push_str(&format!("; {urls} of {hosts} {are} stopped by a list"));
    }
    if let Some(due) = left.next_due {
        text.push_str(&format!("; the next is due at {due}"));
    }
    text
}
