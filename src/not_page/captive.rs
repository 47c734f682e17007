//! A network's gateway that wants its user to log in: it answers in the place of every host.
//!
//! ```html
//! <script>top.self.location.href='http://10.0.0.1/eportal/index.jsp?wlanuserip=5f&nasip=0a'</script>
//! ```

use url::{Host, Url};

use super::look::Look;

/// A form with its terms of use; what only leads to one shows less.
const MOST: usize = 300;
const MOST_OF_LEADING: usize = 80;

const TITLES: &[&str] = &[
    "上网认证",
    "上网登录",
    "上网认证系统",
    "上网登录页",
    "网络认证",
    "网络准入认证",
    "用户上网认证",
    "统一上网认证",
    "上网行为管理",
    "无线网络认证",
    "portal认证",
    "web认证",
];

const TEXTS: &[&str] = &[
    "请先进行上网认证",
    "您需要认证后才能上网",
    "认证后才能访问网络",
    "认证后才可访问网络",
    "请登录后上网",
    "您尚未通过上网认证",
];

/// What the addresses of gateways hold.
const GATEWAYS: [&str; 8] = [
    "wlanuserip=",
    "wlanacname=",
    "nasip=",
    "/eportal/",
    "/ac_portal/",
    "/srun_portal",
    "/webauth",
    "/portal/login",
];

/// What those hold that stand at a bare address of a private network.
const LOGINS: [&str; 4] = ["login", "portal", "auth", "logon"];

pub(super) fn why(look: &Look<'_>) -> Option<String> {
    if look.length > MOST || look.is_document() {
        return None;
    }
    look.title_is(TITLES)
        .or_else(|| look.text_holds(TEXTS, MOST))
        .or_else(|| leads_to_gateway(look).then(|| "sent to a gateway's login".to_owned()))
}

fn leads_to_gateway(look: &Look<'_>) -> bool {
    // Another host of the portal's own domain is its platform, and no gateway.
    let domain = |url: &Url| url.domain().and_then(psl::domain_str).map(str::to_owned);
    let own = domain(look.asked);
    let elsewhere = |target: &&Url| {
        target.host() != look.asked.host() && (own.is_none() || domain(target) != own)
    };
    look.length <= MOST_OF_LEADING
        && look.sent_to.iter().filter(elsewhere).any(|target| {
            let address = target.as_str().to_ascii_lowercase();
            let is_private = match target.host() {
                Some(Host::Ipv4(ip)) => ip.is_private(),
                Some(Host::Ipv6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
                Some(Host::Domain(_)) | None => false,
            };
            GATEWAYS.iter().any(|mark| address.contains(mark))
                || (is_private && LOGINS.iter().any(|mark| address.contains(mark)))
        })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_gateway_that_wants_its_user_to_log_in_is_captive() {
        check(
            "captive",
            &[
                (
                    200,
                    "<script>top.self.location.href='http://10.0.0.1/eportal/index.jsp?wlanuserip=5f'</script>",
                    "sent to a gateway's login",
                ),
                (
                    200,
                    "<title>上网认证</title><form>用户名 <input> 密码 <input type=password></form>",
                    "title 上网认证",
                ),
                (
                    200,
                    "<meta http-equiv=refresh content=\"0; url=http://192.168.1.1:8080/login.html?u=x\">",
                    "sent to a gateway's login",
                ),
                (403, "<h1>您需要认证后才能上网</h1>", "text 您需要认证后才能上网"),
                (
                    200,
                    "<script>location.replace(\"http://net.yunling.example/ac_portal/default/pc.html\")</script>",
                    "sent to a gateway's login",
                ),
                (511, "<title>Portal认证 - 云岭县政务外网</title>", "title portal认证"),
            ],
        );
    }

    #[test]
    fn a_login_of_the_site_itself_and_a_way_to_another_page_are_none() {
        check(
            "",
            &[
                (200, "<title>统一身份认证平台</title><form>账号 密码</form>", ""),
                (200, "<script>location.href='/login.jsp'</script>", ""),
                (
                    200,
                    "<meta http-equiv=refresh content='0;url=http://zwfw.qingshan.gov.cn/portal/login.html'>",
                    "",
                ),
                (
                    200,
                    "<script>location.href='https://sso.qingshan.gov.cn/login?service=x'</script>",
                    "",
                ),
                (
                    200,
                    "<meta http-equiv=refresh content='0;url=http://www.yunling.gov.cn/index.html'>",
                    "",
                ),
                (
                    200,
                    "<title>关于政务外网上网认证的通知</title><p>各单位：用户上网认证于下月启用。",
                    "",
                ),
                (200, "<script>location.href='http://10.1.2.3/index.html'</script>", ""),
            ],
        );
    }
}
