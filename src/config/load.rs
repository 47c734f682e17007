//! Reads `config.toml` and the environment, and checks both.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use super::units::{self, Hours};
use super::{Config, ConnectTo};
use crate::toml_file::{Mistake, Spot, TomlFile};

/// The file that is read where none is named.
pub const DEFAULT_FILE: &str = "config.toml";

/// An environment variable `GONGKAI_SECTION__KEY` overrides a key.
const VARIABLE_PREFIX: &str = "GONGKAI_";

/// The configuration is wrong, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// There are mistakes in it.
    #[error("{}", Lines(.0))]
    Mistakes(Vec<Mistake>),
}

struct Lines<'a>(&'a [Mistake]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(mistake, f)?;
        }
        Ok(())
    }
}

/// Reads the configuration: the file that is named, else `config.toml` where there is one, else the
/// defaults; the environment overrides. Relative folders are those of the configuration's own folder.
///
/// # Errors
/// All mistakes at once, each with its place and what to write instead.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            return Err(ConfigError::Read { path: path.to_owned(), source });
        }
    };
    let mut config = parse(&path.display().to_string(), &bytes, environment)?;
    if let Some(folder) = path.parent() {
        config.archive.dir = folder.join(&config.archive.dir);
        config.seeds.dir = folder.join(&config.seeds.dir);
        let stops = &mut config.stops;
        for file in [&mut stops.file, &mut stops.hosts, &mut stops.opt_out] {
            *file = folder.join(&file);
        }
    }
    Ok(config)
}

/// As [`load`], from the file's bytes.
///
/// # Errors
/// As [`load`].
pub fn parse(
    name: &str,
    bytes: &[u8],
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut file = TomlFile::parse(name, bytes);
    let mut others = Vec::new();
    for (variable, value) in environment {
        let Some(key) = variable.strip_prefix(VARIABLE_PREFIX) else {
            continue;
        };
        let Some((section, key)) = key.split_once("__") else {
            others.push(variable);
            continue;
        };
        let key = format!("{}.{}", section.to_ascii_lowercase(), key.to_ascii_lowercase());
        file.set(&key, Spot::variable(variable, value));
    }
    let config = read(&mut file);
    check(&config, &mut file, name);
    for variable in others {
        refuse_single_underscore(&variable, &mut file);
    }
    let mistakes = file.finish();
    if mistakes.is_empty() { Ok(config) } else { Err(ConfigError::Mistakes(mistakes)) }
}

/// `GONGKAI_FETCH_RETRIES` would be set in vain. Other variables that begin like ours are none of
/// ours.
fn refuse_single_underscore(variable: &str, file: &mut TomlFile) {
    let meant = file
        .known()
        .iter()
        .map(|key| format!("{VARIABLE_PREFIX}{}", key.to_ascii_uppercase().replace('.', "__")))
        .find(|known| known.replace("__", "_") == variable);
    if let Some(meant) = meant {
        let what = format!("two underscores stand between section and key: write {meant}");
        file.add(Mistake { place: variable.to_owned(), what });
    }
}

fn read(file: &mut TomlFile) -> Config {
    let mut config = Config::default();
    set(&mut config.identity.contact, file.take("identity.contact", contact));
    set(&mut config.archive.dir, file.take("archive.dir", folder));
    set(&mut config.archive.warc_size, file.take("archive.warc_size", size));
    set(&mut config.archive.reserve, file.take("archive.reserve", size));
    set(&mut config.seeds.dir, file.take("seeds.dir", folder));
    read_politeness(file, &mut config.politeness);
    let stops = &mut config.stops;
    set(&mut stops.file, file.take("stops.file", path));
    set(&mut stops.hosts, file.take("stops.hosts", path));
    set(&mut stops.opt_out, file.take("stops.opt_out", path));
    read_fetch(file, &mut config.fetch);
    let network = &mut config.network;
    set(&mut network.allow_private, file.take_list("network.allow_private", range));
    set(&mut network.allow_ports, file.take_list("network.allow_ports", port));
    set(&mut network.resolver, file.take_list("network.resolver", name_server));
    set(&mut network.connect_to, file.take_list("network.connect_to", connect_to));
    set(&mut config.scope.max_depth, file.take("scope.max_depth", whole));
    set(&mut config.scope.max_pages_per_host, file.take("scope.max_pages_per_host", at_least_one));
    set(&mut config.revisit.min, file.take("revisit.min", some_time));
    set(&mut config.revisit.max, file.take("revisit.max", some_time));
    config
}

fn read_politeness(file: &mut TomlFile, politeness: &mut super::Politeness) {
    set(&mut politeness.delay, file.take("politeness.delay", duration));
    set(&mut politeness.max_delay, file.take("politeness.max_delay", duration));
    let factor = |spot: &Spot| {
        spot.number("a number, 0 or more, such as 10", |n: &f64| n.is_finite() && *n >= 0.0)
    };
    set(&mut politeness.delay_factor, file.take("politeness.delay_factor", factor));
    set(&mut politeness.concurrent_hosts, file.take("politeness.concurrent_hosts", at_least_one));
    set(
        &mut politeness.per_host_connections,
        file.take("politeness.per_host_connections", at_least_one),
    );
    set(&mut politeness.hours, file.take("politeness.hours", hours));
}

fn read_fetch(file: &mut TomlFile, fetch: &mut super::Fetch) {
    set(&mut fetch.dns_timeout, file.take("fetch.dns_timeout", some_time));
    set(&mut fetch.connect_timeout, file.take("fetch.connect_timeout", some_time));
    set(&mut fetch.read_timeout, file.take("fetch.read_timeout", some_time));
    set(&mut fetch.timeout, file.take("fetch.timeout", some_time));
    set(&mut fetch.min_rate, file.take("fetch.min_rate", size));
    set(&mut fetch.max_body, file.take("fetch.max_body", size));
    set(&mut fetch.max_redirects, file.take("fetch.max_redirects", whole));
    set(&mut fetch.retries, file.take("fetch.retries", whole));
}

/// What no single key can say.
fn check(config: &Config, file: &mut TomlFile, name: &str) {
    let pairs = [
        (
            "politeness.max_delay",
            "politeness.delay",
            config.politeness.max_delay,
            config.politeness.delay,
        ),
        ("revisit.max", "revisit.min", config.revisit.max, config.revisit.min),
    ];
    for (greater, smaller, max, min) in pairs {
        if max < min {
            let place = file.place_of(greater).or_else(|| file.place_of(smaller));
            file.add(Mistake {
                place: place.unwrap_or(name).to_owned(),
                what: format!(
                    "`{greater}` is \"{}\": expected no less than `{smaller}`, which is \"{}\"",
                    units::write_duration(max),
                    units::write_duration(min)
                ),
            });
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

const CONTACT: &str = "a URL or a mail address in quotes such as \"https://example.org/crawl\"";

fn contact(spot: &Spot) -> Result<Option<String>, Mistake> {
    let text = spot.text(CONTACT)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let is_url = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let is_mail = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
    let is_plain = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '(' | ')'));
    if is_plain && (is_url || is_mail) {
        return Ok(Some(text.to_owned()));
    }
    Err(spot.mistake(format!("expected {CONTACT}, found {text:?}")))
}

fn folder(spot: &Spot) -> Result<PathBuf, Mistake> {
    let text = spot.text("a folder in quotes such as \"archive\"")?;
    if text.is_empty() {
        return Err(spot.mistake("expected a folder, found \"\""));
    }
    Ok(PathBuf::from(text))
}

fn path(spot: &Spot) -> Result<PathBuf, Mistake> {
    let text = spot.text("a file in quotes such as \"STOP\"")?;
    if text.is_empty() {
        return Err(spot.mistake("expected the name of a file, found \"\": leave the key out for the usual one; the file need not be there"));
    }
    Ok(PathBuf::from(text))
}

pub(crate) fn duration(spot: &Spot) -> Result<std::time::Duration, Mistake> {
    if let Some(number) = spot.bare_number() {
        let meant = units::meant_duration(number).map(|meant| format!(": write \"{meant}\""));
        return Err(spot.mistake(format!(
            "expected {}, found the number {number}{}",
            units::DURATION,
            meant.unwrap_or_default()
        )));
    }
    units::duration(spot.text(units::DURATION)?).map_err(|what| spot.mistake(what))
}

fn some_time(spot: &Spot) -> Result<std::time::Duration, Mistake> {
    match duration(spot)? {
        std::time::Duration::ZERO => Err(spot.mistake("expected more than no time at all")),
        some => Ok(some),
    }
}

fn size(spot: &Spot) -> Result<u64, Mistake> {
    let text = spot.bare_number().map_or_else(|| spot.text(units::SIZE), Ok)?;
    match units::size(text).map_err(|what| spot.mistake(what))? {
        0 => Err(spot.mistake(format!("expected {}, more than nothing", units::SIZE))),
        size => Ok(size),
    }
}

pub(crate) fn hours(spot: &Spot) -> Result<Option<Hours>, Mistake> {
    match spot.text(units::HOURS)? {
        "" => Ok(None),
        text => Hours::parse(text).map(Some).map_err(|what| spot.mistake(what)),
    }
}

fn at_least_one<T: std::str::FromStr + PartialOrd + From<u8>>(spot: &Spot) -> Result<T, Mistake> {
    spot.number("a whole number, 1 or more", |n: &T| *n >= T::from(1))
}

fn whole<T: std::str::FromStr>(spot: &Spot) -> Result<T, Mistake> {
    spot.number("a whole number, 0 or more", |_: &T| true)
}

const RANGE: &str = "an address range in quotes such as \"127.0.0.0/8\"";

fn range(spot: &Spot) -> Result<ipnet::IpNet, Mistake> {
    let text = spot.text(RANGE)?;
    text.parse::<ipnet::IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from))
        .map_err(|_| spot.mistake(format!("expected {RANGE}, found {text:?}")))
}

fn port(spot: &Spot) -> Result<u16, Mistake> {
    spot.number("a port, 1 to 65535", |port: &u16| *port > 0)
}

const NAME_SERVER: &str = "the address of a name server in quotes such as \"127.0.0.1:53\"";

fn name_server(spot: &Spot) -> Result<std::net::SocketAddr, Mistake> {
    const DNS_PORT: u16 = 53;
    let text = spot.text(NAME_SERVER)?;
    let bare = || Some(std::net::SocketAddr::new(text.parse().ok()?, DNS_PORT));
    let address = text.parse().ok().or_else(bare);
    address.ok_or_else(|| spot.mistake(format!("expected {NAME_SERVER}, found {text:?}")))
}

const CONNECT_TO: &str =
    "host:port=address:port in quotes such as \"www.example.gov.cn:80=127.0.0.1:8080\"";

fn connect_to(spot: &Spot) -> Result<ConnectTo, Mistake> {
    let text = spot.text(CONNECT_TO)?;
    let read = || {
        let (asked, address) = text.split_once('=')?;
        let (host, port) = asked.trim().rsplit_once(':')?;
        Some(ConnectTo {
            // As a URL would spell it: lower case, internationalised names in ASCII.
            host: url::Host::parse(host).ok()?.to_string(),
            port: port.parse().ok().filter(|port| *port != 0)?,
            address: address.trim().parse().ok()?,
        })
    };
    read().ok_or_else(|| spot.mistake(format!("expected {CONNECT_TO}, found {text:?}")))
}

impl Config {
    /// The configuration as a `config.toml` would say it.
    pub fn to_toml(&self) -> String {
        let contact = self.identity.contact.as_deref().unwrap_or_default();
        [
            section("identity", &[("contact", quoted(&contact))]),
            section(
                "archive",
                &[
                    ("dir", quoted(&self.archive.dir.display())),
                    ("warc_size", quoted(&units::write_size(self.archive.warc_size))),
                    ("reserve", quoted(&units::write_size(self.archive.reserve))),
                ],
            ),
            section("seeds", &[("dir", quoted(&self.seeds.dir.display()))]),
            self.politeness.to_toml(),
            section(
                "stops",
                &[
                    ("file", quoted(&self.stops.file.display())),
                    ("hosts", quoted(&self.stops.hosts.display())),
                    ("opt_out", quoted(&self.stops.opt_out.display())),
                ],
            ),
            self.fetch.to_toml(),
            section(
                "network",
                &[
                    ("allow_private", list(&self.network.allow_private)),
                    ("allow_ports", numbers(&self.network.allow_ports)),
                    ("resolver", list(&self.network.resolver)),
                    ("connect_to", list(&self.network.connect_to)),
                ],
            ),
            section(
                "scope",
                &[
                    ("max_depth", self.scope.max_depth.to_string()),
                    ("max_pages_per_host", self.scope.max_pages_per_host.to_string()),
                ],
            ),
            section("revisit", &[("min", time(self.revisit.min)), ("max", time(self.revisit.max))]),
        ]
        .join("\n")
    }
}

impl super::Politeness {
    fn to_toml(&self) -> String {
        let hours = self.hours.as_ref().map(ToString::to_string).unwrap_or_default();
        section(
            "politeness",
            &[
                ("delay", time(self.delay)),
                ("max_delay", time(self.max_delay)),
                ("delay_factor", self.delay_factor.to_string()),
                ("concurrent_hosts", self.concurrent_hosts.to_string()),
                ("per_host_connections", self.per_host_connections.to_string()),
                ("hours", quoted(&hours)),
            ],
        )
    }
}

impl super::Fetch {
    fn to_toml(&self) -> String {
        section(
            "fetch",
            &[
                ("dns_timeout", time(self.dns_timeout)),
                ("connect_timeout", time(self.connect_timeout)),
                ("read_timeout", time(self.read_timeout)),
                ("timeout", time(self.timeout)),
                ("min_rate", quoted(&units::write_size(self.min_rate))),
                ("max_body", quoted(&units::write_size(self.max_body))),
                ("max_redirects", self.max_redirects.to_string()),
                ("retries", self.retries.to_string()),
            ],
        )
    }
}

/// As `network.connect_to` writes it.
impl fmt::Display for ConnectTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}={}", self.host, self.port, self.address)
    }
}

fn section(name: &str, keys: &[(&str, String)]) -> String {
    let lines: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("[{name}]\n{}", lines.concat())
}

fn time(duration: std::time::Duration) -> String {
    quoted(&units::write_duration(duration))
}

fn list(things: &[impl fmt::Display]) -> String {
    let things: Vec<String> = things.iter().map(|thing| quoted(thing)).collect();
    format!("[{}]", things.join(", "))
}

fn numbers(numbers: &[u16]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

/// As TOML quotes a text.
fn quoted(text: &dyn fmt::Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mistakes(text: &str) -> Vec<String> {
        match parse("config.toml", text.as_bytes(), std::iter::empty()) {
            Ok(_) => Vec::new(),
            Err(error) => error.to_string().lines().map(str::to_owned).collect(),
        }
    }

    /// One wrong line under its heading, and the words that its message must hold.
    fn check(section: &str, line: &str, words: &[&str]) {
        let found = mistakes(&format!("# a comment\n[{section}]\n{line}\n"));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        for word in words {
            assert!(found.concat().contains(word), "{line}: expected {word} in {found:?}");
        }
        assert!(found.concat().starts_with("config.toml:3: "), "{found:?}");
    }

    #[test]
    fn the_commented_file_says_the_defaults_and_every_key() {
        let text = include_bytes!("../../config.toml");
        let config = parse("config.toml", text, std::iter::empty()).unwrap();
        assert_eq!(config, Config::default());
        let text = String::from_utf8_lossy(text);
        let written = Config::default().to_toml();
        for line in written.lines().filter(|line| !line.is_empty()) {
            assert!(text.lines().any(|known| known.trim_start_matches("# ") == line), "{line}");
        }
        // A field of the types stands eight spaces deep in their `Debug` form.
        let types = format!("{:#?}", Config::default());
        let fields =
            types.lines().filter_map(|line| line.strip_prefix("        ")?.split_once(": "));
        let fields: Vec<_> = fields.map(|(name, _)| name).filter(|n| !n.contains(' ')).collect();
        assert!(fields.len() > 20, "{fields:?}");
        for field in fields {
            assert!(written.contains(&format!("\n{field} = ")), "{field} is not written");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = "[identity]\ncontact = \"a@b.example\"\n[politeness]\nhours = \"22:00-07:00 Asia/Shanghai\"\n\
            delay_factor = 2.5\n[network]\nallow_private = [\"127.0.0.0/8\"]\n\
            allow_ports = [81, 7001]\nresolver = [\"127.0.0.1:5353\", \"::1\"]\n\
            connect_to = [\"www.example.gov.cn:80=127.0.0.1:8080\"]\n";
        let config = parse("config.toml", text.as_bytes(), std::iter::empty()).unwrap();
        let again = parse("again.toml", config.to_toml().as_bytes(), std::iter::empty()).unwrap();
        assert_eq!(config, again);
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_what_to_write_instead() {
        check(
            "politeness",
            "dealy = \"2s\"",
            &["unknown key `politeness.dealy`", "did you mean `politeness.delay`?"],
        );
        check("polite", "delay = \"2s\"", &["`polite.delay`", "`politeness.delay`"]);
        check("politeness", "delay = 3", &["the number 3", "write \"3s\""]);
        check("politeness", "delay = \"3 seconds\"", &["found \"3 seconds\"", "write \"3s\""]);
        check("politeness", "delay_factor = -1", &["0 or more", "-1"]);
        check("politeness", "concurrent_hosts = 0", &["1 or more"]);
        check("politeness", "concurrent_hosts = true", &["a whole number", "boolean"]);
        check("politeness", "hours = \"night\"", &["22:00-07:00 Asia/Shanghai"]);
        check("archive", "warc_size = \"big\"", &["64MiB"]);
        check("archive", "warc_size = 1048576", &["write \"1MiB\""]);
        check("fetch", "timeout = \"0s\"", &["more than no time"]);
        check("fetch", "max_body = \"0B\"", &["more than nothing"]);
        check("network", "allow_private = [\"all\"]", &["127.0.0.0/8", "\"all\""]);
        check("network", "allow_ports = [0]", &["1 to 65535"]);
        check("network", "resolver = [\"dns\"]", &["127.0.0.1:53", "\"dns\""]);
        check("stops", "file = \"\"", &["need not be there"]);
        check("network", "connect_to = [\"a=b\"]", &["127.0.0.1:8080", "\"a=b\""]);
        check("network", "connect_to = [\"a b:80=127.0.0.1:8080\"]", &["host:port", "\"a b:80"]);
        check("identity", "contact = \"me\"", &["mail address", "\"me\""]);
        check("identity", "contact = \"a@b.example\\nX: y\"", &["mail address"]);
        check("politeness", "delay = ", &["not TOML"]);
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let found = mistakes("[politeness]\ndelay = 2\nhours = 3\n[fetch]\nretrys = 1\n");
        assert_eq!(found.len(), 3, "{found:?}");
        let found = mistakes("[revisit]\nmin = \"2d\"\nmax = \"1d\"\n");
        assert!(found.concat().contains("no less than `revisit.min`"), "{found:?}");
        assert!(found.concat().starts_with("config.toml:3: "), "{found:?}");
        let found = mistakes("[politeness]\ndelay = \"2m\"\n");
        assert!(found.concat().starts_with("config.toml:2: `politeness.max_delay`"), "{found:?}");
        let found = mistakes("[politness]\n");
        assert!(found.concat().contains("did you mean `politeness`?"), "{found:?}");
    }

    #[test]
    fn the_environment_overrides_and_its_mistakes_bear_its_name() {
        let with = |name: &str, value: &str| {
            parse("config.toml", b"", std::iter::once((name.to_owned(), value.to_owned())))
        };
        let config = with("GONGKAI_POLITENESS__CONCURRENT_HOSTS", "7").unwrap();
        assert_eq!(config.politeness.concurrent_hosts, 7);
        let config = with("GONGKAI_NETWORK__ALLOW_PRIVATE", "127.0.0.0/8, ::1/128").unwrap();
        assert_eq!(config.network.allow_private.len(), 2);
        let error = with("GONGKAI_POLITENESS__DELAY", "2").unwrap_err().to_string();
        assert!(error.starts_with("GONGKAI_POLITENESS__DELAY: "), "{error}");
        let error = with("GONGKAI_POLITENESS__DEALY", "2s").unwrap_err().to_string();
        assert!(error.contains("did you mean `politeness.delay`?"), "{error}");
        let error = with("GONGKAI_FETCH_MAX_BODY", "1MiB").unwrap_err().to_string();
        assert!(error.contains("write GONGKAI_FETCH__MAX_BODY"), "{error}");
        assert_eq!(with("GONGKAI_HOME", "/srv").unwrap(), Config::default());
    }

    #[test]
    fn a_host_is_connected_to_as_a_url_would_spell_it() {
        let text = "network.connect_to = [\"WWW.Example.GOV.cn:80=127.0.0.1:8080\", \"例子.cn:80=127.0.0.1:1\"]";
        let config = parse("config.toml", text.as_bytes(), std::iter::empty()).unwrap();
        let hosts: Vec<_> = config.network.connect_to.iter().map(|to| to.host.as_str()).collect();
        assert_eq!(hosts, ["www.example.gov.cn", "xn--fsqu00a.cn"]);
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(parse("config.toml", &bytes, std::iter::empty()));
        }

        #[test]
        fn any_folder_that_is_written_reads_back(name in "\\PC{1,20}|[\\x01-\\x7f]{1,20}|\u{301}") {
            let mut config = Config::default();
            config.archive.dir = PathBuf::from(name);
            let again = parse("again.toml", config.to_toml().as_bytes(), std::iter::empty());
            prop_assert_eq!(again.unwrap(), config);
        }

        #[test]
        fn no_value_brings_it_down(value in "\\PC{0,40}") {
            for key in ["politeness.delay", "politeness.hours", "archive.warc_size",
                "network.connect_to", "identity.contact"] {
                let text = format!("{key} = {value:?}");
                drop(parse("config.toml", text.as_bytes(), std::iter::empty()));
            }
        }
    }
}
