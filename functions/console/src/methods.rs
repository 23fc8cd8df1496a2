//! What the `$default` route is asked: an address that does not exist, or one that does with another method
//! (RFC 9110 §15.5.6, §9.3.7). API Gateway itself knows only 404 for both.
//!
//! HEAD is a method as any other here: a GET has effects (a leader's preview is an opening), so nothing answers HEAD but 405.
//! OPTIONS tells the methods; there are no CORS headers, for pages and API have one origin.

use api::{Problem, Reply, Request};

/// The only table of routes.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Method and path of every route but `$default`.
fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("RouteKey: ")?.split_once(' '))
}

fn takes(pattern: &str, segments: &[String]) -> bool {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    parts.len() == segments.len()
        && parts.iter().zip(segments).all(|(part, here)| part.starts_with('{') || part == here)
}

/// The methods of the most specific path that takes these segments, in the template's order; none for an unknown address.
fn of(segments: &[String]) -> Vec<&'static str> {
    let variables = |path: &str| path.matches('{').count();
    let fits: Vec<_> = routes().filter(|(_, path)| takes(path, segments)).collect();
    let fewest = fits.iter().map(|(_, path)| variables(path)).min();
    let mut methods: Vec<&str> = Vec::new();
    for (method, path) in fits {
        if Some(variables(path)) == fewest && !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods
}

/// The answer to a request that no route takes.
pub(crate) fn other(request: &Request) -> Result<Reply, Problem> {
    let methods = of(&request.segments);
    if methods.is_empty() {
        return Err(Problem::new("not-found"));
    }
    let allow = format!("{}, OPTIONS", methods.join(", "));
    match request.method.as_str() {
        "OPTIONS" => Ok(Reply::empty(204).header("allow", &allow)),
        _ => Err(Problem::new("method-not-allowed").allow(&allow)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn methods(path: &str) -> Vec<&'static str> {
        let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        of(&segments)
    }

    #[test]
    fn the_template_tells_the_methods() {
        assert_eq!(methods("/v1/uploads"), ["POST"]);
        assert_eq!(methods("/v1/appointments/apt_1"), ["GET", "PATCH"]);
        assert_eq!(methods("/"), ["GET"]);
        assert_eq!(methods("/v1/copies/by-number"), ["GET"]);
        for unknown in ["/v1/khong-co", "/v1/cases/a/b/c", "/v2", "/khong-co"] {
            assert!(methods(unknown).is_empty(), "{unknown}");
        }
        assert!(routes().count() > 40, "the template is read");
    }
}
