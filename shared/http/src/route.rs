//! Routes: which endpoint answers which method of which path.

use std::fmt;

use http::Method;
use phoneproof_observe::Facts;

/// The endpoints of one API, and what the stack has to know about that API.
pub trait Endpoint: Copy + fmt::Debug + Send + Sync + 'static {
    /// The `detail` of a 404 for a path that the API does not have.
    const NOT_FOUND: &'static str;

    /// The request headers that pages of the allowed origins may send. `None` if the API takes no calls from pages of
    /// other origins; `OPTIONS` is then refused like any other wrong method.
    const CORS_HEADERS: Option<&'static str>;

    /// The `event` in the line of a request that was refused, unless the use case noted another one.
    const REFUSED_EVENT: Option<&'static str> = None;

    /// The `detail` of a 500 after a panic: what may have been done before it.
    const AFTER_PANIC: Option<&'static str> = None;

    /// Notes what the line of every request to this endpoint says, however the request ends.
    fn note(self, _facts: &mut Facts) {}
}

/// One row of a table of routes.
#[derive(Debug, Clone)]
pub struct Route<E> {
    /// The method that the endpoint answers.
    pub method: Method,
    /// The path. Its last segment may be a parameter: a name in braces, which any text without a slash matches.
    pub path: &'static str,
    /// The endpoint that answers.
    pub endpoint: E,
}

impl<E> Route<E> {
    /// A row of the table.
    #[must_use]
    pub const fn new(method: Method, path: &'static str, endpoint: E) -> Self {
        Self {
            method,
            path,
            endpoint,
        }
    }

    /// Whether the route answers `method`. A `HEAD` is answered like a `GET`, without the body (RFC 9110 section
    /// 9.3.2).
    pub(crate) fn serves(&self, method: &Method) -> bool {
        self.method == *method || (*method == Method::HEAD && self.method == Method::GET)
    }

    /// Lists the names of the methods that the route answers.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &str> {
        let head = (self.method == Method::GET).then_some("HEAD");
        std::iter::once(self.method.as_str()).chain(head)
    }

    /// Returns what stands at the place of the parameter in `path`; `None` when `path` is another path.
    fn parameter<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (start, _) = self.path.split_once('{')?;
        let value = path.strip_prefix(start)?;
        (!value.is_empty() && !value.contains('/')).then_some(value)
    }
}

/// Returns the path at which an API is mapped, from the URL of its issuer: what stands there before `prefix`, the path
/// that the API's own routes begin with.
///
/// Behind a base-path mapping, a gateway hands over paths with or without the base path, so functions take both.
#[must_use]
pub fn base_path(issuer: &str, prefix: &str) -> String {
    let url = issuer.parse::<http::Uri>().unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    path.strip_suffix(prefix).unwrap_or(path).to_owned()
}

/// Finds a path as [`find_path`] does, also behind the base path `base`.
pub(crate) fn find_mapped<E>(
    routes: &[Route<E>],
    path: &str,
    base: &str,
) -> Option<(&'static str, Option<String>)> {
    let mapped = || find_path(routes, path.strip_prefix(base)?);
    find_path(routes, path).or_else(|| mapped().filter(|_| !base.is_empty()))
}

/// Finds the path of the table that `path` matches, and the value of its parameter. A path without a parameter wins.
pub(crate) fn find_path<E>(
    routes: &[Route<E>],
    path: &str,
) -> Option<(&'static str, Option<String>)> {
    let exact = routes.iter().find(|route| route.path == path);
    exact.map(|route| (route.path, None)).or_else(|| {
        let matching =
            |route: &Route<E>| Some((route.path, Some(route.parameter(path)?.to_owned())));
        routes.iter().find_map(matching)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: [Route<u8>; 3] = [
        Route::new(Method::DELETE, "/v1/items/{item}", 1),
        Route::new(Method::DELETE, "/v1/items/all", 2),
        Route::new(Method::GET, "/v1/items", 3),
    ];

    #[test]
    fn a_path_without_a_parameter_wins() {
        for (path, found) in [
            ("/v1/items", Some(("/v1/items", None))),
            ("/v1/items/all", Some(("/v1/items/all", None))),
            (
                "/v1/items/a",
                Some(("/v1/items/{item}", Some("a".to_owned()))),
            ),
            ("/v1/items/", None),
            ("/v1/items/a/b", None),
            ("/v1", None),
        ] {
            assert_eq!(find_path(&ROUTES, path), found, "{path}");
        }
    }

    #[test]
    fn the_base_path_is_what_an_issuer_has_before_the_routes() {
        for (issuer, prefix, base) in [
            ("https://a.example.com", "", ""),
            ("https://a.example.com/sms", "", "/sms"),
            ("https://a.example.com/sms/one", "", "/sms/one"),
            ("https://a.example.com/account", "/account", ""),
            ("https://a.example.com/sms/account", "/account", "/sms"),
        ] {
            assert_eq!(base_path(issuer, prefix), base, "{issuer}");
        }
    }

    #[test]
    fn a_path_is_found_with_and_without_the_base_path_and_under_no_other() {
        let found = Some(("/v1/items", None));
        for (path, base, expected) in [
            ("/v1/items", "", found.clone()),
            ("/v1/items", "/sms", found.clone()),
            ("/sms/v1/items", "/sms", found),
            ("/sms/v1/items", "", None),
            ("/other/v1/items", "/sms", None),
            ("/smsv1/items", "/sms", None),
            ("/sms/sms/v1/items", "/sms", None),
            ("/sms", "/sms", None),
        ] {
            assert_eq!(find_mapped(&ROUTES, path, base), expected, "{path} {base}");
        }
    }

    #[test]
    fn a_head_is_served_where_a_get_is() {
        let [delete, _, get] = ROUTES;
        assert!(get.serves(&Method::GET) && get.serves(&Method::HEAD));
        assert!(!get.serves(&Method::DELETE) && !delete.serves(&Method::HEAD));
        assert_eq!(get.methods().collect::<Vec<_>>(), ["GET", "HEAD"]);
        assert_eq!(delete.methods().collect::<Vec<_>>(), ["DELETE"]);
    }
}
