//! Stops: a file that ends a crawl while it is there, a list of hosts that are not asked for now, and a list of
//! hosts whose administrators do not want to be asked. They are looked at while a crawl runs.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::canonical::HostKey;
use crate::config;
use crate::scope::bare;

/// What a stop is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopKind {
    /// Nothing at all is asked.
    All,
    /// A host is not asked for now.
    Host,
    /// A host's administrator does not want to be asked.
    OptOut,
}

impl StopKind {
    /// The word that stands in the archive.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "stop",
            Self::Host => "stop-host",
            Self::OptOut => "opt-out",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::All, Self::Host, Self::OptOut].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A stop that came into force, or was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopChange {
    /// What it is about.
    pub kind: StopKind,
    /// The line of the list (`www.example.gov.cn`, `*.example.gov.cn`); empty where everything stops.
    pub host: String,
    /// It is in force from now on.
    pub on: bool,
}

/// A list of stops cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot read the list {}: expected a host a line; as long as it cannot be read nobody knows who is not to be asked",
    path.display()
)]
pub struct StopsError {
    /// Its path.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: std::io::Error,
}

/// Hosts, one by one or by their domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostList(BTreeSet<String>);

/// Where all stands.
#[derive(Debug, Default)]
pub struct Stops {
    files: Option<config::Stops>,
    stopped: bool,
    hosts: Listed,
    opt_out: Listed,
}

#[derive(Debug, Default)]
struct Listed {
    /// What the file was when it was read last.
    seen: Option<(SystemTime, u64)>,
    list: HostList,
    /// It could not be read, and that was told.
    unreadable: bool,
    /// Lines of it name no host.
    has_mistakes: bool,
}

impl HostList {
    /// Reads a list: a host a line, `*.example.gov.cn` for a domain and all hosts under it; `#` begins a comment.
    /// Second, the lines that name no host, with their numbers.
    pub fn parse(text: &str) -> (Self, Vec<(usize, String)>) {
        let (mut hosts, mut wrong) = (BTreeSet::new(), Vec::new());
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (star, name) = match line.strip_prefix("*.") {
                Some(name) => ("*.", name),
                None => ("", line),
            };
            match host(name) {
                Some(host) => drop(hosts.insert(format!("{star}{host}"))),
                None => wrong.push((index + 1, line.to_owned())),
            }
        }
        (Self(hosts), wrong)
    }

    /// The list with these lines.
    pub fn of(lines: impl IntoIterator<Item = String>) -> Self {
        Self(lines.into_iter().collect())
    }

    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Puts a line on it, or takes it off.
    pub fn set(&mut self, line: &str, on: bool) {
        if on {
            self.0.insert(line.to_owned());
        } else {
            self.0.remove(line);
        }
    }

    /// The line that names a host, if one does; a leading `www.` makes no difference, as for a seed.
    pub fn line_of(&self, host: &HostKey) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let domains =
            std::iter::successors(Some(host.as_str()), |name| Some(name.split_once('.')?.1));
        let found = |line: &str| self.0.get(line).map(String::as_str);
        found(bare(host.as_str()))
            .or_else(|| found(&format!("www.{}", bare(host.as_str()))))
            .or_else(|| domains.into_iter().find_map(|name| found(&format!("*.{name}"))))
    }
}

/// A host as a URL would spell it: lower case, internationalised names in ASCII. What no name can be is none,
/// though a URL might hold it.
fn host(name: &str) -> Option<String> {
    let host = url::Host::parse(name.strip_suffix('.').unwrap_or(name)).ok()?;
    let url::Host::Domain(name) = &host else {
        return Some(host.to_string());
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && label.bytes().any(|byte| byte.is_ascii_alphanumeric())
    };
    name.split('.').all(is_label).then(|| name.clone())
}

impl Stops {
    /// As the files stand now.
    ///
    /// # Errors
    /// When a list is there and cannot be read.
    pub fn read(files: &config::Stops) -> Result<Self, StopsError> {
        let mut stops = Self { files: Some(files.clone()), ..Self::default() };
        match stops.look().1.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(stops),
        }
    }

    /// Looks again, and says what has changed; and which list is there and cannot be read: that one alone stays in
    /// force as it was.
    pub fn look(&mut self) -> (Vec<StopChange>, Vec<StopsError>) {
        let mut changes = Vec::new();
        let Some(files) = &self.files else {
            return (changes, Vec::new());
        };
        let stopped = files.file.exists() || files.file.is_symlink();
        if stopped != self.stopped {
            self.stopped = stopped;
            changes.push(StopChange { kind: StopKind::All, host: String::new(), on: stopped });
        }
        let looked = [
            self.hosts.look(&files.hosts, StopKind::Host, &mut changes),
            self.opt_out.look(&files.opt_out, StopKind::OptOut, &mut changes),
        ];
        (changes, looked.into_iter().filter_map(Result::err).collect())
    }

    /// Whether everything stops.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether a list has lines that name no host.
    pub fn has_mistakes(&self) -> bool {
        self.hosts.has_mistakes || self.opt_out.has_mistakes
    }

    /// The file whose presence stops everything.
    pub fn file(&self) -> Option<&Path> {
        self.files.as_ref().map(|files| files.file.as_path())
    }

    /// Whether a host is not to be asked.
    pub fn names(&self, host: &HostKey) -> bool {
        self.opt_out.list.line_of(host).or_else(|| self.hosts.list.line_of(host)).is_some()
    }

    /// Why a host is not to be asked, if it is not.
    pub fn why(&self, host: &HostKey) -> Option<String> {
        let files = self.files.as_ref()?;
        let said = |list: &Listed, kind: StopKind, file: &Path| {
            let line = list.list.line_of(host)?;
            Some(format!("{}: {line} in {}", kind.as_str(), file.display()))
        };
        said(&self.opt_out, StopKind::OptOut, &files.opt_out)
            .or_else(|| said(&self.hosts, StopKind::Host, &files.hosts))
    }

    /// The lists in force.
    pub fn lists(&self) -> (&HostList, &HostList) {
        (&self.hosts.list, &self.opt_out.list)
    }
}

impl Listed {
    fn look(
        &mut self,
        path: &Path,
        kind: StopKind,
        changes: &mut Vec<StopChange>,
    ) -> Result<(), StopsError> {
        let read = self.read(path, kind, changes);
        let was_told = std::mem::replace(&mut self.unreadable, read.is_err());
        if was_told && read.is_err() { Ok(()) } else { read }
    }

    fn read(
        &mut self,
        path: &Path,
        kind: StopKind,
        changes: &mut Vec<StopChange>,
    ) -> Result<(), StopsError> {
        let error = |source| StopsError { path: path.to_owned(), source };
        let seen = match std::fs::metadata(path) {
            Ok(file) => Some((file.modified().map_err(error)?, file.len())),
            // A link to where nothing is (a share that is not mounted) is no list that is not there.
            Err(gone) if gone.kind() == ErrorKind::NotFound && !path.is_symlink() => None,
            Err(other) => return Err(error(other)),
        };
        if seen == self.seen {
            return Ok(());
        }
        let bytes = match seen {
            Some(_) => std::fs::read(path).map_err(error)?,
            None => Vec::new(),
        };
        let text = String::from_utf8(bytes).map_err(|_| {
            error(std::io::Error::new(ErrorKind::InvalidData, "it is not UTF-8: save it as UTF-8"))
        })?;
        let (list, wrong) = HostList::parse(&text);
        self.has_mistakes = !wrong.is_empty();
        for (line, text) in wrong {
            tracing::error!(
                "{}:{line}: expected a host such as www.example.gov.cn, or *.example.gov.cn for a domain, found {text:?}: nobody is spared by it",
                path.display()
            );
        }
        for line in list.0.difference(&self.list.0) {
            changes.push(StopChange { kind, host: line.clone(), on: true });
        }
        for line in self.list.0.difference(&list.0) {
            changes.push(StopChange { kind, host: line.clone(), on: false });
        }
        (self.seen, self.list) = (seen, list);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> HostKey {
        HostKey::from(name.to_owned())
    }

    fn files(dir: &Path) -> config::Stops {
        let [file, hosts, opt_out] = ["STOP", "hosts", "opt-out"].map(|name| dir.join(name));
        config::Stops { file, hosts, opt_out }
    }

    #[test]
    fn a_list_names_hosts_and_domains_and_a_bad_line_costs_nothing_else() {
        let text = "\u{feff}# who\nWWW.Qingshan.GOV.cn # asked us\n\n*.yunling.gov.cn\na b\n例子.cn\nbaishan.gov.cn.\n";
        let (list, wrong) = HostList::parse(text);
        assert_eq!(wrong, [(5, "a b".to_owned())]);
        for named in [
            "www.qingshan.gov.cn",
            "qingshan.gov.cn",
            "www.baishan.gov.cn",
            "yunling.gov.cn",
            "a.b.yunling.gov.cn",
            "xn--fsqu00a.cn",
        ] {
            assert!(list.line_of(&host(named)).is_some(), "{named}");
        }
        for other in ["tjj.qingshan.gov.cn", "xyunling.gov.cn", "gov.cn"] {
            assert_eq!(list.line_of(&host(other)), None, "{other}");
        }
    }

    #[test]
    fn a_line_that_would_spare_nobody_is_told_of() {
        for line in [
            "*",
            "*gov.cn",
            "www.*.gov.cn",
            ".a.gov.cn",
            "a.gov.cn,b.gov.cn",
            "a..gov.cn",
            "-",
            "http://a/",
        ] {
            let (list, wrong) = HostList::parse(line);
            assert_eq!((list.lines().count(), wrong.len()), (0, 1), "{line}");
        }
    }

    #[test]
    fn what_changes_in_the_files_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path());
        std::fs::write(&files.opt_out, "b.gov.cn\n").unwrap();
        let mut stops = Stops::read(&files).unwrap();
        assert!(stops.names(&host("b.gov.cn")) && !stops.is_stopped());
        assert_eq!(stops.look().0, []);
        std::fs::write(&files.hosts, "a.gov.cn\n*.c.gov.cn\n").unwrap();
        std::fs::write(&files.file, "").unwrap();
        let on = |kind, host: &str, on| StopChange { kind, host: host.to_owned(), on };
        let expected = [
            on(StopKind::All, "", true),
            on(StopKind::Host, "*.c.gov.cn", true),
            on(StopKind::Host, "a.gov.cn", true),
        ];
        assert_eq!(stops.look().0, expected);
        let why = stops.why(&host("x.c.gov.cn")).unwrap();
        assert!(why.starts_with("stop-host: *.c.gov.cn in ") && why.ends_with("hosts"), "{why}");
        std::fs::remove_file(&files.hosts).unwrap();
        std::fs::remove_file(&files.file).unwrap();
        let taken_back = stops.look().0;
        assert_eq!(taken_back.len(), 3);
        assert!(taken_back.iter().all(|change| !change.on));
        assert!(!stops.names(&host("a.gov.cn")));
    }

    #[test]
    fn a_list_that_cannot_be_read_stays_in_force_and_hides_no_other_stop() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path());
        std::fs::write(&files.opt_out, "b.gov.cn\n").unwrap();
        let mut stops = Stops::read(&files).unwrap();
        std::fs::remove_file(&files.opt_out).unwrap();
        std::fs::create_dir(&files.opt_out).unwrap();
        std::fs::write(&files.hosts, "a.gov.cn\n").unwrap();
        std::fs::write(&files.file, "").unwrap();
        let (changes, errors) = stops.look();
        assert_eq!((changes.len(), errors.len()), (2, 1));
        assert!(stops.names(&host("b.gov.cn")) && stops.is_stopped());
        assert!(Stops::read(&files).is_err(), "and no crawl begins");
        std::fs::remove_dir(&files.opt_out).unwrap();
        std::fs::write(&files.opt_out, b"\xff\xfea\0.\0c\0n\0").unwrap();
        let error = Stops::read(&files).unwrap_err();
        assert!(error.source.to_string().contains("save it as UTF-8"), "{error:?}");
    }
}
