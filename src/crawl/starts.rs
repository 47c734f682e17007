//! When requests to a host, and to an address, really went out. Where several may be in flight at once they stand
//! apart from start to start, and one that goes out late must not have the next too close behind it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::canonical::HostKey;
use crate::clock::{self, Moment};

/// The last request to each.
#[derive(Debug, Default)]
pub(super) struct Starts(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    hosts: HashMap<HostKey, Moment>,
    addresses: HashMap<IpAddr, Moment>,
}

impl Starts {
    /// Waits until the last requests to this host and this address lie so far back as each must, and takes the turn.
    pub(super) async fn turn(&self, host: (&HostKey, Duration), address: (IpAddr, Duration)) {
        while let Some(due) = self.take(host, address) {
            clock::wait_for(due).await;
        }
    }

    /// Takes the turn; if it has not come, the moment after which it does.
    fn take(&self, host: (&HostKey, Duration), address: (IpAddr, Duration)) -> Option<Moment> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        let due = |last: Option<&Moment>, delay: Duration| {
            last.filter(|_| !delay.is_zero()).map(|last| last.after(delay))
        };
        let host_due = due(last.hosts.get(host.0), host.1);
        let due = host_due.max(due(last.addresses.get(&address.0), address.1));
        if due.is_none_or(|due| now > due) {
            last.hosts.insert(host.0.clone(), now);
            last.addresses.insert(address.0, now);
            return None;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_that_went_out_late_keeps_the_next_apart_at_its_host_and_at_its_address() {
        const DELAY: Duration = Duration::from_millis(20);
        let starts = Starts::default();
        let (one, other) =
            ["a.gov.cn", "b.gov.cn"].map(|name| HostKey::from(name.to_owned())).into();
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let mut last: Option<Moment> = None;
        for host in [&one, &one, &other] {
            starts.turn((host, DELAY), (address, DELAY)).await;
            let now = clock::now();
            assert!(last.is_none_or(|last: Moment| last.after(DELAY) <= now), "{host}");
            last = Some(now);
        }
        let elsewhere: IpAddr = "192.0.2.8".parse().unwrap();
        assert_eq!(starts.take((&one, Duration::ZERO), (address, Duration::ZERO)), None);
        assert_eq!(
            starts.take((&HostKey::from("c.gov.cn".to_owned()), DELAY), (elsewhere, DELAY)),
            None
        );
    }
}
