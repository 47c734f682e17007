//! Which stops were in force: those that a run began with, and what happened to them while it went on.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use super::STOPPED_BEFORE;
use super::violation::{Broken, Rule, as_text};
use crate::archive::event::Event;
use crate::canonical::HostKey;
use crate::clock::Moment;
use crate::stops::{HostList, StopKind};

/// A host that stood on a list at the end: that of stops, or that of the wishes of administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The host.
    #[serde(serialize_with = "as_text")]
    pub host: HostKey,
    /// Its kind and its line: `opt-out: www.qingshan.gov.cn`.
    pub by: String,
    /// Since when the archive says so: from this moment, or from the start of the first run that began so.
    pub since: Moment,
    /// The last request to the host; it may have had leave before that.
    pub last_request: Option<Moment>,
}

/// `HOST: named since MOMENT (opt-out: HOST), last asked MOMENT`
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, by, since, last_request } = self;
        write!(f, "{host}: named since {since} ({by}), ")?;
        match last_request {
            Some(at) => write!(f, "last asked {at}"),
            None => f.write_str("never asked"),
        }
    }
}

/// The stops in force.
#[derive(Debug, Default)]
pub(super) struct Stops {
    hosts: HostList,
    opt_out: HostList,
    /// Since when everything stops.
    stopped: Option<Moment>,
    /// Since when a line is on its list, of those that were put there while the run went on.
    since: HashMap<(&'static str, String), Moment>,
}

impl Stops {
    /// Those that a run begins with.
    pub(super) fn begin((hosts, opt_out): (HostList, HostList)) -> Self {
        Self { hosts, opt_out, ..Self::default() }
    }

    /// Something comes into force, or is taken back.
    pub(super) fn event(&mut self, event: &Event) {
        let Event { at, change, .. } = event;
        let list = match change.kind {
            StopKind::All => {
                self.stopped = change.on.then_some(*at);
                return;
            }
            StopKind::Host => &mut self.hosts,
            StopKind::OptOut => &mut self.opt_out,
        };
        list.set(&change.host, change.on);
        self.since.insert((change.kind.as_str(), change.host.clone()), *at);
    }

    /// The lines that name a host, and since when, of those that were put there while the run went on.
    fn listed(&self, host: &HostKey) -> impl Iterator<Item = (Option<Moment>, String)> {
        let lists = [(StopKind::OptOut, &self.opt_out), (StopKind::Host, &self.hosts)];
        lists.into_iter().filter_map(|(kind, list)| {
            let line = list.line_of(host)?;
            let since = self.since.get(&(kind.as_str(), line.to_owned())).copied();
            Some((since, format!("{}: {line}", kind.as_str())))
        })
    }

    /// The first line that names a host, if one does.
    pub(super) fn names(&self, host: &HostKey) -> Option<String> {
        self.listed(host).next().map(|(_, words)| words)
    }

    /// What is wrong with asking a host at this moment, if anything is.
    pub(super) fn judge(&self, host: &HostKey, at: Moment) -> Option<Broken> {
        let all = self.stopped.map(|since| (Some(since), StopKind::All.as_str().to_owned()));
        let mut in_force = all.into_iter().chain(self.listed(host));
        let (since, words) = in_force
            .find(|(since, _)| since.is_none_or(|since| since.after(STOPPED_BEFORE) < at))?;
        let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
        Some(Broken {
            rule: Rule::Stopped,
            found: format!("a request at {at}"),
            due: format!("none{since} ({words})"),
            after: None,
            is_lack: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stops::StopChange;
    use std::time::Duration;

    fn host(name: &str) -> HostKey {
        HostKey::from(name.to_owned())
    }

    fn event(seconds: u64, kind: StopKind, host: &str, on: bool) -> Event {
        let at = Moment::default().after(Duration::from_secs(seconds));
        Event { at, run: 1, change: StopChange { kind, host: host.to_owned(), on } }
    }

    #[test]
    fn nothing_is_asked_while_a_stop_is_in_force_but_for_what_was_granted_before() {
        let list = |line: &str| HostList::parse(line).0;
        let mut stops = Stops::begin((list(""), list("*.qingshan.gov.cn")));
        let at = |seconds| Moment::default().after(Duration::from_secs(seconds));
        let words = |stops: &Stops, name: &str, seconds| {
            stops.judge(&host(name), at(seconds)).map(|broken| broken.due)
        };
        let opted_out = Some("none (opt-out: *.qingshan.gov.cn)".to_owned());
        assert_eq!(words(&stops, "www.qingshan.gov.cn", 1), opted_out);
        assert_eq!(words(&stops, "www.yunling.gov.cn", 1), None);
        stops.event(&event(100, StopKind::Host, "www.yunling.gov.cn", true));
        let said = words(&stops, "www.yunling.gov.cn", 200).unwrap();
        assert_eq!(said, "none since 1970-01-01T00:01:40.000Z (stop-host: www.yunling.gov.cn)");
        assert_eq!(words(&stops, "www.yunling.gov.cn", 101), None, "granted before");
        assert!(words(&stops, "www.yunling.gov.cn", 102).is_some());
        stops.event(&event(300, StopKind::Host, "www.yunling.gov.cn", false));
        assert_eq!(words(&stops, "www.yunling.gov.cn", 400), None);
        stops.event(&event(500, StopKind::All, "", true));
        assert!(words(&stops, "www.yunling.gov.cn", 600).unwrap().ends_with("(stop)"));
        stops.event(&event(700, StopKind::All, "", false));
        assert_eq!(words(&stops, "www.yunling.gov.cn", 800), None);
    }
}
