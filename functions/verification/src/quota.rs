//! Which calls are counted, and for whom: whoever has no token, by address (api.md §5.9).
//!
//! The count lies in the table that every counted answer needs anyway. Where it cannot be written nothing is answered
//! (`service-unavailable`): without that table an annulled copy could look valid, and each record costs a signature.

use api::{Counted, Env, Problem, Request};
use domain::quota::{Allowance, Windows};

use crate::{Verification, page};

/// Judgements and records.
const VERIFY: &str = "verify";
/// Look-ups by number, which invite counting through the register.
const LOOKUP: &str = "lookup";

/// What one address may ask, in each of the quotas.
///
/// # Errors
/// A setting that is missing or no number from 1, by name.
pub(crate) fn allowance(env: &Env) -> Result<Allowance, api::Missing> {
    read(("QUOTA_MINUTE", env.required("QUOTA_MINUTE")?), ("QUOTA_DAY", env.required("QUOTA_DAY")?))
}

/// How many X.509 certificates all together may make the service ask CAs about.
///
/// # Errors
/// As for [`allowance`].
pub(crate) fn questions(env: &Env) -> Result<Allowance, api::Missing> {
    read(("QUESTIONS_MINUTE", env.required("QUESTIONS_MINUTE")?), ("QUESTIONS_DAY", env.required("QUESTIONS_DAY")?))
}

fn read(minute: (&str, String), day: (&str, String)) -> Result<Allowance, api::Missing> {
    let number = |(name, text): (&str, String)| {
        let number = text.parse::<u32>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| api::Missing(name.to_owned()))
    };
    Ok(Allowance { minute: number(minute)?, day: number(day)? })
}

/// The quota to which a call belongs. A report that is read again, the list of annulments, trust lists and explanations belong
/// to none: they cost one or two reads, and tell nothing that could be found by trying.
fn quota(request: &Request) -> Option<&'static str> {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("POST", ["v1", "verifications"]) | ("GET", ["v1", "verifications", _, "report.pdf"]) => Some(VERIFY),
        ("GET", ["v1", "verifications", _]) if page::is_record_wanted(request) => Some(VERIFY),
        ("GET", ["v1", "copies", "by-number"] | ["Q", ..]) | ("POST", ["v1", "qr", "decode"]) => Some(LOOKUP),
        _ => None,
    }
}

impl Verification {
    /// Counts a call, when it is one that is counted. A token that is none does not exempt from it.
    ///
    /// # Errors
    /// A failure of the table.
    pub(crate) async fn counted(&self, request: &Request) -> Result<Option<Counted>, Problem> {
        let now = self.edge.clock.now();
        let Some(quota) = quota(request) else { return Ok(None) };
        if self.keys.subject(request, now).is_ok() {
            return Ok(None);
        }
        let windows = Windows::at(now);
        let caller = api::caller(&self.secret, quota, request, &windows);
        let spent = self.records.spend(&caller, &windows, self.allowed).await?;
        Ok(Some(Counted { quota, allowed: self.allowed, spent, windows }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn of(method: &str, path: &str, accept: &str) -> Option<&'static str> {
        let segments = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        quota(&Request {
            method: method.into(),
            path: path.into(),
            segments,
            query: BTreeMap::new(),
            headers: [("accept".to_owned(), accept.to_owned())].into(),
            body: Vec::new(),
            source_ip: String::new(),
            request_id: String::new(),
        })
    }

    /// Every way to a signature of the service's key is counted.
    #[test]
    fn what_costs_or_invites_counting_is_counted() {
        assert_eq!(of("POST", "/v1/verifications", "*/*"), Some("verify"));
        assert_eq!(of("GET", "/v1/verifications/vrf_1/report.pdf", "*/*"), Some("verify"));
        assert_eq!(of("GET", "/v1/verifications/vrf_1", "application/pdf"), Some("verify"));
        assert_eq!(of("GET", "/v1/copies/by-number", "text/html"), Some("lookup"));
        for path in ["/v1/verifications/vrf_1", "/v1/annulments", "/v1/trust-lists/current", "/v1/explanations/x"] {
            assert_eq!(of("GET", path, "application/json"), None, "{path}");
        }
    }

    #[test]
    fn a_setting_that_allows_nothing_or_is_no_number_stops_the_start() {
        let env = |minute: &str| {
            let map = [("QUOTA_MINUTE", minute), ("QUOTA_DAY", "1000")];
            Env::from_map(map.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
        };
        assert_eq!(allowance(&env("60")).ok(), Some(Allowance { minute: 60, day: 1000 }));
        for bad in ["", "0", "-1", "viele"] {
            assert!(allowance(&env(bad)).is_err_and(|missing| missing.0 == "QUOTA_MINUTE"), "{bad}");
        }
    }
}
