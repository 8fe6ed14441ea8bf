//! `unlock` and `forget`.

use serde_json::json;

use phoneproof_domain::subject::SubjectKind;

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::{Operator, phone};
use crate::output::{Failure, Outcome};

pub(crate) async fn unlock(
    operator: &Operator,
    common: &Common,
    text: &str,
) -> Result<Outcome, Failure> {
    let number = phone(text)?.phone;
    let (policy, place) = (operator.policy()?, operator.place().await?);
    let index = operator.keyring(&place).await?.indexer().phone(&number);
    let now = operator.now();
    let today = policy.terms(now, &policy.limits).today;
    let store = operator.store(&place);
    let record = store.read_phone_record(&index, &today).await?;
    let record = record.filter(|record| record.failures > 0 || record.failures_today > 0);
    let Some(record) = record else {
        return Ok(Outcome::nothing(
            "no wrong codes are counted for this phone",
        ));
    };
    let (failures, today_count) = (record.failures, record.failures_today);
    confirm(
        common,
        &format!("This forgets {failures} wrong codes in a row, {today_count} of them today."),
    )?;
    store.unlock(&index, &today).await?;
    let json = json!({ "cleared": { "failures": failures, "failuresToday": today_count } });
    Ok(Outcome::done(
        json,
        format!("{}: {failures} wrong codes cleared", number.mask()),
    ))
}

pub(crate) async fn forget(
    operator: &Operator,
    common: &Common,
    text: &str,
    with_block: bool,
) -> Result<Outcome, Failure> {
    let number = phone(text)?.phone;
    let (policy, place) = (operator.policy()?, operator.place().await?);
    let keyring = operator.keyring(&place).await?;
    let index = keyring.indexer().phone(&number);
    let now = operator.now();
    let store = operator.store(&place);
    let today = policy.terms(now, &policy.limits).today;
    let record = store.read_phone_record(&index, &today).await?;
    confirm(
        common,
        "This erases the phone's record, counters and open challenges; its limits and locks start anew.",
    )?;
    let challenges = record.iter().flat_map(|record| record.slots.values());
    let indexer = keyring.indexer();
    let places: Vec<String> = challenges
        .map(|slot| indexer.place(&indexer.reference(slot.id, slot.expires_at)))
        .collect();
    store
        .forget(&index, policy.day_starts_at, &places, now)
        .await?;
    let unblocked = with_block && store.unblock(SubjectKind::Phone, &index).await?.is_some();
    if record.is_none() && !unblocked {
        return Ok(Outcome::nothing("nothing was stored about this phone"));
    }
    let json = json!({ "forgotten": true, "unblocked": unblocked });
    Ok(Outcome::done(
        json,
        format!("{}: everything stored about it is erased", number.mask()),
    ))
}
