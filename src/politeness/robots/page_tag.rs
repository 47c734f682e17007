//! What a page itself says to robots: `<meta name="robots">` and `X-Robots-Tag`. No RFC has them; they are
//! read as the large engines describe them.

use crate::exchange::Response;

use super::AGENT;

/// Names that stand before a colon and are no agent's.
const WITH_VALUE: [&str; 4] =
    ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// What a page asks of us. `none` asks all of it: what is in no index is shown by no cache either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageTag {
    /// None of its links is to be followed.
    pub nofollow: bool,
    /// It is to be in no index.
    pub noindex: bool,
    /// No copy of it is to be shown.
    pub noarchive: bool,
}

impl PageTag {
    /// What the `X-Robots-Tag` fields of a response say to everyone and to us.
    pub fn of_response(response: &Response) -> Self {
        let fields = response.fields.iter();
        let named = fields.filter(|(name, _)| name.eq_ignore_ascii_case("x-robots-tag"));
        let mut tag = Self::default();
        for (_, value) in named {
            tag.add(Self::of_field(&String::from_utf8_lossy(value)));
        }
        tag
    }

    /// One field: a list with commas, of which what follows `agent:` is for that agent.
    fn of_field(value: &str) -> Self {
        let mut tag = Self::default();
        let mut is_for_us = true;
        for item in value.split(',') {
            let words = match item.split_once(':') {
                Some((name, words)) if is_agent(name.trim()) => {
                    is_for_us = name.trim().eq_ignore_ascii_case(AGENT);
                    words
                }
                Some(_) => continue,
                None => item,
            };
            if is_for_us {
                tag.add(Self::of_words(words));
            }
        }
        tag
    }

    /// What `<meta name=… content=…>` says, where it is for everyone or for us.
    pub fn of_meta(name: &str, content: &str) -> Self {
        let name = name.trim();
        if name.eq_ignore_ascii_case("robots") || name.eq_ignore_ascii_case(AGENT) {
            Self::of_words(content)
        } else {
            Self::default()
        }
    }

    fn of_words(words: &str) -> Self {
        let mut tag = Self::default();
        for word in words.split(|c: char| c == ',' || c.is_whitespace()) {
            let is = |known: &str| word.eq_ignore_ascii_case(known);
            let none = is("none");
            tag.nofollow |= none || is("nofollow");
            tag.noindex |= none || is("noindex");
            tag.noarchive |= none || is("noarchive");
        }
        tag
    }

    /// Takes in what is said elsewhere: whoever asks for more is heard.
    pub fn add(&mut self, other: Self) {
        self.nofollow |= other.nofollow;
        self.noindex |= other.noindex;
        self.noarchive |= other.noarchive;
    }

    /// Its words, as the archive keeps them: `nofollow, noarchive`; none where nothing is asked.
    pub fn words(self) -> Option<String> {
        let words =
            [(self.nofollow, "nofollow"), (self.noindex, "noindex"), (self.noarchive, "noarchive")];
        let said: Vec<&str> =
            words.into_iter().filter(|(said, _)| *said).map(|(_, word)| word).collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

fn is_agent(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !WITH_VALUE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_speaks_to_everyone_or_to_the_agent_that_it_names() {
        for (value, expected) in [
            ("nofollow", Some("nofollow")),
            ("NoIndex , NOARCHIVE", Some("noindex, noarchive")),
            ("none", Some("nofollow, noindex, noarchive")),
            ("noindex nofollow", Some("nofollow, noindex")),
            ("gongkai: nofollow", Some("nofollow")),
            ("GongKai : noarchive, nofollow", Some("nofollow, noarchive")),
            ("otherbot: nofollow, noindex", None),
            ("360spider: noindex, nofollow", None),
            ("noarchive, otherbot: nofollow, gongkai: noindex", Some("noindex, noarchive")),
            ("max-snippet: 20, nofollow", Some("nofollow")),
            ("unavailable_after: Wed, 03 Jul 2024 07:00:00 GMT, noindex", Some("noindex")),
            ("all, index, follow", None),
            ("", None),
            (":::,,:", None),
        ] {
            assert_eq!(PageTag::of_field(value).words().as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_meta_speaks_to_everyone_or_to_the_agent_that_it_names() {
        let of = |name, content| PageTag::of_meta(name, content).words();
        assert_eq!(of("Robots", "NOINDEX,nofollow").as_deref(), Some("nofollow, noindex"));
        assert_eq!(of(" gongkai ", "noarchive").as_deref(), Some("noarchive"));
        assert_eq!(of("otherbot", "none"), None);
        assert_eq!(of("description", "nofollow"), None);
    }
}
