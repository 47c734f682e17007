//! A cheap look at an answer's bytes, before it is read: nearly every page of a portal is told by it to be one.

/// What shows more than so many bytes beside its markup is a page: twice what any rule allows, in letters of three
/// bytes; a server's own first page stays below.
const MAX_SHOWN: usize = 5_000;

/// What is counted of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Glance {
    /// Its `<a` tags.
    pub(super) links: usize,
    /// 404 stands in its title: the same bytes in every charset.
    pub(super) is_titled_404: bool,
}

impl Glance {
    /// At these bytes; none where they show too much. What is broken is counted as shown, so that it is a page.
    pub(super) fn at(payload: &[u8]) -> Option<Self> {
        let mut glance = Self::default();
        let (mut shown, mut hidden) = (0, None);
        for (place, part) in payload.split(|byte| *byte == b'<').enumerate() {
            // What stands before the first tag is text.
            let end = part.iter().position(|byte| *byte == b'>').map_or(0, |end| end + 1);
            let (tag, text) = part.split_at(if place == 0 { 0 } else { end });
            let is = |name: &[u8]| {
                tag.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name))
            };
            match hidden {
                Some(closing) if is(closing) => hidden = None,
                Some(_) => continue,
                None if is(b"script") => hidden = Some(b"/script".as_slice()),
                None if is(b"style") => hidden = Some(b"/style".as_slice()),
                None => {}
            }
            if hidden.is_some() {
                continue;
            }
            let is_link = is(b"a") && tag.get(1).is_some_and(u8::is_ascii_whitespace);
            glance.links += usize::from(is_link);
            glance.is_titled_404 |= is(b"title") && text.windows(3).any(|three| three == b"404");
            shown += text.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
            if shown > MAX_SHOWN {
                return None;
            }
        }
        Some(glance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_a_404_in_the_title_are_counted_where_they_are_shown() {
        let at = |html: &str| Glance::at(html.as_bytes());
        let counted = |links, is_titled_404| Some(Glance { links, is_titled_404 });
        let html = "<TITLE lang=zh>错误 404</TITLE><a href=/x>x</a><A\nhref=/y>y</A><article>";
        assert_eq!(at(html), counted(2, true));
        assert_eq!(at("<script>'<a href=/x>'</script><STYLE>404</STYLE><p>404"), counted(0, false));
        assert_eq!(at(""), counted(0, false));
    }

    #[test]
    fn much_that_is_shown_is_a_page_and_much_that_is_not_is_none() {
        let much = "x".repeat(MAX_SHOWN + 1);
        assert_eq!(Glance::at(format!("<p>{much}").as_bytes()), None);
        assert_eq!(Glance::at(much.as_bytes()), None);
        for hidden in ["<script>", "<style>", "<p title='"] {
            let hidden = format!("{hidden}{much}'></script></style>");
            assert!(Glance::at(hidden.as_bytes()).is_some(), "{hidden}");
        }
    }
}
