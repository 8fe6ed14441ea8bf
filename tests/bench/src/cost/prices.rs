//! The price file `tests/bench/prices.toml`.

use serde::Deserialize;

const FILE: &str = include_str!("../../prices.toml");

/// What AWS asks for, and how it meters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    /// The region of the prices.
    pub(crate) region: String,
    /// How usage is metered.
    pub(crate) metering: Metering,
    /// The prices.
    pub(crate) price: PriceList,
}

/// How usage is metered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metering {
    /// Bytes per request of an HTTP API.
    pub(crate) http_api_bytes: u32,
    /// Bytes of an item per write unit of DynamoDB.
    pub(crate) write_unit_bytes: u32,
    /// Bytes of an item per read unit of DynamoDB.
    pub(crate) read_unit_bytes: u32,
    /// What a transaction multiplies units by.
    pub(crate) transactional_factor: u32,
    /// What a stored item takes beside its bytes.
    pub(crate) item_overhead_bytes: u32,
    /// Where AWS says so.
    pub(crate) page: String,
}

/// A price and where it comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    usd: f64,
    per: f64,
    /// AWS's own page.
    pub(crate) page: String,
    /// The text that the figure was taken from.
    pub(crate) seen: String,
    /// The day of that text, or `undated`.
    pub(crate) as_of: String,
}

impl Price {
    /// How much for how many.
    pub(crate) fn label(&self) -> String {
        if self.per > 1.0 {
            format!("${} per {}", self.usd, self.per)
        } else {
            format!("${}", self.usd)
        }
    }

    /// Dollars for `amount` of it.
    pub(crate) fn of(&self, amount: f64) -> f64 {
        self.usd * amount / self.per
    }
}

macro_rules! price_list {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The prices; each field's name says of what.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct PriceList {
            $($(#[$doc])* pub(crate) $name: Price,)*
        }

        impl PriceList {
            /// Every price with its name.
            pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &Price)> {
                [$((stringify!($name), &self.$name),)*].into_iter()
            }
        }
    };
}

price_list! {
    /// Requests of an HTTP API.
    http_api_requests,
    /// Gigabytes to the internet.
    data_out_gb,
    /// Invocations.
    lambda_requests,
    /// Time of arm64 functions.
    lambda_gb_seconds_arm64,
    /// Time of x86-64 functions.
    lambda_gb_seconds_x86,
    /// Write units on demand.
    dynamodb_write_units,
    /// Read units on demand.
    dynamodb_read_units,
    /// Stored items.
    dynamodb_gb_months,
    /// Secrets.
    secret_months,
    /// Calls of Secrets Manager.
    secret_calls,
    /// Logs taken in.
    log_gb,
    /// Logs kept.
    log_gb_months,
    /// Custom metrics in use.
    metric_months,
    /// Metrics that alarms read.
    alarm_metric_months,
    /// Requests to KMS.
    key_requests,
}

impl Prices {
    /// Reads the price file that is compiled in.
    pub(crate) fn load() -> Self {
        toml::from_str(FILE).expect("prices.toml is valid")
    }

    /// The days of the oldest and the newest dated source.
    pub(crate) fn dates(&self) -> (&str, &str) {
        let dated = || {
            let dates = self.price.all().map(|(_, price)| price.as_of.as_str());
            dates.filter(|date| date.starts_with("20"))
        };
        (
            dated().min().unwrap_or_default(),
            dated().max().unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_says_where_it_comes_from() {
        for (name, price) in Prices::load().price.all() {
            assert!(price.usd > 0.0 && price.per >= 1.0, "{name}");
            assert!(price.page.starts_with("https://aws.amazon.com/"), "{name}");
            assert!(price.seen.starts_with("https://"), "{name}");
            assert!(
                price.as_of == "undated" || price.as_of.starts_with("20"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_price_is_for_so_many() {
        let prices = Prices::load();
        let calls = prices.price.secret_calls.of(35_040.0);
        assert!((calls - 0.1752).abs() < 1e-9, "{calls}");
    }
}
