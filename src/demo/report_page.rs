//! Reports of agencies that do not exist, with numbers that fulfil every sum of the form.

/// A report: who, when, and a number from which all its numbers are made.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Who reports.
    pub agency: &'static str,
    /// On which year.
    pub year: i32,
    /// Different numbers for different reports.
    pub number: u64,
    /// One total is one too high, as happens.
    pub miscounted: bool,
}

/// How the tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A cell holds its text.
    Plain,
    /// As pasted from a word processor: a paragraph and a span in each cell.
    Pasted,
}

/// Rows of outcomes, group by group, as in the form of 2021.
const GROUPS: [(&str, &[&str]); 6] = [
    ("（一）予以公开", &[]),
    ("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", &[]),
    (
        "（三）不予公开",
        &[
            "1.属于国家秘密",
            "2.其他法律行政法规禁止公开",
            "3.危及“三安全一稳定”",
            "4.保护第三方合法权益",
            "5.属于三类内部事务信息",
            "6.属于四类过程性信息",
            "7.属于行政执法案卷",
            "8.属于行政查询事项",
        ],
    ),
    (
        "（四）无法提供",
        &["1.本机关不掌握相关政府信息", "2.没有现成信息需要另行制作", "3.补正后申请内容仍不明确"],
    ),
    (
        "（五）不予处理",
        &[
            "1.信访举报投诉类申请",
            "2.重复申请",
            "3.要求提供公开出版物",
            "4.无正当理由大量反复申请",
            "5.要求行政机关确认或重新出具已获取信息",
        ],
    ),
    (
        "（六）其他处理",
        &[
            "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
            "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请",
            "3.其他",
        ],
    ),
];

const APPLICANTS: u64 = 6;

/// The numbers of table three, and its sums.
struct Requests {
    received: Vec<u64>,
    carried_in: Vec<u64>,
    outcomes: Vec<Vec<u64>>,
    outcome_total: Vec<u64>,
    carried_out: Vec<u64>,
}

fn with_total(row: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut row: Vec<u64> = row.collect();
    row.push(row.iter().sum());
    row
}

impl Sample {
    /// The form that was in force for its year.
    pub fn format(&self) -> &'static str {
        if self.year >= 2021 { "2021" } else { "2019" }
    }

    /// Its title.
    pub fn title(&self) -> String {
        format!("{}{}年政府信息公开工作年度报告", self.agency, self.year)
    }

    /// Requests received, all applicants, as its table states.
    pub fn received_new_total(&self) -> u64 {
        self.requests().received.last().copied().unwrap_or_default() + u64::from(self.miscounted)
    }

    fn groups(&self) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        let is_2019 = self.format() == "2019";
        // The form of 2019 has one row for all other outcomes.
        GROUPS.into_iter().map(move |(head, rows)| {
            let merged = is_2019 && head.contains("其他处理");
            (head, if merged { [].as_slice() } else { rows })
        })
    }

    fn requests(&self) -> Requests {
        let rows: u64 = self.groups().map(|(_, rows)| rows.len().max(1) as u64).sum();
        let outcome = |row: u64, applicant: u64| match row {
            // Enough is granted that nothing need be carried in from nowhere.
            0 => 3 + (self.number + applicant) % 9,
            _ => (self.number * 7 + row * 5 + applicant * 3) % 11 / 8,
        };
        let outcomes: Vec<Vec<u64>> =
            (0..rows).map(|row| with_total((0..APPLICANTS).map(|one| outcome(row, one)))).collect();
        let column = |one: u64| {
            let index = usize::try_from(one).unwrap_or_default();
            outcomes.iter().filter_map(|row| row.get(index)).sum::<u64>()
        };
        let carried_in = |one: u64| (self.number + one) % 3;
        let carried_out = |one: u64| (self.number + one * 2) % 2;
        Requests {
            received: with_total(
                (0..APPLICANTS).map(|one| column(one) + carried_out(one) - carried_in(one)),
            ),
            carried_in: with_total((0..APPLICANTS).map(carried_in)),
            outcome_total: with_total((0..APPLICANTS).map(column)),
            carried_out: with_total((0..APPLICANTS).map(carried_out)),
            outcomes,
        }
    }

    /// The report's body: six sections, three tables.
    pub(super) fn body(&self, style: Style) -> String {
        let (agency, year) = (self.agency, self.year);
        let mut body = format!(
            "<p>根据《中华人民共和国政府信息公开条例》的规定，{agency}编制了本报告，所列数据的统计期限为{year}年1月1日至12月31日。</p>\
             <p>一、总体情况</p><p>{year}年，{agency}把公开作为常态，全年通过网站公开信息{}条，答复咨询{}件次，\
             更新栏目{}个，组织业务学习两次。</p><p>二、主动公开政府信息情况</p>",
            200 + self.number * 13,
            40 + self.number,
            6 + self.number % 5,
        );
        body.push_str(&self.proactive(style));
        body.push_str("<p>三、收到和处理政府信息公开申请情况</p>");
        body.push_str(&self.requests_table(style));
        body.push_str("<p>四、政府信息公开行政复议、行政诉讼情况</p>");
        body.push_str(&self.reviews(style));
        body.push_str(&format!(
            "<p>五、存在的主要问题及改进情况</p><p>栏目更新不够均衡，答复文书还不够规范。下一年将按月检查栏目，统一答复文书的格式。</p>\
             <p>六、其他需要报告的事项</p><p>本年度没有收取信息处理费。</p>\
             <p style=\"text-align:right\">{agency}</p><p style=\"text-align:right\">{}年1月{}日</p>",
            year + 1,
            10 + self.number % 15,
        ));
        body
    }

    fn proactive(&self, style: Style) -> String {
        let mut table = Table::new(style);
        match self.format() {
            "2021" => self.proactive_2021(&mut table),
            _ => self.proactive_2019(&mut table),
        }
        table.finish()
    }

    fn proactive_2021(&self, table: &mut Table) {
        let n = self.number;
        table.head("第二十条第（一）项", 4);
        table.row(&["信息内容", "本年制发件数", "本年废止件数", "现行有效件数"], &[]);
        table.row(&["规章"], &[n % 3, n % 2, 4 + n % 5]);
        table.row(&["行政规范性文件"], &[2 + n % 7, n % 4, 20 + n]);
        for (item, rows) in [
            ("第二十条第（五）项", [("行政许可", 100 + n * 17)].as_slice()),
            ("第二十条第（六）项", &[("行政处罚", 10 + n * 3), ("行政强制", n % 6)]),
        ] {
            table.head(item, 4);
            table.wide(&["信息内容", "本年处理决定数量"], 3);
            for (label, count) in rows {
                table.wide(&[label, &count.to_string()], 3);
            }
        }
        table.head("第二十条第（八）项", 4);
        table.wide(&["信息内容", "本年收费金额（单位：万元）"], 3);
        table.wide(&["行政事业性收费", &format!("{}.{}", n * 2, n % 10)], 3);
    }

    fn proactive_2019(&self, table: &mut Table) {
        let n = self.number;
        table.head("第二十条第（一）项", 4);
        table.row(&["信息内容", "本年新制作数量", "本年新公开数量", "对外公开总数量"], &[]);
        table.row(&["规章"], &[n % 3, n % 3, 4 + n % 5]);
        table.row(&["规范性文件"], &[2 + n % 7, 2 + n % 7, 20 + n]);
        table.head("第二十条第（五）项", 4);
        table.row(&["信息内容", "上一年项目数量", "本年增/减", "处理决定数量"], &[]);
        table.row(&["行政许可"], &[50 + n, n % 4, 100 + n * 17]);
        table.row(&["其他对外管理服务事项"], &[30 + n, n % 3, 60 + n]);
        table.head("第二十条第（六）项", 4);
        table.row(&["信息内容", "上一年项目数量", "本年增/减", "处理决定数量"], &[]);
        table.row(&["行政处罚"], &[40 + n, n % 5, 10 + n * 3]);
        table.row(&["行政强制"], &[5, n % 2, n % 6]);
        table.head("第二十条第（八）项", 4);
        table.row(&["信息内容", "上一年项目数量", "本年增/减"], &[]);
        table.row(&["行政事业性收费"], &[n % 4, n % 2]);
        table.head("第二十条第（九）项", 4);
        table.row(&["信息内容", "采购项目数量", "采购总金额"], &[]);
        table.row(&["政府集中采购"], &[n % 20, 10_000 * n]);
    }

    fn requests_table(&self, style: Style) -> String {
        let requests = self.requests();
        let mut table = Table::new(style);
        table.raw(
            "<tr><td rowspan=\"3\" colspan=\"3\">（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）</td>\
             <td colspan=\"7\">申请人情况</td></tr><tr><td rowspan=\"2\">自然人</td>\
             <td colspan=\"5\">法人或其他组织</td><td rowspan=\"2\">总计</td></tr><tr><td>商业<br>企业</td>\
             <td>科研<br>机构</td><td>社会公益组织</td><td>法律服务机构</td><td>其他</td></tr>",
        );
        let mut received = requests.received;
        if let (true, Some(total)) = (self.miscounted, received.last_mut()) {
            *total += 1;
        }
        table.spanned(&[("一、本年新收政府信息公开申请数量", 3, 1)], &received);
        table.spanned(&[("二、上年结转政府信息公开申请数量", 3, 1)], &requests.carried_in);
        let mut outcomes = requests.outcomes.iter();
        let rows = requests.outcomes.len() + 1;
        let mut lead = Some(("三、本年度办理结果", 1, rows));
        for (head, labels) in self.groups() {
            let mut group =
                Some((head, if labels.is_empty() { 2 } else { 1 }, labels.len().max(1)));
            let labels: Vec<Option<&str>> = if labels.is_empty() {
                vec![None]
            } else {
                labels.iter().copied().map(Some).collect()
            };
            for label in labels {
                let cells: Vec<_> = lead
                    .take()
                    .into_iter()
                    .chain(group.take())
                    .chain(label.map(|l| (l, 1, 1)))
                    .collect();
                table.spanned(&cells, outcomes.next().map(Vec::as_slice).unwrap_or_default());
            }
        }
        table.spanned(&[("（七）总计", 2, 1)], &requests.outcome_total);
        table.spanned(&[("四、结转下年度继续办理", 3, 1)], &requests.carried_out);
        table.finish()
    }

    fn reviews(&self, style: Style) -> String {
        let results = "<td>结果<br>维持</td><td>结果<br>纠正</td><td>其他<br>结果</td><td>尚未<br>审结</td><td>总计</td>";
        let mut table = Table::new(style);
        table.raw(&format!(
            "<tr><td colspan=\"5\">行政复议</td><td colspan=\"10\">行政诉讼</td></tr><tr>\
             {}<td colspan=\"5\">未经复议直接起诉</td><td colspan=\"5\">复议后起诉</td></tr><tr>{results}{results}</tr>",
            results.replace("<td>", "<td rowspan=\"2\">"),
        ));
        let course =
            |course: u64| with_total((0..4).map(move |one| (self.number + course * 2 + one) % 3));
        let values: Vec<u64> = (0..3).flat_map(course).collect();
        table.row(&[], &values);
        table.finish()
    }
}

/// A table as HTML, row by row.
struct Table {
    html: String,
    style: Style,
}

impl Table {
    fn new(style: Style) -> Self {
        let open = match style {
            Style::Plain => "<table border=\"1\" cellspacing=\"0\"><tbody>",
            Style::Pasted => {
                "<table class=\"MsoNormalTable\" style=\"border-collapse:collapse\"><tbody>"
            }
        };
        Self { html: open.to_owned(), style }
    }

    fn raw(&mut self, rows: &str) {
        self.html.push_str(rows);
    }

    fn cell(&mut self, text: &str, columns: usize, rows: usize) {
        let span = |name: &str, n: usize| {
            if n > 1 { format!(" {name}=\"{n}\"") } else { String::new() }
        };
        let content = match self.style {
            Style::Plain => text.to_owned(),
            Style::Pasted => format!(
                "<p class=\"MsoNormal\" align=\"center\"><span style=\"font-family:仿宋\">{text}<o:p></o:p></span></p>"
            ),
        };
        let (columns, rows) = (span("colspan", columns), span("rowspan", rows));
        self.html.push_str(&format!("<td{columns}{rows}>{content}</td>"));
    }

    fn head(&mut self, text: &str, columns: usize) {
        self.html.push_str("<tr>");
        self.cell(text, columns, 1);
        self.html.push_str("</tr>");
    }

    fn row(&mut self, labels: &[&str], values: &[u64]) {
        self.spanned(&labels.iter().map(|label| (*label, 1, 1)).collect::<Vec<_>>(), values);
    }

    fn spanned(&mut self, labels: &[(&str, usize, usize)], values: &[u64]) {
        self.html.push_str("<tr>");
        for (label, columns, rows) in labels {
            self.cell(label, *columns, *rows);
        }
        for value in values {
            self.cell(&value.to_string(), 1, 1);
        }
        self.html.push_str("</tr>");
    }

    /// A label, and a value over the other columns.
    fn wide(&mut self, cells: &[&str; 2], columns: usize) {
        let [label, value] = cells;
        self.html.push_str("<tr>");
        self.cell(label, 1, 1);
        self.cell(value, columns, 1);
        self.html.push_str("</tr>");
    }

    fn finish(mut self) -> String {
        self.html.push_str("</tbody></table>");
        self.html
    }
}
