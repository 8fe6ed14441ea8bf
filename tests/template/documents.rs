//! The documents: their links lead somewhere, and each says what its readers must not have to look for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders with documents, beside the top one.
const FOLDERS: [&str; 7] = [
    "docs",
    "functions/account",
    "infra",
    "shared/guard",
    "shared/observe",
    "shared/web",
    "tests",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file that can be read")
}

/// Lists the documents of a folder.
fn list_documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|own| own == "md"))
        .collect()
}

/// Drops blocks of code, which hold no links and no headings.
fn drop_code(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Lists the anchors of the headings of a document, as GitHub makes them.
fn list_anchors(text: &str) -> BTreeSet<String> {
    let text = drop_code(text);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
        words
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_between_documents_leads_to_a_file_and_a_heading() {
    let mut folders = vec![root()];
    folders.extend(FOLDERS.map(|folder| root().join(folder)));
    let mut links = 0;
    for document in folders.iter().flat_map(|folder| list_documents(folder)) {
        let text = read(&document);
        let targets = drop_code(&text);
        let targets = targets.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let what = format!("{}: {target}", document.display());
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => document.clone(),
                file => document.with_file_name(file),
            };
            assert!(path.exists(), "{what}");
            if !anchor.is_empty() && path.extension().is_some_and(|own| own == "md") {
                assert!(list_anchors(&read(&path)).contains(anchor), "{what}");
            }
            links += 1;
        }
    }
    assert!(links > 200, "{links}");
}

/// Who reads what a refusal is also has to know what a stranger learns from it.
#[test]
fn the_refusals_of_the_api_say_what_they_do_not_tell() {
    let api = read(&root().join("docs/API.md"));
    let (_, refusals) = api.split_once("## Refusals").expect("the chapter");
    let items = refusals.split("\n- ");
    let told: Vec<_> = items
        .filter(|item| item.contains("whether the phone was verified before"))
        .collect();
    assert_eq!(told.len(), 1, "{refusals}");
    assert!(
        told[0].contains("](../SECURITY.md#known-limits)"),
        "{told:?}"
    );
    let security = read(&root().join("SECURITY.md"));
    let (_, limits) = security.split_once("## Known limits").expect("the chapter");
    assert!(limits.contains("Refusals do not depend on whether a phone is known."));
}
