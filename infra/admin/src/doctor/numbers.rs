//! The origination numbers of the account, for the countries that take texts from a number of their own only.

use std::collections::BTreeMap;

use aws_sdk_sns::types::{NumberCapability, PhoneNumberInformation, RouteType};
use phoneproof_domain::policy::SmsType;

use super::Facts;
use super::finding::Finding;

/// The countries that take texts from a registered number only, and the country whose numbers reach them too (Amazon SNS
/// developer guide, "Supported countries and regions": US numbers reach four of its territories).
const NUMBER_NEEDED: [(&str, &str); 6] = [
    ("US", "US"),
    ("CA", "CA"),
    ("PR", "US"),
    ("VI", "US"),
    ("GU", "US"),
    ("AS", "US"),
];

/// What the numbers of one country can do.
#[derive(Debug, Default, PartialEq)]
struct Numbers {
    /// Numbers that text now.
    active: usize,
    /// Of them, those whose route is not that of the policy's texts.
    other_route: usize,
    /// Numbers that will text once they are registered.
    waiting: usize,
}

/// Checks that every served country which needs an origination number has one.
pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(policy) = &facts.policy else {
        return vec![Finding::not_checked("the policy is not known", "")];
    };
    let needed: Vec<_> = NUMBER_NEEDED
        .into_iter()
        .filter(|(country, _)| {
            let served = &policy.numbers.countries;
            served.iter().any(|served| served.as_str() == *country)
        })
        .collect();
    if needed.is_empty() {
        return vec![Finding::ok(
            "no country of the policy needs an origination number",
        )];
    }
    let request = facts.sns.list_origination_numbers();
    let mut pages = request.into_paginator().items().send();
    let mut numbers: BTreeMap<String, Numbers> = BTreeMap::new();
    while let Some(number) = pages.next().await {
        match number {
            Ok(number) => add(&mut numbers, &number, policy.sms.sms_type),
            Err(error) => return vec![Finding::of_call("sns:ListOriginationNumbers", &error)],
        }
    }
    let report = |(country, owner): (&str, &str)| {
        report(country, numbers.get(owner).unwrap_or(&Numbers::default()))
    };
    needed.into_iter().map(report).collect()
}

fn add(numbers: &mut BTreeMap<String, Numbers>, number: &PhoneNumberInformation, wanted: SmsType) {
    if !number
        .number_capabilities()
        .contains(&NumberCapability::Sms)
    {
        return;
    }
    let country = number.iso2_country_code().unwrap_or_default();
    let numbers = numbers.entry(country.to_owned()).or_default();
    let is_active = number
        .status()
        .is_some_and(|status| status.eq_ignore_ascii_case("ACTIVE"));
    if !is_active {
        numbers.waiting += 1;
        return;
    }
    let route = match wanted {
        SmsType::Transactional => RouteType::Transactional,
        SmsType::Promotional => RouteType::Promotional,
    };
    numbers.active += 1;
    numbers.other_route += usize::from(number.route_type().is_some_and(|found| *found != route));
}

fn report(country: &str, numbers: &Numbers) -> Finding {
    let Numbers {
        active,
        other_route,
        waiting,
    } = numbers;
    match (active, waiting) {
        (0, 0) => Finding::fail(
            format!(
                "{country} takes texts from a registered number only, and the account has none"
            ),
            "get one: infra/FIRST-ACCOUNT.md, \"Origination identity\"; or take the country off numbers.countries",
        ),
        (0, waiting) => Finding::fail(
            format!(
                "{country} takes texts from a registered number only; {waiting} are not active yet"
            ),
            "see what the registration waits for: aws pinpoint-sms-voice-v2 describe-registrations",
        ),
        (active, _) if active == other_route => Finding::warn(
            format!("{country}: no active number has the message type of sms.type"),
            "request a number with the message type TRANSACTIONAL",
        ),
        (active, _) => Finding::ok(format!("{country}: active numbers: {active}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    fn number(status: &str, route: &str, capability: &str) -> PhoneNumberInformation {
        PhoneNumberInformation::builder()
            .iso2_country_code("US")
            .status(status)
            .route_type(RouteType::from(route))
            .number_capabilities(NumberCapability::from(capability))
            .build()
    }

    #[test]
    fn only_an_active_number_that_texts_will_do() {
        let state = |listed: &[PhoneNumberInformation]| {
            let mut numbers = BTreeMap::new();
            for number in listed {
                add(&mut numbers, number, SmsType::Transactional);
            }
            report("US", numbers.get("US").unwrap_or(&Numbers::default())).state
        };
        let active = number("ACTIVE", "Transactional", "SMS");
        let promotional = number("ACTIVE", "Promotional", "SMS");
        let pending = number("PENDING", "Transactional", "SMS");
        let voice = number("ACTIVE", "Transactional", "VOICE");
        assert_eq!(state(&[]), State::Fail);
        assert_eq!(state(std::slice::from_ref(&voice)), State::Fail);
        assert_eq!(state(std::slice::from_ref(&pending)), State::Fail);
        assert_eq!(state(std::slice::from_ref(&promotional)), State::Warn);
        assert_eq!(state(&[promotional, active, pending]), State::Ok);
    }
}
