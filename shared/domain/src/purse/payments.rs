//! The writes of a text to the purses beside its country's: block, network and service.

use super::Micros;
use super::ask::Ask;
use super::item::Attribute;
use super::overrides::{require_same_grant, settle_grant};
use super::policy::PursePolicy;
use super::records::NumberBlockRecord;
use super::refill::{Draw, Room, draw};
use super::write::{Change, Condition, Write};
use crate::clock::Timestamp;
use crate::window::DAY;

/// What a number block does for a text.
pub(super) enum NumberBlockDraw {
    /// It pays, with this write.
    Pays(Write),
    /// It can pay from this instant.
    Empty(Timestamp),
    /// It is empty, and its rule refuses nobody.
    Spared,
}

/// Makes the write of a block that has enough, or that does not exist, and that no operator gave anything.
pub(super) fn pay_from_number_block(ask: &Ask, policy: &PursePolicy) -> Write {
    let mut write = take_from_block(ask, policy);
    let end = block_end(ask, policy);
    write.changes.push(Change::Set(Attribute::ExpiresAt, end));
    write.conditions.extend(require_same_grant(None));
    write
}

/// Takes the price out of a block that has enough, or that does not exist.
fn take_from_block(ask: &Ask, policy: &PursePolicy) -> Write {
    let price = ask.price;
    Write {
        key: ask.number_block_key(),
        conditions: vec![Condition::AbsentOrAtLeast(Attribute::Room, price)],
        changes: vec![
            Change::AddFrom {
                attribute: Attribute::Room,
                start: policy.number_block.start.at(price),
                by: -price,
            },
            Change::Set(Attribute::At, ask.now.unix()),
        ],
    }
}

fn block_end(ask: &Ask, policy: &PursePolicy) -> i64 {
    (ask.now + policy.find_number_block_lifetime(ask.price)).unix()
}

/// Decides how a block pays: out of what it holds, with what time gave back, or out of an operator's grant.
pub(super) fn draw_from_number_block(
    ask: &Ask,
    policy: &PursePolicy,
    seen: Option<&NumberBlockRecord>,
) -> NumberBlockDraw {
    let grant = seen.and_then(|block| block.grant.as_ref());
    let drawn = seen.and_then(|block| block.room).map(|room| {
        let start = policy.number_block.start.at(ask.price);
        let drawn = draw(room, ask.price, policy.number_block.refill, start, ask.now);
        (room, drawn)
    });
    let (mut write, paid) = match drawn {
        None | Some((_, Draw::Ready)) => (take_from_block(ask, policy), None),
        Some((room, Draw::TopUp(given))) => (top_up_block(ask, room, given), None),
        Some((_, Draw::Empty(at))) => {
            if !grant.is_some_and(|grant| grant.pays(ask.price, ask.now)) {
                return NumberBlockDraw::Empty(at);
            }
            let write = Write {
                key: ask.number_block_key(),
                conditions: vec![],
                changes: vec![],
            };
            (write, Some(ask.price))
        }
    };
    let (conditions, changes) = settle_grant(grant, paid, ask.now);
    write.conditions.extend(conditions);
    write.changes.extend(changes);
    // The grant lasts as long as it was given for, whenever the block was texted last.
    let granted_until = grant.map_or(0, |grant| grant.until.unix());
    let end = block_end(ask, policy).max(granted_until);
    write.changes.push(Change::Set(Attribute::ExpiresAt, end));
    NumberBlockDraw::Pays(write)
}

/// Takes the price out of a block that can pay with what time gave back.
fn top_up_block(ask: &Ask, room: Room, given: Micros) -> Write {
    Write {
        key: ask.number_block_key(),
        conditions: vec![
            Condition::Is(Attribute::Room, room.holds),
            Condition::Is(Attribute::At, room.at.unix()),
        ],
        changes: vec![
            Change::Set(Attribute::Room, room.holds + given - ask.price),
            Change::Set(Attribute::At, ask.now.unix()),
        ],
    }
}

/// Makes the write of a network whose codes were compared with what the country needs now.
pub(super) fn pay_from_network(ask: &Ask, needed: i64) -> Write {
    Write {
        key: ask.network_key(),
        conditions: vec![
            Condition::AtLeast(Attribute::Room, ask.price),
            Condition::AtLeast(Attribute::Codes, needed),
            Condition::AtLeast(Attribute::ExpiresAt, ask.now.unix().saturating_add(1)),
        ],
        changes: vec![
            Change::Add(Attribute::Room, -ask.price),
            Change::Set(Attribute::Needed, needed),
        ],
    }
}

/// Makes the write of the service for money that nobody earned.
pub(super) fn grant(ask: &Ask, policy: &PursePolicy, amount: Micros) -> Write {
    Write {
        key: ask.service_key(),
        conditions: vec![Condition::AbsentOrAtLeast(Attribute::Left, amount)],
        changes: vec![
            Change::AddFrom {
                attribute: Attribute::Left,
                start: policy.unearned_per_day,
                by: -amount,
            },
            Change::Set(Attribute::ExpiresAt, (ask.today.end() + DAY).unix()),
        ],
    }
}
