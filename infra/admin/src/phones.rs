//! The commands `unlock`, which clears the wrong codes of a phone, and `forget`, which erases what is stored about it.

use phoneproof_domain::subject::SubjectKind;
use serde_json::json;

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::{Operator, parse_phone};
use crate::output::{CommandError, Reply};

pub(crate) async fn unlock(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
) -> Result<Reply, CommandError> {
    let phone = parse_phone(typed_phone)?.phone;
    let (policy, resources) = (operator.read_policy()?, operator.find_resources().await?);
    let index = operator
        .read_keyring(&resources)
        .await?
        .indexer()
        .phone(&phone);
    let now = operator.now();
    let today = policy.terms(now, &policy.limits).today;
    let store = operator.open_store(&resources);
    let record = store.read_phone_record(&index, &today).await?;
    let record = record.filter(|record| record.failures > 0 || record.failures_today > 0);
    let Some(record) = record else {
        return Ok(Reply::nothing("no wrong codes are counted for this phone"));
    };
    let (failures, today_count) = (record.failures, record.failures_today);
    confirm(
        common,
        &format!(
            "This clears the count of {failures} wrong codes in a row and {today_count} today."
        ),
    )?;
    store.unlock(&index, &today).await?;
    let json = json!({ "cleared": { "failures": failures, "failuresToday": today_count } });
    Ok(Reply::done(
        json,
        format!("{}: {failures} wrong codes cleared", phone.mask()),
    ))
}

pub(crate) async fn forget(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
    with_block: bool,
) -> Result<Reply, CommandError> {
    let phone = parse_phone(typed_phone)?.phone;
    let (policy, resources) = (operator.read_policy()?, operator.find_resources().await?);
    let keyring = operator.read_keyring(&resources).await?;
    let index = keyring.indexer().phone(&phone);
    let now = operator.now();
    let store = operator.open_store(&resources);
    let today = policy.terms(now, &policy.limits).today;
    let record = store.read_phone_record(&index, &today).await?;
    confirm(
        common,
        "This erases the phone's record, counters and open challenges. Its limits and locks start at zero.",
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
        return Ok(Reply::nothing("nothing was stored about this phone"));
    }
    let json = json!({ "forgotten": true, "unblocked": unblocked });
    Ok(Reply::done(
        json,
        format!("{}: everything stored about it is erased", phone.mask()),
    ))
}
