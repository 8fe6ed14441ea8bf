//! Conditional writes as data, and what they mean.

use super::item::{Attribute, PurseItem, PurseKey};

/// A condition on the item as it is before the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The item lacks the attribute. It holds for an item that does not exist.
    Absent(Attribute),
    /// The attribute has this value.
    Is(Attribute, i64),
    /// The attribute has this value or more.
    AtLeast(Attribute, i64),
    /// The attribute has less than this value.
    Below(Attribute, i64),
    /// The item lacks the attribute, or the attribute has this value or more.
    AbsentOrAtLeast(Attribute, i64),
    /// The item lacks the attribute, or the attribute has less than this value.
    AbsentOrBelow(Attribute, i64),
    /// The first attribute has the value of the second or more. It fails when the item lacks one of them.
    NotBelow(Attribute, Attribute),
}

/// A change of the item. Every change of a write starts from the item as it is before the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Sets the attribute to a value.
    Set(Attribute, i64),
    /// Adds to the attribute. An absent attribute counts as 0.
    Add(Attribute, i64),
    /// Adds to the attribute. An absent attribute counts as `start`.
    AddFrom {
        /// The attribute that changes.
        attribute: Attribute,
        /// The value in place of an absent one.
        start: i64,
        /// What is added to the value.
        by: i64,
    },
    /// Removes the attribute, if the item has it.
    Remove(Attribute),
}

impl Condition {
    /// Whether the condition holds on `item`.
    #[must_use]
    pub fn holds(&self, item: &PurseItem) -> bool {
        match *self {
            Self::Absent(a) => !item.has(a),
            Self::Is(a, value) => item.get(a) == Some(value),
            Self::AtLeast(a, value) => item.get(a).is_some_and(|own| own >= value),
            Self::Below(a, value) => item.get(a).is_some_and(|own| own < value),
            Self::AbsentOrAtLeast(a, value) => {
                !item.has(a) || item.get(a).is_some_and(|own| own >= value)
            }
            Self::AbsentOrBelow(a, value) => {
                !item.has(a) || item.get(a).is_some_and(|own| own < value)
            }
            Self::NotBelow(a, b) => item
                .get(a)
                .zip(item.get(b))
                .is_some_and(|(own, other)| own >= other),
        }
    }
}

impl Change {
    /// Returns the attribute that changes.
    #[must_use]
    pub const fn attribute(&self) -> Attribute {
        match self {
            Self::Set(attribute, _)
            | Self::Add(attribute, _)
            | Self::AddFrom { attribute, .. }
            | Self::Remove(attribute) => *attribute,
        }
    }

    /// Makes the change on `after`, from the item as it is before the write. `None` when the attribute is not an
    /// integer, so that nothing can be added to it.
    fn make(&self, before: &PurseItem, after: &mut PurseItem) -> Option<()> {
        let add = |attribute, start: i64, by| {
            let value = match before.get(attribute) {
                None if before.has(attribute) => return None,
                own => own.unwrap_or(start),
            };
            Some(value.saturating_add(by))
        };
        let value = match *self {
            Self::Remove(attribute) => {
                after.remove(attribute);
                return Some(());
            }
            Self::Set(_, value) => value,
            Self::Add(attribute, by) => add(attribute, 0, by)?,
            Self::AddFrom {
                attribute,
                start,
                by,
            } => add(attribute, start, by)?,
        };
        after.set(self.attribute(), value);
        Some(())
    }
}

/// One conditional update of one item.
///
/// Every condition must hold, or nothing changes. No attribute changes twice. An item that does not exist counts as one
/// without attributes, and a write whose conditions hold creates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The purse whose item is written.
    pub key: PurseKey,
    /// What must hold of the item before.
    pub conditions: Vec<Condition>,
    /// What changes when all conditions hold.
    pub changes: Vec<Change>,
}

impl Write {
    /// Returns the item after the write; `None` when a condition fails, or a change does not fit the item.
    ///
    /// This is what the update of a store has to do. A test compares the two.
    #[must_use]
    pub fn apply(&self, item: &PurseItem) -> Option<PurseItem> {
        if !self
            .conditions
            .iter()
            .all(|condition| condition.holds(item))
        {
            return None;
        }
        let mut after = item.clone();
        for change in &self.changes {
            change.make(item, &mut after)?;
        }
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Attribute::{At, Codes, Needed, Room};

    fn item(attributes: &[(Attribute, i64)]) -> PurseItem {
        attributes.iter().copied().collect()
    }

    #[test]
    fn a_comparison_with_an_absent_attribute_fails_unless_the_condition_says_so() {
        let (empty, five) = (item(&[]), item(&[(Room, 5)]));
        let cases = [
            (Condition::Absent(Room), true, false),
            (Condition::Is(Room, 5), false, true),
            (Condition::Is(Room, 4), false, false),
            (Condition::AtLeast(Room, 5), false, true),
            (Condition::AtLeast(Room, 6), false, false),
            (Condition::Below(Room, 6), false, true),
            (Condition::Below(Room, 5), false, false),
            (Condition::AbsentOrAtLeast(Room, 5), true, true),
            (Condition::AbsentOrAtLeast(Room, 6), true, false),
            (Condition::AbsentOrBelow(Room, 6), true, true),
            (Condition::AbsentOrBelow(Room, 5), true, false),
        ];
        for (condition, of_empty, of_five) in cases {
            assert_eq!(condition.holds(&empty), of_empty, "{condition:?}");
            assert_eq!(condition.holds(&five), of_five, "{condition:?}");
        }
    }

    #[test]
    fn two_attributes_are_compared_only_when_both_are_there() {
        let condition = Condition::NotBelow(Codes, Needed);
        assert!(condition.holds(&item(&[(Codes, 3), (Needed, 3)])));
        assert!(!condition.holds(&item(&[(Codes, 2), (Needed, 3)])));
        assert!(!condition.holds(&item(&[(Codes, 3)])));
        assert!(!condition.holds(&item(&[(Needed, 0)])));
    }

    #[test]
    fn what_is_no_integer_meets_no_condition_and_takes_nothing() {
        let item = PurseItem::read(|name| match name {
            "room" => crate::purse::Stored::Other,
            _ => crate::purse::Stored::Absent,
        });
        for condition in [
            Condition::Absent(Room),
            Condition::Is(Room, 0),
            Condition::AtLeast(Room, 0),
            Condition::Below(Room, 9),
            Condition::AbsentOrAtLeast(Room, 0),
            Condition::AbsentOrBelow(Room, 9),
        ] {
            assert!(!condition.holds(&item), "{condition:?}");
        }
        let write = |changes| Write {
            key: PurseKey::Service { day: 1 },
            conditions: vec![],
            changes,
        };
        assert_eq!(write(vec![Change::Add(Room, 1)]).apply(&item), None);
        let set = write(vec![Change::Set(Room, 1)]).apply(&item);
        assert_eq!(set, Some(self::item(&[(Room, 1)])));
        let removed = write(vec![Change::Remove(Room)]).apply(&item);
        assert_eq!(removed, Some(self::item(&[])));
    }

    #[test]
    fn changes_start_from_the_item_before_the_write_or_do_not_happen() {
        let write = |conditions| Write {
            key: PurseKey::Service { day: 1 },
            conditions,
            changes: vec![
                Change::Set(At, 9),
                Change::Add(Codes, 2),
                Change::AddFrom {
                    attribute: Room,
                    start: 10,
                    by: -3,
                },
            ],
        };
        let after = write(vec![]).apply(&item(&[]));
        assert_eq!(after, Some(item(&[(At, 9), (Codes, 2), (Room, 7)])));
        let after = write(vec![]).apply(&item(&[(At, 1), (Codes, 1), (Room, 4)]));
        assert_eq!(after, Some(item(&[(At, 9), (Codes, 3), (Room, 1)])));
        let failing = vec![Condition::Absent(Needed), Condition::Is(At, 2)];
        assert_eq!(write(failing).apply(&item(&[(At, 1)])), None);
    }
}
