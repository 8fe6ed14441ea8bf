//! What AWS demands of the senders of single countries.

use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::is_number;
use phoneproof_domain::phone::{Destination, NumberType};
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::policy::country::{
    CHINA, INDIA, can_text_from, has_no_sender_ids, is_header_of_india, is_short_code,
    owner_of_numbers,
};

use super::identities::find_sender_id;
use super::sender_id::NO_SENDERS_OF_CHINA;

/// Accepts an `identity` of the table of End User Messaging as the sender of texts to this country. What a pool holds
/// is not known here.
pub(super) fn check_sender_of(identity: &str, country: Country) -> Result<(), String> {
    match find_sender_id(identity) {
        Some(_) if country.as_str() == CHINA => Err(NO_SENDERS_OF_CHINA.to_owned()),
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

/// Accepts a sender id in the table of this country, as far as the country has sender ids at all.
pub(super) fn check_has_sender_ids(country: Country) -> Result<(), &'static str> {
    if !has_no_sender_ids(country) {
        return Ok(());
    }
    Err(match country.as_str() {
        CHINA => NO_SENDERS_OF_CHINA,
        _ => {
            "AWS sends no text with a sender id there: leave it out, or name an origination_number"
        }
    })
}

/// Accepts a number that texts to this country can come from. Where a country takes texts from registered numbers
/// alone, a number of another country reaches nobody, and neither does one that is dear to call.
pub(super) fn check_number_of(number: &str, country: Country) -> Result<(), String> {
    if !has_no_sender_ids(country) {
        return Ok(());
    }
    if country.as_str() == CHINA {
        return Err(NO_SENDERS_OF_CHINA.to_owned());
    }
    if !can_text_from(number, country) {
        return Err(format!(
            "{country} takes texts from its own short codes and from numbers that begin with +1"
        ));
    }
    if is_short_code(number) {
        return Ok(());
    }
    let complete = format!("+{}", number.trim_start_matches('+'));
    // A number that no plan has may be newer than the plans.
    match PhoneParser::serving([country]).parse_any(&complete, None) {
        Ok(Destination {
            number_type: NumberType::PremiumRate,
            ..
        }) => Err("a premium-rate number texts nobody".to_owned()),
        Ok(Destination {
            country: Some(of), ..
        }) if owner_of_numbers(of).is_none() => Err(format!(
            "this number is of {of}, and {country} takes texts from its own numbers"
        )),
        _ => Ok(()),
    }
}
