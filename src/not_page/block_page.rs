//! A firewall's refusal.
//!
//! ```html
//! <title>405</title><p>很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</p><p>您的请求ID是: 7ae1…</p>
//! ```

use super::look::Look;
use crate::exchange::asks_for_peace;

/// A refusal explains itself, to the visitor and to the site's owner; with status 200 it must be shorter, to be told
/// from an article.
const MOST: usize = 800;
const MOST_OF_200: usize = 300;

const TITLES: &[&str] = &[
    "网站防火墙",
    "web应用防火墙",
    "网站访问报错",
    "阻断页面",
    "访问拦截",
    "拦截提示",
    "安全拦截",
    "访问被拦截",
    "访问被阻断",
    "访问已被拦截",
    "请求被拦截",
    "您的访问被拦截",
    "您的访问被阻断",
    "您的请求被拦截",
    "request rejected",   // F5
    "attention required", // Cloudflare
    "waf blocked",
];

/// Each speaks to the visitor of the request that was just made.
const TEXTS: &[&str] = &[
    "您的访问被阻断", // 阿里云 WAF
    "您的访问已被阻断",
    "您的访问被拦截",
    "您的访问已被拦截",
    "您的请求被拦截",
    "您的请求已被拦截",
    "您的请求被阻断",
    "您的请求已被阻断",
    "您的请求带有不合法参数", // 宝塔, 安全狗
    "当前访问疑似黑客攻击",   // 创宇盾
    "已被网站管理员设置拦截",
    "已被网站管理员设置为拦截",
    "可能对网站造成安全威胁",
    "您的请求包含恶意行为",
    "请求已被管理员设置的策略阻断", // 腾讯云 WAF
    "您提交的内容包含危险",
    "请求包含危险字符",
    "请求中包含危险字符",
    "请求包含非法字符",
    "您的请求包含非法",
    "您的ip已被禁止访问",
    "您的ip地址已被禁止访问",
    "您的ip已被封禁",
    "您的访问ip已被拦截",
    "the requested url was rejected", // F5
    "sorry, you have been blocked",   // Cloudflare
    "your request has been blocked",
    "request unsuccessful. incapsula incident id",
];

pub(super) fn why(look: &Look<'_>) -> Option<String> {
    // These say more: how long to stay away.
    if asks_for_peace(look.status) {
        return None;
    }
    let most = if look.status == 200 { MOST_OF_200 } else { MOST };
    if look.length > most || (look.status == 200 && look.is_document()) {
        return None;
    }
    look.title_is(TITLES)
        .or_else(|| look.text_holds(TEXTS, most))
        // Some write what they say by a script; an article under an error status is none.
        .or_else(|| look.script_holds(TEXTS).filter(|_| look.status != 200))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_page_that_refuses_this_request_is_a_block_page() {
        check(
            "blocked",
            &[
                (
                    405,
                    "<script>var cn = { message: '很抱歉，您的访问被阻断。' }</script>",
                    "script 您的访问被阻断",
                ),
                (
                    405,
                    "<title>405</title><p>很抱歉，由于您访问的 URL 有可能对网站造成安全威胁，您的访问被阻断。<p>您的请求ID是：7ae1",
                    "text 您的访问被阻断",
                ),
                (
                    403,
                    "<title>网站防火墙</title><h1>您的请求带有不合法参数</h1><p>如何解决：检查提交内容",
                    "title 网站防火墙",
                ),
                (
                    403,
                    "<h3>当前访问疑似黑客攻击，已被网站管理员设置为拦截</h3><p>事件编号 event_id: 5",
                    "text 当前访问疑似黑客攻击",
                ),
                (
                    200,
                    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please consult with your administrator.<br>Your support ID is: 1234</body></html>",
                    "title request rejected",
                ),
                (
                    403,
                    "<title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>",
                    "title attention required",
                ),
                (501, "<p>请求包含危险字符，请重新输入</p>", "text 请求包含危险字符"),
                (
                    200,
                    "<div>抱歉，您的 请求 已被拦截，事件ID：202601311234</div>",
                    "text 您的请求已被拦截",
                ),
                (
                    404,
                    "<p>很抱歉，您提交的请求可能对网站造成威胁，请求已被管理员设置的策略阻断",
                    "text 请求已被管理员设置的策略阻断",
                ),
            ],
        );
    }

    #[test]
    fn an_article_on_blocking_and_a_plain_refusal_are_none() {
        let answer = format!(
            "<title>咨询答复</title><p>来信：打开网页显示“您的访问被阻断”。<p>答复：{}",
            "请更换网络后再试，如仍有问题请致电。".repeat(20)
        );
        check(
            "",
            &[
                (
                    200,
                    "<title>关于您的访问被拦截问题的说明</title><p>市民反映显示您的访问被拦截，现说明如下。",
                    "",
                ),
                (200, &answer, ""),
                (200, "<title>咨询</title><p>网页显示“您的访问被阻断”，怎么办？<p>请换网络。", ""),
                (200, "<title>咨询</title><p>您的访问被阻断怎么办？<p>答复：请换网络。", ""),
                (200, "<title>青杉市公安局成功拦截诈骗电话</title><p>本月拦截诈骗电话三千个。", ""),
                (
                    403,
                    "<title>403 Forbidden</title><center><h1>403 Forbidden</h1></center><hr>nginx",
                    "",
                ),
                (404, "<h1>Not Found</h1>", ""),
                (200, "<title>青杉市防火墙工程验收公告</title><p>建筑防火墙通过验收。", ""),
                (500, "<p>系统错误，请联系管理员", ""),
                (429, "<p>您的访问已被拦截，请稍后再试", ""),
            ],
        );
    }
}
