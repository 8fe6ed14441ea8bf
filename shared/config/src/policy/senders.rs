//! What AWS demands of the senders of single countries.

use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::is_number;
use phoneproof_domain::policy::country::{
    CHINA, INDIA, can_text_from, has_no_sender_ids, is_header_of_india,
};

use super::identities::find_sender_id;

/// Accepts an `identity` of the table of End User Messaging as the sender of texts to this country. What a pool holds is not known
/// here.
pub(super) fn check_sender_of(identity: &str, country: Country) -> Result<(), String> {
    match find_sender_id(identity) {
        Some(_) if has_no_sender_ids(country) => {
            Err("AWS sends no text with a sender id there: name a pool or a number".to_owned())
        }
        Some(id) => check_header(id, country).map_err(str::to_owned),
        None if is_number(identity) => check_number_of(identity, country),
        None => Ok(()),
    }
}

/// Accepts a sender id of this country, which the country has.
pub(super) fn check_header(id: &str, country: Country) -> Result<(), &'static str> {
    if country.as_str() == INDIA && !is_header_of_india(id) {
        return Err("India registers sender ids of 3 to 6 letters: write the registered one");
    }
    Ok(())
}

/// Accepts a number that texts to this country can come from. Where a country takes texts from registered numbers alone, a number
/// of another country reaches nobody.
pub(super) fn check_number_of(number: &str, country: Country) -> Result<(), String> {
    if !has_no_sender_ids(country) || can_text_from(number, country) {
        return Ok(());
    }
    Err(match country.as_str() {
        CHINA => "AWS has no numbers for texts to CN: leave it out".to_owned(),
        _ => format!(
            "{country} takes texts from its own short codes and from numbers that begin with +1"
        ),
    })
}
