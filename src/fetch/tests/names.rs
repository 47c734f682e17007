//! From names to addresses, with a name server of our own.

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{A, CNAME};
use hickory_resolver::proto::rr::{RData, RecordType};

use super::support_dns::{Answer, addresses, fqdn, serve};
use super::*;
use crate::exchange::FailureKind;

/// A fetcher that asks a name server of ours.
fn asking(answer: impl Fn(&str, RecordType, usize) -> Option<Answer> + Send + 'static) -> Fetcher {
    let mut config = config();
    config.network.resolver = vec![serve(answer)];
    config.network.allow_private = vec!["127.20.0.0/16".parse().unwrap()];
    config.fetch.dns_timeout = Duration::from_secs(2);
    fetcher(&config)
}

async fn resolved(fetcher: &Fetcher, url: &str) -> Result<Vec<String>, Failure> {
    let found = fetcher.resolve(&Url::parse(url).unwrap()).await?;
    Ok(found.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn of_the_addresses_of_a_name_those_that_may_be_asked_are_left_ipv4_first() {
    let fetcher = asking(|name, kind, _| {
        let all = [
            "2400:3200::1",
            "10.0.0.1",
            "223.5.5.5",
            "127.20.0.1",
            "223.5.5.5",
            "::1",
            "::ffff:127.0.0.1",
        ];
        Some(addresses(name, kind, &all))
    });
    let found = resolved(&fetcher, "https://www.qingshan.gov.cn/").await.unwrap();
    assert_eq!(found, ["223.5.5.5:443", "127.20.0.1:443", "[2400:3200::1]:443"]);
}

#[tokio::test]
async fn a_name_all_of_whose_addresses_are_private_is_refused_by_any_way_there() {
    for refused in ["127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "::ffff:10.0.0.1"] {
        let fetcher = asking(move |name, kind, _| Some(addresses(name, kind, &[refused])));
        let failure = resolved(&fetcher, "http://www.qingshan.gov.cn/").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden, "{refused}: {failure:?}");
        assert!(failure.detail.starts_with("www.qingshan.gov.cn is at "), "{failure:?}");
    }
    let by_alias = asking(|name, kind, _| {
        if kind != RecordType::A {
            return Some(addresses(name, kind, &[]));
        }
        let inside = "inside.qingshan.gov.cn";
        let alias = (name.to_owned(), RData::CNAME(CNAME(fqdn(inside))));
        let address = (inside.to_owned(), RData::A(A([10, 0, 0, 1].into())));
        Some((ResponseCode::NoError, vec![alias, address]))
    });
    let failure = resolved(&by_alias, "http://www.qingshan.gov.cn/").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden, "{failure:?}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_failure_of_its_own_in_bounded_time() {
    for code in [
        Some(ResponseCode::NXDomain),
        Some(ResponseCode::ServFail),
        Some(ResponseCode::NoError),
        None,
    ] {
        let fetcher = asking(move |_, _, _| code.map(|code| (code, Vec::new())));
        let failure = resolved(&fetcher, "http://www.qingshan.gov.cn/").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Dns, "{failure:?}");
    }
}

#[tokio::test]
async fn a_name_that_no_registry_would_give_is_looked_up_all_the_same() {
    let fetcher = asking(|name, kind, _| Some(addresses(name, kind, &["127.20.0.1"])));
    for host in ["zf_gk.qingshan.gov.cn", "青杉.政务", "www.qingshan.gov.cn."] {
        let found = resolved(&fetcher, &format!("http://{host}/")).await;
        assert_eq!(found.unwrap(), ["127.20.0.1:80"], "{host}");
    }
    for none in ["a..gov.cn", &format!("{}.gov.cn", "a".repeat(64))] {
        let failure = resolved(&fetcher, &format!("http://{none}/")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Dns, "{none}: {failure:?}");
    }
}

#[tokio::test]
async fn a_name_of_many_addresses_gives_a_few() {
    let fetcher = asking(|name, kind, _| {
        let many: Vec<String> = (1..=50).map(|n| format!("127.20.0.{n}")).collect();
        Some(addresses(name, kind, &many.iter().map(String::as_str).collect::<Vec<_>>()))
    });
    let found = resolved(&fetcher, "http://www.qingshan.gov.cn/").await.unwrap();
    assert_eq!(found.len(), super::super::limits::ADDRESSES);
}

#[tokio::test]
async fn what_is_written_in_a_url_or_in_the_configuration_is_not_looked_up() {
    let mut config = config();
    let told = serve(|name, _, _| panic!("{name} was looked up"));
    config.network.resolver = vec![told];
    config.network.connect_to = vec![crate::config::ConnectTo {
        host: "www.qingshan.gov.cn".to_owned(),
        port: 443,
        address: "127.0.0.1:25".parse().unwrap(),
    }];
    let fetcher = fetcher(&config);
    for (url, address) in [
        ("http://127.1:8080/", "127.0.0.1:8080"),
        ("http://[::ffff:127.0.0.1]/", "127.0.0.1:80"),
        ("https://www.qingshan.gov.cn/", "127.0.0.1:25"),
    ] {
        assert_eq!(resolved(&fetcher, url).await.unwrap(), [address], "{url}");
    }
    for url in ["http://10.0.0.1/", "http://www.qingshan.gov.cn:25/", "ftp://127.0.0.1/"] {
        let failure = resolved(&fetcher, url).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden, "{url}");
    }
}
