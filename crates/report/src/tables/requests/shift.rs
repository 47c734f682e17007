//! Where labels do not stand beside their values: which rows are not believed.

use crate::layout::{Group, RequestRow};

use super::{Slots, is_inner};

/// Gives up the rows whose values may be another's: all where labels and values stand apart; else those
/// between 部分公开 and 总计, and those before and after where one of them has no values either.
pub(super) fn give_up(form: &[RequestRow], rows: &mut [Slots<'_>], apart: bool) {
    let is_head = |row: &RequestRow| matches!(row.group, Group::Received | Group::Granted);
    let is_foot = |row: &RequestRow| matches!(row.group, Group::Total | Group::CarriedOut);
    let lacks = |part: &dyn Fn(&RequestRow) -> bool, rows: &[Slots<'_>]| {
        let mut of_part = form.iter().zip(rows).filter(|(row, _)| part(row));
        of_part.any(|(_, slots)| matches!(slots, Slots::Nothing))
    };
    let (no_head, no_foot) = (lacks(&is_head, rows), lacks(&is_foot, rows));
    for (row, slots) in form.iter().zip(rows) {
        let is_given_up =
            apart || is_inner(row.group) || (no_head && is_head(row)) || (no_foot && is_foot(row));
        if is_given_up {
            *slots = Slots::Nothing;
        }
    }
}
