//! CORS as S3 does it: the bucket's rules, first match wins. Browsers send scans straight to the bucket.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::meta::CorsRule;

/// The answer to a preflight request.
pub(super) fn preflight(rules: &[CorsRule], headers: &HeaderMap) -> Response {
    let origin = text(headers, header::ORIGIN.as_str());
    let method = text(headers, header::ACCESS_CONTROL_REQUEST_METHOD.as_str());
    let requested: Vec<String> = text(headers, header::ACCESS_CONTROL_REQUEST_HEADERS.as_str())
        .split(',')
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let rule = rules.iter().find(|rule| {
        applies(rule, &origin, &method)
            && requested.iter().all(|name| rule.headers.iter().any(|pattern| matches(&pattern.to_lowercase(), name)))
    });
    let Some(rule) = rule else {
        return (StatusCode::FORBIDDEN, "CORSResponse: This CORS request is not allowed.").into_response();
    };
    let mut response = StatusCode::OK.into_response();
    let answer = response.headers_mut();
    allow(answer, rule, &origin);
    put(answer, header::ACCESS_CONTROL_ALLOW_HEADERS.as_str(), &requested.join(", "));
    if let Some(seconds) = rule.max_age {
        put(answer, header::ACCESS_CONTROL_MAX_AGE.as_str(), &seconds.to_string());
    }
    response
}

/// Adds what an actual request's answer carries, if a rule applies.
pub(super) fn decorate(rules: &[CorsRule], method: &Method, request: &HeaderMap, answer: &mut HeaderMap) {
    let origin = text(request, header::ORIGIN.as_str());
    let Some(rule) = rules.iter().find(|rule| applies(rule, &origin, method.as_str())) else { return };
    allow(answer, rule, &origin);
    if !rule.expose.is_empty() {
        put(answer, header::ACCESS_CONTROL_EXPOSE_HEADERS.as_str(), &rule.expose.join(", "));
    }
}

fn allow(answer: &mut HeaderMap, rule: &CorsRule, origin: &str) {
    let any = rule.origins.iter().any(|pattern| pattern == "*");
    put(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN.as_str(), if any { "*" } else { origin });
    put(answer, header::ACCESS_CONTROL_ALLOW_METHODS.as_str(), &rule.methods.join(", "));
    put(answer, header::VARY.as_str(), "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

fn applies(rule: &CorsRule, origin: &str, method: &str) -> bool {
    !origin.is_empty()
        && rule.methods.iter().any(|allowed| allowed == method)
        && rule.origins.iter().any(|pattern| matches(pattern, origin))
}

/// `*` may stand once and takes any run of characters.
fn matches(pattern: &str, value: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == value,
        Some((head, tail)) => {
            value.len() >= head.len() + tail.len() && value.starts_with(head) && value.ends_with(tail)
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_takes_any_run_once() {
        assert!(matches("*", "http://a"));
        assert!(matches("http://127.0.0.1:*", "http://127.0.0.1:8080"));
        assert!(!matches("http://127.0.0.1:*", "https://127.0.0.1:8080"));
        assert!(!matches("ab*ba", "aba"));
    }
}
