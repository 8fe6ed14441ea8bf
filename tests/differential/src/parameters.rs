//! Judges values of the template's parameters as a function does at its start.

use phoneproof_config::policy::from_toml;
use serde_json::{Value, json};

/// Answers whether a policy with this value is accepted, and whether one that allows private addresses is.
pub(crate) fn judge((name, value): &(String, String)) -> Value {
    let is_accepted = |allow_private: bool| {
        let written = json!(value);
        let (sms, hook) = match name.as_str() {
            "SenderId" => (format!("sender_id = {written}"), String::new()),
            "SmsMaxPrice" => (format!("max_price_usd = {written}"), String::new()),
            "SendHookUrl" => (
                String::new(),
                format!("[hook]\nurl = {written}\nallow_private = {allow_private}\n"),
            ),
            _ => return false,
        };
        // Nothing pays for a text here, so a price is judged by its form alone.
        let priced = if name == "SmsMaxPrice" {
            ""
        } else {
            "price_usd.DE = 0.01"
        };
        from_toml(&format!(
            "[numbers]\ncountries = [\"DE\"]\n[sms]\n{sms}\n{priced}\n{hook}[purses]\n\
             shadow = [\"country-purse\", \"number-block-purse\", \"money-per-day\"]\n[business.login]\n\
             brand = \"Example\"\ndefault_locale = \"en\"\ntemplates.en = \"{{code}}\"\n"
        ))
        .is_ok()
    };
    json!([is_accepted(false), is_accepted(true)])
}
