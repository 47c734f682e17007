//! 云岭县, which does not exist: GBK, `/col/col…/` and `/art/…`, tables pasted from a word processor.

use super::report_page::{Sample, Style};
use super::site::{Charset, Frame, Portal, Reply, list, news};

const NAME: &str = "云岭县人民政府";
const HOST: &str = "www.yunlingxian.gov.cn";
const COLUMN: &str = "/col/col1001/index.html";

const AGENCIES: [&str; 3] = ["云岭县人民政府办公室", "云岭县水利局", "云岭县石桥镇人民政府"];

const NEWS: usize = 30;

/// Entries on one page of the list.
const PAGE: usize = 8;

const ROBOTS: &str = "User-agent: *\r\nDisallow: /module/\r\nCrawl-delay: 0.1\r\n";

pub(super) fn portal() -> Portal {
    let mut portal = Portal::new(NAME, HOST, Charset::Gbk, "/module/");
    let frame = frame();
    portal.page("/robots.txt", ROBOTS);
    let main = list([
        ("/col/col1002/index.html", "云岭要闻"),
        ("/col/col1000/index.html", "政府信息公开"),
        ("/loop/a.html", "在线访谈"),
        ("/art/2024/1/3/art_1002_999.html", "专题专栏"),
        ("/module/xxgk/search.jsp?area=1", "信息检索"),
    ]);
    portal.page("/", &frame.page(NAME, "", &main));
    let main =
        list([(COLUMN, "政府信息公开年度报告"), ("/col/col1003/index.html", "信息公开指南")]);
    portal.page("/col/col1000/index.html", &frame.page("政府信息公开", "", &main));
    let guide = frame.page("信息公开指南", "", "<p>依申请公开的受理单位为县政府办公室。</p>");
    portal.page("/col/col1003/index.html", &guide);
    portal.page("/module/xxgk/search.jsp?area=1", &frame.page("信息检索", "", "<p>检索</p>"));
    let reports = reports(&mut portal, &frame);
    column(&mut portal, &frame, &reports);
    newsroom(&mut portal, &frame);
    portal.add("/loop/a.html", Reply::Redirect(302, "/loop/b.html".to_owned()));
    portal.add("/loop/b.html", Reply::Redirect(302, "/loop/a.html".to_owned()));
    let (title, text) = news("云岭县", 99);
    let half = portal.encode(&frame.page(&title, "", &text));
    portal.add("/art/2024/1/3/art_1002_999.html", Reply::Half(half));
    portal
}

fn frame() -> Frame {
    Frame {
        head: "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=gb2312\">\n<meta name=\"WebId\" content=\"7\">".to_owned(),
        navigation: vec![
            ("/", "网站首页"),
            ("/col/col1002/index.html", "云岭要闻"),
            ("/col/col1000/index.html", "政府信息公开"),
        ],
        foot: "版权所有：云岭县人民政府 标识码：9901210001 杉ICP备99000021号".to_owned(),
    }
}

fn reports(portal: &mut Portal, frame: &Frame) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for (place, agency) in (0_u64..).zip(AGENCIES) {
        for year in 2019..=2023 {
            let number = 40 + place * 6 + u64::try_from(year).unwrap_or_default() % 7;
            let sample = Sample { agency, year, number, miscounted: false };
            let path = format!("/art/{}/1/{}/art_1001_{}.html", year + 1, 20 + place, 500 + number);
            let title = sample.title();
            let main = format!(
                "<table class=\"xxgk\"><tr><td>索 引 号：</td><td>YL{number}/{year}-0001</td><td>组配分类：</td><td>年度报告</td></tr>\
                 <tr><td>发布机构：</td><td>{agency}</td><td>成文日期：</td><td>{}-01-2{place}</td></tr></table>\
                 <p class=\"title\">{title}</p><p>发布日期：{}-01-2{place} 浏览次数：</p><div id=\"zoom\">{}</div>",
                year + 1,
                year + 1,
                sample.body(Style::Pasted)
            );
            let body = portal.encode(&frame.page(&title, "", &main));
            portal.report(&path, &sample, Reply::Page(body));
            links.push((path, title));
        }
    }
    links
}

fn column(portal: &mut Portal, frame: &Frame, reports: &[(String, String)]) {
    let pages = reports.chunks(PAGE).count();
    for (index, chunk) in reports.chunks(PAGE).enumerate() {
        let shown = chunk.iter().map(|(path, title)| (path.as_str(), title.as_str()));
        let mut main = format!("<div class=\"cur\">政府信息公开年度报告</div>{}", list(shown));
        for page in 1..=pages {
            main.push_str(&format!("<a href=\"{COLUMN}?uid=77&amp;pageNum={page}\">{page}</a> "));
        }
        let html = frame.page("政府信息公开年度报告", "", &main);
        portal.page(format!("{COLUMN}?uid=77&pageNum={}", index + 1), &html);
        if index == 0 {
            portal.page(COLUMN, &html);
        }
    }
}

fn newsroom(portal: &mut Portal, frame: &Frame) {
    let mut links = Vec::new();
    for number in 1..=NEWS {
        let (title, text) = news("云岭县", number + 100);
        let path = format!("/art/2024/1/{}/art_1002_{number}.html", number % 28 + 1);
        portal.page(&path, &frame.page(&title, "", &text));
        links.push((path, title));
    }
    let shown = links.iter().map(|(path, title)| (path.as_str(), title.as_str()));
    portal.page("/col/col1002/index.html", &frame.page("云岭要闻", "", &list(shown)));
}
