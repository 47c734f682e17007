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
    Some(match name {
        "自然人" => Head::Of("natural_person"),
        "商业企业" | "企业" => Head::Of("enterprise"),
        "科研机构" => Head::Of("research_institution"),
        "社会公益组织" | "公益组织" => Head::Of("public_welfare"),
        "法律服务机构" | "法律服务" => Head::Of("legal_service"),
        "其他" => Head::Of("other"),
        "总计" | "合计" | "共计" => Head::Of("total"),
        "法人或其他组织" | "法人和其他组织" | "法人及其他组织" => Head::Group,
        "法人合计" | "小计" | "法人或其他组织合计" | "法人小计" => Head::Extra,
        "申请人情况" => Head::Around,
        name if name.starts_with("本列数据的勾稽关系") => Head::Around,
        _ => return None,
    })
}

/// The columns in the order in which they stand, from the labels in the order in which they are
/// written: the form's head names the five columns of a group after the group and the total. None
/// where the head says something else.
pub(super) fn columns(heads: &[Head]) -> Option<Vec<Column>> {
    let heads: Vec<Head> = heads.iter().copied().filter(|head| *head != Head::Around).collect();
    let of = |head: &Head| match head {
        Head::Of(key) => Some(Some(*key)),
        Head::Extra => Some(None),
        Head::Group | Head::Around => None,
    };
    let group = heads.iter().position(|head| *head == Head::Group);
    let total = heads.iter().position(|head| *head == Head::Of("total"))?;
    let is_member =
        |head: &Head| matches!(head, Head::Of(key) if !matches!(*key, "natural_person" | "total"));
    let first_member = heads.iter().position(is_member)?;
    let columns: Vec<Column> = match group {
        Some(group) if total < first_member => {
            let before = heads.iter().take(group).filter_map(of);
            let beside = heads.iter().take(total + 1).skip(group + 1).filter_map(of);
            let members = heads.iter().skip(total + 1).filter_map(of);
            before.chain(members).chain(beside).collect()
        }
        _ => heads.iter().filter_map(of).collect(),
    };
    let named: Vec<&str> = columns.iter().flatten().copied().collect();
    let each_once =
        APPLICANTS.iter().all(|key| named.iter().filter(|name| *name == key).count() == 1);
    each_once.then_some(columns)
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
    }
}
