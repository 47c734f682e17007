//! The labels of table three as pages write them: whole, with their group before them, with a letter
//! lost, over two lines.

use crate::layout::{GROUP_HEADS, Group, OTHER_OUTCOME, REQUESTS, RequestRow};
use crate::text::label;

/// A label with more letters than this is a sentence.
const LONGEST: usize = 70;

/// Labels of fewer letters than this must be written whole.
const SHORTEST_UNSURE: usize = 6;

/// The head of a group that a text begins with.
pub(super) fn group_named(name: &str) -> Option<Group> {
    let begins = |(head, _): &&(&str, Group)| name.starts_with(head);
    GROUP_HEADS.iter().find(begins).map(|(_, group)| *group)
}

/// Whether a text is the label of a row, or ends in one.
pub(super) fn is_row(text: &str) -> bool {
    let name = label(text);
    is_other(&name) || is_total(&name) || row_named(&name).is_some() || group_named(&name).is_some()
}

/// The row whose label a name is. The rows named by a common word (其他, 总计) are not among them: what they are,
/// their place tells.
pub(super) fn row_named(name: &str) -> Option<RequestRow> {
    let letters = name.chars().count();
    if letters > LONGEST {
        return None;
    }
    let own = || REQUESTS.iter().filter(|row| !is_common(row));
    let whole = own().find(|row| name == row.label);
    let begun = || {
        own().find(|row| {
            name.strip_prefix(row.label).is_some_and(|rest| rest.is_empty() || letters >= 4)
        })
    };
    let held = || {
        let long = own().filter(|row| row.label.chars().count() >= SHORTEST_UNSURE);
        long.filter(|row| name.contains(row.label)).max_by_key(|row| row.label.len())
    };
    whole.or_else(begun).or_else(held).or_else(|| nearly(name, letters)).copied()
}

/// The row whose label differs by a letter or two.
fn nearly(name: &str, letters: usize) -> Option<&'static RequestRow> {
    let allowed = match letters {
        0..SHORTEST_UNSURE => return None,
        SHORTEST_UNSURE..10 => 1,
        _ => 2,
    };
    let mut near = REQUESTS.iter().filter(|row| {
        let length = row.label.chars().count();
        !is_common(row)
            && length.abs_diff(letters) <= allowed
            && length >= SHORTEST_UNSURE
            && strsim::levenshtein(row.label, name) <= allowed
    });
    let one = near.next()?;
    near.next().is_none().then_some(one)
}

fn is_common(row: &RequestRow) -> bool {
    matches!(row.key, "other_other" | "outcome_total")
}

/// The row of a common word, by the group and the row that stood before it.
pub(super) fn common_row(
    name: &str,
    group: Option<Group>,
    last: Option<Group>,
) -> Option<RequestRow> {
    let by_key = |key: &str| REQUESTS.iter().find(|row| row.key == key).copied();
    let last = last?;
    if is_total(name) {
        return by_key("outcome_total");
    }
    if name == "其他处理" {
        return Some(OTHER_OUTCOME);
    }
    (is_other(name) && (group == Some(Group::Other) || last == Group::Other))
        .then(|| by_key("other_other"))
        .flatten()
}

fn is_other(name: &str) -> bool {
    matches!(name, "其他" | "其它")
}

/// 总计, with a remark behind it or without.
fn is_total(name: &str) -> bool {
    const LONGEST_REMARK: usize = 16;
    let rest = ["总计", "合计", "总数"].iter().find_map(|word| name.strip_prefix(word));
    rest.is_some_and(|remark| remark.chars().count() <= LONGEST_REMARK)
}

/// Whether a text goes on with the label that a row began.
pub(super) fn goes_on(row: &RequestRow, name: &str) -> bool {
    let whole = format!("{}{}", row.label, row.rest);
    name.chars().count() >= 2 && whole.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<&'static str> {
        row_named(&label(text)).map(|row| row.key)
    }

    #[test]
    fn a_row_is_known_by_its_label_however_it_is_written() {
        for (text, row) in [
            ("一、本年新收政府信息公开申请数量", "received_new"),
            ("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", "partly_granted"),
            ("（三）不予公开 1.属于国家秘密", "refused_state_secret"),
            ("5.属于三类内容事务信息", "refused_internal_affairs"),
            ("2.没有现成信息需要另行制", "unavailable_needs_creation"),
            ("3.危及“三安全 一稳定”", "refused_safety_stability"),
            ("1、信访举报投诉类申请（件）", "unprocessed_petition"),
            ("四、结转下年度继续办理", "carried_out"),
        ] {
            assert_eq!(key(text), Some(row), "{text}");
        }
        for text in
            ["其他", "总计", "自然人", "（三）不予公开", "三、本年度办理结果", "法人或其他组织"]
        {
            assert_eq!(key(text), None, "{text}");
        }
    }

    #[test]
    fn a_common_word_is_a_row_only_at_its_place() {
        let row = |name, group, last| common_row(name, group, last).map(|row| row.key);
        assert_eq!(row("其他", Some(Group::Other), Some(Group::Other)), Some("other_other"));
        assert_eq!(row("其他", Some(Group::Refused), Some(Group::Refused)), None);
        assert_eq!(row("总计", None, None), None);
        assert_eq!(row("总计", None, Some(Group::Other)), Some("outcome_total"));
    }
}
