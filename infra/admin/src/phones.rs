//! The commands `unlock`, which clears the wrong codes of a phone, and `forget`, which erases what is stored about it.
//! Neither depends on the policy.

use std::time::Duration;

use phoneproof_config::process::SystemRandom;
use phoneproof_crypto::challenge_token;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::subject::{Subject, SubjectKind};
use phoneproof_domain::window::{DAY, Window};
use serde_json::{Value, json};

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::{Operator, parse_phone};
use crate::output::{CommandError, Reply};

/// The days back to which stored tokens are opened. DynamoDB deletes expired items within a few days (DynamoDB
/// developer guide, "Time to Live").
const OLDEST_TOKEN_DAYS: u32 = 14;

/// What `forget` leaves, unless it is told to erase that too.
const KEPT: &str = " Its entry on the block list stays, with the record that enforces it: --with-block erases both.";

pub(crate) async fn unlock(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
) -> Result<Reply, CommandError> {
    let phone = parse_phone(typed_phone, common)?.phone;
    let resources = operator.find_resources().await?;
    let keyring = operator.read_keyring(&resources).await?;
    let index = keyring.indexer().index_phone(&phone);
    let store = operator.open_store(&resources);
    let wrong_codes = store.read_wrong_codes(&index).await?;
    if wrong_codes.is_empty() {
        return Ok(Reply::without_work(
            "no wrong codes are counted for this phone",
        ));
    }
    let in_a_row = wrong_codes.in_a_row;
    let of_a_day = wrong_codes.of_a_day;
    let of_a_day = of_a_day.map(|(start, count)| (name_day(start), count));
    let listed = of_a_day.as_ref();
    let listed = listed.map(|(day, count)| format!(", {count} on {day}"));
    let counts = format!("{in_a_row} in a row{}", listed.unwrap_or_default());
    confirm(
        common,
        &format!("This clears the count of wrong codes: {counts}."),
    )?;
    store.unlock(&index).await?;
    let by_day: Value = of_a_day
        .into_iter()
        .map(|(day, count)| (day, Value::from(count)))
        .collect();
    let json = json!({ "cleared": { "failures": in_a_row, "failuresByDay": by_day } });
    Ok(Reply::with_result(
        json,
        format!("{}: wrong codes cleared: {counts}", phone.mask()),
    ))
}

/// Writes the date of the day that begins at `start`. The policy says at which hour.
fn name_day(start: Timestamp) -> String {
    let start = start.to_string();
    start.split('T').next().unwrap_or_default().to_owned()
}

pub(crate) async fn forget(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
    with_block: bool,
) -> Result<Reply, CommandError> {
    let phone = parse_phone(typed_phone, common)?.phone;
    let resources = operator.find_resources().await?;
    let keyring = operator.read_keyring(&resources).await?;
    let indexer = keyring.indexer();
    let index = indexer.index_phone(&phone);
    let now = operator.now();
    let store = operator.open_store(&resources);
    // Only the slots are read, so any day will do.
    let today = Window::containing(now, DAY, Duration::ZERO);
    let record = store.read_phone_record(&index, &today).await?;
    let subject = Subject::new(SubjectKind::Phone, index.clone());
    let is_listed = store.find_block(&subject).await?.is_some();
    let stays = is_listed && !with_block;
    let kept = if stays { KEPT } else { "" };
    confirm(
        common,
        &format!(
            "This erases the phone's record, with its counts and open challenges. Its limits and locks start at zero.{kept}"
        ),
    )?;
    let challenges = record.iter().flat_map(|record| record.slots.values());
    let places: Vec<String> = challenges
        .map(|slot| indexer.derive_place(&indexer.derive_reference(slot.id, slot.expires_at)))
        .collect();
    let is_own = |token: &str| is_token_of(token, &phone, &keyring, &resources.issuer, now);
    let subjects: &[Subject] = if with_block { &[subject] } else { &[] };
    let unblocked = store.unblock(subjects, now, &SystemRandom).await?;
    let unblocked = !unblocked.is_empty();
    let erased = store
        .forget(&index, &places, is_own, now, &SystemRandom)
        .await?;
    if erased == 0 && !unblocked {
        let nothing = if stays {
            format!("nothing else was stored about this phone.{kept}")
        } else {
            "nothing was stored about this phone".to_owned()
        };
        return Ok(Reply::without_work(nothing));
    }
    let json = json!({
        "forgotten": true,
        "items": erased,
        "unblocked": unblocked,
        "staysBlocked": stays,
    });
    let all = if stays {
        "everything else"
    } else {
        "everything"
    };
    Ok(Reply::with_result(
        json,
        format!("{}: {all} stored about it is erased.{kept}", phone.mask()),
    ))
}

/// Whether a stored token is of a challenge of `phone`. A token is sealed with the key of its day.
fn is_token_of(
    token: &str,
    phone: &Phone,
    keyring: &Keyring,
    issuer: &str,
    now: Timestamp,
) -> bool {
    let mut days = (0..=OLDEST_TOKEN_DAYS).map(|back| now - DAY * back);
    let opened = days.find_map(|day| challenge_token::open(token, keyring, issuer, day).ok());
    opened.is_some_and(|(challenge, _)| challenge.phone == *phone)
}
