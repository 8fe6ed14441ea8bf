//! The origination numbers of the account, for the countries that take texts from a number of their own only.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sns::types::{NumberCapability, PhoneNumberInformation, RouteType};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::is_number;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::country::owner_of_numbers;
use phoneproof_domain::policy::{Policy, SmsType};

use super::Facts;
use super::finding::Finding;

/// The numbers of the account, by country, and all active ones by their digits.
#[derive(Debug, Default)]
struct Owned {
    by_country: BTreeMap<String, Numbers>,
    active: BTreeSet<String>,
}

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
        return vec![Finding::of_unchecked("the policy is not known", "")];
    };
    let served = policy.numbers.countries.iter();
    let by_aws = served.filter(|country| takes_numbers(policy, **country));
    let needed: Vec<_> = by_aws
        .filter_map(|country| Some((country.as_str(), owner_of_numbers(*country)?)))
        .collect();
    let named = list_named(policy);
    if needed.is_empty() && named.is_empty() {
        return vec![Finding::ok(
            "no country that needs an origination number is texted by SNS or End User Messaging",
        )];
    }
    let request = facts.sns.list_origination_numbers();
    let mut pages = request.into_paginator().items().send();
    let mut owned = Owned::default();
    while let Some(number) = pages.next().await {
        match number {
            Ok(number) => owned.add(&number, policy.sms.sms_type),
            Err(error) => return vec![Finding::of_call("sns:ListOriginationNumbers", &error)],
        }
    }
    let mut found: Vec<Finding> = needed
        .into_iter()
        .map(|(country, owner)| owned.report(country, owner))
        .collect();
    let missing = named
        .into_iter()
        .filter(|(_, number)| !owned.active.contains(&digits(number)));
    found.extend(missing.map(|(path, _)| {
        Finding::fail(
            format!("{path} names a number that the account does not have, or that is not active"),
            "compare it with aws sns list-origination-numbers in the region that texts are sent from",
        )
    }));
    found
}

/// Whether texts to this country take a channel of AWS that sends from the operator's numbers: SNS, or End User Messaging, to
/// which they belong.
fn takes_numbers(policy: &Policy, country: Country) -> bool {
    let mut route = policy.sms.route(Some(country)).into_iter();
    route.any(Channel::has_own_words)
}

/// Lists the numbers that the policy names for countries whose texts may come from them, each with its path.
fn list_named(policy: &Policy) -> Vec<(String, &str)> {
    let by_aws = |country: Country| takes_numbers(policy, country);
    let rules = policy.sms.countries.iter();
    let rules = rules.filter(|(country, _)| by_aws(**country));
    let named = rules.filter_map(|(country, rule)| match rule.origination.as_ref()? {
        Origination::Number(number) => Some((
            format!("sms.country.{country}.origination_number"),
            number.as_str(),
        )),
        Origination::Unnamed | Origination::SenderId(_) => None,
    });
    let mut named: Vec<_> = named.collect();
    let own = policy.end_user_messaging.iter();
    let own = own.flat_map(|own| &own.identities).filter(|(country, _)| {
        let route = policy.sms.route(Some(**country));
        route.contains(&Channel::EndUserMessaging)
    });
    for (country, identity) in own {
        // That of [sms.country] counts here, too, and stands in the list already.
        let is_listed = named.iter().any(|(_, number)| number == identity);
        if is_number(identity) && !is_listed {
            let path = format!("end_user_messaging.country.{country}");
            named.push((path, identity));
        }
    }
    named
}

/// The digits of a number, which can begin with a plus sign or not.
fn digits(number: &str) -> String {
    number.trim_start_matches('+').to_owned()
}

impl Owned {
    fn add(&mut self, number: &PhoneNumberInformation, wanted: SmsType) {
        let capabilities = number.number_capabilities();
        if !capabilities.contains(&NumberCapability::Sms) {
            return;
        }
        let country = number.iso2_country_code().unwrap_or_default();
        let of_country = self.by_country.entry(country.to_owned()).or_default();
        let status = number.status().unwrap_or_default();
        if !status.eq_ignore_ascii_case("ACTIVE") {
            of_country.waiting += 1;
            return;
        }
        let route = match wanted {
            SmsType::Transactional => RouteType::Transactional,
            SmsType::Promotional => RouteType::Promotional,
        };
        of_country.active += 1;
        let is_other = number.route_type().is_some_and(|found| *found != route);
        of_country.other_route += usize::from(is_other);
        self.active.extend(number.phone_number().map(digits));
    }

    /// Reports whether `country` can be texted with the numbers of `owner`.
    fn report(&self, country: &str, owner: &str) -> Finding {
        match self.by_country.get(owner) {
            Some(numbers) => report(country, numbers),
            None => report(country, &Numbers::default()),
        }
    }
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
    fn the_first_account_chapter_names_the_countries_of_us_numbers() {
        let chapter = include_str!("../../../FIRST-ACCOUNT.md");
        let row = chapter.lines().find(|line| line.starts_with("| US, and "));
        let cell = row.expect("its row").split('|').nth(1).expect("its cell");
        let words = cell.split([' ', ',']).filter(|word| word.len() == 2);
        let named: BTreeSet<String> = words.map(str::to_owned).collect();
        let codes = ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| format!("{a}{b}")));
        let is_reached = |code: &String| {
            let country = Country::parse(code).ok();
            country.and_then(owner_of_numbers) == Some("US")
        };
        assert_eq!(codes.filter(is_reached).collect::<BTreeSet<_>>(), named);
    }

    #[test]
    fn only_an_active_number_that_texts_will_do() {
        let state = |listed: &[PhoneNumberInformation]| {
            let mut owned = Owned::default();
            for number in listed {
                owned.add(number, SmsType::Transactional);
            }
            owned.report("US", "US").state
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
