//! Random characters in a text. They name one device, whatever stands before them.

use super::emulators::is_emulator;
use super::is_zero;
use super::known::KNOWN;
use super::patterns::is_patterned;

/// The fewest letters and digits in a row that may be random.
const FEWEST: usize = 12;

/// The fewest digits in a row that may be random. An IMEI has them, and no version and no date has.
const FEWEST_DIGITS: usize = 15;

/// The lengths of the groups of a UUID.
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// Whether `text`, in lower case, has an id in it: a UUID, or hexadecimal digits in a row, or letters and digits that
/// change at least twice from one to the other. A name and its version, as in `headlesschrome120`, change once.
pub(super) fn holds_id(text: &str) -> bool {
    let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_uuid = |groups: &[&str]| {
        groups.iter().map(|group| group.len()).eq(UUID_GROUPS)
            && groups.iter().all(|group| is_hexadecimal(group))
            && is_own(&groups.concat())
    };
    runs.windows(UUID_GROUPS.len()).any(is_uuid)
        || runs.iter().any(|run| is_random(run) && is_own(run))
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_random(run: &str) -> bool {
    let is_digit = |b: &u8| b.is_ascii_digit();
    let pairs = run.bytes().zip(run.bytes().skip(1));
    let changes = pairs.filter(|(a, b)| is_digit(a) != is_digit(b)).count();
    let is_number = run.len() >= FEWEST_DIGITS && run.bytes().all(|b| b.is_ascii_digit());
    let is_mixed = changes >= 2 || (changes == 1 && is_hexadecimal(run));
    (run.len() >= FEWEST && is_mixed) || is_number
}

/// Whether `id` is neither known nor a pattern, nor the name of an emulator without its underscores.
fn is_own(id: &str) -> bool {
    let characters: Vec<char> = id.chars().collect();
    !is_zero(id) && !KNOWN.contains(&id) && !is_patterned(&characters) && !is_emulator(id)
}

#[cfg(test)]
mod tests {
    use super::holds_id;

    #[test]
    fn an_id_is_random_characters_and_no_name_with_its_version() {
        for text in [
            "okhttp/4.12 7f3a9c2e1b5d",
            "okhttp/4.12 abdcfeabc123",
            "okhttp/4.12 490154203237526",
            "okhttp/4.12 6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        ] {
            assert!(holds_id(text), "{text}");
        }
        for text in [
            "headlesschrome120",
            "okhttp/4.12",
            "7f3a9c2e1b5",
            "20270115080000",
            "internetexplorer",
        ] {
            assert!(!holds_id(text), "{text}");
        }
    }
}
