//! Quotas as HTTP tells them: whose they are, the headers of every answer, and the one form of a 429 (api.md §5.6, §5.9; the fields are
//! those of draft-ietf-httpapi-ratelimit-headers).
//!
//! Counts nothing. Whoever asks is the network of the address that API Gateway saw: what a client writes into
//! `X-Forwarded-For` or any other header changes nothing.

use std::net::IpAddr;

use domain::model::Sha256;
use domain::quota::{Allowance, Spent, Told, Windows, told};
use serde_json::json;

use crate::{Problem, Reply, Request, Secret};

/// Header with what is allowed.
const POLICY: &str = "ratelimit-policy";
/// Header with what is left.
const LEFT: &str = "ratelimit";
/// Headers of an answer that was counted, for whoever makes another answer of it.
pub const QUOTA_HEADERS: [&str; 3] = [POLICY, LEFT, "retry-after"];

/// The caller of a request as one quota counts it today: a keyed digest, so that no address stands in a key, and none can
/// be found by trying all of them.
pub fn caller(secret: &Secret, quota: &str, request: &Request, windows: &Windows) -> Sha256 {
    secret.digest("quota", &[quota, &windows.day.to_string(), &network(&request.source_ip)])
}

/// What counts as one caller: an IPv4 address, or the /64 of an IPv6 one, which one customer has for itself (RFC 6177 §2). Text that is
/// no address is one caller: whoever could hide its address would gain nothing.
fn network(source_ip: &str) -> String {
    match source_ip.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => "unknown".to_owned(),
    }
}

/// A counted call: the quota's name, what it allows, what was used, and when.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Its name; the day's window is called `<name>-day`.
    pub quota: &'static str,
    /// What it allows.
    pub allowed: Allowance,
    /// What was used.
    pub spent: Spent,
    /// The windows.
    pub windows: Windows,
}

impl Counted {
    /// Nothing where the call was granted.
    ///
    /// # Errors
    /// `quota-exceeded`, which names the windows that are used up and says when to come back.
    pub fn granted(&self) -> Result<(), Problem> {
        if self.spent.granted {
            return Ok(());
        }
        let violated: Vec<(String, Told)> = self.told().into_iter().filter(|(_, told)| told.violated).collect();
        let wait = violated.iter().map(|(_, told)| told.reset_s).max().unwrap_or(self.windows.minute_left_s);
        let names: Vec<&String> = violated.iter().map(|(name, _)| name).collect();
        Err(Problem::new("quota-exceeded").with("violated-policies", json!(names)).retry_after(wait))
    }

    /// The answer with what is allowed and what is left.
    #[must_use]
    pub fn on(&self, reply: Reply) -> Reply {
        let all = self.told();
        let policy = |(name, told): &(String, Told)| format!("\"{name}\";q={};w={}", told.quota, told.window_s);
        let left = |(name, told): &(String, Told)| format!("\"{name}\";r={};t={}", told.remaining, told.reset_s);
        let reply = reply.header(POLICY, &all.iter().map(policy).collect::<Vec<_>>().join(", "));
        reply.header(LEFT, &all.iter().map(left).collect::<Vec<_>>().join(", "))
    }

    fn told(&self) -> [(String, Told); 2] {
        let [minute, day] = told(self.allowed, self.spent, &self.windows);
        [(self.quota.to_owned(), minute), (format!("{}-day", self.quota), day)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(spent: Spent) -> Counted {
        let now = "2026-11-23T16:59:29Z".parse().expect("literal");
        Counted { quota: "verify", allowed: Allowance { minute: 60, day: 1000 }, spent, windows: Windows::at(now) }
    }

    #[test]
    fn one_caller_is_an_address_or_a_network_of_64_bits() {
        for (one, other) in [
            ("203.0.113.7", "::ffff:203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::1"),
            ("no address", ""),
            ("203.0.113.7, 198.51.100.1", ""),
        ] {
            assert_eq!(network(one), network(other), "{one} and {other}");
        }
        for (one, other) in [("203.0.113.7", "203.0.113.8"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("", "::")] {
            assert_ne!(network(one), network(other), "{one} and {other}");
        }
    }

    /// The sheet of api.md §5.6: the sixty-first of a minute is told so in headers and body, each answer before it in headers.
    #[test]
    fn what_is_left_stands_on_every_answer() {
        let granted = counted(Spent { granted: true, minute: 60, day: 61 });
        granted.granted().expect("the sixtieth");
        let reply = granted.on(Reply::empty(200));
        assert_eq!(reply.get("ratelimit-policy"), Some("\"verify\";q=60;w=60, \"verify-day\";q=1000;w=86400"));
        assert_eq!(reply.get("ratelimit"), Some("\"verify\";r=0;t=31, \"verify-day\";r=939;t=31"));
        let refused = counted(Spent { granted: false, minute: 60, day: 61 }).granted().expect_err("the sixty-first");
        assert_eq!((refused.code(), refused.status()), ("quota-exceeded", 429));
    }
}
