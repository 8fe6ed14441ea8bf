//! What an operator gives a purse for a time: room, or money of a day.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::purse::{
    Ask, Budget, Damaged, Grant, Micros, PurseItem, PurseKey, PursePolicy, Write, give_budget,
    give_grant,
};
use serde_json::Value;

use super::describe::{describe_budget, describe_grant, name_budget, name_grant};

/// The part of a gift that one purse gets; `None` takes an earlier gift back.
pub(super) struct GiftPart<G> {
    pub(super) key: PurseKey,
    pub(super) ask: Ask,
    pub(super) given: Option<G>,
}

/// What an operator gives a purse for a time.
pub(super) trait Gift: Copy {
    /// Its name in JSON, and in words.
    const NAME: &'static str;

    /// Reads what the item of a purse holds.
    fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged>;

    /// The first instant at which it gives nothing.
    fn until(&self) -> Timestamp;

    /// Whether no other operator has taken its place by `other`.
    fn is_same(&self, other: &Self) -> bool;

    /// Adds what another shard of the country got.
    fn add(self, other: Self) -> Self;

    fn to_text(gift: Option<&Self>, price: Micros) -> String;

    fn to_json(gift: Option<&Self>, price: Micros) -> Value;

    /// Makes the write that gives a purse its part.
    fn write(
        part: &GiftPart<Self>,
        policy: &PursePolicy,
        item: &PurseItem,
    ) -> Result<Write, Damaged>;
}

/// Returns the gift while it lasts.
pub(super) fn keep_lasting<G: Gift>(gift: Option<G>, now: Timestamp) -> Option<G> {
    gift.filter(|gift| now < gift.until())
}

/// Sums up the gifts of the shards.
pub(super) fn sum_up<G: Gift>(gifts: impl IntoIterator<Item = Option<G>>) -> Option<G> {
    gifts.into_iter().flatten().reduce(G::add)
}

impl Gift for Grant {
    const NAME: &'static str = "grant";

    fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        Self::read(item, now)
    }

    fn until(&self) -> Timestamp {
        self.until
    }

    // Texts take from a grant.
    fn is_same(&self, other: &Self) -> bool {
        self.until == other.until
    }

    fn add(self, other: Self) -> Self {
        Self {
            room: self.room.saturating_add(other.room),
            until: self.until.max(other.until),
        }
    }

    fn to_text(gift: Option<&Self>, price: Micros) -> String {
        name_grant(gift, price)
    }

    fn to_json(gift: Option<&Self>, price: Micros) -> Value {
        describe_grant(gift, price)
    }

    fn write(
        part: &GiftPart<Self>,
        policy: &PursePolicy,
        item: &PurseItem,
    ) -> Result<Write, Damaged> {
        give_grant(part.key.clone(), policy, item, part.given, part.ask.now)
    }
}

impl Gift for Budget {
    const NAME: &'static str = "budget";

    fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        Self::read(item, now)
    }

    fn until(&self) -> Timestamp {
        self.until
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }

    fn add(self, other: Self) -> Self {
        Self {
            per_day: self.per_day.saturating_add(other.per_day),
            until: self.until.max(other.until),
        }
    }

    fn to_text(gift: Option<&Self>, _: Micros) -> String {
        name_budget(gift)
    }

    fn to_json(gift: Option<&Self>, _: Micros) -> Value {
        describe_budget(gift)
    }

    fn write(
        part: &GiftPart<Self>,
        policy: &PursePolicy,
        item: &PurseItem,
    ) -> Result<Write, Damaged> {
        give_budget(&part.ask, policy, item, part.given)
    }
}
