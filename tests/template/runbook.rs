//! The runbook: its sections are what alarms link, and its commands are run or need AWS.

use std::collections::BTreeSet;

const RUNBOOK: &str = include_str!("../../infra/RUNBOOK.md");

/// The anchors of its headings, as GitHub makes them.
pub(crate) fn anchors() -> BTreeSet<String> {
    let headings = RUNBOOK.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .replace(' ', "-")
        })
        .map(|line| {
            line.chars()
                .filter(|c| c.is_alphanumeric() || *c == '-')
                .collect()
        })
        .collect()
}

#[test]
fn every_command_is_run_or_marked_as_needing_aws() {
    let mut before = "";
    let mut blocks = 0;
    for line in RUNBOOK.lines().map(str::trim) {
        if line == "```sh" {
            blocks += 1;
            let marked = before == "<!-- AWS -->" || before.starts_with("<!-- emulated");
            assert!(marked, "after {before:?}");
        }
        before = line;
    }
    assert!(blocks > 15);
}

#[test]
fn its_links_lead_somewhere() {
    for link in RUNBOOK
        .split("](#")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(anchors().contains(link), "{link}");
    }
}
