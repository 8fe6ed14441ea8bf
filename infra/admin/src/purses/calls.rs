//! What the purses of calls hold: one for each country where people are called.

use std::collections::HashMap;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{
    Ask, CallOutlook, CallRecord, DamagedPurse, Micros, PurseItem, PurseKey, PurseRule, PurseView,
    price_of,
};
use serde_json::{Map, Value, json};

use super::describe::describe_room;
use super::{describe_damage, name_damage};
use crate::money::{format_calls, format_usd, usd};
use crate::output::{format_or_dash, make_row};

/// The purse of a country's calls.
pub(crate) struct CallPurse {
    ask: Ask,
    /// What the calls of a day may cost.
    per_day: Micros,
    holds: Result<CallOutlook, DamagedPurse>,
    /// Whether the country was called before.
    is_used: bool,
}

/// Makes what a stranger's call to a country would show; `None` where the policy has no calls.
pub(crate) fn ask_for_call(policy: &Policy, country: Country, now: Timestamp) -> Option<Ask> {
    let voice = policy.voice.as_ref();
    let voice = voice.filter(|voice| voice.serves(Some(country)))?;
    let price = price_of(voice.estimate_cost(country));
    let today = policy.make_terms(now, &policy.limits).today;
    Some(Ask::of_stranger(country, 0, 1, price, now, today))
}

/// Whether the rule is one of calls, which refuses nobody where the policy has none.
pub(crate) const fn is_of_calls(rule: PurseRule) -> bool {
    matches!(rule, PurseRule::Calls | PurseRule::CallMoneyPerDay)
}

impl CallPurse {
    pub(crate) fn look(ask: Ask, policy: &Policy, items: &HashMap<PurseKey, PurseItem>) -> Self {
        let purses = &policy.purses.policy;
        let key = ask.calls_key();
        let item = items.get(&key).cloned().unwrap_or_default();
        let record = CallRecord::read(&item, ask.now).map_err(DamagedPurse::of(key));
        Self {
            per_day: purses.calls.money_per_day,
            is_used: record != Ok(None),
            holds: record.map(|record| CallOutlook::new(&ask, purses, record.as_ref())),
            ask,
        }
    }

    pub(crate) fn damage(&self) -> Option<&DamagedPurse> {
        self.holds.as_ref().err()
    }

    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let mut members = Map::from_iter([
            ("purse".to_owned(), json!(self.ask.calls_key().to_string())),
            ("country".to_owned(), json!(self.ask.country.to_string())),
            ("priceUsd".to_owned(), json!(usd(self.ask.price))),
            ("isNew".to_owned(), json!(!self.is_used)),
            (
                "damaged".to_owned(),
                json!(self.damage().map(describe_damage)),
            ),
        ]);
        if let Ok(outlook) = &self.holds {
            let room = |view| describe_room(view, self.ask.price, ["calls", "capCalls"]);
            let money = json!({
                "leftUsd": usd(outlook.left),
                "perDayUsd": usd(self.per_day),
                "freesAt": outlook.money_pays_at,
            });
            members.extend([
                ("familiar".to_owned(), room(&outlook.familiar)),
                ("strange".to_owned(), room(&outlook.strange)),
                ("money".to_owned(), money),
            ]);
        }
        members
    }

    /// Makes the row of `purses`.
    pub(super) fn make_row(&self) -> Vec<String> {
        let country = self.ask.country.to_string();
        let Ok(outlook) = &self.holds else {
            return make_row([&country, "damaged"]);
        };
        let of_most = |view: &PurseView| {
            let (holds, cap) = (format_usd(view.holds), format_usd(view.cap));
            format!("{holds}/{cap}")
        };
        let money = format_usd(outlook.left);
        vec![
            country,
            of_most(&outlook.familiar),
            of_most(&outlook.strange),
            money,
            format_or_dash(outlook.strange.pays_at.max(outlook.money_pays_at)),
            if self.is_used { "" } else { "new" }.to_owned(),
        ]
    }

    /// Makes the rows of `explain`. `is_strange` says which room pays, if that is known. The error says what is
    /// damaged.
    pub(crate) fn make_rows(&self, is_strange: Option<bool>) -> Result<Vec<Vec<String>>, String> {
        let price = self.ask.price;
        let outlook = self.holds.as_ref();
        let outlook = outlook.map_err(name_damage)?;
        let row = |name: &str, view: &PurseView, own: bool| {
            let says = if is_strange == Some(own) {
                "would pay"
            } else {
                ""
            };
            vec![
                name.to_owned(),
                format_calls(view.holds, price),
                format_calls(view.cap, price),
                format_or_dash(view.pays_at),
                says.to_owned(),
            ]
        };
        Ok(vec![
            make_row(["calls", "room", "cap", "frees at", ""]),
            row("of familiar callers", &outlook.familiar, false),
            row("of strangers", &outlook.strange, true),
            vec![
                "money of the day".to_owned(),
                format_calls(outlook.left, price),
                format_usd(self.per_day),
                format_or_dash(outlook.money_pays_at),
                String::new(),
            ],
        ])
    }
}

/// Makes the heading of [`CallPurse::make_row`].
pub(super) fn make_heading() -> Vec<String> {
    make_row([
        "calls",
        "familiar",
        "strangers",
        "left today",
        "strangers wait until",
        "",
    ])
}
