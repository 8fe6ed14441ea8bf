//! Hands the text of a reserved challenge to the channels of its route.

use std::time::Duration;

use phoneproof_aws::store::SendPlan;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::receipt;
use phoneproof_crypto::webhook::text_id;
use phoneproof_domain::catalog::RenderedText;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::delivery::{Delivery, Reason, Text};
use phoneproof_domain::medium::Medium;
use phoneproof_domain::outgoing::OutgoingText;
use phoneproof_domain::receipt::SentText;
use phoneproof_observe::{Dependency, RequestContext, TextSent};
use tokio::time::Instant;

use super::answer::Answer;
use super::prepare::Prepared;
use super::{Given, SendError, Sent};
use crate::Service;

/// The time that a channel leaves to each channel after it on the route.
const LEFT_TO_NEXT: Duration = Duration::from_secs(2);

/// The least time in which a channel is tried: opening a connection and a call.
const LEAST: Duration = Duration::from_secs(1);

impl Service {
    /// Hands the text of a reserved challenge to its route, and gives the counts back if it was certainly not sent.
    pub(super) async fn send_text(
        &self,
        given: Given<'_>,
        prepared: &Prepared<'_>,
        text: &RenderedText,
        plan: &SendPlan,
        token: String,
        request: &mut RequestContext,
    ) -> Result<Sent, SendError> {
        let (checked, challenge) = (given.checked, &prepared.challenge);
        let resend_at = request.now + plan.terms.cooldown;
        let sent = Answer {
            challenge,
            resend_at,
            attempts: plan.attempts,
        }
        .make(checked, token, request.now);
        // A text to a test number is never sent, and counts as accepted.
        if checked.test.is_some() {
            return Ok(sent);
        }
        let text = Text {
            id: text_id(challenge.id, request.now),
            outgoing: OutgoingText {
                phone: &checked.phone,
                body: &text.body,
                sent_as: self.policy.find_sent_as(
                    checked.country,
                    checked.business,
                    &challenge.locale,
                ),
            },
            country: checked.country,
            segments: text.segments,
            code: &prepared.code,
            business: &challenge.business,
            locale: &challenge.locale,
            asked_at: request.now,
            expires_at: challenge.expires_at,
            receipt: None,
        };
        match self
            .deliver(&text, checked.medium, given.keyring, request)
            .await
        {
            Delivery::Accepted { .. } => Ok(sent),
            Delivery::Unknown { .. } => Err(SendError::CarrierUnknown(Box::new(sent))),
            Delivery::Refused { .. } => {
                let refused = self.refund(checked, plan, resend_at, request).await;
                Err(SendError::CarrierRefused(refused))
            }
        }
    }

    /// Returns the channels that a text or a call to this country takes, in their order.
    pub(super) fn route(&self, country: Option<Country>, medium: Medium) -> Vec<Channel> {
        match medium {
            Medium::Text => self.policy.sms.route(country),
            Medium::Call => vec![Channel::NotifyVoice],
        }
    }

    /// Walks the route until a channel takes the text, or may have sent it. Then no other one is tried, so that nobody
    /// gets two texts.
    async fn deliver(
        &self,
        text: &Text<'_>,
        medium: Medium,
        keyring: &Keyring,
        request: &mut RequestContext,
    ) -> Delivery {
        let route = self.route(text.country, medium);
        let (segments, cost) = match medium {
            Medium::Text => {
                let cost = self.policy.sms.estimate_cost(text.country, text.segments);
                (text.segments, cost)
            }
            Medium::Call => {
                let voice = self.policy.voice.as_ref().zip(text.country);
                let cost = voice.map(|(voice, country)| voice.estimate_cost(country));
                // A call counts as one text.
                (1, cost)
            }
        };
        let mut delivery = Delivery::from_failure(Channel::Sns, Reason::NotSetUp);
        let mut later = route.len();
        for (place, channel) in route.into_iter().enumerate() {
            later = later.saturating_sub(1);
            let began = Instant::now();
            if place > 0 && began + LEAST > request.deadline {
                break;
            }
            let until = share_deadline(request.deadline, later, began);
            let receipt = self.seal_receipt(text, channel, keyring, request);
            let text = Text {
                receipt: receipt.as_deref(),
                ..*text
            };
            delivery = self.channels.send(channel, &text, keyring, until).await;
            request.note_dependency(Dependency::Carrier(channel), began);
            let Some(why) = delivery.why() else {
                break;
            };
            request.facts.not_taken.push((channel, why.clone()));
            if !delivery.goes_on() {
                break;
            }
        }
        request.facts.text = Some(TextSent {
            segments,
            cost,
            delivery: delivery.clone(),
        });
        delivery
    }

    /// Seals what a receipt for this text has to bring back. `None` without receipts, for SNS, which brings nothing back, and
    /// after a failure, which is logged. The text then goes out without it.
    fn seal_receipt(
        &self,
        text: &Text<'_>,
        channel: Channel,
        keyring: &Keyring,
        request: &RequestContext,
    ) -> Option<String> {
        if !self.receipts || channel == Channel::Sns {
            return None;
        }
        let sent = SentText {
            phone_index: keyring.indexer().index_phone(text.outgoing.phone),
            country: text.country,
            channel,
            sent_at: text.asked_at,
        };
        receipt::seal(&sent, keyring.current(), request.random.as_ref())
            .inspect_err(|error| tracing::warn!(%error, "a text goes out without a receipt"))
            .ok()
    }
}

/// Returns when a channel has to give up, so that each of the `later` channels of the route still has its time.
///
/// When little is left, a channel gets [`LEAST`] rather than nothing: it is more likely to take the text than to refuse
/// it.
fn share_deadline(deadline: Instant, later: usize, now: Instant) -> Instant {
    let left_to_later = LEFT_TO_NEXT.saturating_mul(u32::try_from(later).unwrap_or(u32::MAX));
    let share = deadline.checked_sub(left_to_later).unwrap_or(now);
    share.max(now + LEAST).min(deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_leaves_time_to_the_next_ones() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(share_deadline(after(9), 0, now), after(9));
        assert_eq!(share_deadline(after(9), 1, now), after(7));
        assert_eq!(share_deadline(after(9), 2, now), after(5));
        assert_eq!(share_deadline(after(2), 1, now), after(1), "the least");
        assert_eq!(share_deadline(now, 1, now), now, "never past the deadline");
        assert_eq!(share_deadline(after(9), usize::MAX, now), after(1));
    }
}
