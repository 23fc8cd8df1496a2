//! The published list of annulled copies (R111, TT 01/2020 Art. 7; api.md row 62): which number, which file, which decision. No name, no
//! title and no reason, as the look-up by number has it.
//!
//! Oldest first, and only what was annulled at least a minute ago: whoever pages, or comes back with `since` = the last `as_of`, misses
//! no line and sees none twice, because by then nothing can come to stand before the end of what was read.

use api::{Problem, Reply, Request};
use domain::time::{self, rfc3339};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Digest as _;
use store::{Listed, Span};

use crate::{Verification, decided};

/// How long an annulment takes at most from its own time to its place in the list: a function runs for at most 29 s, and clocks
/// that are synchronised differ by far less than the rest.
const SETTLED_S: i64 = 60;
/// Lines of a page when nobody says how many (api.md §5.3).
const LINES: u16 = 20;
/// The most lines of a page (api.md §5.3).
const LINES_AT_MOST: u16 = 100;
/// The longest code of an office that is looked at.
const CODE_LIMIT: usize = 60;
/// As long as the list lags behind anyway, any cache may give it.
const CACHED: &str = "public, max-age=60";

/// What somebody asks.
#[derive(Debug, PartialEq)]
struct Asked<'a> {
    since: Timestamp,
    unit_code: Option<&'a str>,
    limit: u16,
    after: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(request: &'a Request) -> Result<Self, Problem> {
        let told = |name: &str| request.query.get(name).map(String::as_str);
        let wrong = |name: &str, what: &str| Problem::new("validation-failed").query(name, what);
        let since = told("since").map(|text| instant(text).ok_or_else(|| wrong("since", "date_or_rfc3339")));
        let unit_code = told("unit_code").map(|code| match code.len() {
            1..=CODE_LIMIT => Ok(code),
            _ => Err(wrong("unit_code", "required")),
        });
        let limit = told("limit").map(|text| {
            let limit = text.parse().ok().filter(|limit| (1..=LINES_AT_MOST).contains(limit));
            limit.ok_or_else(|| wrong("limit", "1_to_100"))
        });
        Ok(Self {
            since: since.transpose()?.unwrap_or(Timestamp::UNIX_EPOCH),
            unit_code: unit_code.transpose()?,
            limit: limit.transpose()?.unwrap_or(LINES),
            after: told("after"),
        })
    }

    /// What a cursor is good for: a place in one list is none in another.
    fn list(&self) -> String {
        format!("annulments {}", self.unit_code.unwrap_or_default())
    }

    /// The address of the next page. It needs no `since`: the cursor stands behind it.
    fn next(&self, base: &str, cursor: &str) -> String {
        let encoded = |code| format!("&unit_code={}", utf8_percent_encode(code, NON_ALPHANUMERIC));
        let unit_code = self.unit_code.map_or_else(String::new, encoded);
        format!("{base}/v1/annulments?limit={}{unit_code}&after={cursor}", self.limit)
    }
}

/// The beginning of a Vietnamese day, or an instant with its offset.
fn instant(text: &str) -> Option<Timestamp> {
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    day.map(|day| time::instant(day.at(0, 0, 0, 0))).or_else(|| text.parse().ok())
}

impl Verification {
    /// A page of the list.
    ///
    /// # Errors
    /// `validation-failed` for a parameter, by name; `cursor-expired`; a failure of the table.
    pub(crate) async fn annulments(&self, request: &Request) -> Result<Reply, Problem> {
        let (asked, now) = (Asked::read(request)?, self.edge.clock.now());
        // Whole seconds, as `as_of` is written: the next `since` begins exactly where this answer ends.
        let before = Timestamp::from_second(now.as_second() - SETTLED_S).unwrap_or(Timestamp::MIN);
        let after = asked.after.map(|cursor| self.secret.place(&asked.list(), cursor, now)).transpose()?;
        let (Asked { since, unit_code, .. }, limit) = (&asked, asked.limit + 1);
        let span = Span { unit_code: *unit_code, since: *since, before, after: after.as_deref(), limit };
        let mut listed = self.records.annulments(&span).await?;
        let has_more = listed.len() > usize::from(asked.limit);
        listed.truncate(asked.limit.into());
        let last = listed.last().filter(|_| has_more);
        let next = last.map(|last| {
            let cursor = self.secret.cursor(&asked.list(), &last.place, cursors_end(now));
            asked.next(&self.public_url, &cursor)
        });
        let data: Vec<Value> = listed.iter().map(line).collect();
        let shown = json!({"data": data, "has_more": has_more, "next": next, "as_of": rfc3339(before)});
        Ok(given(request, &shown, next.as_deref()))
    }
}

/// A cursor lives for 24 to 48 hours: within a Vietnamese day the same place has the same cursor, and the page the same tag.
fn cursors_end(now: Timestamp) -> Timestamp {
    let tomorrow = time::day(now).saturating_add(SignedDuration::from_hours(48));
    time::instant(tomorrow.at(0, 0, 0, 0))
}

/// The page, unless the client has it. The tag is a weak one: `as_of` alone makes no other page.
fn given(request: &Request, shown: &Value, next: Option<&str>) -> Reply {
    let told = json!([shown["data"], shown["next"]]).to_string();
    let digest = hex::encode(sha2::Sha256::digest(told));
    let etag = format!("W/\"{}\"", digest.get(..32).unwrap_or_default());
    if request.has(&etag) {
        return Reply::not_modified(&etag, CACHED);
    }
    let mut reply = Reply::json(200, shown).header("etag", &etag);
    reply.headers.retain(|(name, _)| name != "cache-control");
    let reply = reply.header("cache-control", CACHED);
    match next {
        Some(next) => reply.header("link", &format!("<{next}>; rel=\"next\"")),
        None => reply,
    }
}

/// What anybody may know of an annulled copy.
fn line(listed: &Listed) -> Value {
    let copy = &listed.copy;
    let number = &copy.number;
    let annulled = copy.annulled_at.map(|at| decided(json!({"at": rfc3339(at)}), copy.annulled_by.as_ref()));
    json!({
        "unit_code": copy.unit_code, "year": number.year, "book": number.book, "number": number.number,
        "suffix": number.suffix, "number_text": number.text(), "sha256": copy.digests.last().map(hex::encode),
        "sealed_on": time::day(copy.sealed_at).to_string(), "annulment": annulled,
    })
}
