//! `eval` and `parse` as their users have them: counts, a diff, exit codes, JSON for machines.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Workspace;

const PAGE: &str = "<title>青杉市统计局2023年政府信息公开工作年度报告</title><h2>一、总体情况</h2><p>略</p>\
    <h2>二、主动公开政府信息情况</h2><table><tr><td>信息内容</td><td>本年处理决定数量</td></tr>\
    <tr><td>行政许可</td><td>12</td></tr></table>";

/// A folder with the page and this truth, and a workspace to run in.
fn judged(truth: &str) -> Workspace {
    let workspace = Workspace::with("", "http://www.qingshanshi.gov.cn/\n");
    let dir = workspace.path().join("pages/deeper");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("a.html"), PAGE).unwrap();
    fs::write(dir.join("a.truth.json"), truth).unwrap();
    workspace
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_is_right_wrong_and_missing_is_counted_and_the_wrong_is_shown() {
    let truth = r#"{"year": 2023, "agency": "青杉市财政局", "icp": "滇ICP备05000001号",
        "proactive": {"licensing": {"decisions": 13}, "penalties": {"decisions": 4}}}"#;
    let output = judged(truth).run(&["eval", "pages", "--cells"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    for line in [
        "proactive.licensing.decisions  0      1      0        0",
        "proactive.penalties.decisions  0      0      1        0",
        "    - 13\n    + 12",
        "1 page; wrong: 2, of them cells: 1; null that should not be: 2",
    ] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
}

#[test]
fn what_is_all_right_ends_with_0_and_a_line_of_json_a_comparison() {
    let workspace = judged(r#"{"is_report": true, "year": 2023}"#);
    let output = workspace.run(&["eval", "pages", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["judgement"]["verdict"], "right");
    assert_eq!(lines[2]["counts"]["all"]["right"], 2);
}

#[test]
fn a_truth_that_judges_nothing_is_refused_by_name() {
    for (truth, why) in [
        (r#"{"agncy": null}"#, "no report has a key `agncy`"),
        ("[]", "is no object"),
        ("{}", "is no object"),
        ("{oops", "is no JSON"),
    ] {
        let output = judged(truth).run(&["eval", "pages"]);
        assert_eq!(output.status.code(), Some(2), "{truth}");
        let said = text(&output.stderr);
        assert!(said.contains("a.truth.json") && said.contains(why), "{said}");
    }
}

#[test]
fn a_figure_leads_back_to_its_cell_and_the_schema_is_printed() {
    let workspace = judged("{}");
    let page = Path::new("pages/deeper/a.html");
    let output = workspace.run(&["parse", page.to_str().unwrap(), "--evidence"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let evidence = &report["evidence"]["proactive.licensing.decisions"];
    assert_eq!((&evidence["raw"], &evidence["at"]["row"]), (&"12".into(), &2.into()));
    let schema: Value =
        serde_json::from_slice(&workspace.run(&["parse", "--schema"]).stdout).unwrap();
    assert_eq!(schema["title"], "gongkai-report/1");
}
