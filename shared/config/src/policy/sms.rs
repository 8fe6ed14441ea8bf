//! Checks `[sms]`: the delivery and the prices of texts.

use std::collections::BTreeMap;

use phoneproof_domain::country::Country;
use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::policy::{SmsPolicy, SmsType};

use super::faults::Faults;
use super::limits::are_digits;
use super::numbers::parse_country;
use super::table::SmsTable;

/// Notes a fault if SNS would not accept the sender id.
fn check_sender(sender_id: Option<&String>, faults: &mut Faults) {
    // The SNS developer guide accepts 1 to 11 letters, digits and hyphens, with at least one letter.
    let sender_fits = |id: &String| {
        (1..=11).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && id.bytes().any(|b| b.is_ascii_alphabetic())
    };
    if sender_id.is_some_and(|id| !sender_fits(id)) {
        faults.add(
            "sms.sender_id",
            "1 to 11 letters, digits and hyphens with at least one letter are needed",
        );
    }
}

/// Reads the most that one text may cost. Like SNS, it accepts plain decimals only.
fn check_max_price(text: Option<&String>, faults: &mut Faults) -> Option<MicroUsd> {
    let text = text?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let price = text.parse().ok().and_then(MicroUsd::from_dollars);
    let price = price
        .filter(|_| are_digits(whole) && are_digits(fraction))
        .ok_or("a price in US dollars is needed, as in \"0.50\"");
    faults.check("sms.max_price_usd", price)
}

/// Checks the prices per segment, by country.
fn check_prices(table: BTreeMap<String, f64>, faults: &mut Faults) -> BTreeMap<Country, MicroUsd> {
    let mut prices = BTreeMap::new();
    for (name, dollars) in table {
        let path = format!("sms.price_usd.{name}");
        let price = MicroUsd::from_dollars(dollars)
            .ok_or("more than 0 and less than 100 US dollars are needed");
        let country = faults.check(&path, parse_country(&name));
        let price = faults.check(&path, price);
        prices.extend(country.zip(price));
    }
    prices
}

/// Checks `[sms]`. The policy is `None` when its type is not accepted.
pub(super) fn check_sms(table: SmsTable, faults: &mut Faults) -> Option<SmsPolicy> {
    let sms_type = match table.r#type.as_str() {
        "Transactional" => Some(SmsType::Transactional),
        "Promotional" => Some(SmsType::Promotional),
        _ => {
            faults.add("sms.type", "`Transactional` or `Promotional` is needed");
            None
        }
    };
    check_sender(table.sender_id.as_ref(), faults);
    let max_price = check_max_price(table.max_price_usd.as_ref(), faults);
    let prices = check_prices(table.price_usd, faults);
    Some(SmsPolicy {
        sms_type: sms_type?,
        sender_id: table.sender_id,
        max_price,
        prices,
        max_segments: faults.check_range("sms.max_segments", table.max_segments, 1..=10),
    })
}

/// Replaces the sender id and the highest price by the values that a deployment sets.
///
/// They are also checked when the file has no usable policy.
pub(super) fn override_sms(
    sms: Option<&mut SmsPolicy>,
    sender_id: Option<String>,
    max_price: Option<&String>,
    faults: &mut Faults,
) {
    check_sender(sender_id.as_ref(), faults);
    let max_price = check_max_price(max_price, faults);
    if let Some(sms) = sms {
        sms.max_price = max_price.or(sms.max_price);
        sms.sender_id = sender_id.or(sms.sender_id.take());
    }
}
