//! Phone numbers.

use phoneproof::domain::phone::{Country, PhoneParser};
use serde_json::{Value, json};

/// A region, if any, and what somebody typed.
type Question = (Option<String>, String);

/// Answers with the number in E.164, its country and type, or with the error's name.
pub(crate) fn read() -> impl Fn(Question) -> Value {
    let parser = PhoneParser::new();
    move |(region, text)| {
        let region = region.map(|code| Country::parse(&code).expect("two letters"));
        match parser.parse(&text, region) {
            Ok(destination) => json!({
                "e164": destination.phone.expose(),
                "country": destination.country.map(|country| country.to_string()),
                "type": format!("{:?}", destination.number_type),
            }),
            Err(error) => json!({ "refused": format!("{error:?}") }),
        }
    }
}
