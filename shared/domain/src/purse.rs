//! Purses: who pays for a text until somebody types its code in.
//!
//! Every text that nobody typed a code for is paid from somebody's trust. A purse holds money. A text takes its price
//! out, and its typed code puts a [gain](PursePolicy::gain) back. People who type codes in never run dry. An attacker
//! who types none in stops after what the purse holds. No history is read and no job runs in the background.
//!
//! | purse | item | who pays from it |
//! |---|---|---|
//! | country | [`PurseKey::Country`] | every text, from the [`Lane`] that the caller's evidence opens |
//! | number block | [`PurseKey::NumberBlock`] | every text, except to known phones |
//! | network | [`PurseKey::Network`] | the texts of the lane [`Lane::Crowd`] |
//! | service | [`PurseKey::Service`] | what countries get that nobody earned |
//! | calls of a country | [`PurseKey::Calls`] | calls, which have no other purse |
//!
//! The country's item also holds the money that it may spend today, typed or not: the money stop.
//!
//! # How a store uses it
//!
//! 1. [`plan_first_try`] makes the [`Plan`] of a caller from a familiar network. It needs nothing that is stored.
//! 2. When only its conditions fail, the store reads the items that it did not get back, and [`decide`] chooses
//!    the lane, adds what time gave back, and begins a day. Or it refuses.
//! 3. The [`Payer`] of the plan travels in the challenge token.
//! 4. After a code was typed in and the phone's record says so, the [`Payer`]'s credits are written, each for itself.
//!
//! Plans are data. A [`Write`] says what the store checks and changes, and [`Write::apply`] says what that means. A
//! condition that holds is never about an older state, so of two plans that need the same money one applies. A write
//! that is lost loses room and never gains it.
//!
//! # What operators do
//!
//! An operator may give a country's strangers or a number block room ([`give_grant`]), and a country money of a day
//! ([`give_budget`]), each until an instant. What was given stands on the purse's item beside what the policy gives.
//! Every send after that instant is decided without it. [`reset`] and [`reset_country`] make a purse as new, even one
//! that somebody damaged by hand. [`view_purses`] says what purses hold and who would pay, with the functions that decide a
//! send.
//!
//! Amounts are [`Micros`]. Nothing that is stored is a floating-point number.

mod amount;
mod ask;
mod calls;
mod country;
mod credit;
mod draft;
mod empty;
mod evidence;
mod item;
mod lane;
mod operator;
mod overrides;
mod payer;
mod payments;
mod plan;
mod policy;
mod records;
mod refill;
mod refund;
mod refusal;
mod send;
mod settings;
#[cfg(test)]
mod tests;
mod view;
mod write;

pub use self::amount::{Damaged, DamagedPurse};
pub use self::ask::Ask;
pub use self::calls::{CallOutlook, CallRecord, reset_calls};
pub use self::country::CountryRecord;
pub use self::empty::EmptyPurse;
pub use self::evidence::{Caller, Claim, Evidence};
pub use self::item::{Attribute, DAYS_KEPT, PurseItem, PurseKey, Stored};
pub use self::lane::{Lane, Lanes};
pub use self::operator::{give_budget, give_grant, reset, reset_country, share};
pub use self::overrides::{Budget, Grant, LONGEST, Overrides};
pub use self::payer::Payer;
pub use self::plan::{Plan, PlannedCall, Taken};
pub use self::policy::{
    CallPolicy, Cap, LanePolicy, MoneyStop, NetworkPolicy, NumberBlockPolicy, PurseFault,
    PursePolicy, Thousandths,
};
pub use self::records::{NetworkRecord, NumberBlockRecord, ServiceRecord, Standing};
pub use self::refill::{PurseView, Room};
pub use self::refusal::{PurseRefusal, PurseRule};
pub use self::send::{Decision, Records, decide, plan_first_try};
pub use self::settings::{PurseSettings, TooSmall};
pub use self::view::{MoneyView, NetworkView, Outlook, foresee, view_purses};
pub use self::write::{Change, Condition, Write};

use crate::money::Estimate;

/// An amount in millionths of a US dollar.
///
/// It is signed, because a change of a purse can go either way. What a purse holds is never below 0.
pub type Micros = i64;

/// Returns what a text takes out of the purses; more than 0.
#[must_use]
pub fn price_of(estimate: Estimate) -> Micros {
    let amount = estimate.amount.micros();
    Micros::try_from(amount).unwrap_or(Micros::MAX).max(1)
}

/// Returns `amount * numerator / denominator`, rounded down, without overflow in between.
///
/// A denominator of 0 counts as 1. A result that does not fit is the nearest that does.
fn scale(amount: i64, numerator: i64, denominator: i64) -> i64 {
    let denominator = if denominator == 0 { 1 } else { denominator };
    let product = i128::from(amount) * i128::from(numerator);
    let scaled = product.div_euclid(i128::from(denominator));
    i64::try_from(scaled).unwrap_or(if scaled.is_negative() {
        i64::MIN
    } else {
        i64::MAX
    })
}

#[cfg(test)]
mod scale_tests {
    use super::scale;

    #[test]
    fn a_share_is_rounded_down_and_never_overflows() {
        assert_eq!(scale(7, 1, 2), 3);
        assert_eq!(scale(-7, 1, 2), -4);
        assert_eq!(scale(5, 3, 0), 15);
        assert_eq!(scale(i64::MAX, 7, 7), i64::MAX);
        assert_eq!(scale(i64::MAX, 3, 2), i64::MAX);
        assert_eq!(scale(i64::MIN, 3, 2), i64::MIN);
        assert_eq!(scale(i64::MAX, -3, 2), i64::MIN);
    }
}
