//! Portals by TLS: modern ones, old ones that rustls refuses, and those whose certificates are broken.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::thread;

use gongkai::archive::read::Records;

use crate::support::Workspace;
use crate::support_tls::{Identity, ca, modern, old};
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder};

/// A portal of one page; the line that sends its host there.
fn portal(host: &str, identity: &Identity, change: impl Fn(&mut SslAcceptorBuilder)) -> String {
    let acceptor: SslAcceptor = identity.acceptor(change);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = acceptor.accept(stream.unwrap()) else { continue };
            let mut request = [0; 4_096];
            let read = stream.read(&mut request).unwrap_or(0);
            let answer: &[u8] = if request[..read].starts_with(b"GET /robots.txt") {
                b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            } else {
                b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n<p>hello</p>"
            };
            // Whoever asked may be gone.
            let _sent = stream.write_all(answer);
            let _closed = stream.shutdown();
        }
    });
    format!("{:?}", format!("{host}:443={address}"))
}

/// Crawls with these roots and no others.
fn crawl(workspace: &Workspace, roots: &Path) -> Output {
    let mut command = workspace.command(&["crawl"]);
    command.env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR").output().unwrap()
}

/// The blocks of the metadata records of a host's exchanges.
fn metadata(workspace: &Workspace, host: &str) -> String {
    let mut blocks = String::new();
    for file in workspace.warc_files() {
        for record in Records::open(&file).unwrap() {
            let record = record.unwrap().record;
            let of_host = record.field("WARC-Target-URI").is_some_and(|url| url.contains(host));
            if record.kind() == "metadata" && of_host {
                blocks.push_str(&String::from_utf8_lossy(record.block()));
            }
        }
    }
    blocks
}

#[test]
fn a_portal_is_verified_by_the_roots_that_the_user_names_and_what_is_out_of_the_ordinary_is_kept() {
    let ours = ca("CA of the test");
    let [fine, aged, broken, odd, allowed] =
        ["fine", "aged", "broken", "odd", "allowed"].map(|name| format!("{name}.qingshan.gov.cn"));
    let connect_to = [
        portal(&fine, &Identity::new(&ours, &fine), modern),
        portal(&aged, &Identity::new(&ours, &aged), old),
        portal(&broken, &Identity::expired(&ours, &broken), modern),
        portal(&odd, &Identity::new(&ca("another"), &odd), old),
        portal(&allowed, &Identity::self_signed(&allowed), modern),
    ];
    let urls = [&fine, &aged, &broken, &odd].map(|host| format!("https://{host}/"));
    let network = format!("connect_to = [{}]\n", connect_to.join(", "));
    let workspace = Workspace::with(&network, &urls.join("\n"));
    let seed = format!("urls = [\"https://{allowed}/\"]\nallow_broken_certificate = true\n");
    fs::write(workspace.path().join("seeds/allowed.toml"), seed).unwrap();
    let roots = workspace.path().join("roots.pem");
    fs::write(&roots, ours.pem()).unwrap();

    let crawled = crawl(&workspace, &roots);
    assert!(crawled.status.success(), "{}", String::from_utf8_lossy(&crawled.stderr));
    workspace.assert_whole();

    for host in [&fine, &aged, &allowed] {
        let page = workspace.run(&["cat", &format!("https://{host}/")]).stdout;
        assert_eq!(page, b"<p>hello</p>", "{host}");
    }
    let of = |host| metadata(&workspace, host);
    assert!(!of(&fine).contains("tls: ") && !of(&fine).contains("certificate"), "{}", of(&fine));
    assert!(of(&aged).contains("tls: openssl\r\n") && !of(&aged).contains("certificate"));
    for host in [&broken, &odd] {
        assert!(of(host).contains("failure: certificate: "), "{host}: {}", of(host));
    }
    let accepted = "certificate: accepted though unknown issuer";
    assert!(of(&allowed).contains(accepted), "{}", of(&allowed));
}

#[test]
fn without_any_roots_nothing_is_asked_by_tls_and_the_reason_says_what_to_install() {
    let host = "www.qingshan.gov.cn";
    let connect_to = portal(host, &Identity::new(&ca("CA of the test"), host), modern);
    let network = format!("connect_to = [{connect_to}]\n");
    let workspace = Workspace::with(&network, &format!("https://{host}/\n"));
    let empty = workspace.path().join("none.pem");
    fs::write(&empty, "").unwrap();
    let crawled = crawl(&workspace, &empty);
    let said = String::from_utf8_lossy(&crawled.stderr).into_owned();
    assert!(said.contains("SSL_CERT_FILE"), "{said}");
    let kept = metadata(&workspace, host);
    assert!(kept.contains("failure: tls: there are no CA certificates: install them"), "{kept}");
}
