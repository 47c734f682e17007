//! 白水州统计局, which does not exist: the charset in the header alone, `?page=`, gzip, validators.

use encoding_rs::GB18030;

use super::report_page::{Sample, Style};
use super::site::{Body, Charset, Frame, Portal, Reply, list, news};

const NAME: &str = "白水州统计局";
const HOST: &str = "tjj.baishuizhou.gov.cn";
const COLUMN: &str = "/xxgk/gknb.html";

const NEWS: usize = 25;

/// Entries on one page of the list.
const PAGE: usize = 3;

pub(super) fn portal() -> Portal {
    let mut portal = Portal::new(NAME, HOST, Charset::Utf8InHeader, "/admin/");
    let frame = frame();
    portal.add("/", Reply::Redirect(301, "/index.html".to_owned()));
    portal.page(
        "/robots.txt",
        "User-agent: gongkai\nDisallow: /admin/\n\nUser-agent: *\nDisallow: /\n",
    );
    let main = list([
        (COLUMN, "年报"),
        ("/xxgk/busy.html", "数据发布"),
        ("/xxgk/download.html", "资料下载"),
        ("/admin/login.html", "管理入口"),
    ]);
    portal.page("/index.html", &frame.page(NAME, "", &main));
    portal.page("/admin/login.html", &frame.page("登录", "", "<p>登录</p>"));
    let reports = reports(&mut portal, &frame);
    column(&mut portal, &frame, &reports);
    for number in 1..=NEWS {
        let (title, text) = news("白水州", number + 200);
        portal.page(format!("/xwdt/{number}.html"), &frame.page(&title, "", &text));
    }
    let titles: Vec<_> = (1..=NEWS)
        .map(|number| (format!("/xwdt/{number}.html"), news("白水州", number + 200).0))
        .collect();
    let shown = titles.iter().map(|(path, title)| (path.as_str(), title.as_str()));
    portal.page("/xwdt/", &frame.page("新闻动态", "", &list(shown)));
    let busy = portal.encode(&frame.page("数据发布", "", "<p>数据发布</p>"));
    portal.add("/xxgk/busy.html", Reply::AskedForPeace(busy));
    portal.add("/xxgk/download.html", Reply::Bomb);
    portal
}

fn frame() -> Frame {
    Frame {
        head: "<meta name=\"viewport\" content=\"width=device-width\">".to_owned(),
        navigation: vec![("/index.html", "首页"), ("/xwdt/", "新闻动态"), (COLUMN, "年报")],
        foot: "白水州统计局主办 网站标识码 9902000015 杉ICP备99000300号-2".to_owned(),
    }
}

fn reports(portal: &mut Portal, frame: &Frame) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for year in 2019..=2023 {
        let number = 80 + u64::try_from(year).unwrap_or_default() % 50;
        let sample = Sample { agency: NAME, year, number, miscounted: false };
        let path = format!("/xxgk/content/{number}.html");
        let title = sample.title();
        let main = format!(
            "<ul class=\"meta\"><li>信息索取号：BSZ-{number}</li><li>信息类别：统计</li><li>公开方式：主动公开</li>\
             <li>生成日期：{}-01-08</li></ul><h1>{title}</h1><p>日期：{}-01-09 来源：{NAME}</p>{}",
            year + 1,
            year + 1,
            sample.body(Style::Plain)
        );
        let html = frame.page(&format!("{title}-{NAME}"), "", &main);
        // One of them is sent in another charset than the header says.
        let body = if year == 2021 {
            let bytes = GB18030.encode(&html).0.into_owned();
            Body { bytes, ..portal.encode(&html) }
        } else {
            portal.encode(&html)
        };
        portal.report(&path, &sample, Reply::Page(body));
        links.push((path, title));
    }
    links
}

fn column(portal: &mut Portal, frame: &Frame, reports: &[(String, String)]) {
    let pages = reports.chunks(PAGE).count();
    for (index, chunk) in reports.chunks(PAGE).enumerate() {
        let shown = chunk.iter().map(|(path, title)| (path.as_str(), title.as_str()));
        let mut main = format!("<h2>年报</h2>{}", list(shown));
        if index + 1 < pages {
            main.push_str(&format!("<a href=\"?page={}\">下一页</a>", index + 2));
        }
        let html = frame.page("年报", "", &main);
        let path =
            if index == 0 { COLUMN.to_owned() } else { format!("{COLUMN}?page={}", index + 1) };
        portal.page(path, &html);
    }
}
