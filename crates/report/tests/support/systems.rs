//! A whole page around a report's tables, as portal systems frame it.

use super::Choices;
use super::forms;
use super::markup::{Hand, Writer, text};
use super::numbers::{Form, Tables};

/// What each page says of itself.
pub const AGENCY: &str = "青杉市统计局";
pub const YEAR: i32 = 2022;
const TITLE: &str = "青杉市统计局2022年政府信息公开工作年度报告";

const FOOT: &str = "<div class=\"footer\">主办：青杉市人民政府 政府网站标识码：5399010003 滇ICP备05000001号</div></body></html>";

/// Portal systems, by what their pages look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Trs,
    TrsCatalogue,
    HanwebArticle,
    HanwebInline,
    Jpaas,
    Lonsun,
    Ucap,
    Epoint,
    Empire,
    WordProcessor,
}

pub const SYSTEMS: [System; 10] = [
    System::Trs,
    System::TrsCatalogue,
    System::HanwebArticle,
    System::HanwebInline,
    System::Jpaas,
    System::Lonsun,
    System::Ucap,
    System::Epoint,
    System::Empire,
    System::WordProcessor,
];

impl System {
    fn hand(self) -> Hand {
        match self {
            Self::Trs | Self::Lonsun | Self::Epoint => Hand::Plain,
            Self::WordProcessor | Self::Jpaas => Hand::Pasted,
            Self::TrsCatalogue | Self::HanwebInline => Hand::Old,
            Self::Ucap => Hand::Headed,
            Self::HanwebArticle | Self::Empire => Hand::Fonts,
        }
    }

    /// What the page's head holds beside its title.
    fn tags(self) -> String {
        match self {
            Self::Trs => format!(
                "<meta name=\"ArticleTitle\" content=\"{TITLE}\"><meta name=\"PubDate\" content=\"2023-01-17 16:58\">"
            ),
            Self::HanwebArticle => {
                "<meta name='Maketime' content='2023-01-17 16:58:00'>".to_owned()
            }
            Self::Jpaas => "<meta name=ColId content=12>".to_owned(),
            _ => String::new(),
        }
    }

    /// What stands before the report's text.
    fn before(self) -> String {
        match self {
            Self::Trs => "<ul class=nav><li><a href=/zwgk/zfxxgk/zfxxgknb/>政府信息公开年报</a></ul>\n<div class=\"TRS_Editor\">".to_owned(),
            Self::TrsCatalogue => format!(
                "<TABLE width=800><TR><TD><B>索 引 号:</B></TD><TD>53990100-4/2023-01180</TD><TD><B>发布机构:</B></TD><TD><span>{AGENCY}</span></TD></TR></TABLE><h2>{TITLE}</h2>"
            ),
            Self::HanwebArticle => format!(
                "<table class=xxgk><tr><td>索引号</td><td>A/2023-1</td><td>发布机构</td><td>{AGENCY}</td></tr></table><div class=\"tit\">{TITLE}</div><!--<$[信息内容]>begin--><div id=\"zoom\" class=\"article_zoom\">"
            ),
            Self::HanwebInline => format!(
                "<select><option>2023年</option><option>2022年</option></select><div class=\"year\">2022</div><p align=center><b>{TITLE}</b></p>"
            ),
            Self::Jpaas => format!(
                "<script src=\"/AuthorizedRead/unitbuild.js\" queryData=\"{{'webId':'1'}}\"></script><div id=\"barrierfree_container\"><h1>{TITLE}</h1><div>发布日期：2023-01-17 来源：{AGENCY}</div>"
            ),
            Self::Lonsun => format!(
                "<ul><li><a href='?timeFrame=2021'>2021年</a><li><a href='?timeFrame=2022'>2022年</a></ul><div class=\"content\"><h1 class=\"wztit\">{TITLE}</h1>"
            ),
            Self::Ucap => format!("<UCAPTITLE>{TITLE}</UCAPTITLE><UCAPCONTENT>"),
            Self::Epoint => format!(
                "<div class=\"ewb-article\"><h3 class=\"article-title\">{TITLE}</h3><div class=\"article-sources\">【信息时间：2023-01-17 阅读次数：12】</div>"
            ),
            Self::Empire => format!(
                "<div class=content_title>{TITLE}</div><div class=content_attr><span class=time>发布日期：<b>2023-01-17</b></span><span class=ly>来源：{AGENCY}</span></div><div id=zoomcon>"
            ),
            Self::WordProcessor => format!(
                "<p class=MsoNormal align=center style='text-align:center'><b>{AGENCY}</b></p><p class=MsoNormal align=center><span lang=EN-US>2022</span><span>年政府信息公开工作年度报告</span></p>"
            ),
        }
    }

    /// What stands behind it.
    fn behind(self) -> &'static str {
        match self {
            Self::HanwebArticle => "</div><!--<$[信息内容]>end-->",
            Self::Ucap => "</UCAPCONTENT>",
            Self::TrsCatalogue | Self::HanwebInline | Self::WordProcessor => "<hr>",
            _ => "</div>",
        }
    }
}

const HEADINGS: [&str; 6] = [
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
];

/// What each section says beside its table; its numbers belong to no table.
fn prose(form: Form) -> [&'static str; 6] {
    let last = match form {
        Form::Of2021 => "本机关依据《政府信息公开信息处理费管理办法》收取信息处理费0元。",
        Form::Of2019 => "无。",
    };
    [
        "本年主动公开信息1,204条，收到申请31件，均按时答复。",
        "",
        "",
        "",
        "公开内容还不够细，将逐项改进，培训3次。",
        last,
    ]
}

/// A report as a page of a system; the same choices give the same page.
pub fn page(system: System, tables: &Tables, choices: &mut Choices) -> String {
    let mut out = format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{TITLE}_青杉市人民政府</title>{}</head><body>{}",
        system.tags(),
        system.before()
    );
    let mut writer = Writer { hand: system.hand(), choices };
    let laid = [forms::proactive(tables), forms::requests(tables), forms::reviews(tables)];
    for (at, heading) in HEADINGS.iter().enumerate() {
        let tag = writer.choices.one_of(&["p", "p", "h3", "div"]);
        out.push_str(&format!("<{tag}>{heading}</{tag}>"));
        match prose(tables.form)[at] {
            "" => {}
            text => out.push_str(&format!("<p>{text}</p>")),
        }
        if let Some(laid) = at.checked_sub(1).and_then(|at| laid.get(at)) {
            out.push_str(&writer.table(laid));
        }
    }
    out.push_str(&format!("<p>{AGENCY}</p><p>2023年1月12日</p>"));
    out + system.behind() + FOOT
}

/// A report as text, the cells of its tables between these.
pub fn plain_text(tables: &Tables, separator: &str) -> String {
    let mut out = format!("{TITLE}\n发布日期：2023-01-17 来源：{AGENCY}\n");
    let laid = [forms::proactive(tables), forms::requests(tables), forms::reviews(tables)];
    for (at, heading) in HEADINGS.iter().enumerate() {
        out.push_str(&format!("{heading}\n{}\n", prose(tables.form)[at]));
        if let Some(laid) = at.checked_sub(1).and_then(|at| laid.get(at)) {
            out.push_str(&text(laid, separator));
        }
    }
    out + AGENCY + "\n2023年1月12日\n"
}
