//! What the archive itself shows to be missing proves nothing, and accuses nobody.

use std::fs;
use std::path::Path;

use gongkai::archive::exchanges::Archived;
use serde_json::{Value, json};

use super::doctor::rewrite;
use super::{COUNTY, Served, Told, audit, doctored, exchanges, found, is_robots, of_host, path};
use crate::support::Workspace;

/// A byte of this exchange's main record becomes another.
fn damage(workspace: &Workspace, archived: &Archived) {
    let file = workspace.warc_files().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[usize::try_from(archived.offset).unwrap() + 40] ^= 1;
    fs::write(&file, bytes).unwrap();
}

/// The file's name becomes that of the second of its run.
fn renumber(file: &Path) {
    let name = file.to_str().unwrap().replace("-00001-", "-00002-");
    fs::rename(file, name).unwrap();
}

/// Nothing else is told than that no page of the county is proven to be permitted.
fn assert_unproven(told: &Told, pages: &[(String, String)]) {
    assert_eq!(found(told), []);
    let unproven: Vec<_> = told.unproven.iter().map(super::rule_and_path).collect();
    assert_eq!(unproven, pages);
    assert_eq!(told.unproven[0]["found"], "no robots.txt of its origin before it");
    assert_eq!(told.summary["unproven"], pages.len());
    assert_eq!(told.summary["by_rule"], json!({}));
    assert_eq!((&told.hosts[COUNTY]["violations"], told.code), (&json!(0), Some(1)));
}

#[test]
fn a_page_whose_robots_txt_may_lie_in_what_is_damaged_or_missing_is_unproven_and_else_a_violation()
{
    let served = Served::new();
    let workspace = served.workspace();
    workspace.result(&["crawl", "--max-pages", "30"]);
    let all = exchanges(&workspace);
    let county = of_host(&all, COUNTY);
    let pages: Vec<_> = county[1..].iter().map(|one| ("robots".to_owned(), path(one))).collect();
    assert!(!pages.is_empty());

    let told = doctored(&workspace, |record| !is_robots(record, COUNTY));
    assert_eq!((found(&told), &told.unproven), (pages.clone(), &Vec::new()));
    assert_eq!(told.hosts[COUNTY]["violations"], pages.len());
    assert_eq!(told.summary["by_rule"], json!({ "robots": pages.len() }));

    let damaged = workspace.copy();
    damage(&damaged, county[0]);
    let told = audit(&damaged, &[]);
    assert_unproven(&told, &pages);
    assert_eq!(told.damages[0]["offset"], county[0].offset);
    let screen = String::from_utf8(damaged.run(&["audit"]).stdout).unwrap();
    let lines = screen.lines().filter(|line| line.starts_with("unproven: robots: http://")).count();
    assert_eq!(lines, pages.len());
    assert!(screen.contains(&format!(": no violation; {} requests unproven: ", pages.len())));
    assert!(screen.contains("damaged places prove nothing"), "{screen}");

    let missing = workspace.copy();
    rewrite(&missing.warc_files(), |record| !is_robots(record, COUNTY));
    renumber(&missing.warc_files()[0]);
    let told = audit(&missing, &[]);
    assert_unproven(&told, &pages);
    assert_eq!((told.damages.len(), &told.summary["missing_files"]), (0, &json!(1)));

    // What is broken by what is there stays broken.
    let forbidden = workspace.copy();
    rewrite(&forbidden.warc_files(), |record| {
        if is_robots(record, COUNTY) {
            record.replace("HTTP/1.1 200 OK", "HTTP/1.1 500 No");
        }
        true
    });
    renumber(&forbidden.warc_files()[0]);
    let told = audit(&forbidden, &[]);
    assert_eq!((found(&told), &told.unproven), (pages, &Vec::<Value>::new()));
}

#[test]
fn what_a_repair_kept_of_a_lost_exchange_is_no_damage_and_what_it_left_out_accuses_nobody() {
    let served = Served::new();
    let workspace = served.workspace();
    workspace.result(&["crawl", "--max-pages", "30"]);
    let all = exchanges(&workspace);
    let county = of_host(&all, COUNTY);
    let pages: Vec<_> = county[1..].iter().map(|one| ("robots".to_owned(), path(one))).collect();
    let repaired = |archived: &Archived| {
        let copy = workspace.copy();
        damage(&copy, archived);
        copy.result(&["repair"]);
        copy
    };

    let without_a_page = repaired(all.last().unwrap());
    let told = audit(&without_a_page, &[]);
    assert_eq!((found(&told), told.damages.len(), told.code), (Vec::new(), 0, Some(0)));
    assert_eq!((&told.summary["damaged"], &told.summary["lost_records"]), (&json!(0), &json!(2)));
    let screen = without_a_page.result(&["audit"]);
    assert!(screen.contains("; 2 records of exchanges that were lost before a repair"), "{screen}");

    let told = audit(&repaired(county[0]), &[]);
    assert_unproven(&told, &pages);
    assert_eq!(told.damages.len(), 0);
}
