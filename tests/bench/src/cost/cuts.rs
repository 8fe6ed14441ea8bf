//! Ways to make the send transaction cheaper, with the work that each would take.

use super::{Function, Measured, Prices, VERIFICATIONS};

/// A way to spend less on write units.
struct Cut {
    name: &'static str,
    takes: &'static str,
    /// The items that a send would no longer write or check.
    dropped: &'static [&'static str],
}

/// The saving of a cut.
#[derive(Debug)]
pub(crate) struct Saving {
    /// The name of the cut.
    pub(crate) name: &'static str,
    /// The work that it would take, and its drawbacks.
    pub(crate) takes: &'static str,
    /// The write units that a first try would still need.
    pub(crate) units: u32,
    /// Dollars saved per million verifications.
    pub(crate) dollars: f64,
}

const CUTS: [Cut; 1] = [Cut {
    name: "cache the blocked ranges in memory",
    takes: "each process enforces a new block of a number block, country or network only when its cached list has \
                expired",
    dropped: &["blocked ranges"],
}];

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
    fn apply_to(&self, send: &Function) -> Function {
        let mut cut = send.clone();
        cut.writes
            .retain(|write| !self.dropped.contains(&write.name.as_str()));
        cut
    }
}
