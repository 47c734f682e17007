//! A report whose extraction lost every line break: broken again before the headings and the labels
//! of the forms.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::{is_longer, pattern};

/// A line with fewer letters is no whole report.
const SHORTEST: usize = 600;

/// The headings of the six sections, each with its number.
static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "[一二三四五六] ?、 ?(?:总体情况|主动公开政府信息|收到和处理政府信息公开申请|(?:因?政府信息公开(?:工作)?被?)?(?:申请)?行政复议|政府信息公开行政复议|(?:政府信息公开工作)?存在的主要问题|其他需要报告)",
    )
});

/// The labels of the tables: each begins a row or a head.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"第二十条 ?第|信息内容|规章|行政规范性文件|规范性文件|行政许可|其他对外管理服务事项|行政处罚|行政强制|行政事业性收费|政府集中采购|[（(]本列数据|申请人情况|自然人|[一二三四] ?、 ?(?:本年新收|上年结转|本年度办|结转下年)|[（(][一二三四五六七][）)] ?(?:予以公开|部分公开|不予公开|无法提供|不予处理|其他处理|总计)|[1-8１-８] ?[.、．] ?(?:属于|其他|危及|保护第三方|本机关不掌握|没有现成|补正后|信访举报|重复申请|要求|无正当理由|申请人)",
    )
});

/// The labels of table four's head, and the numbers behind them.
static REVIEWS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"行政复议|行政诉讼|结果维持|结果纠正|其他结果|尚未审结|总计|未经复议直接起诉|复议后起诉|\d[\d ]*",
    )
});

/// The parts of a line that holds a whole report; none where it does not.
pub(super) fn parts(line: &str) -> Option<Vec<&str>> {
    if !is_longer(line, SHORTEST) {
        return None;
    }
    let headings: Vec<(usize, char)> = HEADING
        .find_iter(line)
        .filter_map(|m| Some((m.start(), m.as_str().chars().next()?)))
        .collect();
    let place = |number: char| headings.iter().find(|(_, n)| *n == number).map(|(at, _)| *at);
    let (begin, reviews, end) = (place('二')?, place('四')?, place('五')?);
    place('三').filter(|third| begin < *third && *third < reviews && reviews < end)?;
    let within = |at: usize| begin < at && at < end;
    let mut borders: Vec<usize> = headings.iter().map(|(at, _)| *at).collect();
    borders.extend(LABEL.find_iter(line).map(|label| label.start()).filter(|at| within(*at)));
    let table = reviews + line.get(reviews..end).and_then(|heading| heading.find("情况"))?;
    let heads = REVIEWS.find_iter(line.get(..end)?).map(|head| head.start());
    borders.extend(heads.filter(|at| table < *at));
    borders.sort_unstable();
    borders.dedup();
    let mut parts = Vec::new();
    let mut from = 0;
    for to in borders.into_iter().chain([line.len()]) {
        parts.extend(line.get(from..to).filter(|part| !part.trim().is_empty()));
        from = to;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hints, Number, decode, read};

    #[test]
    fn a_report_without_line_breaks_is_broken_before_its_headings_and_labels() {
        let text = format!(
            "青杉市统计局2022年政府信息公开工作年度报告 一、总体情况2022年，{}二、主动公开政府信息情况信息内容本年处理决定数量行政许可2293第二十条第（八）项信息内容本年收费金额（单位：万元）行政事业性收费252.31\
             三、收到和处理政府信息公开申请情况自然人法人或其他组织总计商业企业科研机构社会公益组织法律服务机构其他一、本年新收政府信息公开申请数量640020470二、上年结转政府信息公开申请数量0000000\
             四、政府信息公开行政复议、行政诉讼情况行政复议行政诉讼结果维持结果纠正其他结果尚未审结总计10203120001200000五、存在的主要问题及改进情况略。六、其他需要报告的事项无。",
            "主动公开各类信息。".repeat(70)
        );
        let hints = Hints::default();
        let report = read(&decode(text.as_bytes(), &hints), &hints);
        let count = |table: &Option<crate::Table>, row, column| {
            table.as_ref().and_then(|table| table.cell(row, column)).and_then(Number::count)
        };
        assert_eq!(report.sections.as_ref().map(Vec::len), Some(6));
        assert_eq!(count(&report.proactive, "licensing", "decisions"), Some(2293));
        let fee = report.proactive.as_ref().unwrap().cell("fees", "amount_10k_yuan");
        assert_eq!(fee, Some(Number::Decimal(252.31)));
        assert_eq!(count(&report.requests, "received_new", "total"), Some(70));
        assert_eq!(count(&report.reviews, "litigation_direct", "upheld"), Some(12));
    }

    #[test]
    fn prose_stays_whole() {
        let prose = "全年办理行政许可12件，行政处罚3件，规章2件。".repeat(60);
        assert_eq!(parts(&prose), None);
        assert_eq!(parts("一、总体情况"), None);
    }
}
