//! What an operator should know of an accepted policy: texts may go out otherwise than the operator expects.

mod limits;
mod prices;

use crate::catalog::Catalog;
use crate::channel::Channel;
use crate::country::Country;
use crate::end_user_messaging::is_number;
use crate::outgoing::Origination;
use crate::policy::country::{
    CHINA, CountryRule, INDIA, can_text_from, has_no_sender_ids, is_served_by, registers_sender_ids,
};
use crate::policy::{Fault, Policy};

impl Policy {
    /// Lists what may not work as the operator expects, each with its path. None of it is a fault: AWS alone knows what
    /// the account has registered. `catalog` is that of this policy.
    #[must_use]
    pub fn list_warnings(&self, catalog: &Catalog) -> Vec<Fault> {
        let served = self.numbers.countries.iter();
        let texts = served.filter_map(|country| self.warn_of(*country));
        let served = self.numbers.countries.iter();
        let numbers = served.filter_map(|country| self.warn_of_number(*country));
        let prices = self.warn_of_prices(catalog);
        texts
            .chain(numbers)
            .chain(prices)
            .chain(self.warn_of_calls())
            .chain(self.warn_of_vouching())
            .chain(self.warn_of_limits())
            .collect()
    }

    /// Warns of an edge that vouches without effect, and of a lane that nobody can open.
    fn warn_of_vouching(&self) -> Option<Fault> {
        let lane = self.purses.policy.attested.as_ref();
        let (path, reason) = match (&self.attestation, lane) {
            (Some(_), None) => (
                "attestation",
                "attestations are checked but pay for no text; [purses.attested] turns their lane on",
            ),
            (None, Some(_)) => (
                "purses.attested",
                "nobody can vouch for a caller: [attestation] lists the keys of your edge",
            ),
            _ => return None,
        };
        Some(Fault {
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// Warns of calls to countries that Notify serves in its advanced tier only.
    fn warn_of_calls(&self) -> impl Iterator<Item = Fault> {
        let called = self.voice.iter().flat_map(|voice| &voice.countries);
        called
            .filter(|country| !is_served_by(**country, Channel::NotifyVoice))
            .map(|country| Fault {
                path: "voice.countries".to_owned(),
                reason: format!(
                    "{country} is not among the countries of Notify's basic tier: calls there need the advanced tier"
                ),
            })
    }

    /// Warns of texts that come from a number of another country, as the policy writes it. Some countries take them,
    /// and show another sender.
    fn warn_of_number(&self, country: Country) -> Option<Fault> {
        let route = self.sms.route(Some(country)).into_iter();
        let mut numbers = route.filter_map(|channel| self.find_number(channel, country));
        let (path, _) = numbers.find(|(_, number)| !can_text_from(number, country))?;
        let reason = if country.as_str() == CHINA {
            "texts to CN come from this number, and AWS has no numbers for CN: name a pool, or in sms.country.CN.channels another \
             channel, as \"sns\", where AWS chooses the sender"
                .to_owned()
        } else {
            let advice = if has_no_sender_ids(country) {
                "name one or a pool"
            } else {
                "name one, a pool or a sender id"
            };
            format!(
                "texts to {country} come from this number, which belongs to another country: {advice}"
            )
        };
        Some(Fault { path, reason })
    }

    /// Finds the number that texts to this country come from by a channel of AWS, if the policy writes one, and its
    /// path. That of End User Messaging for all countries matters where no other will do.
    fn find_number(&self, channel: Channel, country: Country) -> Option<(String, &str)> {
        let of_texts = match self.sms.origination(Some(country)) {
            Origination::Number(number) => Some((
                format!("sms.country.{country}.origination_number"),
                number.as_str(),
            )),
            Origination::Unnamed | Origination::SenderId(_) => None,
        };
        let table = self.end_user_messaging.as_ref();
        let line = table.and_then(|table| table.identities.get(&country));
        let line = line.filter(|own| of_texts.as_ref().is_none_or(|(_, number)| number != own));
        let line = line.map(|own| {
            (
                format!("end_user_messaging.country.{country}"),
                own.as_str(),
            )
        });
        let for_all = table.and_then(|table| table.origination_identity.as_deref());
        let for_all = for_all.filter(|_| has_no_sender_ids(country));
        let path = "end_user_messaging.origination_identity";
        let for_all = for_all.map(|own| (path.to_owned(), own));
        let named = match channel {
            Channel::Sns => of_texts,
            Channel::EndUserMessaging => line.or(of_texts).or(for_all),
            Channel::Notify | Channel::Hook | Channel::NotifyVoice => None,
        };
        named.filter(|(_, identity)| is_number(identity))
    }

    /// Whether a text to this country by `channel` has the sender that `[sms]` names. What a pool of End User Messaging
    /// holds is not known here.
    fn takes_sender_of_texts(&self, channel: Channel, country: Country) -> bool {
        let table = self.end_user_messaging.as_ref();
        let table = table.filter(|_| channel == Channel::EndUserMessaging);
        table.is_none_or(|table| table.identity(Some(country)).is_none())
    }

    fn warn_of(&self, country: Country) -> Option<Fault> {
        let sms = &self.sms;
        let warn = |field: &str, reason: String| {
            Some(Fault {
                path: format!("sms.country.{country}.{field}"),
                reason,
            })
        };
        let mut named = sms.find_named_route(Some(country)).iter();
        if let Some(idle) = named.find(|channel| !is_served_by(country, **channel)) {
            return warn(
                "channels",
                format!(
                    "`{}` does not serve {country}, and no text there uses it: list only channels that do",
                    idle.as_str()
                ),
            );
        }
        let route = sms.route(Some(country)).into_iter();
        let mut by_aws = route.filter(|channel| channel.has_own_words()).peekable();
        by_aws.peek()?;
        if country.as_str() == INDIA && sms.entity_id(Some(country)).is_none() {
            return warn(
                "entity_id",
                "without the ids of the register (DLT), texts take the international route, which costs about 18 times \
                 the local one"
                    .to_owned(),
            );
        }
        let has_own = |rule: &CountryRule| rule.origination.is_some();
        if sms.countries.get(&country).is_some_and(has_own)
            || !by_aws.any(|channel| self.takes_sender_of_texts(channel, country))
        {
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
        let numbers = sms
            .countries
            .values()
            .any(|rule| matches!(rule.origination, Some(Origination::Number(_))));
        let mut tables = self.end_user_messaging.iter();
        let names_number =
            numbers || tables.any(|table| table.identities.values().any(|own| is_number(own)));
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
