//! Every page that lies beside is read as its truth says: all right, no cell wrong.

use gongkai_report::evaluation::{Verdict, judge};

use crate::support::fixtures;

#[test]
fn every_page_is_read_as_its_truth_says() {
    let mut wrong = Vec::new();
    let fixtures = fixtures::all();
    for fixture in &fixtures {
        let report = serde_json::to_value(fixture.parse(&fixture.bytes)).unwrap();
        let judged = judge(&report, &fixture.truth);
        assert!(!judged.is_empty(), "the truth of {} says nothing", fixture.name);
        wrong.extend(
            judged
                .into_iter()
                .filter(|judgement| judgement.verdict != Verdict::Right)
                .map(|judgement| format!("{}: {judgement:?}", fixture.name)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(fixtures.len() >= 40, "{} pages", fixtures.len());
}
