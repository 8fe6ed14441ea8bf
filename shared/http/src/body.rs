//! Request bodies: strict JSON, with faults that name the field and never echo a value.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::fault::FieldFault;

/// The largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 4 * 1024;

/// A request body: a JSON object of strings, and of flags where the body says so.
pub trait JsonBody: DeserializeOwned {
    /// The names of the fields, in the order of the documentation.
    const FIELDS: &'static [&'static str];
    /// The names of the fields that are `true` or `false`.
    const FLAGS: &'static [&'static str] = &[];
}

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFault {
    /// The body is larger than 4 KiB.
    TooLarge,
    /// The content type is not `application/json`.
    MediaType,
    /// The body is not the expected object; the fault is the first thing that is wrong.
    Malformed(FieldFault),
}

/// Reads a body of an accepted size and type.
///
/// # Errors
///
/// [`BodyFault`] says what is wrong, and holds no value of the body.
pub fn read_body<T: JsonBody>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, BodyFault> {
    if bytes.len() > MAX_BODY_BYTES {
        return Err(BodyFault::TooLarge);
    }
    if !is_json(headers) {
        return Err(BodyFault::MediaType);
    }
    // A derived `Deserialize` also reads an array of the fields in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(BodyFault::Malformed(object_needed::<T>()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| BodyFault::Malformed(fault::<T>(&error)))?;
    deserializer
        .end()
        .map_err(|_| BodyFault::Malformed(object_needed::<T>()))?;
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media_type = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Says what is wrong from the kind of the error alone: serde's text may quote the input, which may
/// be a phone number or a code.
fn fault<T: JsonBody>(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldFault {
    let path = error.path().to_string();
    let known = T::FIELDS.iter().find(|field| **field == path);
    let message = error.inner().to_string();
    let named = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?;
        T::FIELDS
            .iter()
            .copied()
            .find(|field| rest.starts_with(&format!("`{field}`")))
    };
    if let Some(field) = named("missing field ") {
        FieldFault::new(field, "it is required")
    } else if let Some(field) = named("duplicate field ") {
        FieldFault::new(field, "it may appear once")
    } else if message.starts_with("unknown field ") {
        FieldFault::new(
            "body",
            format_args!("no other fields than {}", T::FIELDS.join(", ")),
        )
    } else if let Some(field) = known.filter(|_| message.starts_with("invalid type")) {
        let accepted = if T::FLAGS.contains(field) {
            "`true` or `false` is needed"
        } else {
            "a string is needed"
        };
        FieldFault::new(field, accepted)
    } else {
        object_needed::<T>()
    }
}

fn object_needed<T: JsonBody>() -> FieldFault {
    let fields = T::FIELDS.join(", ");
    FieldFault::new(
        "body",
        format_args!("one JSON object in UTF-8 with the fields {fields}"),
    )
}
