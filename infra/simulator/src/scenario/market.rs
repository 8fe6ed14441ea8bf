//! The countries that the scenarios are about.

use phoneproof_domain::country::Country;

use crate::world::{Place, find_place};

/// Ten countries whose texts are dear, by their ISO codes.
const DEAR: [&str; 10] = ["MA", "UZ", "ID", "NG", "PK", "BD", "EG", "LK", "PH", "TN"];

/// Twenty countries from $0.05 to $0.35.
const TWENTY: [&str; 20] = [
    "GB", "FR", "DE", "JP", "MA", "UZ", "ID", "NG", "PK", "BD", "EG", "LK", "PH", "TN", "JO", "KE",
    "SN", "GE", "NP", "IN",
];

/// A service and its attackers: which countries the scenarios are about.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    /// The countries of the service, and the honest sends of a day in each.
    pub service: Vec<(Place, f64)>,
    /// Where one block of numbers is pumped.
    pub pumped: Place,
    /// Where texts go to random numbers.
    pub random: Place,
    /// Where a slow attacker sends.
    pub slow: Place,
    /// The countries of the whole Luma attack.
    pub whole: Vec<Place>,
    /// Ten countries whose texts are dear, for one attack on all of them.
    pub dear: Vec<Place>,
    /// Twenty countries of every price, for one attack on all of them.
    pub many: Vec<Place>,
    /// A country whose users come all at once.
    pub busy: Place,
    /// Countries where a service begins.
    pub new: Vec<Place>,
    /// A country with few numbers.
    pub small: Option<Place>,
}

impl Market {
    /// The service of the design, of 2,000 sends a day, and the countries of the recordings.
    #[must_use]
    pub fn from_recordings() -> Self {
        let places = |codes: &[&str]| codes.iter().map(|code| find_place(code)).collect();
        let service = [
            ("FR", 600.0),
            ("GB", 600.0),
            ("MA", 400.0),
            ("UZ", 200.0),
            ("ID", 200.0),
        ];
        Self {
            service: service.map(|(code, n)| (find_place(code), n)).to_vec(),
            pumped: find_place("UZ"),
            random: find_place("MA"),
            slow: find_place("ID"),
            whole: places(&["UZ", "ID", "PK", "MA"]),
            dear: places(&DEAR),
            many: places(&TWENTY),
            busy: find_place("FR"),
            new: places(&["FR", "MA", "NG"]),
            small: Some(find_place("MT")),
        }
    }

    /// A service of the operator. Attackers choose its dearest countries, and what else is `allowed`.
    ///
    /// It is `None` without a country.
    #[must_use]
    pub fn own(service: Vec<(Place, f64)>, allowed: &[Place]) -> Option<Self> {
        let by_price = |a: &Place, b: &Place| b.price.cmp(&a.price);
        let mut served: Vec<Place> = service.iter().map(|(place, _)| *place).collect();
        served.sort_by(by_price);
        let (dearest, cheapest) = (*served.first()?, *served.last()?);
        let middle = *served.get(served.len() / 2)?;
        let busy = service.iter().max_by(|(_, a), (_, b)| a.total_cmp(b))?.0;
        let mut all = allowed.to_vec();
        let others = served
            .iter()
            .filter(|place| !contains(allowed, place.country));
        all.extend(others);
        all.sort_by(by_price);
        let most = |n: usize| all.iter().take(n).copied().collect();
        let mut new = vec![cheapest, middle, dearest];
        new.dedup();
        Some(Self {
            pumped: dearest,
            random: dearest,
            slow: dearest,
            whole: most(4),
            dear: most(10),
            many: most(20),
            busy,
            new,
            small: None,
            service,
        })
    }

    /// Returns the countries of the service among these.
    pub(super) fn list_served(&self, places: &[Place]) -> Vec<Country> {
        let own = self.service.iter().map(|(place, _)| place.country);
        own.filter(|country| contains(places, *country)).collect()
    }

    /// Returns the service without the countries that are attacked most. They are allowed, but new.
    pub(super) fn leave_out_attacked(&self) -> Vec<(Place, f64)> {
        let attacked = [self.pumped.country, self.random.country];
        let service = self.service.iter().copied();
        service
            .filter(|(place, _)| !attacked.contains(&place.country))
            .collect()
    }
}

fn contains(places: &[Place], country: Country) -> bool {
    places.iter().any(|place| place.country == country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attackers_choose_the_dearest_countries_of_a_service() {
        let service = ["US", "MA", "GB"].map(|code| (find_place(code), 100.0));
        let allowed = ["US", "NG", "MA"].map(find_place);
        let market = Market::own(service.to_vec(), &allowed).expect("countries");
        let code = |place: Place| place.country.to_string();
        assert_eq!(code(market.random), "MA");
        let dear = market.dear.iter().copied().map(code);
        assert!(dear.eq(["NG", "MA", "GB", "US"]));
        assert_eq!(market.leave_out_attacked().len(), 2);
        assert_eq!(Market::own(vec![], &allowed), None);
    }
}
