//! Changes the items of purses, and reports what they held before and after.

use phoneproof_aws::store::{ChangeError, Store};
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::purse::{Damaged, DamagedPurse, PurseItem, PurseKey, Write};
use serde_json::{Value, json};

use super::name_damage;
use crate::output::{CommandError, Exit};

/// Why a purse does not admit a change.
pub(super) enum Obstacle {
    /// Its item was damaged by hand.
    Damaged(Damaged),
    /// Another operator has changed it since this one was asked.
    Changed,
}

/// What one purse held before and after the change.
pub(super) struct Changed {
    key: PurseKey,
    pub(super) before: PurseItem,
    pub(super) after: PurseItem,
}

/// Changes one purse. `earlier` are those that are changed already.
pub(super) async fn change(
    store: &Store,
    key: &PurseKey,
    make: impl Fn(&PurseItem) -> Result<Write, Obstacle>,
    earlier: &[Changed],
) -> Result<Changed, CommandError> {
    let changed = store.change_purse(key, make, &SystemRandom).await;
    let refuse = |message: String| {
        let done: Vec<_> = earlier.iter().map(|own| own.key.to_string()).collect();
        let done = if done.is_empty() {
            "nothing was changed".to_owned()
        } else {
            format!("changed are only {}", done.join(", "))
        };
        let advice = format!("{done}; see `purses`, then run the command again");
        CommandError::new(Exit::Refused, message, &advice)
    };
    match changed {
        Ok((before, after)) => Ok(Changed {
            key: key.clone(),
            before,
            after,
        }),
        Err(ChangeError::Operation(failed)) => Err(failed.into()),
        Err(ChangeError::Contended) => Err(refuse(format!(
            "{key}: texts kept changing the purse at the same time"
        ))),
        Err(ChangeError::Refused(Obstacle::Changed)) => Err(refuse(format!(
            "{key}: another operator has changed the purse at the same time"
        ))),
        Err(ChangeError::Refused(Obstacle::Damaged(damage))) => Err(report_damaged(key, damage)),
    }
}

/// Refuses because the item of this purse was damaged by hand.
pub(super) fn report_damaged(key: &PurseKey, damage: Damaged) -> CommandError {
    let damaged = DamagedPurse::of(key.clone())(damage);
    CommandError::new(Exit::Refused, name_damage(&damaged), "")
}

/// Describes what purses held before and after a change.
pub(super) fn describe_all(changed: &[Changed], describe: impl Fn(&PurseItem) -> Value) -> Value {
    let one = |own: &Changed| {
        let (before, after) = (describe(&own.before), describe(&own.after));
        json!({ "purse": own.key.to_string(), "before": before, "after": after })
    };
    json!({ "purses": changed.iter().map(one).collect::<Value>() })
}
