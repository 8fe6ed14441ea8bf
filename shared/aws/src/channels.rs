//! The channels of one policy.

use std::future::Future;

use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, Reason, Text};
use tokio::time::Instant;

use crate::hook::Hook;
use crate::sns::Sender;

/// The channels that texts can take under one policy.
#[derive(Debug, Clone)]
pub struct Channels {
    /// Amazon SNS.
    pub sns: Sender,
    /// The send hook; `None` where the policy has none.
    pub hook: Option<Hook>,
}

impl Channels {
    /// Builds the clients now instead of at the first text.
    pub fn warm_up(&self) {
        self.sns.warm_up();
        if let Some(hook) = &self.hook {
            hook.warm_up();
        }
    }

    /// Does `work`, and opens a connection to `channel` beside it unless one was used a moment ago.
    ///
    /// So a text neither waits for a connection nor goes over one that may be dead. A failure of `work` ends the opening.
    ///
    /// # Errors
    ///
    /// The error of `work`. A connection that does not open is not an error here: the text then says so.
    pub async fn connect_beside<T, E>(
        &self,
        channel: Channel,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let connect = async {
            match (channel, &self.hook) {
                (Channel::Sns, _) => self.sns.prepare().await,
                (Channel::Hook, Some(hook)) => hook.prepare().await,
                (Channel::Hook, None) => {}
            }
            Ok(())
        };
        let (done, ()) = tokio::try_join!(work, connect)?;
        Ok(done)
    }

    /// Hands `text` to `channel`, and waits for what becomes of it until `deadline`. The hook's requests are signed with
    /// `keyring`.
    pub async fn send(
        &self,
        channel: Channel,
        text: &Text<'_>,
        keyring: &Keyring,
        deadline: Instant,
    ) -> Delivery {
        match (channel, &self.hook) {
            (Channel::Sns, _) => self.sns.send(text, deadline).await,
            (Channel::Hook, Some(hook)) => hook.send(text, keyring, deadline).await,
            (Channel::Hook, None) => Delivery::failed(channel, Reason::NotSetUp),
        }
    }
}
