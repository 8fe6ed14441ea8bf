//! What `explain` says about a call. It decides with the function that a call is decided with.

use phoneproof_aws::store::Store;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{CallOutlook, Lane, PurseRefusal, foresee};
use serde_json::{Value, json};

use super::Asked;
use crate::output::{CommandError, format_table};
use crate::purses::calls::{CallPurse, ask_for_call};

/// What the purse of calls says about a call to the phone.
pub(super) struct CallForecast {
    purse: CallPurse,
    /// The room that the text opens, and why it refuses the call, if it does; `None` while no lane would pay for a
    /// text.
    would: Option<(bool, Option<PurseRefusal>)>,
}

impl CallForecast {
    /// Reads the purse of calls, and decides as a call would whose text `lane` paid for. `None` where the phone's
    /// country has no calls.
    pub(super) async fn foresee(
        policy: &Policy,
        asked: &Asked<'_>,
        lane: Option<Lane>,
        (store, now): (&Store, Timestamp),
    ) -> Result<Option<Self>, CommandError> {
        let country = asked
            .destination
            .as_ref()
            .and_then(|destination| destination.country);
        let Some(mut ask) = country.and_then(|country| ask_for_call(policy, country, now)) else {
            return Ok(None);
        };
        let key = ask.calls_key();
        let items = store.inspect_purses(&[key], &SystemRandom).await?;
        let purse = CallPurse::look(ask.clone(), policy, &items);
        let would = lane.map(|lane| {
            ask.call_after = Some(ask.make_payer(lane));
            let item = |key: &_| items.get(key).cloned().unwrap_or_default();
            let decision = foresee(&ask, &policy.purses, None, item).ok();
            let refusal = decision.and_then(|decision| decision.refusals().next().copied());
            (CallOutlook::is_strange(lane), refusal)
        });
        Ok(Some(Self { purse, would }))
    }

    fn refusal(&self) -> Option<PurseRefusal> {
        self.would.and_then(|(_, refusal)| refusal)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut members = self.purse.to_json();
        let room = self.would.map(
            |(is_strange, _)| {
                if is_strange { "strange" } else { "familiar" }
            },
        );
        let refusal = self.refusal();
        members.extend([
            ("room".to_owned(), json!(room)),
            (
                "wouldRefuse".to_owned(),
                json!(refusal.map(|refusal| refusal.rule.name())),
            ),
            (
                "retryAt".to_owned(),
                json!(refusal.map(|refusal| refusal.retry_at)),
            ),
        ]);
        Value::Object(members)
    }

    pub(super) fn to_text(&self) -> String {
        let rows = self.purse.make_rows(self.would.map(|(room, _)| room));
        let rows = rows.map_or_else(|damage| damage, |rows| format_table(&rows));
        match self.refusal() {
            None => rows,
            Some(refusal) => {
                let (rule, at) = (refusal.rule.name(), refusal.retry_at);
                format!("{rows}\n{rule} cannot pay until {at}")
            }
        }
    }
}
