//! Counts the bytes of an item as DynamoDB does.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>

use serde_json::{Map, Value};

/// Bytes of a list or a map, besides its members.
const NESTED: usize = 3;
/// Bytes that each member adds, besides its own size.
const MEMBER: usize = 1;

/// Counts the bytes of an item: its names and its values.
pub(super) fn item(item: &Map<String, Value>) -> usize {
    item.iter()
        .map(|(name, typed)| name.len() + value(typed))
        .sum()
}

/// Counts the bytes of a value in DynamoDB's JSON form, an object whose only name is the type.
fn value(typed: &Value) -> usize {
    let typed = typed.as_object().and_then(|typed| typed.iter().next());
    let (name, content) = typed.expect("a type and a value");
    match (name.as_str(), content) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(digits)) => number(digits),
        ("B", Value::String(base64)) => {
            base64.len() / 4 * 3 - base64.bytes().rev().take_while(|b| *b == b'=').count()
        }
        ("BOOL" | "NULL", _) => 1,
        ("M", Value::Object(members)) => NESTED + MEMBER * members.len() + item(members),
        ("L", Value::Array(members)) => {
            NESTED
                + members
                    .iter()
                    .map(|member| MEMBER + value(member))
                    .sum::<usize>()
        }
        _ => panic!("no item here has a {name}"),
    }
}

/// Counts the bytes of a number: one for every two significant digits, one more, and one for a minus sign.
fn number(digits: &str) -> usize {
    let significant = digits.trim_start_matches(['-', '0']).trim_end_matches('0');
    significant.len().div_ceil(2) + 1 + usize::from(digits.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_the_bytes_of_every_type() {
        for (typed, bytes) in [
            (json!({ "S": "grüße" }), 7),
            (json!({ "N": "0" }), 1),
            (json!({ "N": "7" }), 2),
            (json!({ "N": "1795435200" }), 5),
            (json!({ "N": "-12" }), 3),
            (json!({ "B": "AQIDBA==" }), 4),
            (json!({ "BOOL": true }), 1),
            (json!({ "M": { "id": { "S": "abc" } } }), 3 + 1 + 5),
            (
                json!({ "L": [{ "S": "abc" }, { "NULL": true }] }),
                3 + 4 + 2,
            ),
        ] {
            assert_eq!(value(&typed), bytes, "{typed}");
        }
    }

    #[test]
    fn counts_the_names_and_the_values_of_an_item() {
        let counter = json!({ "pk": { "S": "rule#x#1" }, "n": { "N": "1" } });
        assert_eq!(item(counter.as_object().expect("an item")), 2 + 8 + 1 + 2);
    }
}
