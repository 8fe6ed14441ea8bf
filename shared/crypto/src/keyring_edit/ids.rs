//! The ids of keys: which ones no key may have, and the next one that is free.

/// The id under which the index key is listed.
pub(super) const INDEX_ID: &str = "index";

/// Words that no id of a key may be: the commands for keys, the members of the keyring, and words that operators use
/// for something else.
pub(super) const RESERVED: [&str; 44] = [
    INDEX_ID,
    "list",
    "rotate",
    "add",
    "promote",
    "retire",
    "retirepepper",
    "addrsa",
    "remove",
    "delete",
    "show",
    "help",
    "leaked",
    "force",
    "yes",
    "current",
    "next",
    "previous",
    "latest",
    "newest",
    "oldest",
    "first",
    "last",
    "new",
    "old",
    "all",
    "none",
    "null",
    "default",
    "version",
    "owner",
    "account",
    "verification",
    "root",
    "roots",
    "key",
    "keys",
    "keyring",
    "pepper",
    "peppers",
    "rsa",
    "id",
    "kid",
    "secret",
];

/// Makes the id of `prefix` and the number after the highest that `ids` have behind that prefix, `floor` at least.
pub(super) fn next_id<'i>(prefix: &str, floor: u64, ids: impl Iterator<Item = &'i str>) -> String {
    let numbers = ids.filter_map(|id| id.strip_prefix(prefix)?.parse::<u64>().ok());
    let highest = numbers.fold(floor, u64::max);
    format!("{prefix}{}", highest.saturating_add(1))
}
