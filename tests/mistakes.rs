//! Mistakes of the operator: named with their place, before anything is touched.

use std::fs;

use crate::support::{Portals, Workspace};

fn workspace() -> Workspace {
    Workspace::with("", "http://www.qingshanshi.gov.cn/\n")
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
    let workspace = workspace();
    let path = workspace.path().join("config.toml");
    let config = fs::read_to_string(&path).unwrap() + "[politenes]\ndelay = \"2s\"\n";
    fs::write(&path, &config).unwrap();
    let output = workspace.run(&["crawl"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = config.lines().count();
    assert!(message.contains(&format!("config.toml:{line}: ")), "{message}");
    assert!(message.contains("did you mean `politeness.delay`?"), "{message}");
    assert!(!workspace.path().join("archive").exists());
}

#[test]
fn without_a_contact_nothing_is_crawled() {
    let workspace = workspace();
    let output =
        workspace.command(&["crawl"]).env("GONGKAI_IDENTITY__CONTACT", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`identity.contact` is not set"));
}

#[test]
fn bad_seeds_are_named_and_the_good_ones_are_checked() {
    let workspace = workspace();
    fs::write(workspace.path().join("seeds/bad.toml"), "urls = [\"nowhere\"]\ninclud = []\n")
        .unwrap();
    let output = workspace.run(&["seeds", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("www.qingshanshi.gov.cn"));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("bad.toml:1: ") && message.contains("bad.toml:2: unknown key `includ`"),
        "{message}"
    );
}

#[test]
fn reading_an_archive_that_is_not_there_says_how_to_make_one() {
    let output = workspace().run(&["status"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("`gongkai crawl` makes it"), "{message}");
    assert!(message.contains("`--config FILE` names another configuration"), "{message}");
}

#[test]
fn in_a_folder_without_a_configuration_the_way_to_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["crawl"][..], &["status"], &["why", "http://www.qingshan.gov.cn/"]] {
        let output =
            crate::support::gongkai().current_dir(dir.path()).args(arguments).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        let expected = "there is no config.toml here: `gongkai init` writes one";
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_host_is_named_as_people_write_it() {
    let workspace = workspace();
    // Its name is looked up nowhere: the stop file is there.
    fs::write(workspace.path().join("STOP"), "").unwrap();
    workspace.result(&["crawl", "--host", "WWW.Qingshanshi.gov.cn."]);
    let message = refused(&["crawl", "--host", "http://www.qingshanshi.gov.cn/"]);
    assert!(message.contains("without scheme, port and path"), "{message}");
    let message = refused(&["crawl", "--host", "www.yunling.gov.cn"]);
    assert!(message.contains("no seed holds this host"), "{message}");
}

#[test]
fn init_writes_what_crawl_accepts_once_a_contact_is_set() {
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        crate::support::gongkai().current_dir(dir.path()).args(arguments).output().unwrap()
    };
    assert!(run(&["init"]).status.success());
    assert!(run(&["seeds", "check"]).status.success());
    assert_eq!(run(&["crawl"]).status.code(), Some(2));
}

#[test]
fn a_host_without_its_scheme_is_answered_with_the_url_to_write() {
    let output = workspace().run(&["crawl", "www.qingshanshi.gov.cn"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("write http://www.qingshanshi.gov.cn/"), "{message}");
}

/// The words of a command that was given something wrong: exit 2.
fn refused(arguments: &[&str]) -> String {
    let output = workspace().run(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    message
}

#[test]
fn an_option_that_can_mean_nothing_is_refused_with_what_was_expected() {
    for (arguments, expected) in [
        (&["reports", "--division", "xx"][..], "expected up to six digits, such as 640221 or 64"),
        (&["reports", "--division", ""], "expected up to six digits"),
        (&["parse", "-", "--charset", "bogus"], "expected a name of the Encoding Standard"),
        (&["parse", "-", "--url", "bogus"], "expected http://"),
        (&["parse", "-", "--url", "mailto:a@example.com"], "expected http://"),
    ] {
        let message = refused(arguments);
        let given = arguments.last().unwrap();
        assert!(message.contains(expected) && message.contains(given), "{message}");
    }
}

#[test]
fn a_database_that_is_none_is_named_once() {
    let workspace = workspace();
    fs::create_dir(workspace.path().join("archive")).unwrap();
    fs::write(workspace.path().join("archive/gongkai.db"), "青杉市统计局\n".repeat(100)).unwrap();
    for arguments in [&["status"][..], &["crawl"], &["reparse"]] {
        let output = workspace.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(message.matches("database").count(), 2, "{message}");
        assert!(message.contains("gongkai.db is not a database of gongkai: it is no database"));
    }
}

#[test]
fn what_was_refused_by_mistake_of_the_configuration_is_asked_as_soon_as_that_is_mended() {
    let log = tempfile::tempdir().unwrap();
    let portals = Portals::serve(&log.path().join("log"));
    let workspace = Workspace::new(&portals, "");
    let config = workspace.path().join("config.toml");
    let good = fs::read_to_string(&config).unwrap();
    fs::write(&config, good.replace("allow_private = [\"127.0.0.0/8\"]", "")).unwrap();
    workspace.result(&["crawl"]);
    let why = workspace.result(&["why", &portals_seed()]);
    assert!(why.contains("`network.allow_private` names those that may be asked"), "{why}");
    assert_eq!(portals.log().len(), 0);
    fs::write(&config, good).unwrap();
    workspace.result(&["crawl", "--max-pages", "5"]);
    assert!(portals.log().len() >= 5);
}

fn portals_seed() -> String {
    gongkai::demo::portals()[0].seed_url()
}
