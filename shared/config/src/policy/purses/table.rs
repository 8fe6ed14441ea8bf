//! The tables of `[purses]`, as TOML holds them. A value that the file does not name is `None`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::policy) struct PursesTable {
    /// The names of rules, of any type, so that a faulty one does not hide the others.
    pub(super) shadow: Vec<Value>,
    /// How many shards the purse of a country has, by its ISO code.
    pub(super) shards: BTreeMap<String, u32>,
    pub(super) unearned_usd_per_day: Option<f64>,
    pub(super) gain: Option<f64>,
    pub(super) strange_gain: Option<f64>,
    pub(super) least_gain: Option<f64>,
    pub(super) margin: Option<f64>,
    pub(super) probe_codes: Option<u32>,
    pub(super) learned_from_texts: Option<u32>,
    pub(super) money_stop: MoneyStopTable,
    pub(super) crowd: LaneTable,
    pub(super) known: KnownTable,
    pub(super) moved: MovedTable,
    pub(super) open: OpenTable,
    /// The lane is off without its table.
    pub(super) attested: Option<LaneTable>,
    pub(super) outage: OutageTable,
    pub(super) number_block: NumberBlockTable,
    pub(super) network: NetworkTable,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MoneyStopTable {
    pub(super) usd_per_day: Option<f64>,
    pub(super) growth: Option<f64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LaneTable {
    pub(super) texts: Option<u32>,
    pub(super) usd: Option<f64>,
    pub(super) refill_minutes: Option<u32>,
    pub(super) refill_to: Option<u32>,
}

/// Makes the table of a lane that has members of its own. Serde refuses unknown members only of a flat table.
macro_rules! lane_table {
    ($name:ident { $($own:ident: $type:ty,)* }) => {
        #[derive(Deserialize, Default)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name {
            texts: Option<u32>,
            usd: Option<f64>,
            refill_minutes: Option<u32>,
            refill_to: Option<u32>,
            $(pub(super) $own: Option<$type>,)*
        }

        impl $name {
            /// Returns what every lane has.
            pub(super) const fn lane(&self) -> LaneTable {
                LaneTable {
                    texts: self.texts,
                    usd: self.usd,
                    refill_minutes: self.refill_minutes,
                    refill_to: self.refill_to,
                }
            }
        }
    };
}

lane_table!(KnownTable {
    days: u32,
    after_days: u32,
    texts_per_phone: u32,
});
lane_table!(MovedTable {
    texts_per_phone: u32,
});
lane_table!(OpenTable {
    start_texts: u32,
    young_texts: u32,
    young_usd: f64,
});

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OutageTable {
    pub(super) known_lack_texts: Option<u32>,
    pub(super) heals_crowd: Option<f64>,
    pub(super) heals_network: Option<f64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NumberBlockTable {
    pub(super) start_texts: Option<u32>,
    pub(super) start_usd: Option<f64>,
    pub(super) texts: Option<u32>,
    pub(super) usd: Option<f64>,
    pub(super) refill_minutes: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NetworkTable {
    pub(super) codes: Option<u32>,
    pub(super) codes_per_million: Option<u32>,
    pub(super) earns: Option<f64>,
    pub(super) texts: Option<u32>,
    pub(super) forgotten_days: Option<u32>,
    pub(super) halved_days: Option<u32>,
}
