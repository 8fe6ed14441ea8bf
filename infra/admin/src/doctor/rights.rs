//! The names of rights, as IAM policies write them.

/// Whether an error code says that the caller lacks a right.
pub(super) fn is_denial(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "UnauthorizedOperation"
    )
}

/// Reads the right that a message of AWS names: "… is not authorized to perform: sns:ListOriginationNumbers on …".
/// Nothing else of the message is shown, because messages hold parts of requests.
pub(super) fn read_denied(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let named = rest.split_whitespace().next()?;
    let (service, action) = named.split_once(':')?;
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    (is_name(service) && is_name(action)).then_some(named)
}

/// Returns the right that a call needs, by the name of its operation.
pub(super) fn of_operation(operation: &str) -> String {
    let service = match operation {
        "DescribeStacks" => "cloudformation",
        "FilterLogEvents" => "logs",
        "GetSecretValue" => "secretsmanager",
        "GetFunctionConfiguration" => "lambda",
        "GetLayerVersionByArn" => return "lambda:GetLayerVersion".to_owned(),
        _ => return operation.to_owned(),
    };
    format!("{service}:{operation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_is_read_from_a_message() {
        let message = |named: &str| {
            format!(
                "User: arn:aws:iam::1:user/a is not authorized to perform: {named} on resource: *"
            )
        };
        for named in ["SNS:GetSMSAttributes", "sms-voice:DescribeSpendLimits"] {
            assert_eq!(read_denied(&message(named)), Some(named));
        }
        for named in ["+14155550100", ":a", "sns:", "sns:a:b", "sns:é", ""] {
            assert_eq!(read_denied(&message(named)), None, "{named}");
        }
        assert_eq!(read_denied("no"), None);
    }

    #[test]
    fn the_right_of_a_call_is_not_always_named_like_the_call() {
        assert_eq!(
            of_operation("GetSecretValue"),
            "secretsmanager:GetSecretValue"
        );
        assert_eq!(
            of_operation("GetLayerVersionByArn"),
            "lambda:GetLayerVersion"
        );
    }
}
