//! What programs send in place of a device id that they do not have.
//!
//! Each test here is of something that no generator of ids makes, so that no device loses its id.

/// Words that stand for a missing id, or name the place where one belongs. Joined with each other and with
/// [`QUALIFIERS`] they say no more, as in `unknown-device` and `YOUR_DEVICE_ID`.
///
/// They are what languages and systems print for a missing value, in lower case, without punctuation and spaces.
const SAYING: [&str; 58] = [
    "null",
    "undefined",
    "unknown",
    "none",
    "empty",
    "blank",
    "missing",
    "unavailable",
    "anonymous",
    "invalid",
    "placeholder",
    "changeme",
    "default",
    "dummy",
    "unset",
    "unspecified",
    "unidentified",
    "uninitialized",
    "unsupported",
    "notset",
    "notavailable",
    "notfound",
    "notsupported",
    "notapplicable",
    "notspecified",
    "notprovided",
    "notdefined",
    "notknown",
    "nodevice",
    "nouuid",
    "novalue",
    "noid",
    "your",
    "insert",
    "generic",
    "unbekannt",
    "inconnu",
    "desconocido",
    "desconhecido",
    "sconosciuto",
    "неизвестно",
    "未知",
    "不明",
    "identifier",
    "uuid",
    "guid",
    "udid",
    "imei",
    "meid",
    "idfa",
    "idfv",
    "gaid",
    "aaid",
    "ssaid",
    "serial",
    "id",
    "nonexistent",
    "tobefilledbyoem",
];

/// Words that only say what is missing, or what kind of thing has no id. They name nobody alone, either.
const QUALIFIERS: [&str; 40] = [
    "emulator",
    "simulator",
    "localhost",
    "guest",
    "test",
    "tester",
    "demo",
    "sample",
    "example",
    "mobile",
    "desktop",
    "tablet",
    "ipad",
    "macos",
    "windows",
    "linux",
    "device",
    "unique",
    "android",
    "ios",
    "iphone",
    "vendor",
    "number",
    "installation",
    "install",
    "instance",
    "client",
    "user",
    "app",
    "string",
    "value",
    "name",
    "model",
    "type",
    "system",
    "web",
    "browser",
    "here",
    "my",
    "the",
];

/// Other known placeholders, in lower case, without punctuation and spaces.
///
/// - `9774d56d682e549c` is the `ANDROID_ID` of many Android 2.2 devices (Android issue 10603).
/// - `020000000000` is the MAC address that Android (since 6.0) and iOS (since 7) give to every app.
/// - `012345678912345` and `358240051111110` are IMEIs of emulators.
/// - The UUIDs are the examples of RFC 4122, of Wikipedia and of documentation, and the name spaces of RFC 9562.
/// - The rest are MD5, SHA-1 and SHA-256 of nothing, in hexadecimal and in base64.
const KNOWN: [&str; 35] = [
    "nil",
    "nan",
    "na",
    "infinity",
    "tbd",
    "todo",
    "true",
    "false",
    "string",
    "optional",
    "optionalnil",
    "some",
    "void",
    "9774d56d682e549c",
    "020000000000",
    "012345678912345",
    "358240051111110",
    "deadbeef",
    "12345678123412341234123456789012",
    "123456781234123412341234567890ab",
    "123456781234123412341234567890abcdef",
    "123e4567e89b12d3a456426614174000",
    "123e4567e89b12d3a456426655440000",
    "550e8400e29b41d4a716446655440000",
    "f81d4fae7dec11d0a76500a0c91e6bf6",
    "6ba7b8109dad11d180b400c04fd430c8",
    "6ba7b8119dad11d180b400c04fd430c8",
    "6ba7b8129dad11d180b400c04fd430c8",
    "6ba7b8149dad11d180b400c04fd430c8",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "1b2m2y8asgtpgamy7phcfg",
    "2jmj7l5rsw0yvbvlwaykkybwk",
    "47deqpj8hbsatimw5jceuqerkm5nmpjwzg3hsufu",
];

/// Numbers that stand for none: minus one, and the least and greatest of 32 and of 64 bits.
const NUMBERS: [&str; 7] = [
    "-1",
    "-2147483648",
    "2147483647",
    "4294967295",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551615",
];

/// How variables begin that nobody filled in, and what JavaScript and Dart print for an object in place of its value.
const UNFILLED: [&str; 9] = [
    "${",
    "{{",
    "#{",
    "%{",
    "@{",
    "$(",
    "<%",
    "[object ",
    "instance of ",
];

/// The lengths of ids in letters and digits: MAC addresses, IMEIs, ids of Android, UUIDs in base64 and in hexadecimal,
/// SHA-1, SHA-256.
const ID_LENGTHS: [usize; 7] = [12, 15, 16, 22, 32, 40, 64];

/// The fewest characters of a sequence that is not an id, as in `12345678`.
const SHORTEST_SEQUENCE: usize = 8;

/// Whether `text` is a placeholder: known words, an unfilled variable, zeros, or a pattern in place of an id.
pub(super) fn names_nobody(text: &str) -> bool {
    let folded = text.chars().map(fold).flat_map(char::to_lowercase);
    let folded: String = folded.collect();
    let trimmed = folded.trim();
    if NUMBERS.contains(&trimmed) || is_unfilled(trimmed) {
        return true;
    }
    let bare: String = trimmed.chars().filter(|c| c.is_alphanumeric()).collect();
    let bare = strip_scheme(&bare);
    is_zero(bare)
        || KNOWN.contains(&bare)
        || is_phrase(strip_port(bare))
        || is_patterned(&bare.chars().collect::<Vec<_>>())
}

/// Returns the plain form of a character that is written full-width, circled or as a mathematical letter.
///
/// It is what the compatibility decomposition of Unicode (NFKC) makes of these.
fn fold(character: char) -> char {
    let place = u32::from(character);
    let letter = |index: u32| match index % 52 {
        upper @ 0..26 => u32::from('A') + upper,
        lower => u32::from('a') + lower - 26,
    };
    let plain = match place {
        0x2212 => u32::from('-'),
        0x24b6..=0x24e9 => letter(place - 0x24b6),
        0xff01..=0xff5e => place - 0xff01 + 0x21,
        0x1d400..=0x1d6a3 => letter(place - 0x1d400),
        0x1d7ce..=0x1d7ff => u32::from('0') + (place - 0x1d7ce) % 10,
        _ => place,
    };
    char::from_u32(plain).unwrap_or(character)
}

/// Drops what says that a UUID follows, as in `urn:uuid:…` and `UUID('…')`.
fn strip_scheme(bare: &str) -> &str {
    let rest = ["urnuuid", "uuid", "guid"]
        .iter()
        .find_map(|scheme| bare.strip_prefix(scheme));
    rest.filter(|rest| rest.len() == 32).unwrap_or(bare)
}

/// Whether nobody filled in the variable or the verb of a format that `text` is.
fn is_unfilled(text: &str) -> bool {
    let is_verb = text.len() <= 5
        && text.starts_with('%')
        && text.ends_with(|c: char| c.is_ascii_alphabetic() || c == '@');
    is_verb || UNFILLED.iter().any(|start| text.starts_with(start))
}

/// Whether `bare` is nothing or zero in any notation, such as the nil UUID or `0x0`.
fn is_zero(bare: &str) -> bool {
    bare.replace("0x", "0").bytes().all(|b| b == b'0')
}

/// Drops the port from the name that Android's debugger gives an emulator, as in `emulator-5554`.
fn strip_port(bare: &str) -> &str {
    let rest = bare.strip_prefix("emulator");
    let is_port = rest.is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if is_port { "emulator" } else { bare }
}

/// Whether `text` consists of words that name no device.
fn is_phrase(text: &str) -> bool {
    let mut words = SAYING.iter().chain(&QUALIFIERS);
    text.is_empty() || words.any(|word| text.strip_prefix(word).is_some_and(is_phrase))
}

/// Whether `id` is a sequence, or has the length of an id and is one character or a short stretch over and over.
fn is_patterned(id: &[char]) -> bool {
    let is_long = id.len() >= SHORTEST_SEQUENCE;
    (is_long && (is_sequence(id) || is_sequence(&undouble(id))))
        || (ID_LENGTHS.contains(&id.len())
            && (repeats(id) || is_filled_uuid(id) || is_small_number(id)))
}

/// Whether `id` is a number so small that somebody wrote it, as in `00000000-0000-0000-0000-000000000001`.
fn is_small_number(id: &[char]) -> bool {
    let zeros = id.iter().take_while(|c| **c == '0').count();
    zeros * 4 >= id.len() * 3
}

/// Whether `id` is a stretch of at most a quarter of it, over and over.
fn repeats(id: &[char]) -> bool {
    (1..=id.len() / 4).any(|stretch| id.iter().zip(id.iter().skip(stretch)).all(|(a, b)| a == b))
}

/// Whether `id` is a UUID of one character, but for the digits that name its version and variant.
fn is_filled_uuid(id: &[char]) -> bool {
    let others = id
        .iter()
        .enumerate()
        .filter(|(at, _)| !matches!(at, 12 | 16));
    id.len() == 32 && others.map(|(_, c)| c).all(|c| Some(c) == id.first())
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
            || matches!((one, next), ('9' | 'z', '0' | 'a') | ('f', '0'))
    };
    let pairs = || id.iter().zip(id.iter().skip(1));
    id.len() >= 4
        && id.iter().all(char::is_ascii_alphanumeric)
        && (pairs().all(|(a, b)| follows(*a, *b)) || pairs().all(|(a, b)| follows(*b, *a)))
}
