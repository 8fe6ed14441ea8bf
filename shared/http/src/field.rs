//! Values of fields that requests bring.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A JSON string that `Debug` hides: it may be a phone number, a code, a password or a token.
#[derive(Deserialize, derive_more::Debug)]
#[debug("SensitiveText(…)")]
#[serde(transparent)]
pub struct SensitiveText(pub String);

/// A JSON value of any type that only describes: a name for people, or a hint. It never stops a request.
///
/// `Debug` hides it, because a client may send anything here.
#[derive(Deserialize, derive_more::Debug)]
#[debug("Label(…)")]
#[serde(transparent)]
pub struct Label(Box<RawValue>);

impl Label {
    /// Returns the texts of the label: that of a string, or those in an array. A value of another type has none.
    ///
    /// An unpaired surrogate, which a client leaves when it cuts a text by UTF-16 units, is left out.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let items = serde_json::from_str::<Vec<&RawValue>>(self.0.get());
        let items = items.unwrap_or_else(|_| vec![&self.0]);
        let texts = items
            .iter()
            .filter_map(|item| serde_json::from_str::<Lossy>(item.get()).ok());
        texts.map(|Lossy(text)| text).collect()
    }
}

/// The text of a JSON string without halves of characters.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Lossy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
                let text = String::from_utf8_lossy(bytes);
                Ok(Lossy(text.replace(char::REPLACEMENT_CHARACTER, "")))
            }
        }
        // As bytes, `serde_json` also reads a string that holds half a character.
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_from_any_json_and_never_refused() {
        for (json, texts) in [
            (r#""en""#, &["en"][..]),
            (r#"["en","zh-CN"]"#, &["en", "zh-CN"]),
            (r#"["en",5,{"a":1},null,["fr"]]"#, &["en"]),
            (r#""half \ud83d""#, &["half "]),
            (r#""\ud83d\ude00!""#, &["😀!"]),
            ("5", &[]),
            ("1e999", &[]),
            ("true", &[]),
            (r#"{"name":"en"}"#, &[]),
            ("[]", &[]),
        ] {
            let label: Label = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
            assert_eq!(label.texts(), texts, "{json}");
        }
        let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
        assert!(serde_json::from_str::<Label>(&deep).is_ok_and(|label| label.texts().is_empty()));
    }
}
