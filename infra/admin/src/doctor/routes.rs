//! The channels that the policy's texts and calls take. What no channel needs is no finding.

use std::collections::BTreeSet;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::policy::Policy;

/// The channels that texts and calls take, to any country.
pub(super) struct Taken(BTreeSet<Channel>);

impl Taken {
    /// Finds the channels of `policy`. One that is not known may text by SNS, as a policy without channels does.
    pub(super) fn by(policy: Option<&Policy>) -> Self {
        let Some(policy) = policy else {
            return Self(BTreeSet::from([Channel::Sns]));
        };
        let served = policy.numbers.countries.iter();
        let texts = served.flat_map(|country| policy.sms.route(Some(*country)));
        let calls = policy.voice.iter().map(|_| Channel::NotifyVoice);
        Self(texts.chain(calls).collect())
    }

    pub(super) fn has(&self, channel: Channel) -> bool {
        self.0.contains(&channel)
    }

    /// Whether any text goes out in the operator's words and by a number or sender id of the account: by SNS or End
    /// User Messaging.
    pub(super) fn has_own_words(&self) -> bool {
        self.0.iter().any(|channel| channel.has_own_words())
    }

    /// Whether Notify texts or calls anybody.
    pub(super) fn has_notify(&self) -> bool {
        self.has(Channel::Notify) || self.has(Channel::NotifyVoice)
    }

    /// Whether AWS texts or calls anybody at all.
    pub(super) fn is_by_aws(&self) -> bool {
        self.has_own_words() || self.has_notify()
    }
}
