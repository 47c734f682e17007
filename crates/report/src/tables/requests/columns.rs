//! The columns of table three, by the labels of its head.

use crate::layout::APPLICANTS;

/// A column of a page's table: one of ours, or one that the form does not have.
pub(super) type Column = Option<&'static str>;

/// What a cell of the head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// A column.
    Of(&'static str),
    /// 法人或其他组织, which five columns stand under.
    Group,
    /// A sum that the form does not have: 法人合计.
    Extra,
    /// 申请人情况, or the note in the corner.
    Around,
}

/// What a label of the head is, by its name.
pub(super) fn head(name: &str) -> Option<Head> {
    // `合 计（件）`
    Some(match name.trim_end_matches('件') {
        "自然人" => Head::Of("natural_person"),
        "商业企业" | "企业" => Head::Of("enterprise"),
        "科研机构" => Head::Of("research_institution"),
        "社会公益组织" | "公益组织" => Head::Of("public_welfare"),
        "法律服务机构" | "法律服务" => Head::Of("legal_service"),
        "其他" | "其它" => Head::Of("other"),
        "总计" | "合计" | "共计" | "总数" => Head::Of("total"),
        "法人或其他组织" | "法人和其他组织" | "法人及其他组织" => Head::Group,
        "法人合计" | "小计" | "法人或其他组织合计" | "法人小计" => Head::Extra,
        "申请人情况" => Head::Around,
        name if name.starts_with("本列数据的勾稽关系") => Head::Around,
        _ => return None,
    })
}

/// The columns in the order in which they stand, from the labels in the order in which they are
/// written. A head over two rows names the columns of a group after all that stands beside the
/// group. None where not each column is named once.
pub(super) fn columns(heads: &[Head]) -> Option<Vec<Column>> {
    let columns: Vec<Column> = standing(heads).iter().filter_map(of).collect();
    let named: Vec<&str> = columns.iter().flatten().copied().collect();
    let each_once =
        APPLICANTS.iter().all(|key| named.iter().filter(|name| *name == key).count() == 1);
    each_once.then_some(columns)
}

/// Whether what can be read of a damaged head stands as in the form, which is then believed.
pub(super) fn agrees_with_form(heads: &[Head]) -> bool {
    let standing = standing(heads);
    let mut form = APPLICANTS.iter();
    standing
        .iter()
        .filter_map(of)
        .all(|column| column.is_some_and(|column| form.any(|known| *known == column)))
}

fn of(head: &Head) -> Option<Column> {
    match head {
        Head::Of(key) => Some(Some(*key)),
        Head::Extra => Some(None),
        Head::Group | Head::Around => None,
    }
}

/// The labels in the order in which their columns stand.
fn standing(heads: &[Head]) -> Vec<Head> {
    let heads: Vec<Head> = heads.iter().copied().filter(|head| *head != Head::Around).collect();
    let of = |wanted: Head| heads.iter().position(|head| *head == wanted);
    let (Some(group), Some(total)) = (of(Head::Group), of(Head::Of("total"))) else {
        return heads;
    };
    let is_member =
        |head: &Head| matches!(head, Head::Of(key) if !matches!(*key, "natural_person" | "total"));
    let beside = group.max(total) + 1;
    let below = heads.iter().skip(beside).position(is_member).map(|at| at + beside);
    let (first, second) = heads.split_at(below.unwrap_or(heads.len()));
    let (before, behind) = first.split_at(group);
    [before, second, behind.get(1..).unwrap_or_default()].concat()
}

/// The columns of the form, where a page's own head cannot be read.
pub(super) fn of_the_form() -> Vec<Column> {
    APPLICANTS.iter().map(|key| Some(*key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::label;

    fn read(labels: &str) -> Option<Vec<&'static str>> {
        let heads: Vec<Head> = labels.split(' ').filter_map(|text| head(&label(text))).collect();
        Some(columns(&heads)?.into_iter().map(|column| column.unwrap_or("")).collect())
    }

    #[test]
    fn columns_stand_as_the_head_says() {
        let members = "商业企业 科研机构 社会公益组织 法律服务机构 其他";
        let form = read(&format!("申请人情况 自然人 法人或其他组织 总计 {members}"));
        assert_eq!(form.as_deref(), Some(APPLICANTS.as_slice()));
        let flat = read(&format!("自然人 {members} 总计"));
        assert_eq!(flat.as_deref(), Some(APPLICANTS.as_slice()));
        let total_first = read(&format!("总计 自然人 {members}"));
        assert_eq!(total_first.unwrap().first(), Some(&"total"));
        let extra = read(&format!("自然人 法人或其他组织 总计 {members} 法人合计"));
        assert_eq!(extra.unwrap().get(6), Some(&""));
        assert_eq!(read("自然人 商业企业 总计"), None);
        let total_left = read(&format!("总计 自然人 法人或其他组织 {members}"));
        assert_eq!(total_left.unwrap().get(..2), Some(["total", "natural_person"].as_slice()));
        let person_last = read(&format!("法人或其他组织 总计 自然人 {members}"));
        assert_eq!(person_last.unwrap().get(5..), Some(["total", "natural_person"].as_slice()));
        let beside =
            read("自然人 法人或其他组织 其它 总计 商业企业 科研机构 社会公益组织 法律服务机构");
        assert_eq!(beside.as_deref(), Some(APPLICANTS.as_slice()));
    }

    #[test]
    fn a_damaged_head_is_believed_only_where_it_stands_as_in_the_form() {
        let agrees = |labels: &str| {
            let heads: Vec<Head> =
                labels.split(' ').filter_map(|text| head(&label(text))).collect();
            agrees_with_form(&heads)
        };
        assert!(agrees("自然人 法人或其他组织 总计 商业企业 科研"));
        assert!(agrees("科研机构 其他"));
        assert!(!agrees("总计 自然人 商业企业"));
    }
}
