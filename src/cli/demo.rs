//! `gongkai demo`

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;

use super::exit::{Exit, Failure};
use super::output::{Output, table};
use super::{crawl, open, show};
use crate::config::{Config, ConnectTo};
use crate::crawl::Options;
use crate::db::reports::ReportFilter;
use crate::demo::{self, Portal, RequestLog, expected_reports, portals, serve};
use crate::seeds::{Seed, Seeds};

/// The sample portals are asked this fast: they are ours.
const DELAY: Duration = Duration::from_millis(40);

/// The contact that the sample portals are told.
const CONTACT: &str = "demo@gongkai.example";

/// A body of the demo may be so long: the bomb is longer.
const MAX_BODY: u64 = 4 << 20;

/// The port that URLs of the sample portals name by not naming one.
const HTTP_PORT: u16 = 80;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder for its configuration and archive.
    #[arg(long, default_value = "gongkai-demo", value_name = "DIR")]
    dir: PathBuf,
    /// Serve the sample portals at this address, and crawl nothing.
    #[arg(long, value_name = "ADDRESS")]
    serve: Option<SocketAddr>,
    /// With --serve: write each request into this file, one JSON object a line.
    #[arg(long, value_name = "FILE", requires = "serve")]
    request_log: Option<PathBuf>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
    if let Some(address) = args.serve {
        let log = match &args.request_log {
            Some(path) => Some(RequestLog::create(path).map_err(|error| {
                Failure::usage(format!("cannot write {}: {error}", path.display()))
            })?),
            None => None,
        };
        return runtime.block_on(serve_only(address, log, output));
    }
    let (listeners, places) = runtime.block_on(listen(([127, 0, 0, 1], 0).into()))?;
    let serving = runtime.spawn(serve(listeners, portals(), None, std::future::pending()));
    let config = configuration(&args.dir, &places);
    write_configuration(&args.dir, &config)?;
    let names: Vec<&str> = portals().iter().map(|portal| portal.name).collect();
    output.remark(format!(
        "Three sample portals are served on loopback: {}.\nCrawling them into {} …",
        names.join(", "),
        config.archive.dir.display()
    ));
    let summary = crawl::blocking(&config, seeds(), &Options::default(), true)?;
    serving.abort();
    output.remark(crawl::words(&summary));
    let found = print_reports(&config, output)?;
    let expected = expected_reports().len();
    output.line(format!("\n{found} reports found, of {expected} that the sample portals hold."))?;
    output.line(next_steps(&args.dir))?;
    Ok(if found == expected { Exit::Done } else { Exit::Failed })
}

/// The listeners, and where each portal is.
async fn listen(address: SocketAddr) -> Result<(Vec<TcpListener>, Vec<SocketAddr>), Failure> {
    let failed = |error| Failure::failed(format!("cannot listen at {address}: {error}"));
    let listeners = demo::listen(address, &portals()).await.map_err(failed)?;
    let places = demo::places(&listeners, &portals()).map_err(failed)?;
    Ok((listeners, places))
}

async fn serve_only(
    address: SocketAddr,
    log: Option<RequestLog>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let (listeners, places) = listen(address).await?;
    for (portal, place) in portals().iter().zip(places) {
        output.line(format!("{}:{HTTP_PORT}={place}", portal.host))?;
    }
    output.flush()?;
    serve(listeners, portals(), log, interrupted()).await.map_err(Failure::failed)?;
    Ok(Exit::Done)
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "cannot listen for signals");
        std::future::pending::<()>().await;
    }
}

fn configuration(dir: &Path, places: &[SocketAddr]) -> Config {
    let mut config = Config::default();
    config.identity.contact = Some(CONTACT.to_owned());
    config.archive.dir = dir.join("archive");
    config.seeds.dir = dir.join("seeds");
    config.politeness.delay = DELAY;
    config.politeness.delay_factor = 1.0;
    config.fetch.max_body = MAX_BODY;
    let ips: BTreeSet<_> = places.iter().map(SocketAddr::ip).collect();
    config.network.allow_private = ips.into_iter().map(Into::into).collect();
    let to = |(portal, address): (&Portal, &SocketAddr)| ConnectTo {
        host: portal.host.to_owned(),
        port: HTTP_PORT,
        address: *address,
    };
    config.network.connect_to = portals().iter().zip(places).map(to).collect();
    config
}

fn seeds() -> Seeds {
    let seed = |portal: Portal| {
        url::Url::parse(&portal.seed_url()).ok().map(|url| Seed::from_url(&url, "demo"))
    };
    Seeds::new(portals().into_iter().filter_map(seed).collect())
}

/// The configuration as a file, so that every other command can be tried on what the demo made.
fn write_configuration(dir: &Path, config: &Config) -> Result<(), Failure> {
    let mut written = config.clone();
    written.archive.dir = PathBuf::from("archive");
    written.seeds.dir = PathBuf::from("seeds");
    let seeds: String = portals().iter().map(|portal| portal.seed_url() + "\n").collect();
    let write = || {
        std::fs::create_dir_all(dir.join("seeds"))?;
        std::fs::write(dir.join("config.toml"), written.to_toml())?;
        std::fs::write(dir.join("seeds/portals.txt"), seeds)
    };
    write()
        .map_err(|error| Failure::failed(format!("cannot write into {}: {error}", dir.display())))
}

/// The table of reports; returns how many there are.
fn print_reports(config: &Config, output: &mut Output) -> Result<usize, Failure> {
    let head = ["agency", "year", "form", "received", "granted", "checks"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    open(config)?.each_report(&ReportFilter::default(), |report| {
        let object = Value::Object(report.object()?);
        let total = |row: &str| match object.pointer(&format!("/requests/{row}/total")) {
            None | Some(Value::Null) => "?".to_owned(),
            Some(number) => number.to_string(),
        };
        rows.push(vec![
            report.agency.unwrap_or_default(),
            report.year.map(|year| year.to_string()).unwrap_or_default(),
            report.format.unwrap_or_default(),
            total("received_new"),
            total("granted"),
            show::checks(&object),
        ]);
        Ok::<(), Failure>(())
    })?;
    output.line(table(&rows))?;
    Ok(rows.len() - 1)
}

fn next_steps(dir: &Path) -> String {
    // As it was called, since a newcomer has not installed it.
    let program = std::env::args().next().unwrap_or_else(|| "gongkai".to_owned());
    let gongkai = format!("{program} --config {}", dir.join("config.toml").display());
    let report = expected_reports().first().map(|report| report.url.clone()).unwrap_or_default();
    format!(
        "\nTry next:\n  {gongkai} status\n  {gongkai} reports --year 2023\n  {gongkai} show {report}\n  \
         {gongkai} cat {report} | {program} parse -\n  {gongkai} reports --json\n\
         Then your own: {program} init"
    )
}
