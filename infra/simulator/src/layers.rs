//! A defence without one of its parts, to see what the part is there for.

use phoneproof_domain::purse::PursePolicy;

use crate::service::Defence;

/// More texts than anybody sends.
const MANY: u32 = 1_000_000;
/// More money than anybody spends, in millionths of a dollar.
const MUCH: i64 = 1_000_000_000_000;

/// A defence, and what it lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// A short name, for programs.
    pub id: &'static str,
    /// What the defence lacks, in words.
    pub title: &'static str,
    /// The defence without that part.
    pub defence: Defence,
}

/// Lists `whole`, and the same without each of its parts.
#[must_use]
pub fn list_layers(whole: &Defence) -> Vec<Layer> {
    let layer = |id, title, defence| Layer { id, title, defence };
    vec![
        layer("policy", "your policy", whole.clone()),
        layer("no-lanes", "without country purses", whole.with(fill_lanes)),
        layer(
            "no-blocks",
            "without number-block purses",
            whole.with(|policy| policy.number_block.start.texts = MANY),
        ),
        // Nobody's network is then familiar, so everybody new pays from the lane that is open to all.
        layer(
            "no-networks",
            "without network purses",
            whole.with(|policy| policy.network.codes = u32::MAX),
        ),
        layer(
            "no-stop",
            "no country purses, no money stop",
            whole.with(|policy| {
                fill_lanes(policy);
                policy.money.least = MUCH;
            }),
        ),
        layer("limits", "limits alone", whole.without_purses()),
        layer(
            "nothing",
            "no limits, no purses",
            whole.without_limits().without_purses(),
        ),
    ]
}

fn fill_lanes(policy: &mut PursePolicy) {
    for lane in [
        &mut policy.crowd,
        &mut policy.known,
        &mut policy.moved,
        &mut policy.open,
    ] {
        lane.cap.texts = MANY;
        lane.refill_to = MANY;
    }
    policy.young_open.texts = MANY;
    policy.start_texts = MANY;
    policy.unearned_per_day = MUCH;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::find;

    /// Random numbers of a country: what the lanes do not stop, the money stop ends, and nothing else would.
    #[test]
    fn an_attack_costs_more_without_each_layer() {
        let checks = find("2").expect("a scenario");
        let cost = |id| {
            let all = list_layers(&Defence::purses());
            let layer = all.into_iter().find(|layer| layer.id == id);
            checks.run(&layer.expect("a layer").defence, 1).cost
        };
        let (whole, stop, none) = (cost("policy"), cost("no-lanes"), cost("no-stop"));
        assert!(whole < 2_000_000, "{whole}");
        assert!((50_000_000..300_000_000).contains(&stop), "{stop}");
        assert!(none > 1_000_000_000, "{none}");
        assert_eq!(cost("nothing"), 1_760_000_000);
    }
}
