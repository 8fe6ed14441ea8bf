//! What programs send in place of a device id that they do not have.
//!
//! Each test here is of something that no generator of ids makes, so that no device loses its id.

use crate::typed::{Typed, classify};

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
/// - `012345678912345` and `358240051111110` are IMEIs of emulators, and `490154203237518` and `356938035643809` those of articles.
/// - The UUIDs are the examples of RFC 4122 and RFC 9562, of Wikipedia, of Swagger, Redoc and the documentation of libraries, the
///   name spaces of RFC 9562, and what mainboards have whose maker set none.
/// - `v1stgxr8z5jdhi6bmyt` and `01arz3ndektsv4rrffq69g5fav` are the examples of Nano ID and ULID.
/// - The rest are names of nothing, MAC addresses of documentation, and MD5, SHA-1 and SHA-256 of nothing, in hexadecimal and in base64.
const KNOWN: [&str; 65] = [
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
    "a1b2c3d4e5f67890abcdef1234567890",
    "a1b2c3d4e5f67890abcd1234567890ab",
    "3fa85f6457174562b3fc2c963f66afa6",
    "497f6eca62764993bfeb53cbbbba6f08",
    "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d",
    "1b9d6bcdbbfd4b2d9b5dab8dfbbd4bed",
    "110ec58aa0f24ac48393c866d813b8d1",
    "2c5ea4c0406711e98bad9b1deb4d3b7d",
    "6c84fb9012c411e1840d7b25c5ee775a",
    "67e5504410b1426f9247bb680e5fe0c8",
    "a8098c1af86e11dabd1a00112444be1e",
    "16fd27068baf433b82eb8c7fada847da",
    "c232ab00941411ecb3c89f6bdeced846",
    "919108f752d143209bacf847db4148a8",
    "1ec9414c232a6b00b3c89f6bdeced846",
    "017f22e279b07cc398c4dc0c0c07398f",
    "2489e9ad2ee28e008ec932d5f69181c0",
    "03000200040005000006000700080009",
    "12345678123456789abcdef012345678",
    "123456781234567890abcddeefaabbcc",
    "12345678123412341234123456789abc",
    "v1stgxr8z5jdhi6bmyt",
    "01arz3ndektsv4rrffq69g5fav",
    "490154203237518",
    "356938035643809",
    "001a2b3c4d5e",
    "deadbeefcafe",
    "cafebabe",
    "deadbeefdead",
    "kotlinunit",
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

/// The most characters of one character over and over that stand for an id, as for a SHA-256.
const LONGEST_FILLING: usize = 64;

/// How the names begin that Android's emulators give as model, as board or as serial number, as in `sdk_gphone64_x86_64`.
const EMULATORS: [&str; 4] = ["sdkgphone", "sdkgoogle", "androidsdkbuiltfor", "genericx86"];

/// The lengths of ids in letters and digits: MAC addresses, IMEIs, ids of Android, UUIDs in base64 and in hexadecimal,
/// SHA-1, SHA-256.
const ID_LENGTHS: [usize; 7] = [12, 15, 16, 22, 32, 40, 64];

/// The length of a UUID without its hyphens.
const UUID_LENGTH: usize = 32;

/// The fewest characters of a sequence, or of one character over and over, that is not an id, as in `12345678`.
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
        || EMULATORS.iter().any(|start| bare.starts_with(start))
        || is_emulated_serial(bare)
        || is_patterned(&bare.chars().collect::<Vec<_>>())
}

/// Returns the plain form of a character that is written full-width, circled or as a mathematical letter, and of the digits
/// of every script.
///
/// But for the digits, it is what the compatibility decomposition of Unicode (NFKC) makes of these.
fn fold(character: char) -> char {
    if let Typed::Digit(value) = classify(character) {
        return char::from(b'0' + value);
    }
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
        _ => place,
    };
    char::from_u32(plain).unwrap_or(character)
}

/// Drops what says that a UUID follows, as in `urn:uuid:…` and `UUID('…')`.
fn strip_scheme(bare: &str) -> &str {
    let rest = ["urnuuid", "uuid", "guid"]
        .iter()
        .find_map(|scheme| bare.strip_prefix(scheme));
    rest.filter(|rest| rest.len() == UUID_LENGTH)
        .unwrap_or(bare)
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

/// Whether `bare` is the serial number of an emulator of Android, such as `EMULATOR30X4X5X0`.
fn is_emulated_serial(bare: &str) -> bool {
    let rest = bare.strip_prefix("emulator");
    rest.is_some_and(|rest| {
        rest.matches('x').count() == 3 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'x')
    })
}

/// Whether `text` consists of words that name no device.
fn is_phrase(text: &str) -> bool {
    let mut words = SAYING.iter().chain(&QUALIFIERS);
    text.is_empty() || words.any(|word| text.strip_prefix(word).is_some_and(is_phrase))
}

/// Whether `id` is a sequence or one character over and over, or has the length of an id and is a short stretch over and over.
fn is_patterned(id: &[char]) -> bool {
    let is_long = id.len() >= SHORTEST_SEQUENCE;
    (is_long && (is_one_character(id) || is_sequence(id) || is_sequence(&undouble(id))))
        || (ID_LENGTHS.contains(&id.len())
            && (repeats(id) || is_filled_uuid(id) || is_single_digit(id)))
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

/// Whether `id` is a UUID of one character, but for at most one other, and for the digits that name its version and variant.
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
