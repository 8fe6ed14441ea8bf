//! The templates as JSON values, with CloudFormation's short forms written out.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The template of the verification service.
pub(crate) fn template() -> Value {
    parse(include_str!("../../template.yaml"))
}

/// The template of the account service.
pub(crate) fn account_template() -> Value {
    parse(include_str!("../../infra/account.yaml"))
}

fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).expect("YAML");
    value(documents.first().expect("a document"))
}

/// The resources of one type, as pairs of logical id and properties.
pub(crate) fn resources<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().expect("resources");
    resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
        .collect()
}

fn value(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(members) => {
            let member = |(name, member): (&Yaml<'_>, &Yaml<'_>)| {
                Some((name.as_str()?.to_owned(), value(member)))
            };
            Value::Object(members.iter().filter_map(member).collect())
        }
        Yaml::Tagged(tag, inner) => {
            let name = match tag.suffix.as_str() {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            Value::Object(Map::from_iter([(name, value(inner))]))
        }
        _ => Value::Null,
    }
}

/// Resolves every `!If` on `condition` in `value`. Leaves an `AWS::NoValue` in a list out, as CloudFormation does.
pub(crate) fn apply_condition(value: &Value, condition: &str, is_true: bool) -> Value {
    let decide = |value: &Value| apply_condition(value, condition, is_true);
    match value {
        Value::Object(members) => match choice(members) {
            Some([name, yes, no]) if name == condition => decide(if is_true { yes } else { no }),
            Some([name, yes, no]) => json!({ "Fn::If": [name, decide(yes), decide(no)] }),
            _ => {
                let decide = |(name, member): (&String, &Value)| (name.clone(), decide(member));
                Value::Object(members.iter().map(decide).collect())
            }
        },
        Value::Array(items) => items
            .iter()
            .map(decide)
            .filter(|item| item["Ref"] != "AWS::NoValue")
            .collect(),
        other => other.clone(),
    }
}

fn choice(members: &Map<String, Value>) -> Option<&[Value]> {
    members.get("Fn::If")?.as_array().map(Vec::as_slice)
}
