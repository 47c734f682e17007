//! What two readings of a page say differently: field by field, cell by cell. Pure.

use serde_json::{Map, Value};

use crate::outcome::ReportFacts;

/// One field or cell.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Difference {
    /// Its path, as warnings write it: `requests.granted.total`, `sections[0].text`.
    pub at: String,
    /// What the catalogue had; null where nothing was stated.
    pub old: Value,
    /// What is read now.
    pub new: Value,
}

/// What differs, in the order of the report's keys; fields and cells before what stands in lists,
/// where one line more may move all others.
pub(super) fn differences(old: &ReportFacts, new: &ReportFacts) -> Vec<Difference> {
    let mut found = Vec::new();
    // A row that somebody altered may hold no JSON: then everything differs.
    let mut was = serde_json::from_str(&old.json).unwrap_or(Value::Null);
    let is = serde_json::from_str(&new.json).unwrap_or(Value::Null);
    if let Value::Object(was) = &mut was {
        columns(was, old, new);
    }
    walk("", &was, &is, &mut found);
    found.sort_by_key(|one| one.at.contains('[') || one.old.is_array() || one.new.is_array());
    found
}

/// A column that differs from what is read now counts as the field of its name, whatever the JSON
/// beside it says.
fn columns(was: &mut Map<String, Value>, old: &ReportFacts, new: &ReportFacts) {
    let text = |facts: &ReportFacts| {
        [
            ("kind", Value::from(facts.kind.as_str())),
            ("title", Value::from(facts.title.as_deref())),
            ("agency", Value::from(facts.agency.as_deref())),
            ("year", Value::from(facts.year)),
            ("division", Value::from(facts.division.as_deref())),
            ("published", Value::from(facts.published.as_deref())),
            ("format", Value::from(facts.format.as_deref())),
        ]
    };
    for ((name, old), (_, new)) in text(old).into_iter().zip(text(new)) {
        if old != new {
            was.insert(name.to_owned(), old);
        }
    }
}

fn walk(at: &str, old: &Value, new: &Value, found: &mut Vec<Difference>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(was), Value::Object(is)) => {
            let only_old = was.keys().filter(|key| !is.contains_key(*key));
            for key in is.keys().chain(only_old) {
                let inner = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let value = |object: &Map<String, Value>| object.get(key).cloned();
                let (old, new) = (value(was).unwrap_or_default(), value(is).unwrap_or_default());
                walk(&inner, &old, &new, found);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (index, (old, new)) in was.iter().zip(is).enumerate() {
                walk(&format!("{at}[{index}]"), old, new, found);
            }
        }
        _ => {
            let at = if at.is_empty() { "report" } else { at };
            found.push(Difference { at: at.to_owned(), old: old.clone(), new: new.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(json: &str) -> ReportFacts {
        let value: Value = serde_json::from_str(json).unwrap_or_default();
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        ReportFacts {
            kind: "report".to_owned(),
            title: text("title"),
            agency: text("agency"),
            year: value["year"].as_i64(),
            division: None,
            published: None,
            format: None,
            json: json.to_owned(),
        }
    }

    #[track_caller]
    fn check(old: &ReportFacts, new: &ReportFacts, expected: &[&str]) {
        let words = |one: &Difference| format!("{} {} -> {}", one.at, one.old, one.new);
        let found: Vec<String> = differences(old, new).iter().map(words).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_and_cells_are_named_by_their_path_and_stand_before_lists() {
        let old = r#"{"sections":[{"text":"a"}],"year":2022,"requests":{"granted":{"total":1,"other":2}},"warnings":[1]}"#;
        let new = r#"{"sections":[{"text":"b"}],"year":2023,"requests":{"granted":{"total":1,"other":null}},"warnings":[1,2]}"#;
        check(
            &facts(old),
            &facts(new),
            &[
                "year 2022 -> 2023",
                "requests.granted.other 2 -> null",
                r#"sections[0].text "a" -> "b""#,
                "warnings [1] -> [1,2]",
            ],
        );
    }

    #[test]
    fn a_table_that_was_not_read_before_is_told_as_one() {
        check(&facts(r#"{"a":null}"#), &facts(r#"{"a":{"b":1}}"#), &[r#"a null -> {"b":1}"#]);
        check(&facts(r#"{"a":1,"b":2}"#), &facts(r#"{"a":1}"#), &["b 2 -> null"]);
    }

    #[test]
    fn a_column_that_was_altered_is_told_as_the_field_of_its_name() {
        let new = facts(r#"{"agency":"青杉市统计局","year":2023}"#);
        let old = ReportFacts { agency: Some("别处".to_owned()), ..new.clone() };
        check(&old, &new, &[r#"agency "别处" -> "青杉市统计局""#]);
        let old =
            ReportFacts { agency: new.agency.clone(), ..facts(r#"{"agency":"x","year":2023}"#) };
        check(&old, &new, &[r#"agency "x" -> "青杉市统计局""#]);
    }

    #[test]
    fn a_row_without_json_differs_as_a_whole_and_another_writing_in_nothing() {
        check(&facts("?"), &facts(r#"{"a":1}"#), &[r#"report null -> {"a":1}"#]);
        check(&facts(r#"{ "a": 1 }"#), &facts(r#"{"a":1}"#), &[]);
    }
}
