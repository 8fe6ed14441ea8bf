//! A table of request bodies that every route must refuse.
//!
//! The suite `api` sends them to a local or deployed stack and checks the answers. The suite `attacks` sends them to
//! every route that reads a body and checks the tables.

/// Returns bodies that are not an object with the expected fields, each with a name for messages.
///
/// Some hold the word `canary`, which no answer may repeat.
#[must_use]
pub fn malformed_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies: Vec<(&str, Vec<u8>)> = [
        ("nothing", ""),
        ("a space", " "),
        ("words", "canary"),
        ("null", "null"),
        ("true", "true"),
        ("a number", "0"),
        ("an empty string", "\"\""),
        ("a string", r#""canary""#),
        ("an empty array", "[]"),
        ("an array", r#"["canary"]"#),
        ("an array of objects", "[{}]"),
        ("an opening brace", "{"),
        ("a closing brace", "}"),
        ("an empty object", "{}"),
        ("cut off", r#"{"phone":"+14153349182","#),
        ("a missing value", "{\"phone\":}"),
        ("single quotes", "{'phone':'1'}"),
        ("a trailing comma", "{\"phone\":\"+14152001000\",}"),
        ("NaN", "NaN"),
        ("a number too large", "{\"a\":1e999999}"),
        ("a byte order mark", "\u{feff}{}"),
        ("two objects", "{}{}"),
        ("a lone surrogate as name", "{\"\\ud800\":1}"),
        ("a lone surrogate as value", "{\"phone\":\"\\ud800\"}"),
        ("an escaped NUL", "{\"phone\":\"\\u0000\"}"),
        ("a prototype", "{\"__proto__\":{\"phone\":\"1\"}}"),
    ]
    .into_iter()
    .map(|(what, text)| (what, text.as_bytes().to_vec()))
    .collect();
    bodies.extend([
        ("UTF-16", b"\xff\xfe{}".to_vec()),
        ("an object that is not UTF-8", vec![b'{', 0xff, 0xfe, b'}']),
        (
            "a string that is not UTF-8",
            b"{\"phone\":\"\xc3\x28\"}".to_vec(),
        ),
        ("NULs", b"\0".repeat(64)),
        ("deep arrays", "[".repeat(4_000).into_bytes()),
        (
            "deep objects",
            format!("{}1{}", "{\"a\":".repeat(600), "}".repeat(600)).into_bytes(),
        ),
        ("spaces as large as a body may be", vec![b' '; 4_096]),
        ("one byte too many", vec![b' '; 4_097]),
        ("a megabyte", vec![b'a'; 1 << 20]),
        (
            "a long phone",
            format!("{{\"phone\":\"{}\"}}", "9".repeat(4_000)).into_bytes(),
        ),
        (
            "a form",
            b"phone=%2B14152001000&uniqueId=d&businessId=login".to_vec(),
        ),
        (
            "base64, as API Gateway would hand it over",
            b"eyJwaG9uZSI6IisxNDE1MjAwMTAwMCJ9".to_vec(),
        ),
    ]);
    bodies
}
