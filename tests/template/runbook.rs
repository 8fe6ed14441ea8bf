//! The runbook. Alarms link to its sections. A test runs each of its commands, or the command is marked as needing AWS.

use std::collections::BTreeSet;

const RUNBOOK: &str = include_str!("../../infra/RUNBOOK.md");

/// Lists the anchors of the headings of the runbook, as GitHub makes them.
pub(crate) fn list_anchors() -> BTreeSet<String> {
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
fn every_link_in_the_runbook_leads_to_one_of_its_sections() {
    for link in RUNBOOK
        .split("](#")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(list_anchors().contains(link), "{link}");
    }
}
