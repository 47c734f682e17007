//! The parser against the truth: what it got right, what wrong, and what it left out.
//!
//! A truth is an object with some of a report's keys. `{"any_of": […]}` lets several values be
//! right; null means that the page does not state it, so that any value is wrong. `is_report` (the kind is
//! `report`), `text_contains`, `text_lacks`, `warnings_at` and `checks_hold` are asked of the whole report.
//!
//! ```
//! use gongkai_report::evaluation::{Verdict, judge};
//! use serde_json::json;
//!
//! let report = json!({"kind": "report", "year": 2023, "title": null, "warnings": []});
//! let verdicts: Vec<Verdict> = judge(&report, &json!({"is_report": true, "title": "甲", "year": 2022}))
//!     .into_iter()
//!     .map(|judgement| judgement.verdict)
//!     .collect();
//! assert_eq!(verdicts, [Verdict::Right, Verdict::NeedlesslyNull, Verdict::Wrong]);
//! ```

use serde_json::Value;

use crate::text::tight;

/// The keys of a truth that are asked of the whole report.
pub const ASKED_OF_ALL: [&str; 5] =
    ["is_report", "checks_hold", "text_contains", "text_lacks", "warnings_at"];

/// How one field or cell compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is what the page states.
    Right,
    /// It is something else.
    Wrong,
    /// It is null, the page states it, and a warning at its place says why it was not read.
    Missing,
    /// It is null, the page states it, and nothing says why.
    NeedlesslyNull,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Judgement {
    /// The report's key: `title`, `requests` …
    pub field: String,
    /// The path within the report: `requests.granted.total`.
    pub path: String,
    /// How it compares.
    pub verdict: Verdict,
    /// What the page states.
    pub expected: Value,
    /// What the parser says.
    pub found: Value,
}

impl Judgement {
    /// Whether it is about a number in a table.
    pub fn is_cell(&self) -> bool {
        matches!(self.field.as_str(), "proactive" | "requests" | "reviews")
    }
}

/// Compares a report with the truth about its page.
pub fn judge(report: &Value, truth: &Value) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for (field, expected) in truth.as_object().into_iter().flatten() {
        match field.as_str() {
            "is_report" => {
                let is_report = report["kind"] == "report";
                push(&mut judgements, field, field, expected, Value::from(is_report));
            }
            "checks_hold" => {
                let checks = report["checks"].as_array();
                let holds =
                    checks.is_some_and(|checks| checks.iter().all(|check| check["holds"] == true));
                push(&mut judgements, field, field, expected, Value::from(holds));
            }
            "text_contains" | "text_lacks" => {
                judge_text(&mut judgements, field, report, expected);
            }
            "warnings_at" => judge_warnings(&mut judgements, field, report, expected),
            _ => compare(&mut judgements, field, field, expected, &report[field]),
        }
    }
    for judgement in &mut judgements {
        let is_judged = judgement.verdict == Verdict::NeedlesslyNull;
        if is_judged && judgement.field != "warnings_at" && is_explained(report, &judgement.path) {
            judgement.verdict = Verdict::Missing;
        }
    }
    judgements
}

/// Whether a warning stands at a path, within it, or at a part of the report that holds it.
fn is_explained(report: &Value, path: &str) -> bool {
    let within = |one: &str, other: &str| {
        one == other || one.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'))
    };
    report["warnings"].as_array().into_iter().flatten().any(|warning| {
        warning["at"].as_str().is_some_and(|at| within(at, path) || within(path, at))
    })
}

fn compare(
    judgements: &mut Vec<Judgement>,
    field: &str,
    path: &str,
    expected: &Value,
    found: &Value,
) {
    match expected.as_object() {
        Some(keys) if !keys.contains_key("any_of") => {
            for (key, expected) in keys {
                compare(judgements, field, &format!("{path}.{key}"), expected, &found[key]);
            }
        }
        _ => push(judgements, field, path, expected, found.clone()),
    }
}

fn push(judgements: &mut Vec<Judgement>, field: &str, path: &str, expected: &Value, found: Value) {
    let right = match expected["any_of"].as_array() {
        Some(any) => any.iter().any(|one| equal(one, &found)),
        None => equal(expected, &found),
    };
    let verdict = match () {
        () if right => Verdict::Right,
        () if found.is_null() => Verdict::NeedlesslyNull,
        () => Verdict::Wrong,
    };
    let (field, path) = (field.to_owned(), path.to_owned());
    judgements.push(Judgement { field, path, verdict, expected: expected.clone(), found });
}

/// Equal as a reader would say: blanks make no difference, nor does a time beside a date.
fn equal(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(expected), Value::Number(found)) => expected.as_f64() == found.as_f64(),
        (Value::String(expected), Value::String(found)) => {
            let day = found.split_once('T').map_or(found.as_str(), |(day, _)| day);
            tight(expected) == tight(found) || expected == day
        }
        _ => expected == found,
    }
}

fn judge_text(judgements: &mut Vec<Judgement>, field: &str, report: &Value, expected: &Value) {
    let sections = report["sections"].as_array().cloned().unwrap_or_default();
    let text: String = sections.iter().filter_map(|section| section["text"].as_str()).collect();
    for part in expected.as_array().into_iter().flatten() {
        let holds =
            part.as_str().is_some_and(|part| text.contains(part)) == (field == "text_contains");
        let verdict = if holds { Verdict::Right } else { Verdict::Wrong };
        judgements.push(Judgement {
            field: field.to_owned(),
            path: "sections".to_owned(),
            verdict,
            expected: part.clone(),
            found: Value::from(holds),
        });
    }
}

fn judge_warnings(judgements: &mut Vec<Judgement>, field: &str, report: &Value, expected: &Value) {
    let warnings = report["warnings"].as_array().cloned().unwrap_or_default();
    for at in expected.as_array().into_iter().flatten() {
        let warned = warnings.iter().any(|warning| {
            let (found, at) =
                (warning["at"].as_str().unwrap_or_default(), at.as_str().unwrap_or_default());
            found == at || found.starts_with(&format!("{at}."))
        });
        judgements.push(Judgement {
            field: field.to_owned(),
            path: at.as_str().unwrap_or_default().to_owned(),
            verdict: if warned { Verdict::Right } else { Verdict::NeedlesslyNull },
            expected: at.clone(),
            found: Value::from(warned),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Missing, NeedlesslyNull, Right, Wrong};
    use super::*;
    use serde_json::json;

    fn verdicts(report: &Value, truth: &Value) -> Vec<Verdict> {
        judge(report, truth).into_iter().map(|judgement| judgement.verdict).collect()
    }

    #[test]
    fn what_is_left_out_is_missing_and_what_is_made_up_is_wrong() {
        let report = json!({"kind": "report", "title": "甲 乙", "year": null, "published": "2024-01-17T16:58:00+08:00",
            "requests": {"granted": {"total": 3, "other": null}}});
        let truth = json!({"is_report": true, "title": {"any_of": [null, "甲乙"]}, "year": 2023, "published": "2024-01-17",
            "requests": {"granted": {"total": 4, "other": null}}});
        let expected = [Right, Right, NeedlesslyNull, Right, Wrong, Right];
        assert_eq!(verdicts(&report, &truth), expected);
        assert_eq!(verdicts(&json!({"year": 0}), &json!({"year": null})), [Wrong]);
    }

    #[test]
    fn a_null_is_needless_unless_a_warning_says_why() {
        let report =
            |at: &str| json!({"requests": {"granted": {"total": null}}, "warnings": [{"at": at}]});
        let truth = json!({"requests": {"granted": {"total": 4}}});
        for at in ["requests", "requests.granted", "requests.granted.total"] {
            assert_eq!(verdicts(&report(at), &truth), [Missing], "{at}");
        }
        for at in ["reviews", "requests.granted_too", "requests.granted.other"] {
            assert_eq!(verdicts(&report(at), &truth), [NeedlesslyNull], "{at}");
        }
    }
}
