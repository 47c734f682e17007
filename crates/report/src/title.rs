//! The title of a page: which text is it, and is it that of a report.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::metadata::meta;
use crate::page::{Line, Page};
use crate::text::{is_longer, pattern, plain, tight};

/// A title is no longer than this, in letters.
const LONGEST: usize = 80;

/// Behind the name of a report: what is called so is about one, or about another thing.
const DECOYS_BEHIND: [&str; 28] = [
    "解读",
    "图解",
    "通知",
    "格式",
    "指南",
    "报表",
    "意见",
    "办法",
    "目录",
    "评估",
    "考核",
    "答记者问",
    "问答",
    "公示",
    "培训",
    "会议",
    "工作的",
    "编制",
    "撰写",
    "模板",
    "范本",
    "填报",
    "报送",
    "公告",
    "不存在",
    "已删除",
    "找不到",
    "无法访问",
];

/// Before it: the same, and what announces one.
const DECOYS_BEFORE: [&str; 17] = [
    "解读",
    "图解",
    "一图读懂",
    "转发",
    "通知",
    "关于做好",
    "关于报送",
    "关于印发",
    "关于开展",
    "关于编制",
    "部署",
    "召开",
    "公布",
    "发布",
    "出炉",
    "完成",
    "开展",
];

/// Anywhere: reports on other duties.
const OTHER_DUTIES: [&str; 11] = [
    "政府工作报告",
    "法治政府",
    "社会责任",
    "环境信息",
    "预算",
    "决算",
    "网站工作年度报",
    "网站年度",
    "网站监管",
    "政务新媒体年度",
    "信息公开指南",
];

/// Anywhere: forms, filled in to show how.
const FORMS: [&str; 3] = ["样例", "样本", "填写"];

/// Agencies whose names hold words that announce.
const ANNOUNCERS: [&str; 3] = ["发布中心", "发布办公室", "发布处"];

/// Endings of bodies that are no agencies, though they too report on disclosure.
const STRANGERS: [&str; 19] = [
    "医院",
    "卫生院",
    "保健院",
    "高中",
    "学校",
    "中学",
    "小学",
    "大学",
    "学院",
    "幼儿园",
    "公司",
    "供电局",
    "供电所",
    "银行",
    "集团",
    "水厂",
    "煤气公司",
    "附中",
    "党校",
];

static REPORT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:信息|政务)公开(?:工作)?(?:情况)?(?:的)?(?:(?:20[0-5]\d|[二2][〇○零Oo0][〇○零O0-5一二三四五][〇○零O\d一二三四五六七八九])年?)?(?:年度)?(?:工作)?(?:情况)?(?:的)?(?:年度)?(?:报告|年报)|(?:信息|政务)公开年报",
    )
});

/// The year, in digits or in letters.
static YEAR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:20[0-5]\d|[二2][〇○零Oo0][〇○零O0-5一二三四五][〇○零O\d一二三四五六七八九])(?:年度?|度)?",
    )
});

/// Whether this is the title of an annual report.
pub(crate) fn names_report(title: &str) -> bool {
    let tight = tight(title);
    REPORT.is_match(&tight) && !is_decoy(&tight)
}

/// Whether this is the title of something that a report may be mistaken for.
pub(crate) fn is_decoy(title: &str) -> bool {
    let tight = tight(title);
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    // An agency may have another duty in its name: 预算编审中心.
    let of_body = agency(&tight).filter(|agency| ends_as_body(agency)).unwrap_or_default();
    let beside = if of_body.is_empty() { tight.clone() } else { tight.replacen(&of_body, "", 1) };
    if has(&beside, &OTHER_DUTIES) || has(&beside, &FORMS) {
        return true;
    }
    let Some(report) = REPORT.find(&tight) else {
        return has(&tight, &DECOYS_BEHIND) || has(&tight, &DECOYS_BEFORE);
    };
    let behind = tight.get(report.end()..).unwrap_or_default();
    let mut before = tight.get(..report.start()).unwrap_or_default().to_owned();
    for name in ANNOUNCERS {
        before = before.replace(name, "");
    }
    has(behind, &DECOYS_BEHIND)
        || has(&before, &DECOYS_BEFORE)
        || agency(&tight).is_some_and(|agency| is_stranger(&agency))
}

/// Whether a name is that of a body which is no agency.
pub(crate) fn is_stranger(name: &str) -> bool {
    let name = tight(name);
    let name = name.split('(').next().unwrap_or_default();
    STRANGERS.iter().any(|end| name.ends_with(end))
}

/// So many lines before a report may hold its title.
const HEAD_LINES: usize = 250;

/// So many of them are compared with the page's links.
const MOST_LINES: usize = 20;

/// The page's title: the first of its places that names a report, else the first that names
/// anything.
pub(crate) fn find(page: &Page, begin: Option<usize>) -> Option<String> {
    let end = begin.unwrap_or(page.len());
    let near = if begin.is_some() { end.saturating_sub(HEAD_LINES)..end } else { 0..HEAD_LINES };
    let head: Vec<Line<'_>> = page.lines(near).filter(|line| fits(line.tight())).collect();
    let headings = page.lines(0..end).filter(|line| line.is_title() && fits(line.tight()));
    let headings = headings.map(|line| line.text().into_owned());
    let of_meta = meta(page, "articletitle").map(str::to_owned);
    let of_page = page.title.as_deref().map(without_site);
    let places: Vec<String> =
        of_meta.into_iter().chain(headings).chain(of_page).filter(|text| fits(text)).collect();
    let named = places.iter().find(|text| names_report(text)).cloned();
    // A heading over two lines may name its agency on the first alone.
    let named = match named {
        Some(title) if agency(&title).is_some() && year(&title).is_some() => Some(title),
        // The name of a column says neither whose report it is nor of which year.
        Some(title) if year(&title).is_none() && begin.is_some() => {
            let says_more = |line: &String| agency(line).is_some() || agency(&title).is_none();
            joined(&head).or_else(|| of_line(page, &head)).filter(says_more).or(Some(title))
        }
        Some(title) if agency(&title).is_some() => Some(title),
        named => joined(&head).filter(|_| named.is_some()).or(named),
    };
    named
        .or_else(|| {
            // The system's name (目录系统) says nothing of the page where a report stands in it.
            let says_nothing = |text: &String| begin.is_some() && !REPORT.is_match(&tight(text));
            let is_system = |text: &String| page.title.as_ref() == Some(text) && says_nothing(text);
            let decoy = places.iter().find(|text| is_decoy(text) && !is_system(text)).cloned();
            decoy
                .or_else(|| labelled(&head))
                .or_else(|| joined(&head))
                .or_else(|| of_line(page, &head))
                .or_else(|| begin.and_then(|_| without_year(page, &head)))
                .or_else(|| places.first().cloned())
        })
        .map(|title| plain(&title))
}

/// `标题：…` above the text, where it names a report.
fn labelled(head: &[Line<'_>]) -> Option<String> {
    const LABELS: [&str; 3] = ["标题:", "信息名称:", "名称:"];
    let value = |line: &Line<'_>| {
        let text = line.only()?;
        let value = LABELS.iter().find_map(|label| text.strip_prefix(label))?.trim();
        names_report(value).then(|| value.to_owned())
    };
    head.iter().find_map(value)
}

/// The last line that names a report and its year. What a line says of itself is asked last:
/// columns and links stand among the lines.
fn of_line(page: &Page, head: &[Line<'_>]) -> Option<String> {
    let is_whole = |text: &&str| !text.contains(':') && names_report(text) && year(text).is_some();
    let lines = || head.iter().rev().filter_map(|line| line.only()).filter(is_whole);
    let is_link = |text: &&str| page.anchors.iter().any(|anchor| anchor.text == **text);
    lines()
        .take(MOST_LINES)
        .find(|text| !is_link(text))
        .or_else(|| lines().next())
        .map(str::to_owned)
}

/// The last line that is no link and names a report and its agency, with nothing behind.
fn without_year(page: &Page, head: &[Line<'_>]) -> Option<String> {
    let is_one = |text: &&str| {
        !text.contains(':')
            && names_report(text)
            && REPORT.find(&tight(text)).is_some_and(|report| report.end() == tight(text).len())
            && agency(text).is_some_and(|agency| ends_as_body(&agency))
            && !page.anchors.iter().any(|anchor| anchor.text == **text)
    };
    head.iter()
        .rev()
        .take(MOST_LINES)
        .filter_map(|line| line.only())
        .find(is_one)
        .map(str::to_owned)
}

/// A title over two or three lines: `青杉市统计局` above `2023年政府信息公开工作` above `年度报告`.
fn joined(head: &[Line<'_>]) -> Option<String> {
    let texts: Vec<&str> = head.iter().map(|line| line.only().unwrap_or_default()).collect();
    let of = |lines: &[&str]| {
        let (above, below) = lines.split_first()?;
        let below = below.concat();
        let name = tight(&below);
        let name = name.strip_prefix("关于").unwrap_or(&name);
        let starts = YEAR.find(name).is_some_and(|year| year.start() == 0);
        let is_name = !above.contains([':', '>', '、']) && ends_as_body(&tight(above));
        (starts && is_name && names_report(&below) && below.chars().count() <= 30)
            .then(|| format!("{above}{below}"))
    };
    let split = |lines: &[&str]| {
        let [above, below] = lines else { return None };
        let whole = format!("{above}{below}");
        let is_part = !names_report(above) && year(above).is_some() && agency(above).is_some();
        (is_part
            && fits(&whole)
            && !whole.contains([':', '>'])
            && names_report(&whole)
            && below.chars().count() <= 20)
            .then_some(whole)
    };
    texts
        .windows(2)
        .rev()
        .find_map(of)
        .or_else(|| texts.windows(3).rev().find_map(of))
        .or_else(|| texts.windows(2).rev().find_map(split))
}

fn fits(text: &str) -> bool {
    !is_longer(text, LONGEST) && is_longer(text, 1) && !text.contains('>')
}

/// `<title>` without the site's name after a dash or a bar.
fn without_site(title: &str) -> String {
    let parts = title.split(['-', '_', '|', '—']).map(str::trim);
    let named = parts.clone().find(|part| names_report(part));
    let title = named.or_else(|| parts.clone().next()).unwrap_or(title);
    // Site, column and title with nothing but blanks between.
    match title.rsplit_once(' ') {
        Some((path, last))
            if path.contains(['网', '报'])
                && names_report(last)
                && year(last).is_some()
                && agency(last).is_some() =>
        {
            last.to_owned()
        }
        _ => title.to_owned(),
    }
}

/// The year that a title names: one with 年 behind it, if there is one; of several, that nearest to
/// the report's name. A span of years is none.
pub(crate) fn year(title: &str) -> Option<i32> {
    static SPAN: LazyLock<Regex> = LazyLock::new(|| pattern(r"20\d\d年?度?[-—–~至到]+$"));
    let tight = tight(title);
    let place = year_place(&tight)?;
    if SPAN.is_match(tight.get(..place.start)?) {
        return None;
    }
    let digits: Option<String> = tight.get(place)?.chars().take(4).map(digit).collect();
    digits?.parse().ok().filter(|year| (2003..2060).contains(year))
}

/// Where the year stands in a title without blanks. Five digits are no year.
fn year_place(tight: &str) -> Option<Range<usize>> {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let alone = |found: &regex::Match<'_>| {
        let before = tight.get(..found.start()).and_then(|text| text.chars().next_back());
        let behind = tight.get(found.end()..).and_then(|text| text.chars().next());
        !is_digit(before) && !is_digit(behind)
    };
    let places: Vec<_> = YEAR.find_iter(tight).filter(alone).collect();
    let is_named = |found: &&regex::Match<'_>| found.as_str().contains(['年', '度']);
    let nearest = |places: &[&regex::Match<'_>]| {
        let Some(report) = REPORT.find(tight) else {
            return places.first().map(|found| found.range());
        };
        let before = places.iter().rev().find(|found| found.start() < report.end());
        before.or(places.first()).map(|found| found.range())
    };
    let named: Vec<_> = places.iter().filter(is_named).collect();
    nearest(&named).or_else(|| nearest(&places.iter().collect::<Vec<_>>()))
}

pub(crate) fn digit(letter: char) -> Option<char> {
    Some(match letter {
        '〇' | '○' | '零' | 'O' | 'o' => '0',
        '一' => '1',
        '二' => '2',
        '三' => '3',
        '四' => '4',
        '五' => '5',
        '六' => '6',
        '七' => '7',
        '八' => '8',
        '九' => '9',
        digit => digit.is_ascii_digit().then_some(digit)?,
    })
}

/// The agency that a title names: what stands before the year, else between it and the report; where
/// the year stands in the report's name or behind it, what stands before that name.
pub(crate) fn agency(title: &str) -> Option<String> {
    let tight = tight(title);
    let report = REPORT.find(&tight).map(|report| report.start());
    match (year_place(&tight), report) {
        (Some(year), Some(report)) if year.start >= report => {
            name_in(own_name(tight.get(..report)?))
        }
        (Some(year), report) => name_in(tight.get(..year.start)?)
            .or_else(|| name_in(own_name(tight.get(year.end..report?)?))),
        (None, Some(report)) => name_in(own_name(tight.get(..report)?)),
        (None, None) => None,
    }
}

/// The name in a part of a title, without what stands around it: a number, a mark in brackets, a
/// date, 关于. What holds digits even so is none, nor is half of what is in brackets.
fn name_in(text: &str) -> Option<String> {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:【[^】]*】|\[[^\]]*\]|\([^)]*\)|附件?\d*[:.、]?|\d{1,3}[.、)]|[一二三四五六七八九十]{1,3}、|20\d\d(?:年度?|度)|关于|[《“”\x22·•\-)\s])+",
        )
    });
    static BEHIND: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?:关于|公开|公布|发布|的|[\d年度\-—–~至(《》“”\x22\s])+$"));
    let start = BEFORE.find(text).map_or(0, |found| found.end());
    let name = text.get(start..)?;
    let name = name.get(..BEHIND.find(name).map_or(name.len(), |found| found.start()))?;
    let is_even =
        |open: char, close: char| name.matches(open).count() == name.matches(close).count();
    let letters = name.chars().count();
    ((3..=40).contains(&letters)
        && !name.contains([':', ',', '。', '【', '】'])
        && !name.contains(|c: char| c.is_ascii_digit())
        && is_even('(', ')'))
    .then(|| name.to_owned())
}

/// A name before 政府信息公开, which may end in 政府 itself.
fn own_name(text: &str) -> &str {
    match text.strip_suffix("政府") {
        Some(name) if !name.ends_with("人民") => name,
        _ => text,
    }
}

/// Whether a name ends as those of agencies do.
pub(crate) fn ends_as_body(name: &str) -> bool {
    const ENDS: [&str; 22] = [
        "政府",
        "局",
        "委员会",
        "委",
        "办公室",
        "办事处",
        "厅",
        "街道",
        "镇",
        "乡",
        "中心",
        "处",
        "院",
        "队",
        "署",
        "馆",
        "站",
        "所",
        "部",
        "会",
        "办",
        "管理区",
    ];
    ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests;
