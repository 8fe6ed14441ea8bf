//! What a policy check of the templates would find: encryption, logging, retention, names and wildcards.

use std::collections::BTreeSet;

use phoneproof_config::{Environment, Settings};
use serde_json::{Value, json};

use crate::template::document::{account_template, apply_condition, resources, template};

/// The statements whose resource is `*`, and the reason for each.
const WILDCARDS: [(&str, &str); 2] = [
    (
        "TextPhones",
        "publishing to a phone number has no resource; topics are denied",
    ),
    ("Trace", "X-Ray has no resources"),
];

#[test]
fn tables_are_encrypted_expire_their_items_and_can_be_protected() {
    let templates = [template(), account_template()];
    let tables = templates.iter().flat_map(|template| {
        let tables = resources(template, "AWS::DynamoDB::Table").into_iter();
        tables.map(move |(id, table)| (template, id, table))
    });
    let tables: Vec<_> = tables.collect();
    assert_eq!(tables.len(), 5);
    for (template, id, table) in tables {
        assert_eq!(table["SSESpecification"]["SSEEnabled"], true, "{id}");
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
        let expires = json!({ "AttributeName": "expires_at", "Enabled": true });
        assert_eq!(table["TimeToLiveSpecification"], expires, "{id}");
        assert_eq!(
            table["KeySchema"],
            json!([{ "AttributeName": "pk", "KeyType": "HASH" }]),
            "{id}"
        );
        assert_eq!(
            apply_condition(&table["DeletionProtectionEnabled"], "IsProtected", true),
            true,
            "{id}"
        );
        let recoverable =
            table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true;
        assert_eq!(
            recoverable,
            ["Blocks", "Accounts"].contains(&id),
            "{id}: nothing but blocks and accounts is worth restoring"
        );
        // While the tables are protected, a deletion of the stack stops before it reaches the keyring.
        assert_eq!(template["Resources"][id]["DependsOn"], "Keyring", "{id}");
    }
}

#[test]
fn the_properties_that_generate_the_keyring_never_change() {
    // CloudFormation generates a new secret when any of these changes. Then all keys and indexes would be lost.
    for template in [template(), account_template()] {
        assert_eq!(
            template["Resources"]["Keyring"]["Properties"]["GenerateSecretString"],
            json!({
                "SecretStringTemplate": "{\"current\":\"r1\"}",
                "GenerateStringKey": "r1",
                "PasswordLength": 64,
                "ExcludePunctuation": true,
            })
        );
    }
}

#[test]
fn a_generated_keyring_is_one_that_the_service_reads() {
    let generated = "aB3".repeat(22)[..64].to_owned();
    let secret = json!({ "current": "r1", "r1": generated }).to_string();
    assert!(phoneproof_crypto::keyring::Keyring::from_json(&secret).is_ok());
}

#[test]
fn every_function_and_the_api_log_to_a_group_with_retention() {
    for template in [template(), account_template()] {
        let groups: BTreeSet<_> = resources(&template, "AWS::Logs::LogGroup")
            .into_iter()
            .inspect(|(id, group)| {
                assert_eq!(group["RetentionInDays"]["Ref"], "LogRetentionDays", "{id}");
            })
            .map(|(id, _)| id.to_owned())
            .collect();
        for (id, function) in resources(&template, "AWS::Serverless::Function") {
            let group = function["LoggingConfig"]["LogGroup"]["Ref"]
                .as_str()
                .expect("a group");
            assert!(groups.contains(group), "{id}");
            assert!(
                function["Role"]["Fn::GetAtt"].is_string(),
                "{id}: a role of its own"
            );
        }
        let stage = &template["Resources"]["Stage"]["Properties"];
        assert_eq!(
            stage["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"],
            "AccessLogs.Arn"
        );
    }
}

#[test]
fn the_access_log_holds_no_personal_data() {
    for template in [template(), account_template()] {
        let format = template["Resources"]["Stage"]["Properties"]["AccessLogSettings"]["Format"]
            .as_str()
            .expect("a format");
        for personal in [
            "sourceIp",
            "identity",
            "userAgent",
            "path",
            "domainName",
            "authorizer",
        ] {
            assert!(!format.contains(personal), "{personal}");
        }
        let line: Value = serde_json::from_str(format).expect("the log is JSON");
        assert_eq!(line["request_id"], "$context.requestId");
    }
}

#[test]
fn every_wildcard_has_a_reason() {
    for template in [template(), account_template()] {
        for (id, role) in resources(&template, "AWS::IAM::Role") {
            assert!(
                role["ManagedPolicyArns"].is_null(),
                "{id}: managed policies allow more than is called"
            );
            let conditions = [
                "IsTraced",
                "IsStored",
                "HasSmsIdentities",
                "HasNotify",
                "HasNotifyConfigurations",
            ];
            let role = conditions.into_iter().fold(role.clone(), |role, name| {
                apply_condition(&role, name, true)
            });
            let statements = &role["Policies"][0]["PolicyDocument"]["Statement"];
            for statement in statements.as_array().expect("statements") {
                let sid = statement["Sid"].as_str().expect("a name");
                assert!(!statement["Action"].to_string().contains('*'), "{id} {sid}");
                let excused = WILDCARDS.iter().any(|(excused, _)| *excused == sid);
                assert_eq!(statement["Resource"] == "*", excused, "{id} {sid}");
            }
        }
    }
}

#[test]
fn no_resource_has_a_fixed_name() {
    for template in [template(), account_template()] {
        let named = [
            "TableName",
            "FunctionName",
            "RoleName",
            "LogGroupName",
            "TopicName",
            "AlarmName",
            "LayerName",
        ];
        for (id, resource) in template["Resources"].as_object().expect("resources") {
            for name in named {
                let value = &resource["Properties"][name];
                // A permission names its function by reference.
                assert!(
                    value.is_null() || value.is_object(),
                    "{id}.{name}: two stacks would collide"
                );
            }
        }
        assert!(
            template["Outputs"]
                .as_object()
                .expect("outputs")
                .values()
                .all(|output| output["Export"].is_null())
        );
    }
}

#[test]
fn parameters_are_described_and_bounded() {
    for template in [template(), account_template()] {
        for (name, parameter) in template["Parameters"].as_object().expect("parameters") {
            assert!(parameter["Description"].is_string(), "{name}");
            let bounded = ["AllowedValues", "AllowedPattern", "MinValue"]
                .iter()
                .any(|key| !parameter[*key].is_null());
            assert!(bounded || name == "RunbookUrl", "{name}");
            // Only the operator knows which verification service the accounts rely on.
            assert!(
                !parameter["Default"].is_null() || name == "Issuer",
                "{name}: a deployment needs no answers"
            );
        }
    }
}

/// The variables of the functions, with an accepted value for every parameter.
struct FromTemplate(Value);

impl Environment for FromTemplate {
    fn get(&self, name: &str) -> Option<String> {
        let lambda = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(&name);
        match &self.0[name] {
            Value::Null if lambda => Some("set-by-lambda".to_owned()),
            Value::Null => None,
            _ if name == "ISSUER" => Some("https://verify.example.com".to_owned()),
            _ if name == "TOKEN_MODE" => Some("stored".to_owned()),
            _ if name == "TRACING" => Some("xray".to_owned()),
            _ if name == "RECEIPTS" => Some("true".to_owned()),
            _ if name == "PROXY_SECRET_SHA256" => Some("0".repeat(64)),
            _ => Some("a-name".to_owned()),
        }
    }
}

#[test]
fn the_functions_get_every_variable_they_need() {
    let variables = template()["Globals"]["Function"]["Environment"]["Variables"].clone();
    let names: BTreeSet<_> = variables
        .as_object()
        .expect("variables")
        .keys()
        .cloned()
        .collect();
    for optional in [
        "POLICY_PATH",
        "SMS_SENDER_ID",
        "SMS_MAX_PRICE_USD",
        "SEND_HOOK_URL",
        "STACK_NAME",
        "LOG_LEVEL",
    ] {
        assert!(names.contains(optional), "{optional}");
    }
    Settings::from_environment(&FromTemplate(variables)).expect("complete");
}

#[test]
fn the_stack_names_its_functions_binaries_and_its_policy() {
    let template = template();
    for (function, binary) in [
        ("SendFunction", "send"),
        ("VerifyFunction", "verify"),
        ("ReceiptsFunction", "receipts"),
    ] {
        let metadata = &template["Resources"][function]["Metadata"];
        assert_eq!(metadata["BuildMethod"], "rust-cargolambda");
        assert_eq!(metadata["BuildProperties"]["Binary"], binary);
    }
    let layer = &template["Resources"]["PolicyLayer"]["Properties"]["ContentUri"];
    assert_eq!(layer, "infra/policy");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/policy");
    let shipped = std::fs::read_dir(folder).expect("the layer's folder");
    let names: Vec<_> = shipped
        .map(|file| file.expect("a file").file_name())
        .collect();
    assert_eq!(
        names,
        ["policy.toml"],
        "everything in the folder is shipped"
    );
    let path = &template["Globals"]["Function"]["Environment"]["Variables"]["POLICY_PATH"];
    assert_eq!(path, "/opt/policy.toml");
}

/// `phoneproof-admin` reads these outputs to find the keyring and the kind of stack.
#[test]
fn each_stack_outputs_its_keyring_and_only_one_outputs_an_accounts_table() {
    for (template, keeps_accounts) in [(template(), false), (account_template(), true)] {
        let outputs = &template["Outputs"];
        assert_eq!(
            outputs["KeyringSecret"]["Value"]["Fn::GetAtt"],
            "Keyring.Id"
        );
        assert_eq!(outputs["AccountsTable"].is_object(), keeps_accounts);
    }
}

/// A flood of one route must stop no other.
#[test]
fn every_route_that_people_wait_for_has_a_throttle_of_its_own() {
    // Nobody waits for the document of the API. Every method goes to its function, which answers `HEAD` and refuses.
    let any = |path: &str| (!path.ends_with("/openapi.json")).then(|| format!("ANY {path}"));
    let verification = [phoneproof_send::ROUTES, phoneproof_verify::ROUTES].concat();
    let receipts = phoneproof_receipts::ROUTES.iter();
    let receipts = receipts.filter_map(|route| any(route.path));
    let verification = verification.iter().filter_map(|route| any(route.path));
    let verification = verification.chain(receipts);
    let account = phoneproof_account::route::ROUTES.iter();
    let account = account.filter_map(|route| any(route.path));
    // A flood of log-ins must not keep people from seeing and ending their sessions, at the same path.
    let account = account.chain(["POST /account/v1/sessions".to_owned()]);
    // A receipt writes, and nobody waits for one.
    let costly = ["ANY /v1/send", "ANY /v1/receipts"];
    assert_throttles(&template(), &verification.collect(), &costly, "Verify");
    // Each of these hashes a password.
    let costly = [
        "ANY /account/v1/accounts",
        "POST /account/v1/sessions",
        "ANY /account/v1/password-reset",
        "ANY /account/v1/password",
        "ANY /account/v1/phone",
    ];
    assert_throttles(&account_template(), &account.collect(), &costly, "Session");
}

/// Asserts that the stage names exactly the `served` routes, each with the throttle of its kind: the parameters of the
/// `costly` ones have no prefix, those of the others have `prefix`.
fn assert_throttles(template: &Value, served: &BTreeSet<String>, costly: &[&str], prefix: &str) {
    let stage = &template["Resources"]["Stage"];
    let settings = stage["Properties"]["RouteSettings"]
        .as_object()
        .expect("settings");
    let routes = resources(template, "AWS::ApiGatewayV2::Route");
    let mut named = BTreeSet::new();
    for (id, route) in routes {
        let waits = stage["DependsOn"].as_array().expect("a list");
        assert!(waits.contains(&json!(id)), "{id}: the stage names it");
        let key = route["RouteKey"].as_str().expect("a key");
        if key != "$default" {
            named.insert(key.to_owned());
        }
    }
    assert_eq!(named, settings.keys().cloned().collect());
    assert_eq!(named, *served);
    for route in costly {
        assert!(named.contains(*route), "{route}");
    }
    for (key, throttle) in settings {
        let kind = if costly.contains(&key.as_str()) {
            ""
        } else {
            prefix
        };
        let reference = |name| json!({ "Ref": format!("{kind}Throttle{name}") });
        assert_eq!(throttle["ThrottlingRateLimit"], reference("Rate"), "{key}");
        assert_eq!(
            throttle["ThrottlingBurstLimit"],
            reference("Burst"),
            "{key}"
        );
    }
}

/// Without a secret, the functions get neither variable: a header alone would stop their start.
#[test]
fn the_functions_trust_a_proxy_only_with_a_secret() {
    let global = &template()["Globals"]["Function"]["Environment"]["Variables"];
    let account = &account_template()["Resources"]["AccountFunction"]["Properties"]["Environment"]
        ["Variables"];
    for variables in [global, account] {
        for (variable, parameter) in [
            ("PROXY_SECRET_SHA256", "ProxySecretSha256"),
            ("PROXY_ADDRESS_HEADER", "ProxyAddressHeader"),
        ] {
            let with = apply_condition(&variables[variable], "HasProxy", true);
            assert_eq!(with, json!({ "Ref": parameter }));
            let without = apply_condition(&variables[variable], "HasProxy", false);
            assert_eq!(without, json!({ "Ref": "AWS::NoValue" }));
        }
    }
}

/// An alarm reads metrics of its own region only.
#[test]
fn the_alarm_on_spending_exists_only_where_the_texts_are_sent_from() {
    let template = template();
    assert_eq!(
        template["Resources"]["SpendAlarm"]["Condition"],
        "TextsFromHere"
    );
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let region = apply_condition(&variables["SNS_REGION"], "HasSnsRegion", true);
    assert_eq!(region, json!({ "Ref": "SnsRegion" }));
}
