//! 青杉市, which does not exist: UTF-8, folders of `t2024…_1.html`, the meta tags of the guidelines.

use std::time::Duration;

use super::report_page::{Sample, Style};
use super::site::{Charset, Frame, Portal, Reply, list, news};

const NAME: &str = "青杉市人民政府";
const HOST: &str = "www.qingshanshi.gov.cn";
const COLUMN: &str = "/zwgk/zfxxgk/zfxxgknb/";

const AGENCIES: [&str; 5] =
    ["青杉市人民政府", "青杉市统计局", "青杉市交通运输局", "青杉市教育局", "青杉市南门街道办事处"];

const NEWS: usize = 40;

/// Reports on one page of the list.
const PAGE: usize = 10;

const ROBOTS: &str =
    "User-agent: *\nDisallow: /internal/\n\nSitemap: http://www.qingshanshi.gov.cn/sitemap.xml\n";

pub(super) fn portal() -> Portal {
    let mut portal = Portal::new(NAME, HOST, Charset::Utf8, "/internal/");
    let frame = frame();
    portal.page("/robots.txt", ROBOTS);
    home(&mut portal, &frame);
    let reports = reports(&mut portal, &frame);
    column(&mut portal, &frame, &reports);
    newsroom(&mut portal, &frame);
    hazards(&mut portal, &frame);
    portal
}

fn frame() -> Frame {
    Frame {
        head: "<meta charset=\"utf-8\">\n<meta name=\"SiteName\" content=\"青杉市人民政府\">\n\
               <meta name=\"SiteDomain\" content=\"www.qingshanshi.gov.cn\">\n<meta name=\"SiteIDCode\" content=\"9901000001\">"
            .to_owned(),
        navigation: vec![
            ("/", "首页"),
            ("/news/", "新闻动态"),
            ("/zwgk/", "政务公开"),
            ("/zwgk/zfxxgk/zn/", "政府信息公开指南"),
            ("/zwgk/zfxxgk/", "政府信息公开"),
            ("/calendar?year=2024&month=1", "日历"),
        ],
        foot: "主办：青杉市人民政府办公室 <span>政府网站标识码：9901000001</span> 杉ICP备99000001号-1".to_owned(),
    }
}

fn home(portal: &mut Portal, frame: &Frame) {
    let main = list([
        ("/news/t20240105_1.html", "青杉市春耕工作现场会召开"),
        ("http://www.elsewhere.example/", "友情链接"),
        ("/missing.html", "旧版网站"),
        ("/zwgk/zfgzbg/t20240110_1.html", "2024年政府工作报告"),
        ("/images/logo.png", "标志"),
    ]);
    portal.page("/", &frame.page(NAME, "", &main));
    let main = list([
        ("/zwgk/zfxxgk/zn/", "政府信息公开指南"),
        (COLUMN, "政府信息公开年报"),
        ("/zwgk/zfxxgk/ysqgk.html", "依申请公开"),
        ("/internal/t20240101_9.html", "内部资料"),
    ]);
    portal.page("/zwgk/zfxxgk/", &frame.page("政府信息公开", "", &main));
    portal.page(
        "/zwgk/",
        &frame.page(
            "政务公开",
            "",
            &list([("/zwgk/zfxxgk/", "政府信息公开"), ("/zwgk/slow.html", "统计数据")]),
        ),
    );
    let guide = "<h1>青杉市政府信息公开指南</h1><p>公民可以依申请公开获取信息，年度报告每年一月公布。主动公开情况见栏目。</p>";
    portal.page("/zwgk/zfxxgk/zn/", &frame.page("青杉市政府信息公开指南", "", guide));
    portal.page("/zwgk/zfxxgk/ysqgk.html", &frame.page("依申请公开", "", "<p>请填写申请表。</p>"));
    let work = "<h1>2024年政府工作报告</h1><p>各位代表：现在报告工作情况。政务公开持续推进，行政复议渠道畅通。</p>";
    portal.page("/zwgk/zfgzbg/t20240110_1.html", &frame.page("2024年政府工作报告", "", work));
}

/// The reports, with their paths and titles as the list shows them.
fn reports(portal: &mut Portal, frame: &Frame) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for (place, agency) in (0_u64..).zip(AGENCIES) {
        for year in 2019..=2023 {
            let number = place * 5 + u64::try_from(year).unwrap_or_default() % 100;
            let sample = Sample { agency, year, number, miscounted: place == 1 && year == 2022 };
            let path = format!("{COLUMN}t{}0117_{}.html", year + 1, 10_000 + place * 10 + number);
            let html = report(frame, &sample);
            let body = portal.encode(&html);
            portal.report(&path, &sample, Reply::Page(body));
            links.push((path, sample.title()));
        }
    }
    let hidden = Sample { agency: "青杉市档案局", year: 2023, number: 3, miscounted: false };
    portal.page("/internal/t20240101_9.html", &report(frame, &hidden));
    links
}

fn report(frame: &Frame, sample: &Sample) -> String {
    let title = sample.title();
    let date = format!("{}-01-17 09:30", sample.year + 1);
    let meta = format!(
        "<meta name=\"ColumnName\" content=\"政府信息公开年报\">\n<meta name=\"ArticleTitle\" content=\"{title}\">\n\
         <meta name=\"PubDate\" content=\"{date}\">\n<meta name=\"ContentSource\" content=\"{}\">\n",
        sample.agency
    );
    let main = format!(
        "<div class=\"crumbs\">当前位置：<a class=\"CurrChnlCls\" href=\"/\">首页</a> &gt; <a class=\"CurrChnlCls\" href=\"{COLUMN}\">政府信息公开年报</a></div>\
         <h1>{title}</h1><div class=\"info\">发布时间：{date}&nbsp;&nbsp;来源：{}&nbsp;&nbsp;[字体：大 中 小]</div>\
         <div class=\"TRS_Editor\" id=\"zoom\">{}</div>",
        sample.agency,
        sample.body(Style::Plain)
    );
    frame.page(&format!("{title}_{NAME}"), &meta, &main)
}

/// The list, ten to a page, with paging as script and as plain links.
fn column(portal: &mut Portal, frame: &Frame, reports: &[(String, String)]) {
    let decoys = [
        (
            "t20240120_90001.html",
            "《青杉市人民政府2023年政府信息公开工作年度报告》解读",
            "<p>报告分为六个部分，总体情况良好，主动公开情况如下图。</p>",
        ),
        (
            "t20231201_90002.html",
            "关于做好2023年政府信息公开工作年度报告编制发布工作的通知",
            "<p>各单位：请按照总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况等六个部分编制。</p>",
        ),
        (
            "t20240119_90003.html",
            "青杉市人民医院2023年信息公开工作年度报告",
            "<p>一、总体情况</p><p>我院主动公开情况良好，未收到申请。</p>",
        ),
    ];
    let mut links: Vec<(String, String)> = reports.to_vec();
    for (name, title, text) in decoys {
        links.push((format!("{COLUMN}{name}"), title.to_owned()));
        portal.page(
            format!("{COLUMN}{name}"),
            &frame.page(title, "", &format!("<h1>{title}</h1>{text}")),
        );
    }
    let pages = links.chunks(PAGE).count();
    for (index, chunk) in links.chunks(PAGE).enumerate() {
        let name = |page: usize| {
            if page == 0 { "index.html".to_owned() } else { format!("index_{page}.html") }
        };
        let shown =
            chunk.iter().map(|(path, title)| (path.trim_start_matches(COLUMN), title.as_str()));
        let mut main = format!("<h2>政府信息公开年报</h2>{}", list(shown));
        main.push_str(&format!(
            "<div class=\"page\"><script>createPageHTML({pages}, {index}, \"index\", \"html\");</script>"
        ));
        for page in (0..pages).filter(|page| *page != index) {
            main.push_str(&format!("<a href=\"{}\">{}</a> ", name(page), page + 1));
        }
        main.push_str("</div>");
        let html = frame.page("政府信息公开年报", "", &main);
        portal.page(format!("{COLUMN}{}", name(index)), &html);
        if index == 0 {
            portal.page(COLUMN, &html);
        }
    }
}

fn newsroom(portal: &mut Portal, frame: &Frame) {
    let mut links = Vec::new();
    for number in 1..=NEWS {
        let (title, text) = news("青杉市", number);
        let path = format!("/news/t202401{:02}_{number}.html", number % 28 + 1);
        portal.page(&path, &frame.page(&title, "", &text));
        links.push((path, title));
    }
    let pages = links.chunks(20).count();
    for (index, chunk) in links.chunks(20).enumerate() {
        let shown = chunk.iter().map(|(path, title)| (path.as_str(), title.as_str()));
        let next = if index + 1 < pages {
            format!("<a href=\"index_{}.html\">下一页</a>", index + 1)
        } else {
            String::new()
        };
        let path =
            if index == 0 { "/news/".to_owned() } else { format!("/news/index_{index}.html") };
        let errors = "<a href=\"/news/error.html\">专题</a> <a href=\"/news/deep/\">栏目</a>";
        portal.page(path, &frame.page("新闻动态", "", &format!("{}{next}{errors}", list(shown))));
    }
}

fn hazards(portal: &mut Portal, frame: &Frame) {
    let slow = portal.encode(&frame.page("统计数据", "", "<p>数据正在整理。</p>"));
    portal.add("/zwgk/slow.html", Reply::Slow(slow, Duration::from_millis(1_200)));
    portal.add("/news/error.html", Reply::Status(500));
}

/// Pages without end: a calendar that always has a next month, and a folder that is in itself.
pub(super) fn endless(path: &str) -> Option<String> {
    if let Some(query) = path.strip_prefix("/calendar?") {
        let number = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.parse::<u32>().ok())
                .unwrap_or(1)
        };
        let (year, month) = (number("year="), number("month="));
        let (year, month) =
            if month >= 12 { (year.saturating_add(1), 1) } else { (year, month + 1) };
        return Some(format!(
            "<html><body><p>日历</p><a href=\"/calendar?year={year}&amp;month={month}\">下个月</a></body></html>"
        ));
    }
    let is_deep = path.starts_with("/news/deep/") && path.ends_with('/');
    is_deep.then(|| {
        "<html><body><a href=\"deep/\">栏目</a> <a href=\"more/\">更多</a></body></html>".to_owned()
    })
}
