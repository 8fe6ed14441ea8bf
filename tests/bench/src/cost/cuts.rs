//! Ways to make the send transaction cheaper, with the work that each would take.

use super::{Function, Measured, Prices, VERIFICATIONS, Write};

/// A way to spend less on write units.
struct Cut {
    name: &'static str,
    takes: &'static str,
    /// The items that would move into another item.
    merged: &'static [Merge],
    /// The items that a send would no longer check.
    dropped: &'static [&'static str],
}

/// Items that move into another item, named by their rules.
struct Merge {
    into: &'static str,
    from: &'static [&'static str],
}

/// The saving of a cut.
#[derive(Debug)]
pub(crate) struct Saving {
    /// The name of the cut.
    pub(crate) name: &'static str,
    /// The work that it would take, and its drawbacks.
    pub(crate) takes: &'static str,
    /// The write units that a send would still need.
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
        name: "keep a phone's counters in its record",
        takes: "the record holds a counter for each window, as it does for wrong codes now, and old counters are \
                removed; the domain finds the refusing rule in the record that a failed condition returns; blocks of \
                phones move to a table without point-in-time recovery",
        merged: &[PHONE],
        dropped: &[],
    },
    Cut {
        name: "keep each subject's counters in one item",
        takes: "the same work for devices and addresses; their records stay in the table, where counters now expire \
                with their window",
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
        name: "cache the block list in memory",
        takes: "each process enforces a new block only when its cached list has expired",
        merged: &[],
        dropped: &[
            "blocked-phone",
            "blocked-device",
            "blocked-address",
            "blocked-range",
        ],
    },
];

/// Calculates the saving of each cut.
pub(super) fn savings(prices: &Prices, measured: &Measured) -> Vec<Saving> {
    let before = measured.send.write_units(prices);
    let saving = |cut: &Cut| {
        let units = cut.apply_to(&measured.send).write_units(prices);
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
    /// Applies this cut to a send. Merged items keep all their bytes, which overstates their size.
    fn apply_to(&self, send: &Function) -> Function {
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
