//! The titles of reports, told from all else.

use super::*;
use crate::page;

#[test]
fn titles_of_reports_are_told_from_decoys() {
    for title in [
        "青杉市统计局2023年政府信息公开工作年度报告",
        "云岭县人民政府办公室 2019 年政府信息公开年度报告",
        "某街道办事处2023年度政务公开工作年度报告",
        "二〇一八年政府信息公开工作报告",
        "青杉市2016年政府信息公开年报",
        "青杉市学院路街道办事处2023年政府信息公开工作年度报告",
        "青杉市房屋征收评估中心2023年政府信息公开工作年度报告",
        "青杉市预算编审中心2023年政府信息公开工作年度报告",
        "青杉市新闻发布中心2023年政府信息公开工作年度报告",
    ] {
        assert!(names_report(title), "{title}");
    }
    for title in [
        "《青杉市2023年政府信息公开工作年度报告》解读",
        "关于做好2023年政府信息公开工作年度报告编制工作的通知",
        "2023年政府工作报告",
        "青杉市2023年政府网站工作年度报表",
        "青杉市人民医院2023年信息公开工作年度报告",
        "青杉市2023年法治政府建设年度报告",
        "政府信息公开指南",
        "市领导调研政务公开工作",
        "我市各部门发布2023年政府信息公开工作年度报告",
        "云岭县供电公司2023年信息公开年度报告",
        "青杉市实验高中2023年信息公开工作年度报告",
        "青杉市妇幼保健院2023年信息公开工作年度报告",
        "青杉市统计局2023年政府信息公开工作年度报告（填写样例）",
        "青杉市统计局发布2023年政府信息公开工作年度报告",
        "青杉市财政局2023年预算信息公开工作年度报告",
    ] {
        assert!(!names_report(title), "{title}");
    }
}

#[test]
fn a_title_names_its_agency_and_its_year() {
    let of = |title: &str| (agency(title), year(title));
    assert_eq!(
        of("青杉市统计局 2023 年政府信息公开工作年度报告"),
        (Some("青杉市统计局".into()), Some(2023))
    );
    assert_eq!(of("云岭县二〇一九年政府信息公开工作年度报告"), (Some("云岭县".into()), Some(2019)));
    assert_eq!(of("2023年政府信息公开工作年度报告"), (None, Some(2023)));
    assert_eq!(of("青杉市统计局政府信息公开年报").0, Some("青杉市统计局".into()));
    assert_eq!(of("青杉市人民政府信息公开年报").0, Some("青杉市人民政府".into()));
    assert_eq!(of("2023年青杉市统计局政府信息公开年报"), (Some("青杉市统计局".into()), Some(2023)));
    assert_eq!(of("青杉市统计局20223年政府信息公开年报").1, None);
}

#[test]
fn the_year_may_stand_before_the_report_s_name_in_it_or_behind_it() {
    for title in [
        "青杉市统计局政府信息公开工作年度报告（2023年）",
        "青杉市统计局政府信息公开工作年度报告(2023年度)",
        "青杉市统计局关于2023年政府信息公开工作年度报告",
        "青杉市统计局政府信息公开工作2023年度报告",
        "青杉市统计局政府信息公开2023年年度报告",
        "青杉市统计局关于2023年度政府信息公开工作的年度报告",
        "2024年青杉市统计局公开2023年政府信息公开工作年度报告",
        "（2024年1月17日）青杉市统计局2023年政府信息公开工作年度报告",
        "青杉市统计局 二0二三年政府信息公开工作年度报告",
        "青杉市统计局2O23年政府信息公开工作年度报告",
    ] {
        assert_eq!(year(title), Some(2023), "{title}");
        assert_eq!(agency(title).as_deref(), Some("青杉市统计局"), "{title}");
    }
    assert_eq!(year("青杉市统计局2019-2023年政府信息公开工作年度报告"), None);
}

#[test]
fn an_agency_s_name_is_whole_and_has_nothing_around_it() {
    for title in [
        "1.青杉市统计局2023年政府信息公开工作年度报告",
        "附件1 青杉市统计局2023年政府信息公开工作年度报告",
        "【年报】青杉市统计局2023年政府信息公开工作年度报告",
        "《青杉市统计局2023年政府信息公开工作年度报告》",
        "青杉市统计局(2023年)政府信息公开工作年度报告",
        "青杉市统计局2019-2023年政府信息公开工作年度报告",
    ] {
        assert_eq!(agency(title).as_deref(), Some("青杉市统计局"), "{title}");
    }
    let both = "青杉市文化广电旅游局（青杉市文物局）2023年政府信息公开工作年度报告";
    assert_eq!(agency(both).as_deref(), Some("青杉市文化广电旅游局(青杉市文物局)"));
    for title in [
        "旅游局（青杉市文物局2023年政府信息公开工作年度报告",
        "青杉市第3统计局2023年政府信息公开工作年度报告",
    ] {
        assert_eq!(agency(title), None, "{title}");
    }
}

#[test]
fn a_column_s_name_gives_way_to_the_title_above_the_report() {
    let of = |text: &str| {
        let page = page::read(text);
        let begin = page.all().find(|line| line.tight().starts_with("一、"));
        find(&page, begin.map(|line| line.index)).unwrap()
    };
    let title = "青杉市统计局2023年政府信息公开工作年度报告";
    let page = format!("<title>政府信息公开年报</title><p>{title}<p>一、总体情况");
    assert_eq!(of(&page), title);
    let page = format!(
        "<title>政府信息公开年报</title><p>{title}<p><a href=a>青杉市财政局2022年政府信息公开工作年度报告</a>\
         <p>一、总体情况"
    );
    assert_eq!(of(&page), title);
    assert_eq!(of("<title>政府信息公开年报</title><p>一、总体情况"), "政府信息公开年报");
}

#[test]
fn a_title_over_two_lines_and_one_without_a_year_are_found() {
    let of = |text: &str| {
        let page = page::read(text);
        let begin = page.all().find(|line| line.tight().starts_with("一、"));
        find(&page, begin.map(|line| line.index)).unwrap()
    };
    let title =
        of("青杉市新塘镇人民政府\n关于2021年度政府信息公开工作的年度报告\n一、总体情况\n略");
    assert_eq!(agency(&title).as_deref(), Some("青杉市新塘镇人民政府"));
    assert_eq!(year(&title), Some(2021));
    let title = "学院路街道办事处政府信息公开工作年度报告";
    assert_eq!(of(&format!("首页\n{title}\n一、总体情况\n略")), title);
}

#[test]
fn a_path_of_site_and_column_before_the_title_is_no_part_of_it() {
    let of = |title: &str| find(&page::read(&format!("<title>{title}</title><p>x")), None).unwrap();
    let title = "青杉市统计局2023年政府信息公开工作年度报告";
    assert_eq!(of(&format!("青杉市人民政府 年度报告 {title}")), title);
    let spaced = "青杉市统计局 2023年政府信息公开工作年度报告";
    assert_eq!(of(spaced), spaced);
}

#[test]
fn the_site_s_name_is_no_part_of_the_title() {
    let page = page::read(
        "<title>青杉市统计局2023年政府信息公开工作年度报告_青杉市人民政府</title><body><p>x",
    );
    assert_eq!(find(&page, None).unwrap(), "青杉市统计局2023年政府信息公开工作年度报告");
    let page =
        page::read("<div><h1>青杉市统计局<br>2023年政府信息公开工作年度报告</h1><p>一、总体情况");
    assert_eq!(find(&page, Some(2)).unwrap(), "青杉市统计局2023年政府信息公开工作年度报告");
}
