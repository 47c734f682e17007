//! The labels of the statutory forms, in their order, with the keys that stand for them.
//!
//! The form of 2021 is that of 国办公开办函〔2021〕30号, the form of 2019 that of 国办公开办函〔2019〕60号.

/// A row of table three: its key, its label as [`crate::text::label`] leaves it (as far as pages
/// agree on it), what the form's own label goes on with, and the group that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestRow {
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    pub(crate) rest: &'static str,
    pub(crate) group: Group,
}

/// The groups of table three's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Items one and two.
    Received,
    /// 三（一）and（二）.
    Granted,
    /// （三）不予公开.
    Refused,
    /// （四）无法提供.
    Unavailable,
    /// （五）不予处理.
    Unprocessed,
    /// （六）其他处理.
    Other,
    /// （七）总计.
    Total,
    /// Item four.
    CarriedOut,
}

/// The heads of the groups that have rows under them.
pub(crate) const GROUP_HEADS: [(&str, Group); 4] = [
    ("不予公开", Group::Refused),
    ("无法提供", Group::Unavailable),
    ("不予处理", Group::Unprocessed),
    ("其他处理", Group::Other),
];

const fn row(key: &'static str, label: &'static str, group: Group) -> RequestRow {
    RequestRow { key, label, rest: "", group }
}

const fn long(
    key: &'static str,
    label: &'static str,
    rest: &'static str,
    group: Group,
) -> RequestRow {
    RequestRow { key, label, rest, group }
}

/// The rows of table three in the form of 2021, in order. The form of 2019 has
/// [`OTHER_OUTCOME`] in place of the three rows of [`Group::Other`].
pub(crate) const REQUESTS: [RequestRow; 25] = [
    row("received_new", "本年新收政府信息公开申请数量", Group::Received),
    row("carried_in", "上年结转政府信息公开申请数量", Group::Received),
    row("granted", "予以公开", Group::Granted),
    long("partly_granted", "部分公开", "区分处理的只计这一情形不计其他情形", Group::Granted),
    row("refused_state_secret", "属于国家秘密", Group::Refused),
    row("refused_other_law", "其他法律行政法规禁止公开", Group::Refused),
    row("refused_safety_stability", "危及三安全一稳定", Group::Refused),
    row("refused_third_party", "保护第三方合法权益", Group::Refused),
    row("refused_internal_affairs", "属于三类内部事务信息", Group::Refused),
    row("refused_process_information", "属于四类过程性信息", Group::Refused),
    row("refused_enforcement_file", "属于行政执法案卷", Group::Refused),
    row("refused_administrative_query", "属于行政查询事项", Group::Refused),
    row("unavailable_not_held", "本机关不掌握相关政府信息", Group::Unavailable),
    row("unavailable_needs_creation", "没有现成信息需要另行制作", Group::Unavailable),
    row("unavailable_unclear", "补正后申请内容仍不明确", Group::Unavailable),
    row("unprocessed_petition", "信访举报投诉类申请", Group::Unprocessed),
    row("unprocessed_repeat", "重复申请", Group::Unprocessed),
    row("unprocessed_publication", "要求提供公开出版物", Group::Unprocessed),
    row("unprocessed_excessive", "无正当理由大量反复申请", Group::Unprocessed),
    row("unprocessed_confirmation", "要求行政机关确认或重新出具已获取信息", Group::Unprocessed),
    long(
        "other_not_corrected",
        "申请人无正当理由逾期不补正",
        "行政机关不再处理其政府信息公开申请",
        Group::Other,
    ),
    long(
        "other_fee_unpaid",
        "申请人逾期未按收费通知要求缴纳费用",
        "行政机关不再处理其政府信息公开申请",
        Group::Other,
    ),
    row("other_other", "其他", Group::Other),
    row("outcome_total", "总计", Group::Total),
    row("carried_out", "结转下年度继续办理", Group::CarriedOut),
];

/// （六）其他处理, a row by itself in the form of 2019.
pub(crate) const OTHER_OUTCOME: RequestRow = row("other_outcome", "其他处理", Group::Other);

/// The columns of table three, in order.
pub(crate) const APPLICANTS: [&str; 7] = [
    "natural_person",
    "enterprise",
    "research_institution",
    "public_welfare",
    "legal_service",
    "other",
    "total",
];

/// The three courses of table four, in order.
pub(crate) const REVIEWS: [&str; 3] =
    ["reconsideration", "litigation_direct", "litigation_after_reconsideration"];

/// The columns of each course.
pub(crate) const RESULTS: [&str; 5] = ["upheld", "corrected", "other", "pending", "total"];

/// A row of table two: its label, its key, and its cells by form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProactiveRow {
    pub(crate) label: &'static str,
    pub(crate) key: &'static str,
    pub(crate) cells_2021: &'static [&'static str],
    pub(crate) cells_2019: &'static [&'static str],
}

const PIECES_2021: &[&str] = &["issued", "repealed", "in_force"];
const PIECES_2019: &[&str] = &["made", "published", "total"];
const DECISIONS: &[&str] = &["decisions"];
const CHANGES: &[&str] = &["previous", "change", "decisions"];

/// The rows of table two.
pub(crate) const PROACTIVE: [ProactiveRow; 8] = [
    ProactiveRow {
        label: "规章", key: "rules", cells_2021: PIECES_2021, cells_2019: PIECES_2019
    },
    ProactiveRow {
        label: "规范性文件",
        key: "normative_documents",
        cells_2021: PIECES_2021,
        cells_2019: PIECES_2019,
    },
    ProactiveRow {
        label: "行政许可",
        key: "licensing",
        cells_2021: DECISIONS,
        cells_2019: CHANGES,
    },
    ProactiveRow {
        label: "其他对外管理服务事项",
        key: "other_services",
        cells_2021: &[],
        cells_2019: CHANGES,
    },
    ProactiveRow {
        label: "行政处罚",
        key: "penalties",
        cells_2021: DECISIONS,
        cells_2019: CHANGES,
    },
    ProactiveRow {
        label: "行政强制",
        key: "coercive_measures",
        cells_2021: DECISIONS,
        cells_2019: CHANGES,
    },
    ProactiveRow {
        label: "行政事业性收费",
        key: "fees",
        cells_2021: &["amount_10k_yuan"],
        cells_2019: &["previous", "change"],
    },
    ProactiveRow {
        label: "政府集中采购",
        key: "procurement",
        cells_2021: &[],
        cells_2019: &["projects", "amount_yuan"],
    },
];

/// The six sections, by the words that their headings hold, in order.
pub(crate) const SECTIONS: [&[&str]; 6] = [
    &["总体情况"],
    &["主动公开政府信息情况", "主动公开政府信息的情况"],
    &["收到和处理政府信息公开申请情况", "收到和处理政府信息公开申请的情况"],
    &[
        "行政复议、行政诉讼情况",
        "行政复议、诉讼情况",
        "行政复议和行政诉讼情况",
        "行政复议行政诉讼情况",
    ],
    &["存在的主要问题及改进情况", "主要问题及改进情况", "主要问题和改进情况"],
    &["其他需要报告的事项", "其他需要报告事项"],
];
