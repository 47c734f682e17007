//! What a robots check costs, and what reading a file costs.
//!
//! `cargo bench --bench robots` prints, for files of 20 and 2,000 usual rules, for one made to be slow by its
//! wildcards and for one of 500 KiB, the time of reading it, the memory it takes parsed, and the nanoseconds
//! of one check: the mean over 64 URLs of a usual portal, and one URL as long as any may be; the median of
//! seven rounds.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::Duration;

use gongkai::canonical::{CanonicalUrl, MAX_URL_BYTES};
use gongkai::clock::Stopwatch;
use gongkai::politeness::robots::Rules;
use url::Url;

const ROUNDS: usize = 7;

/// A round lasts at least so long.
const LEAST: Duration = Duration::from_millis(100);

/// Columns of a portal, as its paths spell them.
const COLUMNS: [&str; 8] = ["zwgk", "xxgk", "gkml", "tjj", "czj", "bmdt", "hdjl", "ztzl"];

fn usual(rules: usize) -> String {
    let mut file = "User-agent: *\nCrawl-delay: 2\n".to_owned();
    for (number, column) in (0..rules).zip(COLUMNS.iter().cycle()) {
        let line = match number % 20 {
            7 => format!("Disallow: /*/{column}{number}.jsp$\n"),
            13 => format!("Allow: /{column}/{number}/public/\n"),
            _ => format!("Disallow: /{column}/{number}/admin/\n"),
        };
        file.push_str(&line);
    }
    file
}

/// Patterns that many a matcher walks in more than one way.
fn hostile() -> String {
    let pattern = "*a*b*c*d".repeat(400);
    let line = format!("Disallow: /{pattern}$\nDisallow: /{}z\n", "*1".repeat(1_500));
    format!("User-agent: *\n{}", line.repeat(40))
}

/// As many wildcards as fit, all of which must be tried.
fn wildcards() -> String {
    let mut file = "User-agent: *\n".to_owned();
    for number in 0.. {
        file.push_str(&format!("Disallow: /*x{number}y\n"));
        if file.len() > 500 * 1024 {
            break;
        }
    }
    file
}

fn urls() -> Result<Vec<CanonicalUrl>, Box<dyn Error>> {
    let mut urls = Vec::new();
    for (number, column) in (0..64).zip(COLUMNS.iter().cycle()) {
        let url = match number % 4 {
            0 => format!(
                "http://www.qingshan.gov.cn/{column}/{number}/admin/t20240131_{number}.html"
            ),
            1 => format!("http://www.qingshan.gov.cn/{column}/{number}/content/post_{number}.html"),
            2 => {
                format!("http://www.qingshan.gov.cn/col/{column}{number}.jsp?page={number}&a=b%20c")
            }
            _ => format!("http://www.qingshan.gov.cn/{column}/%E5%B9%B4%E6%8A%A5/{number}.pdf"),
        };
        urls.push(CanonicalUrl::new(&Url::parse(&url)?)?);
    }
    Ok(urls)
}

/// The longest URL that is admitted, of a letter that most of the wildcards begin with.
fn long_url() -> Result<CanonicalUrl, Box<dyn Error>> {
    let head = "http://www.qingshan.gov.cn/";
    let url = format!("{head}{}", "x".repeat(MAX_URL_BYTES - head.len()));
    Ok(CanonicalUrl::new(&Url::parse(&url)?)?)
}

/// Nanoseconds that it takes, the median of the rounds.
fn nanoseconds(mut once: impl FnMut()) -> u128 {
    let mut rounds: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let watch = Stopwatch::start();
            let mut times: u128 = 0;
            while watch.elapsed() < LEAST {
                once();
                times += 1;
            }
            watch.elapsed().as_nanos() / times.max(1)
        })
        .collect();
    rounds.sort_unstable();
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let urls = urls()?;
    let long = long_url()?;
    let count = u128::try_from(urls.len())?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<28}{:>9}{:>12}{:>12}{:>12}{:>16}",
        "file", "KiB", "parse us", "parsed KiB", "ns a check", "of a long URL"
    )?;
    for (name, file) in [
        ("20 rules", usual(20)),
        ("2,000 rules", usual(2_000)),
        ("500 KiB of usual rules", usual(18_500)),
        ("80 patterns of 3,000 stars", hostile()),
        ("500 KiB of wildcard rules", wildcards()),
    ] {
        let parse = nanoseconds(|| {
            black_box(Rules::parse(black_box(file.as_bytes())));
        });
        let rules = Rules::parse(file.as_bytes());
        let check = nanoseconds(|| {
            for url in &urls {
                black_box(rules.permits(black_box(url)));
            }
        });
        let long = nanoseconds(|| {
            black_box(rules.permits(black_box(&long)));
        });
        writeln!(
            out,
            "{name:<28}{:>9}{:>12}{:>12}{:>12}{long:>16}",
            file.len() / 1024,
            parse / 1_000,
            rules.size() / 1024,
            check / count
        )?;
    }
    Ok(())
}
