//! Words that programs send in place of an id.

/// Words that stand for a missing id, or name the place where one belongs. Joined with each other and with
/// [`QUALIFIERS`] they say no more, as in `unknown-device` and `YOUR_DEVICE_ID`.
///
/// They are what languages and systems print for a missing value, in lower case, without punctuation and spaces.
const SAYING: [&str; 88] = [
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
    "replaceme",
    "replacethis",
    "replacewith",
    "replace",
    "changethis",
    "fillme",
    "fillin",
    "enter",
    "error",
    "failure",
    "failed",
    "foo",
    "bar",
    "baz",
    "qux",
    "quux",
    "loremipsum",
    "fake",
    "put",
    "fillmein",
    "setme",
    "fail",
    "timeout",
    "denied",
    "forbidden",
    "unauthorized",
    "notpermitted",
    "notauthorized",
    "get",
    "for",
];

/// Words that only say what is missing, or what kind of thing has no id. They name nobody alone, either.
const QUALIFIERS: [&str; 51] = [
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
    "chrome",
    "chromium",
    "safari",
    "firefox",
    "webview",
    "headless",
    "some",
    "visitor",
    "session",
    "token",
    "fingerprint",
];

/// What people call a device of their own, as in `my-tablet`.
const OWN: [&str; 5] = ["mytablet", "myipad", "myiphone", "mydesktop", "mymobile"];

/// Whether `text` consists of words that name no device.
///
/// Each place of the text is looked at once. A text that can be divided in many ways takes no longer.
pub(super) fn is_phrase(text: &str) -> bool {
    if OWN.contains(&text) {
        return false;
    }
    let mut places = vec![text];
    let mut at = 0;
    while let Some(rest) = places.get(at).copied() {
        if rest.is_empty() {
            return true;
        }
        let words = SAYING.iter().chain(&QUALIFIERS);
        for rest in words.filter_map(|word| rest.strip_prefix(word)) {
            if !places.contains(&rest) {
                places.push(rest);
            }
        }
        at += 1;
    }
    false
}
