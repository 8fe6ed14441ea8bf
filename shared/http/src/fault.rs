//! What is wrong with one field of a request.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// One fault of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// The field or header; `body` when no single field is at fault.
    #[schema(example = "phone")]
    pub field: String,
    /// What is accepted there.
    #[schema(example = "a phone number, in E.164 or with `region`")]
    pub accepted: String,
}

impl FieldFault {
    /// Makes the fault of `field`, where `accepted` would do.
    #[must_use]
    pub fn new(field: &str, accepted: impl fmt::Display) -> Self {
        Self {
            field: field.to_owned(),
            accepted: accepted.to_string(),
        }
    }
}
