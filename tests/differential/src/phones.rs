//! Phone numbers.

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::country::Country;
use phoneproof_domain::phone_parser::PhoneParser;
use serde_json::{Value, json};

/// A region, if any, and what somebody typed.
type Question = (Option<String>, String);

/// Answers with the number in E.164, its country and type, or with the error's name. The parser of a function, which
/// loads the plans of the countries served first, must say the same.
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
