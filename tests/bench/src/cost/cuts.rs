//! What the send transaction could do without, and what that would take.

use super::{Function, Measured, Prices, VERIFICATIONS, Write};

/// A way to spend less.
struct Cut {
    name: &'static str,
    takes: &'static str,
    /// Items that would move into another one.
    merged: &'static [Merge],
    /// Items that would no longer be checked.
    dropped: &'static [&'static str],
}

/// Items that move into another one.
struct Merge {
    into: &'static str,
    from: &'static [&'static str],
}

/// What a cut saves.
#[derive(Debug)]
pub(crate) struct Saving {
    /// The cut.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) takes: &'static str,
    /// Write units that a send would still need.
    pub(crate) units: u32,
    /// Dollars saved per million verifications.
    pub(crate) dollars: f64,
}

const PHONE: Merge = Merge {
    into: "phone-cooldown",
    from: &["blocked-phone", "phone-per-hour", "phone-per-day"],
};

const CUTS: [Cut; 3] = [
    Cut {
        name: "a phone's rules in its record",
        takes: "counters named by window on the record, as wrong codes are now, and old ones removed; \
                the domain names the rule from the record that a failed condition returns; blocks of phones written to \
                a table that has no restore",
        merged: &[PHONE],
        dropped: &[],
    },
    Cut {
        name: "every subject's rules in one item",
        takes: "the same for devices and addresses: records that stay where counters end with their window",
        merged: &[
            PHONE,
            Merge {
                into: "device-per-day",
                from: &["blocked-device"],
            },
            Merge {
                into: "address-per-hour",
                from: &["blocked-address"],
            },
        ],
        dropped: &[],
    },
    Cut {
        name: "the block list in memory",
        takes: "a block takes hold after the time that the list is cached, in each process",
        merged: &[],
        dropped: &["blocked-phone", "blocked-device", "blocked-address"],
    },
];

/// What each cut would save.
pub(super) fn savings(prices: &Prices, measured: &Measured) -> Vec<Saving> {
    let before = measured.send.write_units(prices);
    let saving = |cut: &Cut| {
        let units = cut.applied(&measured.send).write_units(prices);
        let saved = f64::from(before.saturating_sub(units)) * VERIFICATIONS;
        Saving {
            name: cut.name,
            takes: cut.takes,
            units,
            dollars: prices.price.dynamodb_write_units.of(saved),
        }
    };
    CUTS.iter().map(saving).collect()
}

impl Cut {
    /// The send with this cut. Merged items keep all their bytes, which overstates them.
    fn applied(&self, send: &Function) -> Function {
        let mut cut = send.clone();
        for merge in self.merged {
            let joins = |write: &Write| merge.from.contains(&write.name.as_str());
            let moved: u32 = (cut.writes.iter().filter(|write| joins(write)))
                .map(|write| write.bytes)
                .sum();
            let into = cut
                .writes
                .iter_mut()
                .find(|write| write.name == merge.into)
                .expect("the measured send writes this item");
            into.bytes += moved;
            cut.writes.retain(|write| !joins(write));
        }
        cut.writes
            .retain(|write| !self.dropped.contains(&write.name.as_str()));
        cut
    }
}
