//! What an archive itself shows to be missing from it.

use crate::archive::files::WarcFile;
use crate::archive::format;

/// Whether a repair made this file: what was damaged in the one that it was made of is not in it.
pub(super) fn is_mended(file: &WarcFile) -> bool {
    format::mended_from(&file.name).is_some()
}

/// How many files are not there: a run numbers its files from 1, one after the other.
pub(super) fn missing(files: &[WarcFile]) -> u64 {
    let numbers = files.iter().filter_map(|file| format::number_of(&file.name));
    let (_, missing) = numbers.fold((0, 0), |(before, missing), number| {
        let of_this_run = if number < before { 0 } else { before };
        (number, missing + u64::from(number.saturating_sub(of_this_run).saturating_sub(1)))
    });
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;

    fn missing_of(numbers: &[u32]) -> u64 {
        let file = |number: &u32| WarcFile {
            name: format::segment_name(Moment::default(), *number, "w0"),
            path: "warc".into(),
            length: 0,
            left: None,
        };
        missing(&numbers.iter().map(file).collect::<Vec<_>>())
    }

    #[test]
    fn a_file_that_is_not_there_is_told_from_the_numbers_of_the_others_of_its_run() {
        assert_eq!(missing_of(&[1, 2, 3, 1, 1, 2]), 0);
        assert_eq!(missing_of(&[2]), 1, "the first");
        assert_eq!(missing_of(&[1, 2, 4, 5]), 1, "one between");
        assert_eq!(missing_of(&[1, 2, 3, 2]), 1, "the first of a second run");
    }
}
