//! How long a page takes, bytes to JSON, and how much memory: `cargo bench -p gongkai-report`.
//!
//! Full reports as HTML of 60 to 200 KB and as text; then pages from 10 KB to 10 MB, and pages that
//! are made to be slow. Each figure is the median of many runs, in time
//! of the processor.

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its result")]

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;

use gongkai_report::{Hints, decode, read};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LABELS: [&str; 25] = [
    "一、本年新收政府信息公开申请数量",
    "二、上年结转政府信息公开申请数量",
    "（一）予以公开",
    "（二）部分公开（区分处理的，只计这一情形，不计其他情形）",
    "1.属于国家秘密",
    "2.其他法律行政法规禁止公开",
    "3.危及“三安全一稳定”",
    "4.保护第三方合法权益",
    "5.属于三类内部事务信息",
    "6.属于四类过程性信息",
    "7.属于行政执法案卷",
    "8.属于行政查询事项",
    "1.本机关不掌握相关政府信息",
    "2.没有现成信息需要另行制作",
    "3.补正后申请内容仍不明确",
    "1.信访举报投诉类申请",
    "2.重复申请",
    "3.要求提供公开出版物",
    "4.无正当理由大量反复申请",
    "5.要求行政机关确认或重新出具已获取信息",
    "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
    "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请",
    "3.其他",
    "（七）总计",
    "四、结转下年度继续办理",
];

fn main() {
    println!("{:<44}{:>10}{:>12}{:>10}{:>14}", "page", "KB", "ms", "MB/s", "memory/page");
    println!("-- full reports, HTML");
    let mut times = Vec::new();
    for kb in [60, 80, 100, 120, 140, 160, 180, 200] {
        times.push(show(&format!("report, {kb} KB"), html(kb * 1000).as_bytes()));
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!("median {:.3} ms", ms(median));
    println!("-- full reports, text");
    show("a cell a line", text("\n").as_bytes());
    show("cells by tab", text("\t").as_bytes());
    println!("-- in proportion to size");
    for kb in [10, 100, 1_000, 10_000] {
        show(&format!("report, {kb} KB"), html(kb * 1000).as_bytes());
    }
    println!("-- made to be slow");
    for (name, page) in hostile() {
        show(name, &page);
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Measures a page, unless the command line asks for others: `cargo bench … -- text`.
fn show(name: &str, bytes: &[u8]) -> Duration {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
        return Duration::ZERO;
    }
    let parse = || {
        let hints = Hints::default();
        let report = read(&decode(bytes, &hints), &hints);
        black_box(serde_json::to_string(&report).map_or(0, |json| json.len()))
    };
    // Patterns are built once.
    parse();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    parse();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let begin = ThreadTime::now();
    let mut times = Vec::new();
    while times.is_empty() || (times.len() < 400 && begin.elapsed() < Duration::from_secs(2)) {
        let begin = ThreadTime::now();
        parse();
        times.push(begin.elapsed());
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "sizes of pages")]
    let (size, peak) = (bytes.len() as f64, peak as f64);
    println!(
        "{name:<44}{:>10.0}{:>12.3}{:>10.0}{:>13.1}x",
        size / 1000.0,
        ms(median),
        size / 1e6 / median.as_secs_f64(),
        peak / size
    );
    median
}

/// A report as a word processor's page, of about so many bytes: navigation, text and full tables.
fn html(size: usize) -> String {
    let mut page = String::from(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>青杉市统计局2023年政府信息公开工作年度报告_青杉市人民政府</title>\
         <meta name=\"ArticleTitle\" content=\"青杉市统计局2023年政府信息公开工作年度报告\"><meta name=\"PubDate\" content=\"2024-01-17 16:58\">\
         <script>var a = \"<td>\"; function f() { return a < 1; }</script><style>.a > p { margin: 0 }</style></head><body>",
    );
    let mut table = String::from("<table class=\"MsoNormalTable\" border=\"1\">");
    for (at, label) in LABELS.iter().enumerate() {
        table.push_str("<tr style=\"height:24.0pt\"><td width=\"192\" colspan=\"3\" style=\"border:solid windowtext 1.0pt\"><p class=\"MsoNormal\"><span style=\"font-size:12.0pt;font-family:宋体\">");
        table.push_str(label);
        table.push_str("</span></p></td>");
        let value = if matches!(at, 0 | 2 | 23) { 7 } else { 0 };
        for column in [value, 0, 0, 0, 0, 0, value] {
            table += &format!(
                "<td width=\"72\" style=\"border-left:none;padding:0cm 5.4pt\"><p class=\"MsoNormal\" align=\"center\"><span lang=\"EN-US\" style=\"font-size:12.0pt\">{column}</span></p></td>"
            );
        }
        table.push_str("</tr>\n");
    }
    table.push_str("</table>");
    let reviews: String = (0..15)
        .map(|_| "<td><p class=\"MsoNormal\"><span lang=\"EN-US\">0</span></p></td>")
        .collect();
    let rest = size.saturating_sub(table.len() + reviews.len() + page.len());
    let mut links = 0;
    while page.len() < rest / 3 {
        page += &format!(
            "<li><a href=\"/zwgk/t{links}.html\" title=\"青杉市人民政府\">公开目录第{links}项</a></li>\n"
        );
        links += 1;
    }
    page.push_str("<h1>青杉市统计局2023年政府信息公开工作年度报告</h1><p>发布日期：2024-01-17 来源：青杉市统计局</p><div class=\"TRS_Editor\"><p>一、总体情况</p>");
    while page.len() < rest {
        page.push_str("<p class=\"MsoNormal\" style=\"text-indent:32.0pt\"><span style=\"font-size:16.0pt;font-family:仿宋\">全年围绕中心工作，主动公开各类信息，回应社会关切，办理依申请公开事项。</span></p>\n");
    }
    page.push_str("<p>二、主动公开政府信息情况</p><table><tr><td>信息内容</td><td>本年制发件数</td><td>本年废止件数</td><td>现行有效件数</td></tr><tr><td>规章</td><td>0</td><td>0</td><td>0</td></tr></table><p>三、收到和处理政府信息公开申请情况</p>");
    page.push_str(&table);
    page += &format!(
        "<p>四、政府信息公开行政复议、行政诉讼情况</p><table><tr><td>行政复议</td><td>行政诉讼</td></tr><tr><td>结果维持</td><td>总计</td></tr><tr>{reviews}</tr></table><p>五、存在的主要问题及改进情况</p><p>略。</p><p>六、其他需要报告的事项</p><p>无。</p><p>青杉市统计局</p><p>2024年1月17日</p></body></html>"
    );
    page
}

/// The same as text.
fn text(separator: &str) -> String {
    let mut page = String::from(
        "青杉市统计局2023年政府信息公开工作年度报告\n发布日期：2024-01-17\n一、总体情况\n",
    );
    page.push_str(&"全年围绕中心工作，主动公开各类信息，回应社会关切。\n".repeat(40));
    page.push_str("二、主动公开政府信息情况\n三、收到和处理政府信息公开申请情况\n");
    for label in LABELS {
        let cells = ["0"; 7].join(separator);
        page += &format!("{label}{separator}{cells}\n");
    }
    page.push_str("四、政府信息公开行政复议、行政诉讼情况\n行政复议\n行政诉讼\n");
    page += &format!("{}\n", ["0"; 15].join(separator));
    page.push_str("五、存在的主要问题及改进情况\n略。\n六、其他需要报告的事项\n无。\n");
    page
}

fn attributes(count: u32) -> String {
    let mut out = String::new();
    for n in 0..count {
        out += &format!("a{n} ");
    }
    out
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let report = html(60_000);
    let before = |page: String| format!("{page}{report}").into_bytes();
    vec![
        ("100,000 nested tags", before("<div>".repeat(100_000))),
        ("100,000 nested tables", before("<table><tr><td>".repeat(100_000))),
        (
            "a table of 10,000 columns",
            before(format!("<table><tr>{}</tr></table>", "<td>1</td>".repeat(10_000))),
        ),
        ("a tag of 200,000 attributes", before(format!("<p {}>", attributes(200_000)))),
        ("300,000 labels without values", before("<td>索引号：".repeat(300_000))),
        ("100,000 brackets", before("政(".repeat(100_000))),
        (
            "100,000 headings",
            before("<p>一、总体情况</p><p>六、其他需要报告的事项</p>".repeat(50_000)),
        ),
        (
            "100,000 rows of the table",
            before(format!(
                "<p>三、收到和处理政府信息公开申请情况<table>{}",
                "<tr><td>重复申请<td>1<td>1<td>1<td>1<td>1<td>1<td>1".repeat(100_000)
            )),
        ),
        ("10 MB of short lines", "0\n".repeat(5_000_000).into_bytes()),
        ("50 MB of a report", html(50_000_000).into_bytes()),
        (
            "50 MB of noise",
            (0..50_000_000_u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
                .collect(),
        ),
    ]
}
