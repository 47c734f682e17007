//! Hosts that keep a crawler waiting do not keep it from others.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::fault::{connection, page, robots, secure};
use super::server::{Client, Hosts};
use super::{Crawl, HEALTHY, workspace};
use crate::support::{assert_polite, wait_until};

/// No fault here comes to an end by these before it is let go.
const PATIENT: &str =
    "connect_timeout = \"10m\"\nread_timeout = \"10m\"\ntimeout = \"10m\"\nmin_rate = \"1B\"\n";

/// Whom the faults hold, until all are let go at once.
#[derive(Clone, Default)]
struct Hold {
    held: Arc<AtomicUsize>,
    is_over: Arc<(Mutex<bool>, Condvar)>,
}

impl Hold {
    /// Says this, holds whoever asked, and closes when all are let go.
    fn after(&self, said: &str) -> impl Fn(&mut Client) -> io::Result<()> + use<> {
        let (hold, said) = (self.clone(), said.to_owned());
        move |client| {
            client.say(&said)?;
            hold.held.fetch_add(1, Ordering::SeqCst);
            let (is_over, told) = &*hold.is_over;
            drop(told.wait_while(is_over.lock().unwrap(), |is_over| !*is_over).unwrap());
            if !client.is_gone()? {
                hold.held.fetch_sub(1, Ordering::SeqCst);
            }
            Ok(())
        }
    }

    fn let_go(&self) {
        let (is_over, told) = &*self.is_over;
        *is_over.lock().unwrap() = true;
        told.notify_all();
    }

    fn count(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }
}

#[test]
fn healthy_hosts_are_done_while_the_faulty_ones_are_still_waited_for() {
    let (hold, mut hosts) = (Hold::default(), Hosts::new());
    let expected = ["", "", ""];
    let head = "HTTP/1.1 200 OK\r\nA: ";
    // Enough of it for more than an hour, by the least rate.
    let body =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{}", "<p>x".repeat(1_000));
    let faults = [
        connection("silent", hold.after(""), expected),
        secure("silent by tls", hold.after(""), expected),
        secure("silent within tls", hold.after("\u{16}\u{3}\u{3}"), expected),
        robots("robots in silence", hold.after(""), expected),
        robots("robots within the head", hold.after(head), expected),
        robots("robots within the body", hold.after(&body), expected),
        page("page in silence", hold.after(""), expected),
        page("page within the head", hold.after(head), expected),
        page("page within the body", hold.after(&body), expected),
    ];
    let all = faults.len();
    for fault in faults {
        hosts.faulty(fault);
    }
    for healthy in HEALTHY {
        hosts.healthy(healthy);
    }
    let workspace = workspace(&hosts, PATIENT, "");
    let authorities = super::tls::Authorities::new();
    std::fs::write(workspace.path().join("roots.pem"), authorities.roots()).unwrap();

    let crawl = Crawl::start(&workspace);
    let wanted: usize = HEALTHY.iter().map(|healthy| healthy.paths().len()).sum();
    let asked = || HEALTHY.iter().map(|one| hosts.asked.paths(one.host).len()).sum::<usize>();
    wait_until(|| asked() == wanted && hold.count() == all);
    hold.let_go();
    wait_until(|| hold.count() == 0);
    let (output, _) = crawl.end();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_polite(&hosts.asked.log());
}
