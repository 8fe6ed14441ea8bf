use axum::body::{Body, to_bytes};
use http::Request;
use lambda_http::tower::ServiceExt as _;
use phoneproof_config::process::SystemClock;
use serde_json::{Value, json};

use super::*;
use crate::inbox::Carrier;

const PUBLISH: &str = "Action=Publish&PhoneNumber=%2B14155550100&Message=caf%C3%A9+1\
    &MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType\
    &MessageAttributes.entry.1.Value.DataType=String\
    &MessageAttributes.entry.1.Value.StringValue=Transactional\
    &MessageAttributes.entry.2.Name=AWS.SNS.SMS.SenderID\
    &MessageAttributes.entry.2.Value.StringValue=Acme";
const GET: [(&str, &str); 1] = [("x-amz-target", "secretsmanager.GetSecretValue")];

struct Site {
    inbox: Inbox,
    account: SmsAccount,
    secret: Secret,
}

impl Site {
    fn new() -> Self {
        Self {
            inbox: Inbox::default(),
            account: SmsAccount::default(),
            secret: Secret::new(SECRET_ID, "the keys".to_owned(), None),
        }
    }

    async fn post(&self, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = Request::post("/");
        if headers.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", "127.0.0.1:3002");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("valid");
        let log = Log::default();
        log.push(7, b"a line\n");
        let secrets = vec![self.secret.clone()];
        let clock = Arc::new(SystemClock);
        let answer = router(
            self.inbox.clone(),
            self.account.clone(),
            secrets,
            log,
            None,
            clock,
        )
        .oneshot(request)
        .await
        .expect("an answer");
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("read");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }
}

#[tokio::test]
async fn publish_puts_the_text_into_the_inbox_with_its_attributes() {
    let site = Site::new();
    let (status, answer) = site.post(&[], PUBLISH).await;
    assert_eq!(status, 200);
    let texts = site.inbox.messages(Some("+14155550100"));
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0].body, "café 1");
    assert_eq!(texts[0].attributes["AWS.SNS.SMS.SMSType"], "Transactional");
    assert_eq!(texts[0].attributes["AWS.SNS.SMS.SenderID"], "Acme");
    assert!(answer.contains(&format!("<MessageId>{}</MessageId>", texts[0].id)));
}

#[tokio::test]
async fn publish_fails_as_the_carrier_is_told_to() {
    for (carrier, status, code, kept) in [
        (Carrier::Refuse, 400, "InvalidParameter", 0),
        (Carrier::Throttle, 429, "Throttled", 0),
        (Carrier::Fail, 500, "InternalError", 1),
    ] {
        let site = Site::new();
        site.inbox.set_carrier(carrier);
        let answer = site.post(&[], PUBLISH).await;
        assert_eq!(answer.0, status);
        assert!(answer.1.contains(&format!("<Code>{code}</Code>")));
        assert_eq!(site.inbox.messages(None).len(), kept);
    }
}

#[tokio::test]
async fn keeps_the_text_and_never_answers_when_the_carrier_hangs() {
    let site = Site::new();
    site.inbox.set_carrier(Carrier::Hang);
    let patience = std::time::Duration::from_millis(50);
    let answer = tokio::time::timeout(patience, site.post(&[], PUBLISH)).await;
    assert!(answer.is_err());
    assert_eq!(site.inbox.messages(None).len(), 1);
}

#[tokio::test]
async fn refuses_calls_that_the_service_never_makes() {
    for (body, code) in [
        ("", "InvalidAction"),
        ("Action=Subscribe", "InvalidAction"),
        ("Action=ListSubscriptionsByTopic&TopicArn=other", "NotFound"),
        (
            "Action=ListPhoneNumbersOptedOut&nextToken=x",
            "InvalidParameter",
        ),
        (
            "Action=ListPhoneNumbersOptedOut&nextToken=1",
            "InvalidParameter",
        ),
        ("Action=Publish&Message=hi", "InvalidParameter"),
        ("Action=Publish&PhoneNumber=%2B1", "InvalidParameter"),
        ("Action=OptInPhoneNumber", "InvalidParameter"),
        ("Action=CheckIfPhoneNumberIsOptedOut", "InvalidParameter"),
    ] {
        let site = Site::new();
        let answer = site.post(&[], body).await;
        assert_eq!(answer.0, 400, "{body}");
        assert!(answer.1.contains(code), "{body}");
        assert_eq!(site.inbox.count_publishes(), 0);
    }
    let target = [("x-amz-target", "secretsmanager.DeleteSecret")];
    let answer = Site::new().post(&target, "{}").await;
    assert!(answer.1.contains("UnknownOperationException"));
}

#[tokio::test]
async fn numbers_that_are_opted_out_come_in_pages_of_a_hundred() {
    let site = Site::new();
    for n in 0..250 {
        site.inbox.opt_out(&format!("+1415200{n:04}"));
    }
    let mut counts = Vec::new();
    let mut query = "Action=ListPhoneNumbersOptedOut".to_owned();
    loop {
        let (status, answer) = site.post(&[], &query).await;
        assert_eq!(status, 200);
        counts.push(answer.matches("<member>").count());
        let Some((_, rest)) = answer.split_once("<nextToken>") else {
            break;
        };
        let token = rest.split('<').next().expect("a token");
        query = format!("Action=ListPhoneNumbersOptedOut&nextToken={token}");
    }
    assert_eq!(counts, [100, 100, 50]);
}

#[tokio::test]
async fn a_call_that_is_denied_names_the_right() {
    let site = Site::new();
    site.account.change(|contents| {
        for operation in ["GetSMSAttributes", "GetSecretValue"] {
            contents.faults.insert(operation.to_owned(), Fault::Deny);
        }
    });
    let (status, answer) = site.post(&[], "Action=GetSMSAttributes").await;
    assert_eq!(status, 403);
    assert!(answer.contains("not authorized to perform: SNS:GetSMSAttributes"));
    let body = json!({ "SecretId": SECRET_ID }).to_string();
    assert!(
        site.post(&GET, &body)
            .await
            .1
            .contains("AccessDeniedException")
    );
}

#[tokio::test]
async fn reads_a_secret_that_was_replaced_or_taken_away() {
    let site = Site::new();
    let body = json!({ "SecretId": SECRET_ID }).to_string();
    let (status, answer) = site.post(&GET, &body).await;
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((status, &answer["SecretString"]), (200, &json!("the keys")));
    let by_arn = json!({ "SecretId": answer["ARN"] }).to_string();
    site.secret.set(Some("other keys".to_owned()));
    assert!(site.post(&GET, &by_arn).await.1.contains("other keys"));
    site.secret.set(None);
    assert_eq!(site.post(&GET, &body).await.0, 500);
    let (status, answer) = site.post(&GET, r#"{"SecretId":"other"}"#).await;
    assert_eq!(status, 400);
    assert!(answer.contains("ResourceNotFoundException"));
}

#[tokio::test]
async fn operators_put_the_secret_and_read_the_log() {
    let site = Site::new();
    let put = [("x-amz-target", "secretsmanager.PutSecretValue")];
    let body =
        json!({ "SecretId": SECRET_ID, "ClientRequestToken": "v1", "SecretString": "new keys" });
    assert_eq!(site.post(&put, &body.to_string()).await.0, 200);
    let body = json!({ "SecretId": SECRET_ID }).to_string();
    assert!(site.post(&GET, &body).await.1.contains("new keys"));
    assert_eq!(site.post(&put, &body).await.0, 400);
    let filter = [("x-amz-target", "Logs_20140328.FilterLogEvents")];
    let body = json!({ "logGroupName": "/local" }).to_string();
    assert!(site.post(&filter, &body).await.1.contains("a line"));
    assert_eq!(site.post(&filter, "{}").await.0, 400);
}

#[tokio::test]
async fn a_version_comes_into_use_only_in_place_of_the_one_that_is_named() {
    let site = Site::new();
    let put = [("x-amz-target", "secretsmanager.PutSecretValue")];
    let update = [("x-amz-target", "secretsmanager.UpdateSecretVersionStage")];
    let read = async || {
        let answer = site
            .post(&GET, &json!({ "SecretId": SECRET_ID }).to_string())
            .await;
        let answer: Value = serde_json::from_str(&answer.1).expect("JSON");
        let member = |name: &str| answer[name].as_str().expect("a text").to_owned();
        (member("VersionId"), member("SecretString"))
    };
    let (first, _) = read().await;
    for id in ["v1", "v2"] {
        let body = json!({
            "SecretId": SECRET_ID, "ClientRequestToken": id, "SecretString": format!("keys {id}"),
            "VersionStages": ["mine"],
        });
        assert_eq!(site.post(&put, &body.to_string()).await.0, 200);
    }
    assert_eq!(read().await.1, "the keys");
    let move_to = async |to: &str, from: Option<&str>| {
        let body = json!({
            "SecretId": SECRET_ID, "VersionStage": "AWSCURRENT", "MoveToVersionId": to,
            "RemoveFromVersionId": from,
        });
        site.post(&update, &body.to_string()).await
    };
    assert!(
        move_to("v1", None)
            .await
            .1
            .contains("InvalidParameterException")
    );
    assert!(
        move_to("v9", Some(&first))
            .await
            .1
            .contains("ResourceNotFoundException")
    );
    assert_eq!(move_to("v1", Some(&first)).await.0, 200);
    assert!(
        move_to("v2", Some(&first))
            .await
            .1
            .contains("InvalidParameterException")
    );
    assert_eq!(read().await, ("v1".to_owned(), "keys v1".to_owned()));
}

#[tokio::test]
async fn refuses_every_call_of_a_web_page() {
    let site = Site::new();
    let secret = json!({ "SecretId": SECRET_ID }).to_string();
    for header in [
        ("host", "evil.example:3002"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ] {
        let answer = site.post(&[GET[0], header], &secret).await;
        assert_eq!(answer, (403, String::new()));
        assert_eq!(site.post(&[header], PUBLISH).await.0, 403);
    }
    assert_eq!(site.inbox.count_publishes(), 0);
}
