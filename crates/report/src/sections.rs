//! The six sections of a report, by the words of their headings.

use std::ops::Range;

use crate::layout::SECTIONS;
use crate::page::Line;
use crate::schema::Section;
use crate::text::tight;

/// A heading is no longer than this, in letters: a sentence that quotes one is.
const LONGEST_HEADING: usize = 40;

/// Where each section stands in the page's lines, heading included; none for one that is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    places: [Option<Range<usize>>; 6],
}

/// Finds the sections: each the first heading with its words after the section before it.
pub(crate) fn find(lines: &[Line]) -> Sections {
    let mut starts: [Option<usize>; 6] = [None; 6];
    let mut last = 0;
    for (words, start) in SECTIONS.iter().zip(&mut starts) {
        let mut headings = lines.iter().enumerate().skip(last);
        *start = headings.find(|(_, line)| is_heading(line, words)).map(|(at, _)| at);
        if let Some(at) = *start {
            last = at + 1;
        }
    }
    let mut sections = Sections::default();
    let mut end = lines.len();
    for (place, start) in sections.places.iter_mut().zip(starts).rev() {
        if let Some(start) = start {
            *place = Some(start..end);
            end = start;
        }
    }
    sections
}

fn is_heading(line: &Line, words: &[&str]) -> bool {
    let text = tight(&line.text());
    text.chars().count() <= LONGEST_HEADING && words.iter().any(|word| text.contains(&tight(word)))
}

impl Sections {
    /// The lines of section `number` (1 to 6) after its heading.
    pub(crate) fn lines<'a>(&self, number: usize, lines: &'a [Line]) -> Option<&'a [Line]> {
        let place = self.places.get(number.checked_sub(1)?)?.clone()?;
        lines.get(place)?.get(1..)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.places.iter().flatten().count()
    }

    /// Where the first begins.
    pub(crate) fn begin(&self) -> Option<usize> {
        self.places.iter().flatten().map(|place| place.start).next()
    }

    /// As the report gives them.
    pub(crate) fn texts(&self, lines: &[Line]) -> Vec<Section> {
        let section = |(number, place): (u8, &Option<Range<usize>>)| {
            let place = place.clone()?;
            let (heading, rest) = lines.get(place)?.split_first()?;
            let text: Vec<String> =
                rest.iter().map(|line| line.cells.join("\t").trim_end().to_owned()).collect();
            Some(Section { number, heading: heading.text(), text: text.join("\n") })
        };
        (1..).zip(&self.places).filter_map(section).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page;

    #[test]
    fn sections_are_found_by_the_words_of_their_headings() {
        let lines = page::read(
            "标题\n一、总体情况\n甲\n二、主动公开政府信息情况\n乙\n三、收到和处理政府信息公开申请情况\n丙\n\
             四、结转下年度继续办理\n四、政府信息公开行政复议、行政诉讼情况\n丁\n五、存在的主要问题及改进情况\n\
             六、其他需要报告的事项\n无",
        )
        .lines;
        let sections = find(&lines);
        assert_eq!(sections.count(), 6);
        let texts = sections.texts(&lines);
        assert_eq!(texts[2].text, "丙\n四、结转下年度继续办理");
        assert_eq!(texts[3].heading, "四、政府信息公开行政复议、行政诉讼情况");
        assert_eq!(sections.begin(), Some(1));
    }
}
