//! Which stops were in force: those that a run began with, and those that came and went while it went on.

use super::granted_by;
use super::request::Request;
use super::violation::{Broken, Rule};
use crate::archive::event::Event;
use crate::clock::Moment;
use crate::stops::{StopChange, StopKind};

/// What came into force, or was taken back, in the order of time.
#[derive(Debug, Default)]
pub(super) struct StopEvents(Vec<Event>);

impl StopEvents {
    pub(super) fn add(&mut self, event: Event) {
        self.0.push(event);
    }

    /// What is wrong with asking the host of this request, if a stop was in force: when leave was given, and
    /// when it was sent.
    pub(super) fn judge(&self, request: &Request) -> Option<Broken> {
        let at = request.asked.at;
        self.in_force(request, granted_by(at))?;
        let found = self.in_force(request, at)?;
        Some(Broken {
            rule: Rule::Stopped,
            found,
            due: "nothing asked of it".to_owned(),
            after: None,
        })
    }

    fn in_force(&self, request: &Request, at: Moment) -> Option<String> {
        let (hosts, opt_out) = &request.run.stops;
        let said = |kind: StopKind, line: &str| format!("{}: {line}", kind.as_str());
        let of_run = || self.0.iter().filter(|event| event.run == request.run.number);
        if of_run().next().is_none() {
            let named = opt_out.line_of(&request.host).map(|line| said(StopKind::OptOut, line));
            let stopped = || hosts.line_of(&request.host).map(|line| said(StopKind::Host, line));
            return named.or_else(stopped);
        }
        let (mut stopped, mut hosts, mut opt_out) = (false, hosts.clone(), opt_out.clone());
        for Event { change: StopChange { kind, host, on }, .. } in
            of_run().filter(|event| event.at <= at)
        {
            match kind {
                StopKind::All => stopped = *on,
                StopKind::Host => hosts.set(host, *on),
                StopKind::OptOut => opt_out.set(host, *on),
            }
        }
        if stopped {
            return Some("a stop of everything".to_owned());
        }
        let named = opt_out.line_of(&request.host).map(|line| said(StopKind::OptOut, line));
        named.or_else(|| hosts.line_of(&request.host).map(|line| said(StopKind::Host, line)))
    }
}
