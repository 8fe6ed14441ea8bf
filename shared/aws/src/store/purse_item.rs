//! A purse as an item of the table.

use phoneproof_domain::purse::{Change, Condition, PurseItem, Stored, Write};

use super::item::{Item, number};
use super::record::RecordWrite;

/// Reads the attributes of a purse.
pub(super) fn read_purse(item: &Item) -> PurseItem {
    PurseItem::read(|name| {
        let Some(value) = item.get(name) else {
            return Stored::Absent;
        };
        let integer = value.as_n().ok().and_then(|text| text.parse().ok());
        integer.map_or(Stored::Other, Stored::Integer)
    })
}

/// Writes the conditions and changes of the domain as expressions. `Write::apply` says what they mean.
pub(super) fn write_purse(write: &Write) -> RecordWrite {
    let mut own = RecordWrite::default();
    for condition in &write.conditions {
        add_condition(&mut own, *condition);
    }
    for change in &write.changes {
        let name = own.purse_name(change.attribute());
        match *change {
            Change::Set(_, value) => {
                let value = own.next_value(number(value));
                own.set([&name, " = ", &value].concat());
            }
            Change::Add(_, by) => {
                let by = own.next_value(number(by));
                own.add([&name, " ", &by].concat());
            }
            Change::AddFrom { start, by, .. } => {
                let (start, by) = (own.next_value(number(start)), own.next_value(number(by)));
                own.set(format!("{name} = if_not_exists({name}, {start}) + {by}"));
            }
            Change::Remove(_) => own.remove(name),
        }
    }
    own
}

fn add_condition(own: &mut RecordWrite, condition: Condition) {
    let (attribute, compared) = match condition {
        Condition::Absent(a) => (a, None),
        Condition::Is(a, value) => (a, Some(("=", value, false))),
        Condition::AtLeast(a, value) => (a, Some((">=", value, false))),
        Condition::Below(a, value) => (a, Some(("<", value, false))),
        Condition::AbsentOrAtLeast(a, value) => (a, Some((">=", value, true))),
        Condition::AbsentOrBelow(a, value) => (a, Some(("<", value, true))),
        Condition::NotBelow(a, b) => {
            let (a, b) = (own.purse_name(a), own.purse_name(b));
            own.require(format!("{a} >= {b}"));
            return;
        }
    };
    let name = own.purse_name(attribute);
    match compared {
        None => own.require(format!("attribute_not_exists({name})")),
        Some((operator, value, may_lack)) => {
            let value = own.next_value(number(value));
            own.require(if may_lack {
                format!("(attribute_not_exists({name}) OR {name} {operator} {value})")
            } else {
                [&name, " ", operator, " ", &value].concat()
            });
        }
    }
}
