//! The custom domain: the issuer, the outputs and the mapping name the same URL.

use serde_json::{Value, json};

use crate::template::document::{apply_condition, resources, template};

/// Decides the conditions of a stack with or without an issuer, a domain and a base path.
fn decide(value: &Value, conditions: &[(&str, bool)]) -> Value {
    let decided =
        |value: Value, (name, is_true): &(&str, bool)| apply_condition(&value, name, *is_true);
    conditions.iter().fold(value.clone(), decided)
}

#[test]
fn a_base_path_is_in_the_issuer_in_the_outputs_and_in_the_mapping() {
    let template = template();
    let (_, mapping) = resources(&template, "AWS::ApiGatewayV2::ApiMapping")[0];
    for (has_base_path, url) in [
        (false, "https://${DomainName}"),
        (true, "https://${DomainName}/${BasePath}"),
    ] {
        let conditions = [
            ("HasIssuer", false),
            ("HasDomain", true),
            ("HasBasePath", has_base_path),
        ];
        let decide = |value: &Value| decide(value, &conditions);
        let url = json!({ "Fn::Sub": url });
        let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
        assert_eq!(decide(&variables["ISSUER"]), url);
        let output = |name: &str| decide(&template["Outputs"][name]["Value"]);
        assert_eq!(output("Issuer"), url);
        assert_eq!(output("ApiUrl"), url);
        let keys = format!(
            "{}/.well-known/jwks.json",
            url["Fn::Sub"].as_str().expect("a URL")
        );
        assert_eq!(output("JwksUrl"), json!({ "Fn::Sub": keys }));
        let path = if has_base_path {
            "BasePath"
        } else {
            "AWS::NoValue"
        };
        assert_eq!(decide(&mapping["ApiMappingKey"]), json!({ "Ref": path }));
    }
}

/// What the parameters admit, a function starts with.
#[test]
fn an_issuer_of_a_base_path_is_one_that_functions_take() {
    for path in ["sms", "sms/one", "v1.2", "a_b-c"] {
        let issuer = format!("https://verify.example.com/{path}");
        let taken = phoneproof_config::check_issuer("ISSUER", issuer.clone());
        assert_eq!(taken.ok(), Some(issuer));
    }
}
