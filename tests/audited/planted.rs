//! Every rule broken in the files themselves: found, with what it is measured against, and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use gongkai::archive::exchanges::Archived;
use gongkai::clock::Moment;

use super::{
    BUREAU, CITY, COUNTY, Served, Told, doctored, exchanges, found, is_of, is_robots, of_host, path,
};
use crate::support::Workspace;

const MS: Duration = Duration::from_millis(1);

#[test]
fn each_violation_that_is_planted_in_the_files_is_found_and_nothing_else() {
    let served = Served::new();
    let workspace = served.workspace();
    workspace.result(&["crawl"]);
    let all = exchanges(&workspace);
    too_close(&workspace, &all);
    robots(&workspace, &all);
    asked_for_peace(&workspace, &all);
    two_at_one_address(&workspace, &all);
    elsewhere(&workspace, &all);
    out_of_hours(&workspace, &all);
}

/// An exchange is moved to 10 ms after the one before it.
fn too_close(workspace: &Workspace, all: &[Archived]) {
    let county = of_host(all, COUNTY);
    let (before, moved) = (county[20], county[21]);
    let to = Moment::from_millis(before.exchange.finished().as_millis() + 10);
    let told = doctored(workspace, |record| {
        if is_of(record, moved) {
            record.set("WARC-Date", &to.to_string());
        }
        true
    });
    assert_eq!(found(&told), [("gap".to_owned(), path(moved))]);
    let violation = &told.violations[0];
    assert_eq!(violation["found"], "10ms");
    assert_eq!(violation["at"], to.to_string());
    assert_eq!(violation["offset"], moved.offset);
    assert_eq!(violation["after"]["url"], before.exchange.url.as_str());
    assert_eq!(violation["after"]["at"], before.exchange.started.to_string());
    assert_eq!(told.summary["by_rule"], serde_json::json!({ "gap": 1 }));
    assert_eq!(told.hosts[COUNTY]["violations"], 1);
    assert_eq!(told.addresses["127.0.0.2"]["violations"], 1);
    assert_eq!(told.hosts[CITY]["violations"], 0);

    // What a robots.txt asks for is due to its host.
    let told = doctored(workspace, |record| {
        if is_robots(record, BUREAU) && record.kind() == "response" {
            record.block.extend_from_slice(b"\nUser-agent: gongkai\nCrawl-delay: 600\n");
        }
        true
    });
    let expected: Vec<_> =
        of_host(all, BUREAU)[1..].iter().map(|one| ("gap".to_owned(), path(one))).collect();
    assert_eq!(found(&told), expected);
    assert_eq!(told.violations[0]["due"], "10m");
}

fn robots(workspace: &Workspace, all: &[Archived]) {
    let of_county = |rule: &str, which: &dyn Fn(&str) -> bool| -> Vec<(String, String)> {
        let pages: Vec<String> = of_host(all, COUNTY)[1..].iter().map(|one| path(one)).collect();
        pages.into_iter().filter(|path| which(path)).map(|path| (rule.to_owned(), path)).collect()
    };
    let with_rules = |rules: &str| {
        doctored(workspace, |record| {
            if is_robots(record, COUNTY) && record.kind() == "response" {
                record.block.extend_from_slice(b"\nUser-agent: gongkai\n");
                record.block.extend_from_slice(rules.as_bytes());
            }
            true
        })
    };
    let told = with_rules("Disallow: /loop/\n");
    let expected = of_county("robots", &|path| path.starts_with("loop/"));
    assert!(!expected.is_empty());
    assert_eq!(found(&told), expected);
    let line = told.violations[0]["found"].as_str().unwrap();
    assert!(line.starts_with("line ") && line.ends_with(": Disallow: /loop/"), "{line}");

    // The hour that began three hours after the crawl did.
    let hour = (all[0].exchange.started.as_millis() / 3_600_000 + 3) % 24;
    let told = with_rules(&format!("Visit-time: {hour:02}00-{hour:02}59\n"));
    assert_eq!(found(&told), of_county("visit-time", &|_| true));

    let told = doctored(workspace, |record| !is_robots(record, COUNTY));
    assert_eq!(found(&told), of_county("robots", &|_| true));
    assert_eq!(told.violations[0]["found"], "no robots.txt of its origin before it");

    let asked = of_host(all, COUNTY)[0].exchange.started;
    let yesterday = Moment::from_millis(asked.as_millis() - 25 * 3_600_000);
    let told = doctored(workspace, |record| {
        if is_robots(record, COUNTY) {
            record.set("WARC-Date", &yesterday.to_string());
        }
        true
    });
    assert_eq!(found(&told), of_county("robots", &|_| true));

    let told = doctored(workspace, |record| {
        if is_robots(record, COUNTY) {
            record.replace("HTTP/1.1 200 OK", "HTTP/1.1 500 No");
        }
        true
    });
    assert_eq!(found(&told), of_county("robots", &|_| true));
    let why = told.violations[0]["found"].as_str().unwrap();
    assert_eq!(why, "a robots.txt that cannot be had (status 500)");
}

/// An answer becomes a 429; the next request comes long before a minute, or the day that was asked for, is over.
fn asked_for_peace(workspace: &Workspace, all: &[Archived]) {
    let county = of_host(all, COUNTY);
    let at = county.iter().position(|one| path(one) == "col/col1000/index.html").unwrap();
    for (field, due) in [("", "429 without Retry-After"), ("\r\nRetry-After: 86400", "86400")] {
        let told = doctored(workspace, |record| {
            if is_of(record, county[at]) && record.kind() == "response" {
                record.replace("HTTP/1.1 200 OK", &format!("HTTP/1.1 429 No{field}"));
            }
            true
        });
        let after = county[at + 1..].iter().map(|one| ("retry-after".to_owned(), path(one)));
        assert_eq!(found(&told), after.collect::<Vec<_>>());
        assert!(told.violations[0]["due"].as_str().unwrap().contains(due));
        assert_eq!(told.violations[0]["after"]["url"], county[at].exchange.url.as_str());
    }
}

/// Exchanges of another host are moved to the address of the one that answers slowly: one that overlaps its slow
/// answer, and one that follows sooner than that answer took.
fn two_at_one_address(workspace: &Workspace, all: &[Archived]) {
    let slow = all.iter().find(|one| path(one) == "zwgk/slow.html").unwrap();
    let (begun, over) = (slow.exchange.started, slow.exchange.finished());
    let county = of_host(all, COUNTY);
    let beside = county.iter().find(|one| begun.after(MS * 5) < one.exchange.started).unwrap();
    assert!(beside.exchange.finished() < over);
    let after = county.iter().find(|one| over.after(MS * 5) < one.exchange.started).unwrap();
    let at_once = found(&at_address(workspace, beside, "127.0.0.1"));
    assert_eq!(at_once, [("at-once".to_owned(), path(beside))]);
    let told = at_address(workspace, after, "127.0.0.1");
    assert_eq!(found(&told), [("address-gap".to_owned(), path(after))]);
    assert_eq!(told.violations[0]["host"], COUNTY);
    assert_eq!(told.violations[0]["after"]["url"], slow.exchange.url.as_str());
}

fn at_address(workspace: &Workspace, archived: &Archived, address: &str) -> Told {
    doctored(workspace, |record| {
        if is_of(record, archived) && record.has("WARC-IP-Address") {
            record.set("WARC-IP-Address", address);
        }
        true
    })
}

fn elsewhere(workspace: &Workspace, all: &[Archived]) {
    let bureau = of_host(all, BUREAU);
    let told = at_address(workspace, bureau[7], "10.0.0.1");
    assert_eq!(found(&told), [("not-public".to_owned(), path(bureau[7]))]);
    assert_eq!(told.violations[0]["address"], "10.0.0.1");
    assert_eq!(told.addresses["10.0.0.1"]["requests"], 1);
}

/// The run is made one that was to ask in another hour alone.
fn out_of_hours(workspace: &Workspace, all: &[Archived]) {
    let hour = (all[0].exchange.started.as_millis() / 3_600_000 + 3) % 24;
    let hours = format!("{hour:02}:00-{hour:02}:59 UTC");
    let told = doctored(workspace, |record| {
        if record.kind() == "warcinfo" {
            record.replace(r#"hours = \"\""#, &format!(r#"hours = \"{hours}\""#));
        }
        true
    });
    let rules: BTreeSet<String> = found(&told).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), ["hours"]);
    assert_eq!(told.violations.len(), all.len());
    assert_eq!(told.violations[0]["due"], format!("requests within {hours}"));
}
