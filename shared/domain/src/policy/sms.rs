//! The delivery and the prices of texts.

use std::collections::BTreeMap;

use crate::channel::Channel;
use crate::country::Country;
use crate::money::{Estimate, MicroUsd};

/// The delivery and the prices of texts.
#[derive(Debug, Clone)]
pub struct SmsPolicy {
    /// The delivery class of every text.
    pub sms_type: SmsType,
    /// The sender id that phones show, in countries that allow one.
    pub sender_id: Option<String>,
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
    #[must_use]
    pub fn route(&self, _country: Option<Country>) -> &[Channel] {
        &[Channel::Sns]
    }

    /// Estimates the cost of a text of this many segments.
    ///
    /// Without a price of its country, the text counts as the most that a text may cost. The estimate is `None` when the
    /// policy names neither.
    #[must_use]
    pub fn estimated_cost(&self, country: Option<Country>, segments: u32) -> Option<Estimate> {
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
            sender_id: None,
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
        assert_eq!(sms.estimated_cost(priced, 2), estimate(0.0129, false));
        assert_eq!(sms.estimated_cost(other, 2), estimate(0.25, true));
        assert_eq!(sms.estimated_cost(None, 2), estimate(0.25, true));
        sms.max_price = None;
        assert_eq!(sms.estimated_cost(other, 2), None);
    }
}
