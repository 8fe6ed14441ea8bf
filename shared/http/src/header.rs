//! The headers of an answer: a value that is not valid is left out.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Inserts a header. A value that cannot stand in a header is left out.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
