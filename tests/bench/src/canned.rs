//! AWS without a network: every call gets at once the answer that AWS gives on success.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::json;

/// An HTTP connector for the AWS SDK that makes no calls and answers by itself. Clones share the last text.
#[derive(Debug, Clone)]
pub struct Canned {
    secret: Arc<str>,
    /// The request body of the last `Publish`.
    published: Arc<Mutex<String>>,
}

impl Canned {
    /// Creates a connector that returns this keyring for `GetSecretValue`.
    #[must_use]
    pub fn new(keyring: &str) -> Self {
        let secret = json!({ "Name": "keyring", "SecretString": keyring }).to_string();
        Self {
            secret: secret.into(),
            published: Arc::default(),
        }
    }

    /// Returns this connector in the form that the SDK takes.
    #[must_use]
    pub fn share(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    /// Returns the code in the last text: its first six characters.
    #[must_use]
    pub fn code(&self) -> String {
        let form = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let text = form
            .split('&')
            .find_map(|pair| pair.strip_prefix("Message="));
        text.and_then(|text| text.get(..6))
            .expect("a code")
            .to_owned()
    }

    fn answer(&self, request: &HttpRequest) -> SdkBody {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        match target.rsplit('.').next() {
            Some("GetSecretValue") => SdkBody::from(&*self.secret),
            Some("TransactWriteItems" | "UpdateItem") => SdkBody::from("{}"),
            _ if request.uri().ends_with("/ping") => SdkBody::from("healthy"),
            _ => {
                let form = request.body().bytes().unwrap_or_default();
                *self
                    .published
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) =
                    String::from_utf8_lossy(form).into_owned();
                SdkBody::from(
                    "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
                     <MessageId>1</MessageId></PublishResult><ResponseMetadata><RequestId>1</RequestId>\
                     </ResponseMetadata></PublishResponse>",
                )
            }
        }
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let ok = 200_u16.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(ok, self.answer(&request))))
    }
}
