//! What an operator should know of an accepted policy: texts may go out otherwise than they expect.

use super::country::{CHINA, CountryRule, INDIA, has_no_sender_ids, registers_sender_ids};
use super::{Fault, Policy};
use crate::channel::Channel;
use crate::country::Country;
use crate::outgoing::Origination;

impl Policy {
    /// Lists what may not work as the operator expects, each with its path. None of it is a fault: AWS alone knows what
    /// the account has registered.
    #[must_use]
    pub fn warnings(&self) -> Vec<Fault> {
        let served = self.numbers.countries.iter().copied();
        // What a pool of End User Messaging holds is not known here.
        let by_aws =
            served.filter(|country| self.sms.route(Some(*country)).contains(&Channel::Sns));
        let texts = by_aws.filter_map(|country| self.warn_of(country));
        texts.chain(self.warn_of_calls()).collect()
    }

    /// Warns of calls to the one country of which it is known that Notify's basic tier does not serve it.
    fn warn_of_calls(&self) -> Option<Fault> {
        let voice = self.voice.as_ref()?;
        let mut countries = voice.countries.iter();
        let china = countries.find(|country| country.as_str() == CHINA)?;
        Some(Fault {
            path: "voice.countries".to_owned(),
            reason: format!(
                "{china} is not among the countries of Notify's basic tier: calls there need the advanced tier"
            ),
        })
    }

    fn warn_of(&self, country: Country) -> Option<Fault> {
        let sms = &self.sms;
        let warn = |field: &str, reason: String| {
            Some(Fault {
                path: format!("sms.country.{country}.{field}"),
                reason,
            })
        };
        if country.as_str() == INDIA && sms.entity_id(Some(country)).is_none() {
            return warn(
                "entity_id",
                "without the ids of the register (DLT), texts take the international route, which costs about 18 times \
                 the local one"
                    .to_owned(),
            );
        }
        let has_own = |rule: &CountryRule| rule.origination.is_some();
        if sms.countries.get(&country).is_some_and(has_own) {
            return None;
        }
        // Where no text has a sender id, that of all countries is not sent.
        let is_sent =
            !has_no_sender_ids(country) && matches!(sms.origination, Origination::SenderId(_));
        if is_sent && registers_sender_ids(country) {
            return warn(
                "sender_id",
                format!(
                    "sender ids are registered in {country}, and only sms.sender_id names one: write the registered one \
                     here, or \"\" for none"
                ),
            );
        }
        let names_number = sms
            .countries
            .values()
            .any(|rule| matches!(rule.origination, Some(Origination::Number(_))));
        // China has neither sender ids nor numbers to choose.
        if has_no_sender_ids(country) && country.as_str() != CHINA && names_number {
            return warn(
                "origination_number",
                "other countries have an origination number, and AWS chooses one of the account's here: name it"
                    .to_owned(),
            );
        }
        None
    }
}
