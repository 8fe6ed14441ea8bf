//! The origination numbers of the account, for the countries that take texts from a number of their own only.

use std::collections::BTreeMap;

use aws_sdk_sns::types::{NumberCapability, PhoneNumberInformation, RouteType};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::is_number;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::country::owner_of_numbers;
use phoneproof_domain::policy::{Policy, SmsType};

use super::Facts;
use super::described::message_type_of;
use super::finding::Finding;

/// The numbers of the account: what those of each country that text can do, and all of them by their digits.
#[derive(Debug, Default)]
struct Owned {
    by_country: BTreeMap<String, Numbers>,
    by_digits: BTreeMap<String, Number>,
}

/// A number of the account.
#[derive(Debug)]
struct Number {
    country: String,
    status: String,
    can_text: bool,
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
        .map(|(country, owner)| owned.report(country, owner, policy.sms.sms_type))
        .collect();
    found.extend(named.iter().filter_map(|named| owned.find_fault_of(named)));
    if found.is_empty() {
        found.push(Finding::ok("the numbers that the policy names are active"));
    }
    found
}

/// Whether texts to this country take a channel of AWS that sends from the operator's numbers: SNS, or End User
/// Messaging, to which they belong.
fn takes_numbers(policy: &Policy, country: Country) -> bool {
    let mut route = policy.sms.route(Some(country)).into_iter();
    route.any(Channel::has_own_words)
}

/// A number that the policy names.
struct Named<'p> {
    path: String,
    number: &'p str,
    /// The country that it is named for; `None` is for all.
    country: Option<Country>,
}

/// Lists the numbers that the policy names for countries whose texts may come from them.
fn list_named(policy: &Policy) -> Vec<Named<'_>> {
    let by_aws = |country: Country| takes_numbers(policy, country);
    let rules = policy.sms.countries.iter();
    let rules = rules.filter(|(country, _)| by_aws(**country));
    let named = rules.filter_map(|(country, rule)| match rule.origination.as_ref()? {
        Origination::Number(number) => Some(Named {
            path: format!("sms.country.{country}.origination_number"),
            number,
            country: Some(*country),
        }),
        Origination::Unnamed | Origination::SenderId(_) => None,
    });
    let mut named: Vec<_> = named.collect();
    let Some(table) = &policy.end_user_messaging else {
        return named;
    };
    let served = policy.numbers.countries.iter();
    let mut takes_default = false;
    for country in served.copied() {
        let route = policy.sms.route(Some(country));
        if !route.contains(&Channel::EndUserMessaging) {
            continue;
        }
        let Some(number) = table.identities.get(&country) else {
            takes_default = true;
            continue;
        };
        // That of [sms.country] counts here, too, and stands in the list already.
        let is_listed = |named: &Named<'_>| {
            let of_country = named.country == Some(country);
            of_country && named.number == number
        };
        if is_number(number) && !named.iter().any(is_listed) {
            named.push(Named {
                path: format!("end_user_messaging.country.{country}"),
                number,
                country: Some(country),
            });
        }
    }
    let default = table.origination_identity.as_deref();
    if let Some(number) = default.filter(|own| takes_default && is_number(own)) {
        named.push(Named {
            path: "end_user_messaging.origination_identity".to_owned(),
            number,
            country: None,
        });
    }
    named
}

/// Says what keeps an active number from texting the country that it is named for, as far as AWS says it: that it texts
/// nobody, or that it is of another country.
pub(super) fn find_fault(
    path: &str,
    can_text: bool,
    of: &str,
    named_for: Option<Country>,
) -> Option<Finding> {
    if !can_text {
        return Some(Finding::fail(
            format!("{path} names a number without the capability SMS"),
            "name one that has it: aws pinpoint-sms-voice-v2 describe-phone-numbers",
        ));
    }
    let country = named_for?;
    let owner = owner_of_numbers(country).unwrap_or(country.as_str());
    (of != owner).then(|| {
        Finding::warn(
            format!("{path} names a number of {of}"),
            &format!("name one of {owner}: others may not reach {country}, or show another sender"),
        )
    })
}

/// The digits of a number, which can begin with a plus sign or not.
fn digits(number: &str) -> String {
    number.trim_start_matches('+').to_owned()
}

impl Owned {
    fn add(&mut self, number: &PhoneNumberInformation, wanted: SmsType) {
        let capabilities = number.number_capabilities();
        let can_text = capabilities.contains(&NumberCapability::Sms);
        let country = number.iso2_country_code().unwrap_or_default();
        let status = number.status().unwrap_or_default();
        if let Some(written) = number.phone_number() {
            let number = Number {
                country: country.to_owned(),
                status: status.to_owned(),
                can_text,
            };
            self.by_digits.insert(digits(written), number);
        }
        if !can_text {
            return;
        }
        let of_country = self.by_country.entry(country.to_owned()).or_default();
        if !is_active(status) {
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
    }

    /// Reports whether `country` can be texted with the numbers of `owner`.
    fn report(&self, country: &str, owner: &str, wanted: SmsType) -> Finding {
        match self.by_country.get(owner) {
            Some(numbers) => report(country, numbers, wanted),
            None => report(country, &Numbers::default(), wanted),
        }
    }

    /// Says what keeps a number that the policy names from texting.
    fn find_fault_of(&self, named: &Named<'_>) -> Option<Finding> {
        let path = &named.path;
        let Some(number) = self.by_digits.get(&digits(named.number)) else {
            return Some(Finding::fail(
                format!("{path} names a number that the account does not have"),
                "compare it with aws sns list-origination-numbers in the region that texts are sent from",
            ));
        };
        let Number {
            country,
            status,
            can_text,
        } = number;
        if !is_active(status) {
            return Some(Finding::fail(
                format!("{path} names a number that is not active: {status}"),
                "see what it waits for: aws pinpoint-sms-voice-v2 describe-registrations",
            ));
        }
        find_fault(path, *can_text, country, named.country)
    }
}

fn is_active(status: &str) -> bool {
    status.eq_ignore_ascii_case("ACTIVE")
}

fn report(country: &str, numbers: &Numbers, wanted: SmsType) -> Finding {
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
            &format!(
                "request a number with the message type {}",
                message_type_of(wanted).as_str()
            ),
        ),
        (active, _) => Finding::ok(format!("{country}: active numbers: {active}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            owned.report("US", "US", SmsType::Transactional).state
        };
        let active = number("ACTIVE", "Transactional", "SMS");
        let promotional = number("ACTIVE", "Promotional", "SMS");
        let pending = number("PENDING", "Transactional", "SMS");
        let voice = number("ACTIVE", "Transactional", "VOICE");
        assert_eq!(state(&[]), State::Fail);
        assert_eq!(state(std::slice::from_ref(&voice)), State::Fail);
        assert_eq!(state(std::slice::from_ref(&pending)), State::Fail);
        assert_eq!(state(std::slice::from_ref(&promotional)), State::Warn);
        assert_eq!(
            state(&[promotional.clone(), active.clone(), pending]),
            State::Ok
        );
        // The advice names the type that the policy wants.
        let mut owned = Owned::default();
        owned.add(&active, SmsType::Promotional);
        let found = owned.report("US", "US", SmsType::Promotional);
        assert_eq!(found.state, State::Warn);
        let advice = found.advice.expect("advice");
        assert!(advice.ends_with("PROMOTIONAL"), "{advice}");
    }
}
