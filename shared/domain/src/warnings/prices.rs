//! What a text costs, beside what the policy lets it cost.

use crate::catalog::{Catalog, TemplateReport};
use crate::country::Country;
use crate::policy::{Fault, Policy};
use crate::purse::{PurseRule, price_of};

impl Policy {
    /// Warns of each country whose longest text costs more than the policy lets a text or a day cost. The policy's
    /// price of a segment may be wrong, and most texts may be shorter, so it is no fault.
    pub(super) fn warn_of_prices(&self, catalog: &Catalog) -> Vec<Fault> {
        let served = self.numbers.countries.iter();
        let dearest =
            served.filter_map(|country| Some((*country, self.longest(catalog, *country)?)));
        dearest
            .flat_map(|(country, text)| self.warn_of_price(country, text))
            .collect()
    }

    /// Finds the text to this country that needs the most segments.
    fn longest<'c>(&self, catalog: &'c Catalog, country: Country) -> Option<&'c TemplateReport> {
        let admitted = self.sms.locales(Some(country));
        let texts = catalog.report().iter();
        texts
            .filter(|text| admitted.is_empty() || admitted.contains(&text.locale))
            .max_by_key(|text| text.segments.count)
    }

    fn warn_of_price(&self, country: Country, text: &TemplateReport) -> Vec<Fault> {
        let segments = text.segments.count;
        let Some(cost) = self.sms.estimate_cost(Some(country), segments) else {
            return Vec::new();
        };
        let amount = cost.amount;
        let mut found = Vec::new();
        let mut warn = |path: &str, why: &str| {
            let size = match segments {
                1 => "one segment".to_owned(),
                count => format!("{count} segments"),
            };
            let (business, locale) = (text.business.as_str(), &text.locale);
            let reason = format!(
                "a text of {size} to {country} (business.{business}.templates.{locale}) costs ${amount}, and {why}"
            );
            let path = path.to_owned();
            found.push(Fault { path, reason });
        };
        let route = self.sms.route(Some(country));
        let is_capped = route.iter().any(|channel| channel.has_own_words());
        // Without a price the text counts as the most that it may cost.
        if is_capped && !cost.is_upper_bound && self.sms.max_price.is_some_and(|most| amount > most)
        {
            warn("sms.max_price_usd", "AWS drops what costs more than this");
        }
        for amount in self.purses.list_too_small(country, price_of(cost)) {
            let why = if amount.rule == PurseRule::MoneyPerDay {
                "no such text fits into the money of a day without typed codes"
            } else {
                "no such text fits into what countries get without typed codes"
            };
            warn(amount.path, why);
        }
        found
    }
}
