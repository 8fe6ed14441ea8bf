//! What a purse holds, and what time gives back to an empty one.

use std::time::Duration;

use super::amount::{Damaged, read_amount};
use super::item::{Attribute, PurseItem};
use super::{Micros, scale};
use crate::clock::Timestamp;
use crate::window::DAY;

/// What a purse holds, and when it last paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What the purse holds.
    pub holds: Micros,
    /// When the purse last paid. Time gives back from there.
    pub at: Timestamp,
}

impl Room {
    /// Reads a room; `None` when both attributes are absent.
    pub(super) fn read(
        item: &PurseItem,
        holds: Attribute,
        at: Attribute,
        now: Timestamp,
    ) -> Result<Option<Self>, Damaged> {
        if !item.has(holds) && !item.has(at) {
            return Ok(None);
        }
        let room = Self {
            holds: read_amount(item, holds)?,
            at: Timestamp::from_unix(read_amount(item, at)?),
        };
        // Clocks of instances differ by seconds. A day ahead, time would give nothing back for a day.
        if room.at > now + DAY {
            return Err(Damaged(at));
        }
        Ok(Some(room))
    }
}

/// What one purse holds, as operators see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurseView {
    /// What the purse holds; of a new one, what it starts with.
    pub holds: Micros,
    /// What it earns up to.
    pub cap: Micros,
    /// From when it can pay for a text, if nobody else asks; `None` when it can now.
    pub pays_at: Option<Timestamp>,
}

/// Whether a purse can pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Draw {
    /// It holds the price.
    Ready,
    /// It holds the price together with this, which time has given back.
    TopUp(Micros),
    /// It can pay at this instant, if nobody pays from it before.
    Empty(Timestamp),
}

/// Decides whether a purse pays `price` at `now`, when time gives back `price` per `wait`, up to `target`.
///
/// Time gives only to a purse that cannot pay, so one that is in use gets nothing.
pub(super) fn draw(
    room: Room,
    price: Micros,
    wait: Duration,
    target: Micros,
    now: Timestamp,
) -> Draw {
    if room.holds >= price {
        return Draw::Ready;
    }
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let given = scale(price, seconds(now.since(room.at)), seconds(wait));
    let given = given.min((target - room.holds).max(0));
    if room.holds + given >= price {
        return Draw::TopUp(given);
    }
    // Rounded up, so that the purse can pay at that instant.
    let missing = scale(seconds(wait), room.holds - price, price).saturating_neg();
    let missing = Duration::from_secs(u64::try_from(missing).unwrap_or(u64::MAX));
    Draw::Empty(room.at + missing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HALF_HOUR: Duration = Duration::from_mins(30);

    fn draw_at(holds: Micros, elapsed: i64) -> Draw {
        let at = Timestamp::from_unix(10_000);
        let now = Timestamp::from_unix(10_000 + elapsed);
        draw(Room { holds, at }, 100, HALF_HOUR, 200, now)
    }

    #[test]
    fn time_gives_back_a_text_per_wait_up_to_the_target() {
        assert_eq!(draw_at(100, 0), Draw::Ready);
        assert_eq!(draw_at(0, 1_800), Draw::TopUp(100));
        assert_eq!(draw_at(0, 2_700), Draw::TopUp(150));
        assert_eq!(draw_at(50, 900), Draw::TopUp(50));
        assert_eq!(draw_at(40, 1_000_000), Draw::TopUp(160));
        assert_eq!(draw_at(0, 1_799), Draw::Empty(Timestamp::from_unix(11_800)));
        // A clock that is behind the last text.
        assert_eq!(draw_at(0, -60), Draw::Empty(Timestamp::from_unix(11_800)));
    }

    proptest! {
        #[test]
        fn a_purse_pays_at_the_instant_it_names_and_not_a_second_before(
            holds in 0_i64..1_000_000, price in 1_i64..1_000_000, wait in 1_u64..100_000, elapsed in 0_i64..200_000,
        ) {
            let room = Room { holds, at: Timestamp::from_unix(50_000) };
            let wait = Duration::from_secs(wait);
            let pays = |now| draw(room, price, wait, price * 2, now);
            let now = room.at + Duration::from_secs(elapsed.unsigned_abs());
            if let Draw::Empty(at) = pays(now) {
                prop_assert!(at > now);
                prop_assert!(matches!(pays(at), Draw::TopUp(_)));
                let before = at - Duration::from_secs(1);
                prop_assert!(matches!(pays(before), Draw::Empty(_)));
            }
        }
    }
}
