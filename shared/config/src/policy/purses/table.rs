//! The tables of `[purses]`, as TOML holds them. A value that the file does not name is `None`.

use std::collections::BTreeMap;

use crate::policy::reader::{FromMembers, Members, Texts};

pub(in crate::policy) struct PursesTable {
    /// The names of rules.
    pub(super) shadow: Texts,
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

impl FromMembers for PursesTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            shadow: members.read_texts("shadow").unwrap_or_default(),
            shards: members.read_or_empty("shards"),
            unearned_usd_per_day: members.read_optional("unearned_usd_per_day"),
            gain: members.read_optional("gain"),
            strange_gain: members.read_optional("strange_gain"),
            least_gain: members.read_optional("least_gain"),
            margin: members.read_optional("margin"),
            probe_codes: members.read_optional("probe_codes"),
            learned_from_texts: members.read_optional("learned_from_texts"),
            money_stop: members.read_table("money_stop"),
            crowd: members.read_table("crowd"),
            known: members.read_table("known"),
            moved: members.read_table("moved"),
            open: members.read_table("open"),
            attested: members.read_optional("attested"),
            outage: members.read_table("outage"),
            number_block: members.read_table("number_block"),
            network: members.read_table("network"),
        }
    }
}

/// Makes tables whose members are all numbers. A member has the same name in the file.
macro_rules! tables_of_numbers {
    ($($name:ident { $($member:ident: $type:ty,)* })*) => {$(
        pub(super) struct $name {
            $(pub(super) $member: Option<$type>,)*
        }

        impl FromMembers for $name {
            fn from_members(members: &mut Members<'_>) -> Self {
                Self {
                    $($member: members.read_optional(stringify!($member)),)*
                }
            }
        }
    )*};
}

tables_of_numbers! {
    MoneyStopTable {
        usd_per_day: f64,
        growth: f64,
    }
    LaneTable {
        texts: u32,
        usd: f64,
        refill_minutes: u32,
        refill_to: u32,
    }
    OutageTable {
        known_lack_texts: u32,
        heals_crowd: f64,
        heals_network: f64,
    }
    NumberBlockTable {
        start_texts: u32,
        start_usd: f64,
        texts: u32,
        usd: f64,
        refill_minutes: u32,
    }
    NetworkTable {
        codes: u32,
        codes_per_million: u32,
        earns: f64,
        texts: u32,
        forgotten_days: u32,
        halved_days: u32,
    }
}

/// Makes the tables of lanes that have members of their own, beside those that every lane has.
macro_rules! lane_tables {
    ($($name:ident { $($own:ident: $type:ty,)* })*) => {$(
        pub(super) struct $name {
            pub(super) lane: LaneTable,
            $(pub(super) $own: Option<$type>,)*
        }

        impl FromMembers for $name {
            fn from_members(members: &mut Members<'_>) -> Self {
                Self {
                    lane: LaneTable::from_members(members),
                    $($own: members.read_optional(stringify!($own)),)*
                }
            }
        }
    )*};
}

lane_tables! {
    KnownTable {
        days: u32,
        after_days: u32,
        texts_per_phone: u32,
    }
    MovedTable {
        texts_per_phone: u32,
    }
    OpenTable {
        start_texts: u32,
        young_texts: u32,
        young_usd: f64,
    }
}
