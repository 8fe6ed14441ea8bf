//! The delivery and the prices of texts.

use std::collections::BTreeMap;

use crate::channel::Channel;
use crate::country::Country;
use crate::locale::Locale;
use crate::money::{Estimate, MicroUsd};
use crate::outgoing::Origination;

use super::country::{CountryRule, has_no_sender_ids, is_served_by};

/// The delivery and the prices of texts.
#[derive(Debug, Clone)]
pub struct SmsPolicy {
    /// The delivery class of every text.
    pub sms_type: SmsType,
    /// The channels that a text takes, in order: each next one where the one before refused. There is at least one.
    pub channels: Vec<Channel>,
    /// The sender id that phones show, in countries that allow one and have no sender of their own.
    pub origination: Origination,
    /// What single countries have of their own.
    pub countries: BTreeMap<Country, CountryRule>,
    /// The most that one text may cost; `None` leaves the limit to the carrier's settings.
    pub max_price: Option<MicroUsd>,
    /// The price of one segment by country: the operator's own, or else that of the price list. Only estimates use it.
    pub prices: BTreeMap<Country, MicroUsd>,
    /// The day of the price list, as in `2025-02-10`; `None` without a list.
    pub prices_as_of: Option<String>,
    /// The most segments that a text may need. A template that needs more stops start-up.
    pub max_segments: u32,
}

impl SmsPolicy {
    /// Returns the channels that a text to this country takes, in order: each next one where the one before refused.
    /// Those that do not serve the country are left out.
    #[must_use]
    pub fn route(&self, country: Option<Country>) -> Vec<Channel> {
        let serves =
            |channel: &Channel| country.is_none_or(|country| is_served_by(country, *channel));
        let named = self.find_named_route(country).iter().copied();
        named.filter(serves).collect()
    }

    /// Returns the channels that the policy names for this country, whether they serve it or not.
    #[must_use]
    pub fn find_named_route(&self, country: Option<Country>) -> &[Channel] {
        let own = self.rule(country).map(|rule| rule.channels.as_slice());
        own.filter(|own| !own.is_empty()).unwrap_or(&self.channels)
    }

    /// Returns the channel that texts take first, to countries that have no channels of their own.
    #[must_use]
    pub fn first_channel(&self) -> Channel {
        self.channels.first().copied().unwrap_or(Channel::Sns)
    }

    /// Whether a text to this country that costs more than [`max_price`](Self::max_price) reaches nobody. SNS accepts
    /// such a text and drops it. End User Messaging refuses it, so it goes to the next channel. The other channels know
    /// no such limit.
    #[must_use]
    pub fn obeys_max_price(&self, country: Country) -> bool {
        let route = self.route(Some(country)).into_iter();
        let mut after = route.skip_while(|channel| *channel == Channel::EndUserMessaging);
        after.next().is_none_or(|channel| channel == Channel::Sns)
    }

    /// Returns the locales in which texts to this country may be written, the preferred one first; empty admits all.
    #[must_use]
    pub fn locales(&self, country: Option<Country>) -> &[Locale] {
        self.rule(country).map_or(&[], |rule| &rule.locales)
    }

    /// Returns who sends the texts to this country. The sender id for all countries is not for those that refuse one.
    #[must_use]
    pub fn origination(&self, country: Option<Country>) -> &Origination {
        let own = self
            .rule(country)
            .and_then(|rule| rule.origination.as_ref());
        match own {
            Some(own) => own,
            None if country.is_some_and(has_no_sender_ids) => &Origination::Unnamed,
            None => &self.origination,
        }
    }

    /// Returns the operator's id in the register of this country; `None` where it has none.
    #[must_use]
    pub fn entity_id(&self, country: Option<Country>) -> Option<&str> {
        self.rule(country)?.entity_id.as_deref()
    }

    fn rule(&self, country: Option<Country>) -> Option<&CountryRule> {
        self.countries.get(&country?)
    }

    /// Estimates the cost of a text of this many segments.
    ///
    /// Without a price of its country, the text counts as the most that a text may cost. The estimate is `None` when
    /// the policy names neither.
    #[must_use]
    pub fn estimate_cost(&self, country: Option<Country>, segments: u32) -> Option<Estimate> {
        match country.and_then(|country| self.prices.get(&country)) {
            Some(price) => Some(Estimate {
                amount: price.times(segments),
                is_upper_bound: false,
            }),
            None => self.max_price.map(|amount| Estimate {
                amount,
                is_upper_bound: true,
            }),
        }
    }
}

/// The delivery class of a text, as SNS defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsType {
    /// The carrier delivers with priority, as codes need it.
    Transactional,
    /// The carrier delivers by the cheapest route.
    Promotional,
}

#[cfg(test)]
impl SmsPolicy {
    /// A policy for tests: a segment to the US costs $0.00645, and a text $0.25 at most.
    pub(super) fn sample() -> Self {
        let country = Country::parse("US").expect("a country");
        let price = MicroUsd::from_dollars(0.006_45).expect("a price");
        Self {
            sms_type: SmsType::Transactional,
            channels: vec![Channel::Sns],
            origination: Origination::Unnamed,
            countries: BTreeMap::new(),
            max_price: MicroUsd::from_dollars(0.25),
            prices: BTreeMap::from([(country, price)]),
            prices_as_of: None,
            max_segments: 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_costs_the_price_of_its_country_per_segment_or_else_the_highest_price() {
        let country = |text| Country::parse(text).expect("a country");
        let mut sms = SmsPolicy::sample();
        let (priced, other) = (Some(country("US")), Some(country("GB")));
        let estimate = |dollars, is_upper_bound| {
            MicroUsd::from_dollars(dollars).map(|amount| Estimate {
                amount,
                is_upper_bound,
            })
        };
        assert_eq!(sms.estimate_cost(priced, 2), estimate(0.0129, false));
        assert_eq!(sms.estimate_cost(other, 2), estimate(0.25, true));
        assert_eq!(sms.estimate_cost(None, 2), estimate(0.25, true));
        sms.max_price = None;
        assert_eq!(sms.estimate_cost(other, 2), None);
    }
}
