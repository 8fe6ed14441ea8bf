//! The table of attacks in `SECURITY.md` names every test, every test has its row, and the README says how many there
//! are.

use std::collections::BTreeSet;

const SECURITY: &str = include_str!("../../SECURITY.md");
const README: &str = include_str!("../../README.md");
const ATTACKS: [&str; 11] = [
    include_str!("callers.rs"),
    include_str!("forging.rs"),
    include_str!("guessing.rs"),
    include_str!("input.rs"),
    include_str!("kinds.rs"),
    include_str!("purses.rs"),
    include_str!("replay.rs"),
    include_str!("sessions.rs"),
    include_str!("store.rs"),
    include_str!("texting.rs"),
    include_str!("tokens.rs"),
];
/// The sources of other test binaries whose tests rows may name too.
const ELSEWHERE: [&str; 4] = [
    include_str!("../../infra/admin/tests/leak.rs"),
    include_str!("../privacy/account.rs"),
    include_str!("../privacy/verification.rs"),
    include_str!("../../functions/send/tests/thaw.rs"),
];

/// Lists the names of the tests in these source files.
fn list_tests(sources: &[&'static str]) -> BTreeSet<&'static str> {
    let functions = sources
        .iter()
        .flat_map(|source| source.split("\n#[tokio::test").skip(1));
    functions
        .filter_map(|text| text.split("async fn ").nth(1)?.split('(').next())
        .collect()
}

/// Lists the rows of the table of attacks as cells. These rows begin with a number.
fn list_rows() -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    let rows = SECURITY.lines().map(cells);
    rows.filter(|cells: &Vec<&str>| cells.first().is_some_and(|n| n.parse::<u32>().is_ok()))
        .collect()
}

#[test]
fn every_attack_in_the_table_has_its_test_and_every_test_its_row() {
    let rows = list_rows();
    let numbers: Vec<u32> = rows
        .iter()
        .filter_map(|cells| cells[0].parse().ok())
        .collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    assert!(numbers.len() > 32, "{numbers:?}");
    let said = format!("with counted results | **{}** |", numbers.len());
    assert!(README.contains(&said), "the README does not say: {said}");
    let mut named = BTreeSet::new();
    for cells in &rows {
        assert_eq!(
            cells.len(),
            5,
            "attack, defence, test, what it counts: {cells:?}"
        );
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{cells:?}");
        named.extend(cells[3].split(", ").map(|name| name.trim_matches('`')));
    }
    let attacks = list_tests(&ATTACKS);
    let unnamed: Vec<_> = attacks.difference(&named).collect();
    assert!(unnamed.is_empty(), "without a row: {unnamed:?}");
    let others = list_tests(&ELSEWHERE);
    let elsewhere: BTreeSet<_> = named.difference(&attacks).copied().collect();
    let missing: Vec<_> = elsewhere.difference(&others).collect();
    assert!(missing.is_empty(), "without a test: {missing:?}");
    assert!(
        elsewhere.len() >= 3,
        "rows 28, 33 and 34 are tested in other binaries"
    );
}
