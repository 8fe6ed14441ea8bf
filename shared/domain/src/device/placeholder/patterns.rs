//! Patterns in place of an id: sequences, and one stretch over and over.

/// The most characters of one character over and over that stand for an id, as for a SHA-256.
const LONGEST_FILLING: usize = 64;

/// The lengths of ids in letters and digits: MAC addresses, IMEIs, ids of Android, UUIDs in base64 and in hexadecimal,
/// SHA-1, SHA-256.
const ID_LENGTHS: [usize; 7] = [12, 15, 16, 22, 32, 40, 64];

/// The length of a UUID without its hyphens.
pub(super) const UUID_LENGTH: usize = 32;

/// The fewest characters of a sequence, or of one character over and over, that is not an id, as in `12345678`.
const SHORTEST_SEQUENCE: usize = 8;

/// Whether `id` is a sequence or one character over and over, or has the length of an id and is a short stretch over
/// and over.
pub(super) fn is_patterned(id: &[char]) -> bool {
    let is_long = id.len() >= SHORTEST_SEQUENCE;
    (is_long && (is_one_character(id) || is_sequence(id) || is_sequence(&undouble(id))))
        || (ID_LENGTHS.contains(&id.len())
            && (repeats(id) || is_filled_uuid(id) || is_grouped_uuid(id) || is_single_digit(id)))
}

/// Whether `id` is one character over and over.
fn is_one_character(id: &[char]) -> bool {
    id.len() <= LONGEST_FILLING && id.iter().all(|c| Some(c) == id.first())
}

/// Whether `id` is one digit after zeros, which somebody wrote. A greater number may be a counter of an app.
fn is_single_digit(id: &[char]) -> bool {
    let zeros = id.iter().take_while(|c| **c == '0').count();
    zeros + 1 >= id.len()
}

/// Whether `id` is a stretch of at most a quarter of it, over and over.
fn repeats(id: &[char]) -> bool {
    (1..=id.len() / 4).any(|stretch| id.iter().zip(id.iter().skip(stretch)).all(|(a, b)| a == b))
}

/// Whether `id` is a UUID of one character, but for at most one other, and for the digits that name its version and
/// variant.
fn is_filled_uuid(id: &[char]) -> bool {
    let digits = id.iter().enumerate();
    let free: Vec<_> = digits
        .filter(|(at, _)| !matches!(at, 12 | 16))
        .map(|(_, c)| c)
        .collect();
    // One of the first two is the character that fills it.
    let others = |filling: &&char| free.iter().filter(|c| *c != filling).count();
    id.len() == UUID_LENGTH && free.iter().take(2).any(|filling| others(filling) <= 1)
}

/// Whether each group of the UUID `id` is one character over and over, as in `11111111-2222-3333-4444-555555555555`,
/// but for the digits that name its version and variant.
fn is_grouped_uuid(id: &[char]) -> bool {
    let is_one = |group: &[char]| group.iter().all(|c| Some(c) == group.last());
    let groups = [0..8, 8..12, 13..16, 17..20, 20..32].map(|range| id.get(range));
    id.len() == UUID_LENGTH && groups.into_iter().flatten().all(is_one)
}

/// Takes every second character, if each stands twice: `0123` of `00112233`.
fn undouble(id: &[char]) -> Vec<char> {
    let pairs = id.chunks(2);
    let single = pairs.map(|pair| match pair {
        [one, other] if one == other => Some(*one),
        _ => None,
    });
    single.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Whether each character of `id` is the one after the character before it, or each the one before.
fn is_sequence(id: &[char]) -> bool {
    let follows = |one: char, next: char| {
        u32::from(one) + 1 == u32::from(next)
            || matches!(
                (one, next),
                ('9' | 'z', '0' | 'a') | ('f', '0' | '1') | ('0', 'a')
            )
    };
    let pairs = || id.iter().zip(id.iter().skip(1));
    id.len() >= 4
        && id.iter().all(char::is_ascii_alphanumeric)
        && (pairs().all(|(a, b)| follows(*a, *b)) || pairs().all(|(a, b)| follows(*b, *a)))
}
