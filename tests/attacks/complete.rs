//! `SECURITY.md` and the tests agree.

use std::collections::BTreeSet;

const SECURITY: &str = include_str!("../../SECURITY.md");
const SUITES: [&str; 7] = [
    include_str!("forging.rs"),
    include_str!("guessing.rs"),
    include_str!("input.rs"),
    include_str!("store.rs"),
    include_str!("texting.rs"),
    include_str!("tokens.rs"),
    include_str!("../privacy/main.rs"),
];

/// The names of the tests in a source file.
fn tests(source: &str) -> impl Iterator<Item = &str> {
    let functions = source.split("\n#[tokio::test").skip(1);
    functions.filter_map(|text| text.split("async fn ").nth(1)?.split('(').next())
}

/// The cells of the rows of the table of attacks, which begin with a number.
fn rows() -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    let rows = SECURITY.lines().map(cells);
    rows.filter(|cells: &Vec<&str>| cells.first().is_some_and(|n| n.parse::<u32>().is_ok()))
        .collect()
}

#[test]
fn every_attack_in_the_table_has_its_test_and_every_test_its_row() {
    let rows = rows();
    let numbers: Vec<_> = rows.iter().map(|cells| cells[0].to_owned()).collect();
    let expected: Vec<_> = (1..=32).map(|n: u32| n.to_string()).collect();
    assert_eq!(numbers, expected);
    let mut named = BTreeSet::new();
    for cells in &rows {
        assert_eq!(
            cells.len(),
            5,
            "attack, defence, test, what it counts: {cells:?}"
        );
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{cells:?}");
        named.insert(cells[3].trim_matches('`'));
    }
    let tests: BTreeSet<_> = SUITES.into_iter().flat_map(tests).collect();
    assert_eq!(named, tests);
}
