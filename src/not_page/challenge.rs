//! A firewall's question to the browser. No page stands behind it for whoever runs no scripts.
//!
//! ```html
//! <html><script>document.cookie = "__jsl_clearance=1769…"; location.href = location.pathname;</script></html>
//! ```

use super::look::Look;

/// A challenge shows no more letters than a word of patience.
const MOST: usize = 150;

/// What firewalls write in their titles.
const TITLES: &[&str] = &[
    "just a moment", // Cloudflare
    "滑动验证页面",  // Alibaba Cloud
    "安全验证",
    "访问验证",
    "人机验证",
    "浏览器安全检查",
    "正在进行安全检测",
];

/// What they show.
const TEXTS: &[&str] = &[
    "checking your browser before accessing",
    "please enable cookies and reload the page",
    "正在验证您的浏览器",
    "正在检查您的浏览器",
    "浏览器安全检查中",
    "请完成安全验证",
    "本站开启了验证码保护", // 加速乐
    "请拖动滑块完成验证",
    "访问过于频繁,请输入验证码",
];

/// Names in the scripts of one product each.
const SCRIPTS: &[&str] = &[
    "__jsl_clearance",      // 加速乐
    "$_ts",                 // 瑞数
    "acw_sc__v2",           // 阿里云 WAF
    "_cf_chl_opt",          // Cloudflare
    "security_verify_data", // 云锁
    "security_session_verify",
    "wzwschallenge", // 网站卫士
    "wzwsconfirm",
    "eo_bot_ssid", // 腾讯云 EdgeOne
    "__tst_status",
    "waf_captcha",
];

/// How a script asks for the same page again.
const RELOADS: [&str; 6] = [
    "location.reload(",
    "location.pathname",
    "location=location",
    "location.href=location",
    "location.href=window.location",
    "location.replace(location",
];

pub(super) fn why(look: &Look<'_>) -> Option<String> {
    if look.length > MOST || !look.has_script {
        return None;
    }
    look.title_is(TITLES)
        .or_else(|| look.text_holds(TEXTS, MOST))
        .or_else(|| look.script_holds(SCRIPTS))
        .or_else(|| reloads(look).then(|| "a script that sets a cookie and reloads".to_owned()))
        // 瑞数 and 加速乐 answer so, their scripts written differently each time. RFC 9110 has 412 for conditional
        // requests, and for none that brings a script; 521 is in no standard.
        .or_else(|| {
            matches!(look.status, 412 | 521).then(|| "a script in place of a page".to_owned())
        })
}

/// A page that has parts elsewhere may set a cookie and reload for reasons of its own: where there is another
/// language, or a newer version.
fn reloads(look: &Look<'_>) -> bool {
    if look.has_others {
        return false;
    }
    let again = RELOADS.iter().any(|reload| look.scripts.contains(reload));
    look.scripts.contains("document.cookie=") && (again || look.sent_to.contains(look.asked))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_page_that_is_nothing_but_a_firewalls_script_is_a_challenge() {
        check(
            "challenge",
            &[
                (
                    521,
                    "<script>document.cookie=('_')+('_')+('j');location.href=location.pathname+location.search</script>",
                    "a script that sets a cookie and reloads",
                ),
                (
                    412,
                    "<html><head><meta content='x'><script type='text/javascript' src='/4QbVtADbnLVIc/d.js' r='m'></script></head><body></body></html>",
                    "a script in place of a page",
                ),
                (
                    202,
                    "<script>$_ts = window['$_ts']; if(!$_ts) $_ts = {};</script>",
                    "script $_ts",
                ),
                (
                    200,
                    "<html><script>var arg1='3E9A'; function f(){ setCookie('acw_sc__v2', arg1) }</script></html>",
                    "script acw_sc__v2",
                ),
                (
                    200,
                    "<script> document.cookie = 'k=1; path=/';\n window.location.reload( true ); </script>",
                    "a script that sets a cookie and reloads",
                ),
                (
                    200,
                    "<script>document.cookie='k=1';location.replace('/a/b.html')</script>",
                    "a script that sets a cookie and reloads",
                ),
                (
                    403,
                    "<title>Just a moment...</title><script src=/cdn-cgi/challenge></script>",
                    "title just a moment",
                ),
                (
                    405,
                    "<title>滑动验证页面</title><p>请按住滑块</p><script>x()</script>",
                    "title 滑动验证页面",
                ),
                (
                    503,
                    "<p>Checking your browser before accessing www.qingshan.gov.cn</p><script>1</script>",
                    "text checking your browser before accessing",
                ),
                (
                    521,
                    "<script>eval(function(p){return p}('0x1'))</script>",
                    "a script in place of a page",
                ),
            ],
        );
    }

    #[test]
    fn a_page_with_scripts_is_a_page() {
        let long = format!(
            "<title>安全验证</title><script>1</script><p>{}",
            "本市网络安全验证工作".repeat(20)
        );
        let protected = format!(
            "<script>$_ts=window['$_ts']</script><p>{}",
            "青杉市人民政府工作动态。".repeat(20)
        );
        check(
            "",
            &[
                // A front page that remembers the language and leads to the real one.
                (
                    200,
                    "<script>document.cookie='lang=zh';location.href='/zh/index.html'</script>",
                    "",
                ),
                (
                    200,
                    "<title>青杉市人民政府</title><div id=app></div><script>document.cookie='v=1';render()</script>",
                    "",
                ),
                (200, "<script>if (top != self) top.location.reload();</script>", ""),
                (
                    200,
                    "<title>青杉市人民政府</title><script>document.cookie='v='+v;if(m)location.href='/wap'+location.pathname</script><div id=app></div><script src=/js/app.js></script>",
                    "",
                ),
                (
                    200,
                    "<title>云岭县人民政府</title><script>document.cookie='v=1';if(self!=top)top.location=location</script><frameset rows='120,*'><frame src=top.htm></frameset>",
                    "",
                ),
                (
                    200,
                    "<script>document.cookie='p='+location.pathname</script><img usemap=#m><map name=m><area href=/zwgk/></map>",
                    "",
                ),
                (200, &long, ""),
                (200, &protected, ""),
                (200, "<title>网络安全验证平台上线</title><script>1</script><p>今日上线。", ""),
                (412, "<h1>412 Precondition Failed</h1>", ""),
                (404, "<title>404</title><script>count()</script>", ""),
            ],
        );
    }
}
