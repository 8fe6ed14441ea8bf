//! Keyrings for the tests of this crate.

use super::Keyring;

/// Makes a keyring whose roots have these ids and fixed secrets. The first root is current, the last one is the index
/// root.
pub(crate) fn keyring(ids: &[&str]) -> Keyring {
    let roots: Vec<_> = ids
        .iter()
        .map(|id| format!(r#""{id}":"{id}-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG""#))
        .collect();
    let (first, last) = (ids[0], ids[ids.len() - 1]);
    let roots = roots.join(",");
    let text = format!(r#"{{"current":"{first}","index":"{last}","roots":{{{roots}}}}}"#);
    Keyring::from_json(&text).expect("a valid keyring")
}
