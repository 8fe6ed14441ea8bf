//! The start of the two functions that serve the API.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use lambda_http::Request;
use phoneproof_aws::channels::Channels;
use phoneproof_aws::clients::Clients;
use phoneproof_aws::end_user_messaging::EndUserMessaging;
use phoneproof_aws::hook::Hook;
use phoneproof_aws::keys::{KeyringOwner, Keys, READ_WITHIN};
use phoneproof_aws::sns::{Sender, UnusableAttributes};
use phoneproof_aws::store::Store;
use phoneproof_config::process::{ProcessEnvironment, SystemClock, SystemRandom};
use phoneproof_config::{ProxySettings, Settings, policy};
use phoneproof_domain::clock::Clock;
use phoneproof_domain::policy::Policy;
use phoneproof_http::{TrustedProxy, base_path};
use phoneproof_observe::{Journal, RequestContext, Tracer};
use phoneproof_runtime::{Answered, Error};
use phoneproof_service::{Parts, Service};
use tokio::time::Instant;

use crate::App;

/// What a function prepares before its first invocation, besides the keyring.
#[derive(Debug, Clone, Copy)]
pub struct Preparation {
    /// Whether it sends texts: it then connects to the channel that they take first, as it does to DynamoDB, so that
    /// the first request need not wait for a connection.
    pub texts: bool,
    /// The work to do once, while the network is waited for.
    pub compute: fn(&Service),
}

/// Runs a Lambda function. It builds the app from the environment of this process, prepares it, and answers every
/// invocation with `handle`.
///
/// A fault of the environment, the policy or the keyring ends the process with one log line that names the fault.
pub async fn serve<F>(preparation: Preparation, handle: fn(Arc<App>, Request) -> F) -> ExitCode
where
    F: Future<Output: Into<Answered>> + Send + 'static,
{
    phoneproof_runtime::start(async {
        // The inner future is large, and the outer one moves several times. On the heap, the inner one stays in place.
        let app = Arc::new(Box::pin(build(preparation)).await?);
        phoneproof_runtime::run_http(move |request| handle(Arc::clone(&app), request)).await
    })
    .await
}

async fn build(preparation: Preparation) -> Result<App, Error> {
    let began = Instant::now();
    let (service, settings) = prepare(preparation).await?;
    let output = Arc::new(phoneproof_runtime::write_line);
    Ok(App {
        service,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        allowed_origins: settings.allowed_origins,
        journal: Journal::new(settings.stack_name, Some(began.elapsed()), output),
        tracer: settings.xray_daemon.as_deref().and_then(Tracer::new),
        base_path: base_path(&settings.issuer, ""),
        proxy: settings.proxy.map(trust_proxy),
    })
}

/// Builds the service, reads the keyring, opens the connections and does the prepared work.
///
/// The last three run at the same time, so computing fills the time that the network takes.
async fn prepare(preparation: Preparation) -> Result<(Service, Settings), Error> {
    let settings = Settings::from_environment(&ProcessEnvironment)?;
    let policy = policy::from_environment(&ProcessEnvironment)?;
    let clients = Clients::new(&settings.aws, Arc::new(SystemClock))?;
    let parts = make_parts(&clients, &settings, policy, Arc::new(SystemClock))?;
    let service = Service::new(parts)?;
    let now = SystemClock.now();
    let mut request = RequestContext::new(now, READ_WITHIN, Arc::new(SystemRandom));
    let connect_to_channel = async {
        if preparation.texts {
            service.connect_to_channel().await;
        }
    };
    let (keys, (), (), ()) = tokio::join!(
        service.warm_up(&mut request),
        clients.connect(),
        connect_to_channel,
        async {
            (preparation.compute)(&service);
        }
    );
    keys?;
    Ok((service, settings))
}

/// Trusts the proxy of these settings.
#[must_use]
pub fn trust_proxy(settings: ProxySettings) -> TrustedProxy {
    TrustedProxy::new(settings.secrets, settings.address_header)
}

/// Makes the parts that the service is built from, of the clients, the settings and the policy. `clock` stamps the
/// requests of the send hook.
///
/// # Errors
///
/// [`UnusableAttributes`] when the policy of texts cannot be written as attributes of a message.
pub fn make_parts(
    clients: &Clients,
    settings: &Settings,
    policy: Policy,
    clock: Arc<dyn Clock>,
) -> Result<Parts, UnusableAttributes> {
    let hook = policy.hook.as_ref();
    let hook = hook.map(|hook| Hook::new(hook.clone(), settings.aws.ca_bundle.clone(), clock));
    Ok(Parts {
        issuer: settings.issuer.clone(),
        token_mode: settings.token_mode,
        keys: Keys::new(
            clients.secrets.clone(),
            settings.keyring_secret_id.clone(),
            KeyringOwner::Verification,
        ),
        store: Store::new(clients.dynamodb.clone(), settings.tables.clone()),
        channels: Channels {
            sns: Sender::new(clients.sns.clone(), &policy.sms)?,
            end_user_messaging: policy
                .end_user_messaging
                .clone()
                .map(|own| EndUserMessaging::text(clients.sms_voice.clone(), own, &policy.sms)),
            notify: policy
                .notify
                .clone()
                .map(|own| EndUserMessaging::notify(clients.sms_voice.clone(), own)),
            notify_voice: policy
                .notify
                .clone()
                .and_then(|own| EndUserMessaging::notify_voice(clients.sms_voice.clone(), own)),
            hook,
        },
        receipts: settings.receipts,
        policy,
    })
}
