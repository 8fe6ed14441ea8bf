//! The writes of a text to the purses beside its country's: block, network and service.

use super::Micros;
use super::item::Attribute;
use super::policy::PursePolicy;
use super::records::Room;
use super::refill::{Draw, draw};
use super::send::Ask;
use super::write::{Change, Condition, Write};
use crate::clock::Timestamp;
use crate::window::DAY;

/// What a number block does for a text.
pub(super) enum BlockDraw {
    /// It pays, with this write.
    Pays(Write),
    /// It can pay from this instant.
    Empty(Timestamp),
}

/// Makes the write of a block that has enough, or that does not exist.
pub(super) fn pay_from_block(ask: &Ask, policy: &PursePolicy) -> Write {
    let price = ask.price;
    Write {
        key: ask.block_key(),
        conditions: vec![Condition::AbsentOrAtLeast(Attribute::Room, price)],
        changes: vec![
            Change::AddFrom {
                attribute: Attribute::Room,
                start: policy.block.start.at(price),
                by: -price,
            },
            Change::Set(Attribute::At, ask.now.unix()),
            Change::Set(Attribute::ExpiresAt, block_end(ask, policy)),
        ],
    }
}

fn block_end(ask: &Ask, policy: &PursePolicy) -> i64 {
    (ask.now + policy.block_kept(ask.price)).unix()
}

pub(super) fn draw_from_block(ask: &Ask, policy: &PursePolicy, seen: Option<Room>) -> BlockDraw {
    let Some(room) = seen else {
        return BlockDraw::Pays(pay_from_block(ask, policy));
    };
    let start = policy.block.start.at(ask.price);
    match draw(room, ask.price, policy.block.refill, start, ask.now) {
        Draw::Ready => BlockDraw::Pays(pay_from_block(ask, policy)),
        Draw::Empty(at) => BlockDraw::Empty(at),
        Draw::TopUp(given) => BlockDraw::Pays(Write {
            key: ask.block_key(),
            conditions: vec![
                Condition::Is(Attribute::Room, room.holds),
                Condition::Is(Attribute::At, room.at.unix()),
            ],
            changes: vec![
                Change::Set(Attribute::Room, room.holds + given - ask.price),
                Change::Set(Attribute::At, ask.now.unix()),
                Change::Set(Attribute::ExpiresAt, block_end(ask, policy)),
            ],
        }),
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
