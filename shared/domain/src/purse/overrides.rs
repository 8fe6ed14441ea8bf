//! What an operator gives a purse beyond its policy, until an instant.
//!
//! It stands on the purse's own item. The first try of a send requires that no budget is over and that a number block
//! has no grant. So a send after the end of either one is decided anew, and its write removes what has ended. A text
//! that the carrier refused goes back to the grant that paid for it.

use std::time::Duration;

use super::Micros;
use super::amount::{Damaged, read_amount};
use super::item::{Attribute, PurseItem};
use super::write::{Change, Condition};
use crate::clock::Timestamp;
use crate::window::DAY;

/// The longest time for which an operator can give something. What is meant to last longer belongs in the policy.
///
/// The item of a country stays for this time at least
/// ([`PursePolicy::find_country_lifetime`](super::PursePolicy::find_country_lifetime)).
pub const LONGEST: Duration = Duration::from_hours(24 * 21);

/// Room that an operator gave a country's strangers or a number block. It pays what the purse itself cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What is left of the room that was given.
    pub room: Micros,
    /// The first instant at which the grant pays nothing.
    pub until: Timestamp,
}

impl Grant {
    /// Reads the grant of an item; `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of an operator leaves like this.
    pub fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        let read = read(item, Attribute::Granted, Attribute::GrantedUntil, now)?;
        Ok(read.map(|(room, until)| Self { room, until }))
    }

    /// Whether the grant can pay `price` at `now`.
    #[must_use]
    pub fn pays(&self, price: Micros, now: Timestamp) -> bool {
        now < self.until && self.room >= price
    }
}

/// The money that an operator lets a country spend in a day, where that is more than the policy gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The money of a day.
    pub per_day: Micros,
    /// When it ends. The rest of that day has what the policy gives.
    pub until: Timestamp,
}

impl Budget {
    /// Reads the budget of a country's item; `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of an operator leaves like this.
    pub fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        let read = read(item, Attribute::Budget, Attribute::BudgetUntil, now)?;
        Ok(read.map(|(per_day, until)| Self { per_day, until }))
    }

    /// Whether the budget has ended at `now`.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

/// What an operator gave the purse of a country.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Room for strangers: what the lane `open` cannot pay.
    pub grant: Option<Grant>,
    /// Money of a day, where it is more than the policy's money stop.
    pub budget: Option<Budget>,
}

impl Overrides {
    /// Reads what the item of a country holds.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of an operator leaves like this.
    pub fn read(item: &PurseItem, now: Timestamp) -> Result<Self, Damaged> {
        Ok(Self {
            grant: Grant::read(item, now)?,
            budget: Budget::read(item, now)?,
        })
    }

    /// Whether the item holds nothing else. The country is then as new.
    pub(super) fn are_all_of(item: &PurseItem) -> bool {
        item.attributes().all(|attribute| {
            matches!(
                attribute,
                Attribute::Granted
                    | Attribute::GrantedUntil
                    | Attribute::Budget
                    | Attribute::BudgetUntil
                    | Attribute::ExpiresAt
            )
        })
    }
}

/// Reads an amount and its end; `None` when both are absent.
fn read(
    item: &PurseItem,
    amount: Attribute,
    until: Attribute,
    now: Timestamp,
) -> Result<Option<(Micros, Timestamp)>, Damaged> {
    if !item.has(amount) && !item.has(until) {
        return Ok(None);
    }
    let read = read_amount(item, amount)?;
    let ends = Timestamp::from_unix(read_amount(item, until)?);
    // Clocks of operators differ by less than a day.
    if ends > now + LONGEST + DAY {
        return Err(Damaged(until));
    }
    Ok(Some((read, ends)))
}

/// Makes the conditions that an operator's grant is as it was seen. Texts may take from it meanwhile.
pub(super) fn require_same_grant(seen: Option<&Grant>) -> Vec<Condition> {
    let until = Attribute::GrantedUntil;
    vec![seen.map_or(Condition::Absent(until), |grant| {
        Condition::Is(until, grant.until.unix())
    })]
}

/// Makes the conditions that an operator's budget is as it was seen.
pub(super) fn require_same_budget(seen: Option<&Budget>) -> Vec<Condition> {
    match seen {
        None => vec![Condition::Absent(Attribute::BudgetUntil)],
        Some(budget) => vec![
            Condition::Is(Attribute::Budget, budget.per_day),
            Condition::Is(Attribute::BudgetUntil, budget.until.unix()),
        ],
    }
}

/// Removes a grant that has ended, or takes `price` out of it if it pays.
///
/// The conditions are those of [`require_same_grant`], and that it holds the price.
pub(super) fn settle_grant(
    seen: Option<&Grant>,
    price: Option<Micros>,
    now: Timestamp,
) -> (Vec<Condition>, Vec<Change>) {
    let mut conditions = require_same_grant(seen);
    let changes = match (seen, price) {
        (Some(_), Some(price)) => {
            conditions.push(Condition::AtLeast(Attribute::Granted, price));
            vec![Change::Add(Attribute::Granted, -price)]
        }
        (Some(grant), None) if grant.until <= now => drop_grant(),
        (Some(_) | None, _) => vec![],
    };
    (conditions, changes)
}

pub(super) fn drop_grant() -> Vec<Change> {
    vec![
        Change::Remove(Attribute::Granted),
        Change::Remove(Attribute::GrantedUntil),
    ]
}

pub(super) fn drop_budget() -> Vec<Change> {
    vec![
        Change::Remove(Attribute::Budget),
        Change::Remove(Attribute::BudgetUntil),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);

    fn item(attributes: &[(Attribute, i64)]) -> PurseItem {
        attributes.iter().copied().collect()
    }

    #[test]
    fn a_grant_pays_until_its_end_and_not_a_second_longer() {
        let grant = Grant {
            room: 10,
            until: NOW,
        };
        let second = Duration::from_secs(1);
        assert!(grant.pays(10, NOW - second));
        assert!(!grant.pays(11, NOW - second));
        assert!(!grant.pays(10, NOW));
    }

    #[test]
    fn half_an_override_and_one_without_an_end_are_damaged() {
        use Attribute::{Budget, BudgetUntil, Granted, GrantedUntil};
        let read = |attributes: &[_]| Overrides::read(&item(attributes), NOW);
        assert_eq!(read(&[]), Ok(Overrides::default()));
        assert_eq!(read(&[(Granted, 5)]), Err(Damaged(GrantedUntil)));
        assert_eq!(read(&[(GrantedUntil, 5)]), Err(Damaged(Granted)));
        assert_eq!(read(&[(Budget, 5)]), Err(Damaged(BudgetUntil)));
        assert_eq!(
            read(&[(Budget, -5), (BudgetUntil, 5)]),
            Err(Damaged(Budget))
        );
        let latest = (NOW + LONGEST + DAY).unix();
        assert!(read(&[(Granted, 5), (GrantedUntil, latest)]).is_ok());
        let never = read(&[(Granted, 5), (GrantedUntil, latest + 1)]);
        assert_eq!(never, Err(Damaged(GrantedUntil)));
    }

    #[test]
    fn a_country_that_an_operator_gave_something_is_as_new() {
        let given = [(Attribute::Granted, 5), (Attribute::GrantedUntil, 5)];
        assert!(Overrides::are_all_of(&item(&given)));
        let with_end = [given.as_slice(), &[(Attribute::ExpiresAt, 5)]].concat();
        assert!(Overrides::are_all_of(&item(&with_end)));
        let used = [given.as_slice(), &[(Attribute::Day, 5)]].concat();
        assert!(!Overrides::are_all_of(&item(&used)));
        // What is left when the grant is taken back.
        assert!(Overrides::are_all_of(&item(&[(Attribute::ExpiresAt, 5)])));
    }
}
