//! Status 200, and the page says that it does not exist.
//!
//! ```html
//! <title>404</title><p>您访问的页面不存在或已删除，3秒后返回首页</p><meta http-equiv="refresh" content="3;url=/">
//! ```

use super::look::Look;

/// Under a title that says it, an excuse and the ways back.
const MOST_UNDER_TITLE: usize = 300;

/// Without one, little else than the sentence itself.
const MOST: usize = 100;

const TITLES: &[&str] = &[
    "404",
    "404错误",
    "404页面",
    "404错误页面",
    "404提示页面",
    "404 not found",
    "404 error",
    "404 page",
    "404 page not found",
    "error 404",
    "error404",
    "not found",
    "page not found",
    "页面不存在",
    "该页面不存在",
    "页面未找到",
    "找不到页面",
    "找不到该页面",
    "找不到网页",
    "无法找到页面",
    "无法找到该页",
    "无法找到网页",
    "页面已删除",
    "页面丢失",
    "您访问的页面不存在",
    "您访问的页面不存在或已删除",
    "访问的页面不存在",
    "文章不存在",
    "内容不存在",
];

/// Within the frame of the portal's pages, navigation and imprint are shown too.
const MOST_IN_FRAME: usize = 600;

/// Each speaks to the visitor of the page that was asked for. 信息不存在 alone is none: it is an answer to a request for
/// information (Regulation, article 36).
const TEXTS: &[&str] = &[
    "您访问的页面不存在",
    "您访问的页面已删除",
    "您访问的页面已被删除",
    "您访问的页面已失效",
    "您访问的页面已不存在",
    "您访问的页面找不到",
    "您要访问的页面不存在",
    "您要查看的页面不存在",
    "您浏览的页面不存在",
    "您查看的页面不存在",
    "您请求的页面不存在",
    "您访问的内容不存在",
    "您查看的信息不存在",
    "您访问的信息不存在",
    "您访问的文章不存在",
    "您所访问的页面不存在",
    "你访问的页面不存在",
    "你要访问的页面不存在",
    "抱歉,页面不存在",
    "页面不存在或已",
    "文章不存在或已",
    "内容不存在或已",
    "该信息已被删除",
    "该文章已被删除",
    "该页面已被删除",
    "没有找到您要访问的页面",
    "找不到您访问的页面",
    "the page you requested was not found",
    "the page you are looking for",
    "404 not found",
];

/// What a page says that sends its visitor to the front page because there is nothing else.
const GONE: &[&str] =
    &["不存在", "已删除", "已被删除", "已失效", "找不到", "未找到", "404", "not found"];

pub(super) fn why(look: &Look<'_>) -> Option<String> {
    if look.status != 200 || look.is_document() {
        return None;
    }
    let title = || {
        let said = look.title_is(TITLES)?;
        (look.length <= MOST_UNDER_TITLE && !is_number(look)).then_some(said)
    };
    let sent = || {
        let said = look.text_holds(GONE, MOST).filter(|_| is_sent_home(look))?;
        Some(format!("{said}, and sent to the front page"))
    };
    title().or_else(|| look.text_holds(TEXTS, MOST)).or_else(sent)
}

/// As [`why`], of a page in its portal's frame: its title and its text must both say it.
pub(super) fn why_in_frame(look: &Look<'_>) -> Option<String> {
    if look.status != 200 || look.is_document() {
        return None;
    }
    let text = look.text_holds(TEXTS, MOST_IN_FRAME)?;
    Some(format!("{}, {text}", look.title_is(TITLES)?))
}

/// Whether it speaks of a page that is gone, whatever else it may say.
pub(super) fn says_gone(look: &Look<'_>) -> bool {
    look.text_holds(TEXTS, usize::MAX).is_some()
}

/// Whether the 404 of the title is that of a numbered document (青政发2023-404): there are other figures.
fn is_number(look: &Look<'_>) -> bool {
    look.title.replace("404", "").bytes().any(|byte| byte.is_ascii_digit())
}

fn is_sent_home(look: &Look<'_>) -> bool {
    const FRONT_PAGES: [&str; 7] = [
        "/",
        "/index.html",
        "/index.htm",
        "/index.shtml",
        "/index.jsp",
        "/index.php",
        "/index.aspx",
    ];
    look.sent_to.iter().any(|target| target != look.asked && FRONT_PAGES.contains(&target.path()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_page_that_says_that_it_does_not_exist_is_a_soft_404() {
        check(
            "soft-404",
            &[
                (
                    200,
                    "<title>页面不存在 - 青杉市人民政府</title><a href=/>返回首页</a>",
                    "title 页面不存在",
                ),
                (200, "<title>404</title><p>很抱歉", "title 404"),
                (
                    200,
                    "<title>青杉市统计局</title><p>抱歉，您访问的页面不存在或已删除！<a href=/>首页</a>",
                    "text 您访问的页面不存在",
                ),
                (
                    200,
                    "<meta http-equiv=refresh content='3;url=/index.html'><p>信息找不到了，3秒后返回首页",
                    "text 找不到, and sent to the front page",
                ),
                (
                    200,
                    "<p>文件已失效<script>setTimeout(\"location.href='/'\", 3000); location.href = '/';</script>",
                    "text 已失效, and sent to the front page",
                ),
                (200, "<title>Error 404</title>", "title error 404"),
                (200, "<p>该信息已被删除", "text 该信息已被删除"),
            ],
        );
    }

    #[test]
    fn within_a_portals_frame_title_and_text_must_both_say_it() {
        let framed = |title: &str, text: &str, links: usize| {
            let frame = "<li><a href=/x/>政务公开</a></li>".repeat(links);
            format!("<title>{title}</title>{frame}<p>{text}</p>")
        };
        let (gone, sentence) = ("404_青杉市人民政府", "抱歉，您访问的页面不存在");
        let why = "title 404, text 您访问的页面不存在";
        check(
            "soft-404",
            &[(200, &framed(gone, sentence, 12), why), (200, &framed(gone, sentence, 40), why)],
        );
        check(
            "",
            &[
                (200, &framed(gone, "工作动态", 12), ""),
                (200, &framed("工作动态", sentence, 12), ""),
                (200, &framed("第404号令", sentence, 12), ""),
                (200, &framed(gone, sentence, 41), ""),
                (200, &framed(gone, &format!("{sentence}{}", "工作动态。".repeat(120)), 12), ""),
                (404, &framed(gone, sentence, 12), ""),
            ],
        );
    }

    #[test]
    fn a_page_that_speaks_of_missing_pages_is_a_page() {
        let titled = format!(
            "<title>404</title><p>{}",
            "青杉市人民政府办公室关于印发实施方案的内容。".repeat(20)
        );
        let answer = format!(
            "<title>咨询答复</title><p>来信：显示您访问的页面不存在。<p>答复：{}",
            "该栏目已经迁移，请从首页进入。".repeat(9)
        );
        check(
            "",
            &[
                (200, &titled, ""),
                (200, &answer, ""),
                (200, "<title>青政发〔2023〕404号</title><p>全文见附件", ""),
                (200, "<title>第404号令</title><p>现予公布。", ""),
                (200, "<title>青政发2023-404</title><p>各县区人民政府：现予公布。", ""),
                (200, "<title>信息不存在_依申请公开</title><p>经检索，该政府信息不存在。", ""),
                (200, "<p>您申请的信息不存在或已移交档案馆。", ""),
                (
                    200,
                    "<title>关于页面不存在问题的通报</title><p>抽查发现三家网站显示页面不存在。",
                    "",
                ),
                (200, "<meta http-equiv=refresh content='0;url=/index.html'><p>正在进入首页", ""),
                (404, "<title>页面不存在</title>", ""),
                (
                    200,
                    "<title>青杉市统计局</title><p>您访问的页面已迁移到<a href=/new/>新栏目</a>",
                    "",
                ),
                (200, "<title>青杉市统计局</title><p>经检索，您申请公开的政府信息不存在。", ""),
            ],
        );
    }
}
