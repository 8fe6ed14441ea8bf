//! The age of the keys.

use std::time::Duration;

use phoneproof_crypto::keyring_edit::{KeyFacts, KeyPurpose, KeyringDocument};
use phoneproof_domain::clock::Timestamp;

use super::Facts;
use super::finding::Finding;
use crate::output::CommandError;
use crate::secret::Version;

/// The age at which a root is due (infra/RUNBOOK.md, Keys).
const DUE: Duration = Duration::from_hours(365 * 24);

/// From this age on, a replaced root has been forgotten: all of its tokens have ended, and it could be retired.
const LEFT_OVER: Duration = Duration::from_hours(30 * 24);

/// Checks that the root in use is not older than a year, and that no replaced root was forgotten.
pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(resources) = &facts.resources else {
        return vec![Finding::of_unchecked("the stack is not known", "")];
    };
    let version = match Version::read_current(&facts.operator.aws, &resources.keyring_secret).await
    {
        Ok(version) => version,
        Err(error) => return vec![Finding::of_error(&error)],
    };
    let now = facts.operator.now();
    match KeyringDocument::from_json(&version.text) {
        Ok(document) => check_keys(&document.keys(now), version.created, now),
        Err(error) => vec![Finding::of_error(&CommandError::new(
            crate::output::Exit::Failed,
            error.to_string(),
            "the functions cannot use this keyring: infra/RUNBOOK.md, Restore",
        ))],
    }
}

/// Checks the keys. `written` is when this version of the keyring was written, which is no earlier than the day on
/// which an undated root was made.
fn check_keys(keys: &[KeyFacts], written: Option<Timestamp>, now: Timestamp) -> Vec<Finding> {
    let roots = || keys.iter().filter(|key| key.purpose == KeyPurpose::Root);
    let mut found: Vec<Finding> = roots()
        .filter(|key| key.is_current)
        .map(|key| check_current(key, written, now))
        .collect();
    let left_over = roots().filter(|key| {
        let replaced = key.replaced.filter(|_| !key.is_current);
        replaced.is_some_and(|replaced| now.since(replaced) > LEFT_OVER)
    });
    found.extend(left_over.map(|key| {
        Finding::warn(
            format!(
                "the root `{}` was replaced more than 30 days ago and still opens tokens",
                key.id
            ),
            &format!("`phoneproof-admin keys retire {}`", key.id),
        )
    }));
    found
}

fn check_current(key: &KeyFacts, written: Option<Timestamp>, now: Timestamp) -> Finding {
    let rotate = "rotate it: infra/RUNBOOK.md, Keys";
    let id = &key.id;
    let is_due = |since: Timestamp| now.since(since) > DUE;
    match (key.added, written) {
        (Some(added), _) if is_due(added) => Finding::warn(
            format!("the root in use, `{id}`, is older than a year: it was added at {added}"),
            rotate,
        ),
        (Some(added), _) => Finding::ok(format!("the root in use, `{id}`, was added at {added}")),
        (None, Some(written)) if is_due(written) => Finding::warn(
            format!("the root in use, `{id}`, is older than a year: the keyring is of {written}"),
            rotate,
        ),
        (None, Some(written)) => Finding::ok(format!(
            "the root in use, `{id}`, has no date; the keyring was last written at {written}"
        )),
        (None, None) => Finding::warn(
            format!(
                "the age of the root in use, `{id}`, is not known: the keyring has no date of it"
            ),
            "a root that `keys add` makes has one: rotate once a year (infra/RUNBOOK.md, Keys)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    const DAY: i64 = 86_400;

    fn root(id: &str, added: Option<i64>, replaced: Option<i64>) -> KeyFacts {
        let at = |day: i64| Timestamp::from_unix(day * DAY);
        KeyFacts {
            id: id.to_owned(),
            purpose: KeyPurpose::Root,
            is_current: replaced.is_none(),
            from: None,
            added: added.map(at),
            replaced: replaced.map(at),
        }
    }

    #[test]
    fn an_old_undated_or_forgotten_root_is_named() {
        let now = Timestamp::from_unix(1_000 * DAY);
        let states = |keys: &[KeyFacts], written: Option<i64>| -> Vec<State> {
            let written = written.map(|day| Timestamp::from_unix(day * DAY));
            let found = check_keys(keys, written, now);
            found.iter().map(|finding| finding.state).collect()
        };
        assert_eq!(states(&[root("r1", Some(635), None)], None), [State::Ok]);
        assert_eq!(states(&[root("r1", Some(634), None)], None), [State::Warn]);
        assert_eq!(states(&[root("r1", None, None)], Some(635)), [State::Ok]);
        assert_eq!(states(&[root("r1", None, None)], Some(634)), [State::Warn]);
        assert_eq!(states(&[root("r1", None, None)], None), [State::Warn]);
        let replaced = |day| [root("r1", None, Some(day)), root("r2", Some(900), None)];
        assert_eq!(states(&replaced(970), None), [State::Ok]);
        assert_eq!(states(&replaced(969), None), [State::Ok, State::Warn]);
    }
}
