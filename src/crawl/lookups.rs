//! Where the origins are: their addresses are looked up before a request is granted, so that what is granted
//! has asked the clock of its machine.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::clock::Moment;
use crate::exchange::{Failure, FailureKind};

/// An answer is gone by for so long.
const GONE_BY_FOR: Duration = Duration::from_mins(5);

/// So many origins are remembered; then all are forgotten.
const ORIGINS: usize = 1 << 16;

/// What is known of where an origin is.
#[derive(Debug)]
enum Lookup {
    /// It is being looked up.
    Asked,
    /// It is at these addresses; the first is asked.
    At(Vec<SocketAddr>, Moment),
    /// It is nowhere that may be asked: the next pass says so, and then it is looked up again.
    Nowhere(Failure),
}

/// Origins and where they are.
#[derive(Debug, Default)]
pub(super) struct Lookups(HashMap<String, Lookup>);

/// What to do about an origin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Ask it there.
    At(SocketAddr),
    /// Look it up first.
    Unknown,
    /// Wait for the answer.
    Asked,
    /// Conclude that it cannot be asked.
    Nowhere(Failure),
}

impl Lookups {
    /// Where the origin is; `last` is where it was asked last.
    pub(super) fn place(&self, origin: &str, last: Option<IpAddr>, now: Moment) -> Place {
        match self.0.get(origin) {
            Some(Lookup::Asked) => Place::Asked,
            Some(Lookup::Nowhere(failure)) => Place::Nowhere(failure.clone()),
            Some(Lookup::At(addresses, until)) if *until > now => {
                let same = addresses.iter().find(|address| Some(address.ip()) == last);
                same.or(addresses.first()).map_or(Place::Unknown, |address| Place::At(*address))
            }
            Some(Lookup::At(..)) | None => Place::Unknown,
        }
    }

    /// It is being looked up.
    pub(super) fn asked(&mut self, origin: &str) {
        if self.0.len() >= ORIGINS {
            self.0.retain(|_, lookup| matches!(lookup, Lookup::Asked));
        }
        self.0.insert(origin.to_owned(), Lookup::Asked);
    }

    /// What came of it.
    pub(super) fn found(
        &mut self,
        origin: String,
        found: Result<Vec<SocketAddr>, Failure>,
        now: Moment,
    ) {
        let lookup = match found {
            Ok(addresses) if addresses.is_empty() => Lookup::Nowhere(Failure {
                kind: FailureKind::Dns,
                detail: "it has no address".to_owned(),
            }),
            Ok(addresses) => Lookup::At(addresses, now.after(GONE_BY_FOR)),
            Err(failure) => Lookup::Nowhere(failure),
        };
        self.0.insert(origin, lookup);
    }

    /// What is known of an origin that could not be reached is known no more.
    pub(super) fn forget(&mut self, origin: &str) {
        self.0.remove(origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_asked_where_it_was_asked_last_as_long_as_it_is_there() {
        let now = Moment::from_millis(0);
        let (one, two): (SocketAddr, SocketAddr) =
            ("192.0.2.1:80".parse().unwrap(), "192.0.2.2:80".parse().unwrap());
        let mut lookups = Lookups::default();
        assert_eq!(lookups.place("http://a.gov.cn", None, now), Place::Unknown);
        lookups.asked("http://a.gov.cn");
        assert_eq!(lookups.place("http://a.gov.cn", None, now), Place::Asked);
        lookups.found("http://a.gov.cn".to_owned(), Ok(vec![one, two]), now);
        assert_eq!(lookups.place("http://a.gov.cn", None, now), Place::At(one));
        assert_eq!(lookups.place("http://a.gov.cn", Some(two.ip()), now), Place::At(two));
        let later = now.after(GONE_BY_FOR);
        assert_eq!(lookups.place("http://a.gov.cn", Some(two.ip()), later), Place::Unknown);
    }
}
