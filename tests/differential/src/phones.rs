//! Answers questions about phone numbers.

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::country::Country;
use phoneproof_domain::phone_parser::PhoneParser;
use serde_json::{Value, json};

/// A region, if there is one, and a typed number.
type Question = (Option<String>, String);

/// Returns a function that answers with the E.164 number, its country and its type, or with the name of the error.
///
/// A function's own parser loads the plans of the served countries first. It must give the same answer.
pub(crate) fn read() -> impl Fn(Question) -> Value {
    let policy = phoneproof_config::policy::from_toml(DEFAULT_POLICY).expect("valid");
    let parsers = (
        PhoneParser::new(),
        PhoneParser::serving(policy.numbers.countries.iter().copied()),
    );
    move |(region, text)| {
        let region = region.map(|code| Country::parse(&code).expect("two letters"));
        let parsed = parsers.0.parse(&text, region);
        assert_eq!(parsed, parsers.1.parse(&text, region), "{text} {region:?}");
        match parsed {
            Ok(destination) => json!({
                "e164": destination.phone.expose(),
                "country": destination.country.map(|country| country.to_string()),
                "type": format!("{:?}", destination.number_type),
            }),
            Err(error) => json!({ "refused": format!("{error:?}") }),
        }
    }
}
