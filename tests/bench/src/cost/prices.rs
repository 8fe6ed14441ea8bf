//! Reads the price file `tests/bench/prices.toml`.

use serde::Deserialize;

const FILE: &str = include_str!("../../prices.toml");

/// The prices of AWS and how AWS meters usage.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    /// The AWS region of the prices, such as `us-east-1`.
    pub(crate) region: String,
    /// The units in which AWS meters usage.
    pub(crate) metering: Metering,
    /// The price of each unit.
    pub(crate) price: PriceList,
}

/// The units in which AWS meters usage.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metering {
    /// Bytes that an HTTP API bills as one request.
    pub(crate) http_api_bytes: u32,
    /// Bytes of an item that DynamoDB bills as one write unit.
    pub(crate) write_unit_bytes: u32,
    /// Bytes of an item that DynamoDB bills as one read unit.
    pub(crate) read_unit_bytes: u32,
    /// The factor by which a transaction multiplies write units.
    pub(crate) transactional_factor: u32,
    /// Bytes that DynamoDB adds to each stored item.
    pub(crate) item_overhead_bytes: u32,
    /// AWS's page about metering.
    pub(crate) page: String,
}

/// A price and where it comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    usd: f64,
    per: f64,
    /// AWS's own page for the price.
    pub(crate) page: String,
    /// The page that the figure was taken from.
    pub(crate) seen: String,
    /// The day of that page, or `undated`.
    pub(crate) as_of: String,
}

impl Price {
    /// Formats the price with the amount it is for, such as `$0.2 per 1000000`.
    pub(crate) fn label(&self) -> String {
        if self.per > 1.0 {
            format!("${} per {}", self.usd, self.per)
        } else {
            format!("${}", self.usd)
        }
    }

    /// Returns the dollars for `amount` units.
    pub(crate) fn of(&self, amount: f64) -> f64 {
        self.usd * amount / self.per
    }
}

macro_rules! price_list {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The prices, each in a field named after the unit.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct PriceList {
            $($(#[$doc])* pub(crate) $name: Price,)*
        }

        impl PriceList {
            /// Returns every price with its name.
            pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &Price)> {
                [$((stringify!($name), &self.$name),)*].into_iter()
            }
        }
    };
}

price_list! {
    /// A request to an HTTP API.
    http_api_requests,
    /// A gigabyte sent to the internet.
    data_out_gb,
    /// An invocation of a Lambda function.
    lambda_requests,
    /// A GB-second of an arm64 function.
    lambda_gb_seconds_arm64,
    /// A GB-second of an x86-64 function.
    lambda_gb_seconds_x86,
    /// A write unit of an on-demand table.
    dynamodb_write_units,
    /// A read unit of an on-demand table.
    dynamodb_read_units,
    /// A gigabyte of items, stored for a month.
    dynamodb_gb_months,
    /// A secret, kept for a month.
    secret_months,
    /// A call to Secrets Manager.
    secret_calls,
    /// A gigabyte of logs, ingested.
    log_gb,
    /// A gigabyte of logs, kept for a month.
    log_gb_months,
    /// A custom metric, in use for a month.
    metric_months,
    /// A metric that an alarm reads, for a month.
    alarm_metric_months,
    /// A request to KMS.
    key_requests,
}

impl Prices {
    /// Reads the price file, which is compiled in.
    pub(crate) fn load() -> Self {
        toml::from_str(FILE).expect("prices.toml is valid")
    }

    /// Returns the days of the oldest and of the newest dated source.
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
    fn every_price_names_its_source() {
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
    fn a_price_is_divided_by_the_amount_it_is_for() {
        let prices = Prices::load();
        let calls = prices.price.secret_calls.of(35_040.0);
        assert!((calls - 0.1752).abs() < 1e-9, "{calls}");
    }
}
