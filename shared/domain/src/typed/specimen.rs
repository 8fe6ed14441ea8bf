//! What `specimen/typed.json` says of typed text. The tests of `shared/web` read the same file, so that a page reads
//! what the service reads.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

/// The characters, each place in hexadecimal or as `first-last`, and texts that consist of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Specimen {
    plus: Vec<String>,
    zeros: Vec<String>,
    separators: Vec<String>,
    around: Vec<String>,
    /// Texts that are +14152007986, each with the region that it needs.
    pub(crate) spellings: Vec<(String, Option<String>)>,
    /// Texts that are the code 123456.
    pub(crate) codes: Vec<String>,
    /// Texts that are not read as a code.
    pub(crate) not_codes: Vec<String>,
    /// Texts with a code in other words, each with the code of six digits that a page finds in it. The service reads
    /// none.
    pub(crate) messages: Vec<(String, Option<String>)>,
}

/// `specimen/typed.json`, which the tests of the front end read, too.
pub(crate) static SPECIMEN: LazyLock<Specimen> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../specimen/typed.json")).expect("a specimen")
});

impl Specimen {
    pub(crate) fn plus(&self) -> BTreeSet<char> {
        expand(&self.plus)
    }

    pub(crate) fn zeros(&self) -> BTreeSet<char> {
        expand(&self.zeros)
    }

    pub(crate) fn separators(&self) -> BTreeSet<char> {
        expand(&self.separators)
    }

    /// The characters that may stand around a number.
    pub(crate) fn around(&self) -> BTreeSet<char> {
        expand(&self.around)
    }
}

fn expand(places: &[String]) -> BTreeSet<char> {
    let read = |place: &str| u32::from_str_radix(place, 16).expect("a place in hexadecimal");
    places
        .iter()
        .flat_map(|places| {
            let (first, last) = places.split_once('-').unwrap_or((places, places));
            read(first)..=read(last)
        })
        .map(|place| char::from_u32(place).expect("a character"))
        .collect()
}
