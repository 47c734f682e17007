//! The statutory forms: which text stands in which cell, and how many rows and columns it spans.

use gongkai_report::Number;

use super::numbers::{Form, Rows, Tables};

/// A cell of a laid out table.
#[derive(Debug, Clone)]
pub struct Cell {
    pub content: Content,
    pub rows: usize,
    pub columns: usize,
}

#[derive(Debug, Clone)]
pub enum Content {
    /// A label of the form.
    Label(&'static str),
    Value(Number),
}

/// A laid out table; the first `head` rows are its head.
#[derive(Debug, Clone)]
pub struct Laid {
    pub head: usize,
    pub rows: Vec<Vec<Cell>>,
}

fn label(text: &'static str, rows: usize, columns: usize) -> Cell {
    Cell { content: Content::Label(text), rows, columns }
}

fn values(cells: &[(&'static str, Number)]) -> impl Iterator<Item = Cell> {
    cells.iter().map(|(_, n)| Cell { content: Content::Value(*n), rows: 1, columns: 1 })
}

/// The label of each row of table three.
pub fn request_label(key: &str) -> &'static str {
    match key {
        "received_new" => "一、本年新收政府信息公开申请数量",
        "carried_in" => "二、上年结转政府信息公开申请数量",
        "granted" => "（一）予以公开",
        "partly_granted" => "（二）部分公开（区分处理的，只计这一情形，不计其他情形）",
        "refused_state_secret" => "1.属于国家秘密",
        "refused_other_law" => "2.其他法律行政法规禁止公开",
        "refused_safety_stability" => "3.危及“三安全一稳定”",
        "refused_third_party" => "4.保护第三方合法权益",
        "refused_internal_affairs" => "5.属于三类内部事务信息",
        "refused_process_information" => "6.属于四类过程性信息",
        "refused_enforcement_file" => "7.属于行政执法案卷",
        "refused_administrative_query" => "8.属于行政查询事项",
        "unavailable_not_held" => "1.本机关不掌握相关政府信息",
        "unavailable_needs_creation" => "2.没有现成信息需要另行制作",
        "unavailable_unclear" => "3.补正后申请内容仍不明确",
        "unprocessed_petition" => "1.信访举报投诉类申请",
        "unprocessed_repeat" => "2.重复申请",
        "unprocessed_publication" => "3.要求提供公开出版物",
        "unprocessed_excessive" => "4.无正当理由大量反复申请",
        "unprocessed_confirmation" => "5.要求行政机关确认或重新出具已获取信息",
        "other_not_corrected" => "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
        "other_fee_unpaid" => {
            "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请"
        }
        "other_other" => "3.其他",
        "other_outcome" => "（六）其他处理",
        "outcome_total" => "（七）总计",
        "carried_out" => "四、结转下年度继续办理",
        other => panic!("no row is called {other}"),
    }
}

fn group_head(key: &str) -> Option<&'static str> {
    match key.split('_').next() {
        Some("refused") => Some("（三）不予公开"),
        Some("unavailable") => Some("（四）无法提供"),
        Some("unprocessed") => Some("（五）不予处理"),
        Some("other") if key != "other_outcome" => Some("（六）其他处理"),
        _ => None,
    }
}

/// Table three, with its three columns of labels and its head over three rows.
pub fn requests(tables: &Tables) -> Laid {
    let mut rows = vec![
        vec![
            label("（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）", 3, 3),
            label("申请人情况", 1, 7),
        ],
        vec![label("自然人", 2, 1), label("法人或其他组织", 1, 5), label("总计", 2, 1)],
        ["商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他"]
            .map(|text| label(text, 1, 1))
            .to_vec(),
    ];
    let outcomes = tables.requests.len() - 3;
    let mut group = None;
    for (at, (key, cells)) in tables.requests.iter().enumerate() {
        let mut row = Vec::new();
        if at == 2 {
            row.push(label("三、本年度办理结果", outcomes, 1));
        }
        let name = request_label(key);
        match group_head(key) {
            Some(head) if group != Some(head) => {
                let members =
                    tables.requests.iter().filter(|(key, _)| group_head(key) == Some(head)).count();
                row.push(label(head, members, 1));
                row.push(label(name, 1, 1));
            }
            Some(_) => row.push(label(name, 1, 1)),
            None if at < 2 || *key == "carried_out" => row.push(label(name, 1, 3)),
            None => row.push(label(name, 1, 2)),
        }
        group = group_head(key);
        row.extend(values(cells));
        rows.push(row);
    }
    Laid { head: 3, rows }
}

/// Table four: one row of fifteen numbers under a head of three rows.
pub fn reviews(tables: &Tables) -> Laid {
    let results =
        || ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"].map(|text| label(text, 1, 1));
    let tall =
        ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"].map(|text| label(text, 2, 1));
    let numbers = tables.reviews.iter().flat_map(|(_, cells)| values(cells)).collect();
    Laid {
        head: 3,
        rows: vec![
            vec![label("行政复议", 1, 5), label("行政诉讼", 1, 10)],
            [tall.to_vec(), vec![label("未经复议直接起诉", 1, 5), label("复议后起诉", 1, 5)]]
                .concat(),
            [results(), results()].concat(),
            numbers,
        ],
    }
}

/// An item of table two: its number, its heads, and its rows by key and label.
type Block = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// Table two. Its heads stand between its rows, so that none of it is a head by itself.
pub fn proactive(tables: &Tables) -> Laid {
    let blocks: &[Block] = match tables.form {
        Form::Of2021 => &[
            (
                "第二十条第（一）项",
                &["本年制发件数", "本年废止件数", "现行有效件数"],
                &[("rules", "规章"), ("normative_documents", "行政规范性文件")],
            ),
            ("第二十条第（五）项", &["本年处理决定数量"], &[("licensing", "行政许可")]),
            (
                "第二十条第（六）项",
                &["本年处理决定数量"],
                &[("penalties", "行政处罚"), ("coercive_measures", "行政强制")],
            ),
            ("第二十条第（八）项", &["本年收费金额（单位：万元）"], &[("fees", "行政事业性收费")]),
        ],
        Form::Of2019 => &[
            (
                "第二十条第（一）项",
                &["本年新制作数量", "本年新公开数量", "对外公开总数量"],
                &[("rules", "规章"), ("normative_documents", "规范性文件")],
            ),
            (
                "第二十条第（五）项",
                &["上一年项目数量", "本年增/减", "处理决定数量"],
                &[("licensing", "行政许可"), ("other_services", "其他对外管理服务事项")],
            ),
            (
                "第二十条第（六）项",
                &["上一年项目数量", "本年增/减", "处理决定数量"],
                &[("penalties", "行政处罚"), ("coercive_measures", "行政强制")],
            ),
            ("第二十条第（八）项", &["上一年项目数量", "本年增/减"], &[("fees", "行政事业性收费")]),
            (
                "第二十条第（九）项",
                &["采购项目数量", "采购总金额"],
                &[("procurement", "政府集中采购")],
            ),
        ],
    };
    let mut rows = Vec::new();
    for (item, heads, members) in blocks {
        rows.push(vec![label(item, 1, 4)]);
        // The last column takes what room is left of three.
        let width = |at: usize| if at + 1 == heads.len() { 4 - heads.len() } else { 1 };
        let columns = heads.iter().enumerate().map(|(at, head)| label(head, 1, width(at)));
        rows.push([vec![label("信息内容", 1, 1)], columns.collect()].concat());
        for (key, name) in *members {
            let mut cells: Vec<Cell> = values(row(&tables.proactive, key)).collect();
            for (at, cell) in cells.iter_mut().enumerate() {
                cell.columns = width(at);
            }
            rows.push([vec![label(name, 1, 1)], cells].concat());
        }
    }
    Laid { head: 0, rows }
}

fn row<'r>(rows: &'r Rows, key: &str) -> &'r [(&'static str, Number)] {
    &rows.iter().find(|(known, _)| *known == key).unwrap().1
}
