//! A site that is closed for a while.
//!
//! ```html
//! <title>系统维护中</title><h1>网站正在升级改造，暂停访问，给您带来不便敬请谅解</h1>
//! ```

use super::look::Look;
use super::soft_404;

/// An excuse and a telephone number. With 503 the host itself says that it is not there.
const MOST: usize = 150;
const MOST_OF_503: usize = 500;

const TITLES: &[&str] = &[
    "系统维护中",
    "系统升级中",
    "系统升级维护中",
    "网站维护中",
    "网站正在维护",
    "网站升级中",
    "网站升级改造",
    "网站升级改造中",
    "网站改版中",
    "网站改版升级中",
    "网站建设中",
    "升级维护中",
    "维护中",
    "暂停访问",
    "网站暂停访问",
    "网站暂停服务",
    "under maintenance",
    "site maintenance",
    "site under maintenance",
];

/// These can be the name of a column too: they count on a page that leads nowhere.
const NAMES: &[&str] = &["系统维护", "系统升级", "网站维护", "网站升级", "升级维护", "maintenance"];

/// Each says of the site that is asked that it is not there now.
const TEXTS: &[&str] = &[
    "系统维护中",
    "系统正在维护",
    "系统正在升级",
    "系统升级中",
    "网站维护中",
    "网站正在维护",
    "网站正在升级",
    "网站正在改版",
    "网站正在建设",
    "网站升级中",
    "网站改版中",
    "网站升级改造中",
    "网站升级改造,暂停",
    "网站暂停访问",
    "网站暂停服务",
    "本站暂停访问",
    "暂时关闭访问",
    "site is under maintenance",
    "undergoing maintenance",
    "down for maintenance",
];

/// Who is rebuilt is not said: with 503, it is the site.
const TEXTS_OF_503: &[&str] = &["正在升级改造", "正在升级维护", "正在维护升级"];

/// Only with the statuses that can mean it: a page that is missing, or an error of one page, often names
/// maintenance among its causes.
pub(super) fn why(look: &Look<'_>) -> Option<String> {
    let most = match look.status {
        503 => MOST_OF_503,
        200 if look.is_document() || soft_404::says_gone(look) => return None,
        200 | 403 | 502 => MOST,
        _ => return None,
    };
    if look.length > most {
        return None;
    }
    let title = || look.title_is(TITLES);
    let text = || match look.status {
        503 => look.text_holds(TEXTS, most).or_else(|| look.text_holds(TEXTS_OF_503, most)),
        // What leads on is a page, whatever it says of the rest.
        200 => look.text_holds(TEXTS, most).filter(|_| !look.has_link()),
        _ => None,
    };
    let name = || look.title_is(NAMES).filter(|_| !look.has_link());
    title().or_else(name).or_else(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_site_that_says_that_it_is_closed_for_a_while_is_in_maintenance() {
        check(
            "maintenance",
            &[
                (200, "<title>系统维护中</title><p>给您带来不便，敬请谅解。", "title 系统维护中"),
                (503, "<title>503</title><p>系统正在升级，请稍后访问。", "text 系统正在升级"),
                (
                    200,
                    "<title>青杉市人民政府</title><img src=a.png><p>网站升级改造，暂停访问。",
                    "text 网站升级改造,暂停",
                ),
                (200, "<title>网站改版升级中... - 云岭县</title>", "title 网站改版升级中"),
                (200, "<title>网站维护</title><p>请稍后访问", "title 网站维护"),
                (502, "<title>Site Maintenance</title>", "title site maintenance"),
                (
                    503,
                    "<title>关于系统维护的公告</title><p>本网站暂停服务至三月一日。",
                    "text 网站暂停服务",
                ),
                (200, "<p>本网站正在建设，敬请期待", "text 网站正在建设"),
            ],
        );
    }

    #[test]
    fn a_page_that_speaks_of_maintenance_is_a_page() {
        let article = format!(
            "<title>工作动态</title><p>因系统维护中的问题，{}",
            "市大数据局组织召开会议，研究部署网站工作。".repeat(10)
        );
        check(
            "",
            &[
                (
                    200,
                    "<title>关于网站升级改造的公告</title><p>市政府门户网站正在升级改造，三月一日至二日暂停访问。",
                    "",
                ),
                (200, &article, ""),
                (200, "<title>青杉市系统维护服务采购项目中标公告</title><p>系统维护服务。", ""),
                (404, "<p>您访问的页面不存在，或系统维护中", ""),
                (
                    200,
                    "<title>青杉市人民政府</title><h1>网站系统维护公告</h1><p>发布时间：2023-04-28<p>五月一日网站暂停访问。",
                    "",
                ),
                (200, "<title>图片新闻</title><p>目前二水厂正在升级改造。<img src=a.jpg>", ""),
                (200, "<title>问答</title><p>问：提示“系统维护中”怎么办？<p>请白天申报。", ""),
                (
                    200,
                    "<title>青杉市教育局</title><p>本网站正在建设，请看<a href=/nb/2023.html>2023年年报</a>",
                    "",
                ),
                (500, "<p>系统繁忙，或正在升级维护，请稍后再试", ""),
                (
                    200,
                    "<title>通知公告</title><li><a href=/1.html>因网站升级改造,暂停访问的消息</a><li><a href=/2.html>系统升级中的问答</a>",
                    "",
                ),
                (200, "<title>系统维护 - 青杉市大数据局</title><a href=/1.html>工作动态</a>", ""),
                (503, "<p>Service Unavailable", ""),
                (200, "<title>网站维护经费说明</title><p>网站维护费二万元。", ""),
            ],
        );
    }
}
