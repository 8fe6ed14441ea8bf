//! Each function's role allows exactly the calls that the function makes.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::channel::Channel;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{World, phone};
use serde_json::{Value, json};

use crate::template::document::{account_template, apply_condition, template};

/// An IAM action and the logical id of its resource. The id is `*` where IAM has no resource for the action.
type Permission = (String, String);

/// Lists what the role allows in this mode, except to write its log.
fn list_allowed(role: &str, mode: TokenMode) -> BTreeSet<Permission> {
    let mut template = apply_condition(&template(), "IsStored", mode == TokenMode::Stored);
    for condition in ["IsTraced", "HasSmsIdentities", "HasNotify"] {
        template = apply_condition(&template, condition, false);
    }
    list_allowed_by(&template, role)
}

/// Lists what the role of `send` allows besides where a condition holds.
fn list_allowed_if(condition: &str) -> Vec<Permission> {
    let mut template = apply_condition(&template(), condition, true);
    for other in ["IsStored", "IsTraced", "HasSmsIdentities", "HasNotify"] {
        template = apply_condition(&template, other, false);
    }
    let allowed = list_allowed_by(&template, "SendRole");
    let without = list_allowed("SendRole", TokenMode::Sealed);
    allowed.difference(&without).cloned().collect()
}

fn list_allowed_by(template: &Value, role: &str) -> BTreeSet<Permission> {
    let policies = template["Resources"][role]["Properties"]["Policies"]
        .as_array()
        .expect("policies");
    let statements = policies.iter().flat_map(|policy| {
        policy["PolicyDocument"]["Statement"]
            .as_array()
            .expect("statements")
    });
    statements
        .filter(|statement| statement["Effect"] == "Allow" && statement["Sid"] != "WriteLogs")
        .flat_map(|statement| {
            let resource = logical_id(&statement["Resource"]);
            list_texts(&statement["Action"])
                .into_iter()
                .map(move |action| (action, resource.clone()))
        })
        .collect()
}

fn list_texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(|text| vec![text.to_owned()]);
    let many = || {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    one.unwrap_or_else(many)
}

/// The logical id that a `Resource` names, for example `Blocks` for `!GetAtt Blocks.Arn`.
fn logical_id(resource: &Value) -> String {
    let text = resource["Fn::GetAtt"]
        .as_str()
        .or(resource["Ref"].as_str())
        .or(resource.as_str())
        .expect("a resource");
    text.split('.').next().unwrap_or_default().to_owned()
}

/// Lists every call that `send` makes for new, repeated, resent, refused and refunded sends.
async fn list_send_calls(world: &World) -> BTreeSet<Permission> {
    let client = &world.client;
    let first = client.send_keyed(&phone(1), "k").await;
    client.send_keyed(&phone(1), "k").await;
    // The refusal is remembered, so the repeat is found in the phone's record.
    assert_eq!(client.send(&phone(1)).await.status, 429);
    assert_eq!(client.send_keyed(&phone(1), "k").await.status, 202);
    world.advance(60);
    world.carrier(Carrier::Refuse);
    assert_eq!(client.resend(&phone(1), &first.token()).await.status, 502);
    assert_eq!(client.send(&phone(2)).await.status, 502);
    world.carrier(Carrier::Deliver);
    assert_eq!(client.send(&phone(3)).await.status, 202);
    // A test number counts for no device and no address, so their records are only checked.
    assert_eq!(client.send("+14155550100").await.status, 202);
    world.proxy().take_permissions()
}

/// Lists every call that `verify` makes.
async fn list_verify_calls(world: &World) -> BTreeSet<Permission> {
    let client = &world.client;
    let token = client.send(&phone(4)).await.token();
    drop(world.proxy().take_permissions());
    client.verify(&token, &world.wrong_code(&phone(4))).await;
    let success = client.verify(&token, &world.code(&phone(4))).await.token();
    assert_eq!(client.spend(&success, "login").await.status, 200);
    // After five minutes the function reads the keyring again.
    world.advance(300);
    client.get("/.well-known/jwks.json").await;
    world.proxy().take_permissions()
}

#[tokio::test]
async fn the_roles_allow_what_the_functions_call_and_nothing_else() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"424242\"\nuntil = \"2099-01-01T00:00:00Z\"\nper_day = 100\n";
        let builder = World::builder().mode(mode).purses().proxied();
        let world = builder.policy_addition(number).start().await;
        assert_eq!(
            list_send_calls(&world).await,
            list_allowed("SendRole", mode),
            "send, {mode}"
        );
        assert_eq!(
            list_verify_calls(&world).await,
            list_allowed("VerifyRole", mode),
            "verify, {mode}"
        );
    }
}

/// The sends of End User Messaging take resources, so the role names them: those of the operator, the configuration
/// that the stack makes, or one that it has not made.
#[tokio::test]
async fn the_role_of_send_names_what_texts_of_end_user_messaging_are_sent_with() {
    for (channels, condition, resource) in [
        (
            &[Channel::EndUserMessaging][..],
            "HasSmsIdentities",
            "SmsIdentityArns",
        ),
        (
            &[Channel::Notify, Channel::NotifyVoice],
            "HasNotify",
            "NotifyConfiguration",
        ),
        (
            &[Channel::Notify, Channel::NotifyVoice],
            "HasNotifyConfigurations",
            "NotifyConfigurationArns",
        ),
    ] {
        let mut called = Vec::new();
        for channel in channels {
            let world = World::builder().route(&[*channel]).proxied().start().await;
            assert_eq!(world.client.send(&phone(1)).await.status, 202);
            let actions = world.proxy().take_permissions().into_iter();
            called.extend(actions.filter(|(action, _)| action.starts_with("sms-voice:")));
        }
        let called: Vec<_> = called.into_iter().map(|(action, _)| action).collect();
        let allowed = list_allowed_if(condition);
        let actions: Vec<_> = allowed.iter().map(|(action, _)| action.clone()).collect();
        assert_eq!(actions, called, "{condition}");
        for (_, allowed) in &allowed {
            assert_eq!(allowed, resource, "and not `*`");
        }
    }
}

/// The function that takes receipts writes items of its own, and reaches neither a channel nor a challenge.
#[tokio::test]
async fn the_role_of_receipts_writes_outcomes_and_nothing_else() {
    let builder = World::builder().route(&[Channel::EndUserMessaging]);
    let world = builder.receipts().proxied().start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    let context = &world.texts(&phone(1))[0].attributes["Context"];
    let context: Value = serde_json::from_str(context).expect("JSON");
    // After five minutes the function reads the keyring again.
    world.advance(300);
    drop(world.proxy().take_permissions());
    let event = json!({
        "source": "aws.sms-voice",
        "detail": { "eventType": "TEXT_DELIVERED", "eventTimestamp": 1, "context": context },
    });
    let receipts = Arc::clone(&world.stack.receipts);
    phoneproof_receipts::take(receipts, event)
        .await
        .expect("taken");
    let called = world.proxy().take_permissions();
    assert_eq!(called, list_allowed("ReceiptsRole", TokenMode::Sealed));
    let template = template();
    let statements = &template["Resources"]["ReceiptsRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        ["Statement"];
    assert_eq!(statements[0]["Action"], "dynamodb:UpdateItem");
    assert_eq!(
        statements[0]["Condition"],
        json!({
            "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["receipt#*"] },
            "Null": { "dynamodb:LeadingKeys": "false" },
        })
    );
}

/// Without the parameter there is nothing of it, and texts carry nothing. The route is then one of the unknown ones.
#[test]
fn receipts_are_there_with_their_parameter_only() {
    let template = template();
    assert_eq!(template["Parameters"]["Receipts"]["Default"], "false");
    let resources = template["Resources"].as_object().expect("resources");
    let of_receipts = resources
        .iter()
        .filter(|(id, _)| id.starts_with("Receipts"));
    for (id, resource) in of_receipts {
        let condition = &resource["Condition"];
        let optional = ["HasReceipts", "HasReceiptEvents"].map(Value::from);
        assert!(
            optional.contains(condition) || id == "ReceiptsRoute",
            "{id}"
        );
    }
    let target = |has| {
        let target = &template["Resources"]["ReceiptsRoute"]["Properties"]["Target"];
        apply_condition(target, "HasReceipts", has)["Fn::Sub"].clone()
    };
    assert_eq!(target(true), "integrations/${ReceiptsIntegration}");
    assert_eq!(target(false), "integrations/${VerifyIntegration}");
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(variables["RECEIPTS"], json!({ "Ref": "Receipts" }));
    let pattern = &template["Resources"]["ReceiptsRule"]["Properties"]["EventPattern"];
    assert_eq!(pattern["source"], json!(["aws.sms-voice"]));
    let throttles = &template["Resources"]["Stage"]["Properties"]["RouteSettings"];
    assert!(throttles["ANY /v1/receipts"].is_object());
}

/// With its parameter, the stack makes the configuration and tells the functions.
#[test]
fn a_display_name_makes_a_notify_configuration() {
    let template = template();
    let made = &template["Resources"]["NotifyConfiguration"];
    assert_eq!(made["Type"], "AWS::SMSVOICE::NotifyConfiguration");
    assert_eq!(made["Condition"], "HasNotify");
    assert_eq!(made["Properties"]["UseCase"], "CODE_VERIFICATION");
    assert_eq!(
        made["Properties"]["EnabledChannels"],
        json!(["SMS", "VOICE"])
    );
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let id = &variables["NOTIFY_CONFIGURATION_ID"];
    let with = apply_condition(id, "HasNotify", true);
    assert_eq!(
        with["Fn::GetAtt"],
        "NotifyConfiguration.NotifyConfigurationId"
    );
    assert_eq!(
        apply_condition(id, "HasNotify", false),
        json!({ "Ref": "AWS::NoValue" })
    );
    assert_eq!(
        template["Outputs"]["NotifyConfigurationId"]["Condition"],
        "HasNotify"
    );
}

const PASSWORD: &str = "green mountains at noon";

/// Lists every call that `account` makes. The calls that text and verify the codes are left out.
async fn list_account_calls(world: &World) -> BTreeSet<Permission> {
    let mut calls = BTreeSet::new();
    let number = phone(1);
    let mut access = String::new();
    for (business, path) in [
        ("register", "/accounts"),
        ("login", "/sessions"),
        ("password-change", "/password"),
        ("password-reset", "/password-reset"),
    ] {
        world.advance(60);
        let client = &world.client;
        let send = json!({ "phone": number, "uniqueId": "d", "businessId": business });
        let challenge = client.post("/v1/send", &send).await.token();
        let success = client
            .verify(&challenge, &world.code(&number))
            .await
            .token();
        drop(world.proxy().take_permissions());
        let mut body = json!({ "token": success });
        if path != "/sessions" {
            body["password"] = json!(PASSWORD);
        }
        let authorization = format!("Bearer {access}");
        let headers = [("authorization", authorization.as_str())];
        let path = format!("/account/v1{path}");
        let served = client.post_with(&path, &body, &headers).await;
        assert!(served.status < 300, "{path}: {}", served.text);
        if let Some(token) = served.json["accessToken"].as_str() {
            token.clone_into(&mut access);
        }
        calls.extend(world.proxy().take_permissions());
    }
    let log_in = json!({ "phone": number, "password": PASSWORD });
    let session = world.client.post("/account/v1/sessions", &log_in).await;
    let refresh = json!({ "refreshToken": session.json["refreshToken"] });
    let path = "/account/v1/sessions/refresh";
    let session = world.client.post(path, &refresh).await;
    let access = session.json["accessToken"].as_str().expect("a token");
    // After five minutes the function reads the keyring again.
    world.advance(300);
    let authorization = format!("Bearer {access}");
    for (method, path) in [(Method::GET, "/sessions"), (Method::DELETE, "/me")] {
        let path = format!("/account/v1{path}");
        let headers = [("authorization", authorization.as_str())];
        let served = world.client.raw(method, &path, &headers, Vec::new()).await;
        assert!(served.status < 300, "{path}: {}", served.text);
    }
    calls.extend(world.proxy().take_permissions());
    calls
}

#[tokio::test]
async fn the_account_role_allows_what_the_function_calls_and_nothing_else() {
    let world = World::builder().proxied().start().await;
    let calls = list_account_calls(&world).await;
    let in_stack = |(action, table): Permission| match table.as_str() {
        "AccountLimits" => (action, "Limits".to_owned()),
        _ => (action, table),
    };
    let calls: BTreeSet<_> = calls.into_iter().map(in_stack).collect();
    assert_eq!(calls, list_allowed_by(&account_template(), "AccountRole"));
}

#[test]
fn sending_to_topics_is_denied() {
    let template = template();
    let statements = &template["Resources"]["SendRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        ["Statement"];
    let denials: Vec<_> = statements
        .as_array()
        .expect("statements")
        .iter()
        .filter(|s| s["Effect"] == "Deny")
        .collect();
    assert_eq!(denials.len(), 1);
    assert_eq!(denials[0]["Action"], "sns:Publish");
    assert_eq!(
        denials[0]["Resource"]["Fn::Sub"],
        "arn:${AWS::Partition}:sns:*:*:*"
    );
}
