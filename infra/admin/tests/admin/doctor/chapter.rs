//! The chapter of the first account, which the advice of `doctor` leads to.

const FIRST_ACCOUNT: &str = include_str!("../../../../FIRST-ACCOUNT.md");

/// The advice names sections, and a section that was renamed leads nowhere.
#[test]
fn every_section_that_the_advice_names_exists() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/doctor");
    let mut named = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let source = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        for (_, rest) in source
            .match_indices("FIRST-ACCOUNT.md, \\\"")
            .map(|(at, found)| (at, &source[at + found.len()..]))
        {
            let section = rest.split("\\\"").next().expect("a section");
            let mut headings = FIRST_ACCOUNT.lines().filter(|line| line.starts_with('#'));
            assert!(headings.any(|line| line.ends_with(section)), "{section}");
            named += 1;
        }
    }
    assert!(named >= 5, "{named}");
}

/// Makes the anchor of a heading, as GitHub does.
fn make_anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_of_the_chapter_and_to_it_leads_to_a_section() {
    let runbook = include_str!("../../../../RUNBOOK.md");
    let readme = include_str!("../../../../../README.md");
    let mut checked = 0;
    for (text, mark, target) in [
        (FIRST_ACCOUNT, "](#", FIRST_ACCOUNT),
        (FIRST_ACCOUNT, "](RUNBOOK.md#", runbook),
        (FIRST_ACCOUNT, "](../README.md#", readme),
        (runbook, "](FIRST-ACCOUNT.md#", FIRST_ACCOUNT),
    ] {
        for link in text.split(mark).skip(1) {
            let link = link.split(')').next().expect("a link");
            let mut headings = target.lines().filter(|line| line.starts_with('#'));
            assert!(
                headings.any(|line| make_anchor(line) == link),
                "{mark}{link}"
            );
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
    for document in [readme, runbook] {
        assert!(document.contains("FIRST-ACCOUNT.md)"));
    }
}

/// `tests/commands/run.py` runs the blocks with this mark, and no others.
#[test]
fn every_command_of_the_chapter_is_marked() {
    let lines: Vec<_> = FIRST_ACCOUNT.lines().collect();
    let blocks = lines.windows(2).filter(|pair| pair[1].starts_with("```sh"));
    let mut count = 0;
    for pair in blocks {
        assert_eq!(pair[0], "<!-- AWS -->", "before {:?}", pair[1]);
        count += 1;
    }
    assert!(count > 20, "{count}");
}
