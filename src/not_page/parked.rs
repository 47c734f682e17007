//! A name under which nothing is served: for sale, run out, closed, or on a server that nobody set up.
//!
//! ```html
//! <title>恭喜，站点创建成功！</title><h3>这是默认index.html，本页面由系统自动生成</h3>
//! ```

use super::look::Look;

/// A name's page shows an offer or an instruction.
const MOST: usize = 400;

/// So much is shown by a site that says no more than that it is closed.
const MOST_OF_CLOSED: usize = 60;

/// The first pages of servers, which may be longer.
const DEFAULT_PAGES: &[&str] = &[
    "welcome to nginx",
    "test page for the nginx http server on fedora",
    "welcome to openresty",
    "welcome to tengine",
    "iis windows server",
    "iis windows",
    "iis7",
    "iis8",
    "apache2 ubuntu default page",
    "apache2 debian default page",
    "apache http server test page powered by centos",
    "test page for the apache http server",
    "恭喜,站点创建成功", // 宝塔
    "没有找到站点",
    "默认站点",
];

const TITLES: &[&str] = &[
    "域名出售",
    "域名转让",
    "域名已过期",
    "此域名已过期",
    "该域名已过期",
    "该域名未备案",
    "域名未备案",
    "网站未备案",
    "未备案提示",
    "网站已关闭",
    "站点已关闭",
    "网站关闭",
    "网站已停用",
    "网站已下线",
    "站点已暂停", // 宝塔
    "抱歉,站点已暂停",
    "domain has expired",
    "domain for sale",
    "this domain is for sale",
];

const TEXTS: &[&str] = &[
    "此域名已过期",
    "该域名已过期",
    "您访问的域名已过期",
    "该域名正在出售",
    "此域名出售",
    "您正在访问的域名可以转让",
    "该域名未备案",
    "此域名未备案",
    "您访问的网站未备案",
    "网站未进行备案",
    "该网站暂时无法进行访问", // Alibaba Cloud, for want of a licence
    "恭喜,站点创建成功",
    "this domain is for sale",
    "this domain has expired",
];

/// An article says this of other sites.
const CLOSED: &[&str] = &["网站已关闭", "站点已关闭", "本网站已停用", "本网站已下线"];

pub(super) fn why(look: &Look<'_>) -> Option<String> {
    if !matches!(look.status, 200 | 403) || look.is_document() {
        return None;
    }
    let text = || look.text_holds(TEXTS, MOST).or_else(|| look.text_holds(CLOSED, MOST_OF_CLOSED));
    let title = || look.title_is(TITLES).filter(|_| look.length <= MOST);
    look.title_is(DEFAULT_PAGES).or_else(title).or_else(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_name_under_which_nothing_is_served_is_parked() {
        check(
            "parked",
            &[
                (
                    200,
                    "<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1><p>If you see this page, the nginx web server is successfully installed.",
                    "title welcome to nginx",
                ),
                (
                    200,
                    "<title>恭喜，站点创建成功！</title><h3>这是默认index.html</h3>",
                    "title 恭喜,站点创建成功",
                ),
                (
                    200,
                    "<title>IIS Windows Server</title><a href=http://go.microsoft.com><img src=iis.png></a>",
                    "title iis windows server",
                ),
                (
                    200,
                    "<title>qingshan.cn</title><p>您正在访问的域名可以转让！This domain is for sale.",
                    "text 您正在访问的域名可以转让",
                ),
                (403, "<title>未备案提示</title><p>该网站未备案", "title 未备案提示"),
                (200, "<title>网站已关闭</title>", "title 网站已关闭"),
                (200, "<p>因机构改革，本网站已下线。", "text 本网站已下线"),
                (200, "<p>此域名已过期，请联系注册商续费", "text 此域名已过期"),
            ],
        );
    }

    #[test]
    fn what_is_said_of_names_and_licences_on_a_page_does_not_make_it_parked() {
        let foot = format!(
            "<title>青杉市统计局</title><p>{}<p>主办单位：青杉市统计局 备案号：青ICP备05000001号",
            "统计数据发布。".repeat(80)
        );
        check(
            "",
            &[
                (200, &foot, ""),
                (
                    200,
                    "<title>青杉市统计局</title><p>网站备案编号：青ICP备05000001号 政府网站标识码",
                    "",
                ),
                (200, "<title>关于未备案网站已关闭情况的通报</title><p>三家网站已关闭。", ""),
                (200, "<title>域名出售合同范本</title><p>甲方乙方。", ""),
                (
                    200,
                    "<title>青杉市完成政府网站集约化</title><p>截至五月底，全市原有42家部门网站已关闭，内容全部迁移到市政府门户网站。市政府办公室将继续加强对各部门栏目的日常检查和考核工作。",
                    "",
                ),
                (404, "<title>404 Not Found</title><center>nginx</center>", ""),
                (200, "<title>It works</title><p>工作有效", ""),
            ],
        );
    }
}
