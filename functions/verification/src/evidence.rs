//! Evidence of revocation that a file does not bring: asked for, waited for, and judged with (docs/decisions/0015).
//!
//! Fetches nothing: `augmentation` does, which has a way out and no key. What does not come in time is told as what it is: being fetched,
//! put off, or not to be had and why. No such file is called valid, and none invalid.

use std::sync::OnceLock;

use api::{Problem, Reply, Request};
use casework::inquiry::{self, Asked};
use domain::inquiry::{Inquiry, InquiryState};
use domain::model::{PublicCopy, Sha256};
use domain::ports::{Fault, Meter};
use domain::quota::{Allowance, MINUTE_S, Windows};
use domain::time::rfc3339;
use jiff::{SignedDuration, Timestamp};
use pades::{Report, Text, Verdict, Wanted};
use serde_json::{Value, json};

use crate::body::Body;
use crate::{Found, Judge, Verification};

/// How long one request waits for answers, all its files together (api.md row 58).
const WAITING: SignedDuration = SignedDuration::from_secs(2);
/// The most evidence that one judgement takes, in octets: the largest CRL that is fetched, and as many small answers as are asked for.
const EVIDENCE_LIMIT: u64 = 24 * 1024 * 1024;
/// Judgements of one file. What a second one lacks (an authority that the first did not come to) is asked for once more.
const JUDGEMENTS: usize = 3;
/// After how many seconds a client looks again.
const RETRY_AFTER_S: u32 = 5;
/// What one caller without a token may make the service ask, as a share of what all may.
const SHARE: u32 = 4;
/// Reasons whose advice depends on whether the evidence can be had.
const LACKING: [&str; 4] =
    ["revocation-unknown", "tsa-revocation-unknown", "responder-unvouched", "tsa-responder-unvouched"];

/// What is judged.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A file.
    File(&'a Body),
    /// A copy of ours.
    Copy(&'a PublicCopy),
}

/// For whom evidence is asked.
pub(crate) struct Asker<'a> {
    service: &'a Verification,
    /// Whoever has no token, as quotas count it.
    caller: Option<Sha256>,
    windows: Windows,
    /// Until when answers are waited for, once one is.
    until: OnceLock<Timestamp>,
}

/// An X.509 certificate whose revocation is not known, and what is done about it.
#[derive(Clone, Debug)]
pub(crate) struct Lack {
    wanted: Wanted,
    state: State,
    /// When it may be asked about again.
    again_at: Option<Timestamp>,
}

/// How far the question is. The gravest for whoever waits comes last.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum State {
    /// It cannot be had; the code says why.
    NotAvailable(&'static str),
    /// Not asked now: enough others were.
    Postponed,
    /// The CA is being asked.
    BeingFetched,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::NotAvailable(_) => "not_available",
            State::Postponed => "postponed",
            State::BeingFetched => "being_fetched",
        }
    }
}

/// What one caller without a token has of it.
fn share(all: Allowance) -> Allowance {
    Allowance { minute: all.minute.div_ceil(SHARE), day: all.day.div_ceil(SHARE) }
}

impl Meter for Asker<'_> {
    /// A caller's own share first, so that one caller does not use up everybody's.
    async fn another(&self) -> Result<bool, Fault> {
        let (records, all) = (&self.service.records, self.service.questions);
        if let Some(caller) = &self.caller
            && !records.spend(caller, &self.windows, share(all)).await?.granted
        {
            return Ok(false);
        }
        let everybody = self.service.secret.digest("questions", &[&self.windows.day.to_string()]);
        Ok(records.spend(&everybody, &self.windows, all).await?.granted)
    }
}

impl Verification {
    /// For a request of somebody without a token, or, without one, for whoever was let in.
    pub(crate) fn asker(&self, anonymous: Option<&Request>) -> Asker<'_> {
        let now = self.edge.clock.now();
        let windows = Windows::at(now);
        let caller = anonymous.map(|request| api::caller(&self.secret, "questions", request, &windows));
        Asker { service: self, caller, windows, until: OnceLock::new() }
    }

    /// Judges; where only the CA can tell whether somebody was revoked, asks, waits a moment, and judges again.
    pub(crate) async fn judged(
        &self,
        subject: Subject<'_>,
        judge: &Judge,
        asker: &Asker<'_>,
    ) -> Result<Found, Problem> {
        let mut found = self.once(subject, judge).await?;
        let mut used: Vec<Inquiry> = Vec::new();
        for further in (0..JUDGEMENTS).rev() {
            let open = found.report.verdict == Verdict::Indeterminate && !found.report.wanted.is_empty();
            if !judge.asks || !open {
                break;
            }
            let (mut lacks, news) = self.heard(&found.report.wanted, asker, &used).await?;
            if !news.is_empty() && further > 0 {
                used.extend(news);
                match inquiry::evidence(&self.objects, &used, EVIDENCE_LIMIT).await {
                    Ok(evidence) => {
                        found = self.once(subject, &judge.with(evidence)).await?;
                        continue;
                    }
                    Err(fault) => {
                        // The answer without it is as true as it was; it only tells less.
                        tracing::warn!(%fault, "evidence that was fetched was not read");
                        lacks.iter_mut().for_each(|lack| lack.state = State::NotAvailable("evidence-unreadable"));
                    }
                }
            }
            advise(&mut found.report, &lacks);
            found.lacks = lacks;
            break;
        }
        Ok(found)
    }

    async fn once(&self, subject: Subject<'_>, judge: &Judge) -> Result<Found, Problem> {
        match subject {
            Subject::File(body) => self.file(body, judge).await,
            Subject::Copy(copy) => self.copy(copy, judge).await,
        }
    }

    /// Asks for everything that is wanted and waits. Gives how far each is, and the answers that were not used yet.
    async fn heard(
        &self,
        wanted: &[Wanted],
        asker: &Asker<'_>,
        used: &[Inquiry],
    ) -> Result<(Vec<Lack>, Vec<Inquiry>), Problem> {
        let now = self.edge.clock.now();
        let (mut lacks, mut asked) = (Vec::new(), Vec::new());
        for one in wanted {
            match inquiry::ask(&self.records, asker, &self.edge.chance, one, now).await? {
                Asked::Known(inquiry) => asked.push((one, inquiry)),
                Asked::Postponed => lacks.push(Lack::of(one, State::Postponed, asker.next_window(now))),
                Asked::TooLong => lacks.push(Lack::of(one, State::NotAvailable("too-large"), None)),
            }
        }
        let (named, inquiries): (Vec<&Wanted>, Vec<Inquiry>) = asked.into_iter().unzip();
        let clock = || self.edge.clock.now();
        let until = *asker.until.get_or_init(|| now.saturating_add(WAITING).unwrap_or(now));
        let inquiries = inquiry::wait(&self.records, inquiries, until, clock, tokio::time::sleep).await?;
        let mut news = Vec::new();
        for (one, inquiry) in named.into_iter().zip(inquiries) {
            lacks.push(Lack::after(one, &inquiry, used));
            if matches!(inquiry.state, InquiryState::Answered(_)) && !used.contains(&inquiry) {
                news.push(inquiry);
            }
        }
        Ok((lacks, news))
    }
}

impl Asker<'_> {
    fn next_window(&self, now: Timestamp) -> Option<Timestamp> {
        now.checked_add(SignedDuration::from_secs(self.windows.minute_left_s.into())).ok()
    }
}

impl Lack {
    fn of(wanted: &Wanted, state: State, again_at: Option<Timestamp>) -> Self {
        Self { wanted: wanted.clone(), state, again_at }
    }

    /// After an inquiry. An answer that was used and left the question open did not help; one that was not used yet is as good as on its way.
    fn after(wanted: &Wanted, inquiry: &Inquiry, used: &[Inquiry]) -> Self {
        match &inquiry.state {
            InquiryState::Answered(_) if used.contains(inquiry) => {
                Self::of(wanted, State::NotAvailable("says-nothing"), Some(inquiry.until))
            }
            InquiryState::Answered(_) | InquiryState::Asked(_) => Self::of(wanted, State::BeingFetched, None),
            InquiryState::Failed(cause) => Self::of(wanted, State::NotAvailable(cause.code()), Some(inquiry.until)),
        }
    }

    fn shown(&self) -> Value {
        let certificate = self.wanted.certificate();
        let mut shown = json!({
            "subject": certificate.map(pki::Certificate::subject),
            "serial": certificate.map(pki::Certificate::serial_hex),
            "used_for": self.wanted.fields,
            "addresses": self.wanted.addresses(),
            "state": self.state.name(),
        });
        if let State::NotAvailable(cause) = self.state {
            shown["cause"] = json!(cause);
        }
        if let Some(at) = self.again_at {
            shown["again_at"] = json!(rfc3339(at));
        }
        shown
    }
}

/// The state of the whole: while one is being asked about, the answer may change.
fn state(lacks: &[Lack]) -> Option<State> {
    lacks.iter().map(|lack| lack.state).max()
}

/// What the report advises is what is so: the catalogue cannot know whether somebody asks.
fn advise(report: &mut Report, lacks: &[Lack]) {
    let concerned = report.reasons.first().is_some_and(|reason| LACKING.contains(&reason.code.as_str()));
    if let Some(state) = state(lacks).filter(|_| concerned) {
        let Text { vi, en } = advice(state);
        (report.action, report.action_en) = (vi, en);
    }
}

fn advice(state: State) -> Text {
    let (vi, en) = match state {
        State::BeingFetched => (
            "Chưa kết luận: đang hỏi tổ chức cấp chứng thư xem có bị thu hồi không; kiểm tra lại tệp này sau vài giây.".to_owned(),
            "No conclusion yet: the issuer of the X.509 certificate is being asked whether it was revoked; judge this file again in some seconds.".to_owned(),
        ),
        State::Postponed => (
            "Chưa kết luận: chưa hỏi được tổ chức cấp chứng thư vì có quá nhiều yêu cầu; kiểm tra lại tệp này sau một phút.".to_owned(),
            "No conclusion yet: the issuer of the X.509 certificate was not asked, because too much is asked for; judge this file again in a minute.".to_owned(),
        ),
        State::NotAvailable(cause) => {
            let (vi, en) = why(cause);
            (
                format!("Chưa kết luận, không có nghĩa là sai: không lấy được chứng cứ thu hồi, vì {vi}. Đề nghị gửi tệp có kèm chứng cứ, hoặc hỏi tổ chức cấp chứng thư."),
                format!("No conclusion, which does not mean that it is wrong: there is no revocation evidence to be had, because {en}. Ask for a file that brings its evidence, or ask the issuer of the X.509 certificate."),
            )
        }
    };
    Text { vi, en }
}

fn why(cause: &str) -> (&'static str, &'static str) {
    match cause {
        "path-untrusted" => ("đường dẫn chứng thư không còn được tin cậy", "the path is no longer trusted"),
        "no-address" => ("chứng thư không ghi địa chỉ để hỏi", "the X.509 certificate names no address to ask"),
        "host-not-allowed" => (
            "hệ thống không được phép hỏi địa chỉ ghi trong chứng thư",
            "this installation may not ask the address that the X.509 certificate names",
        ),
        "no-answer" => (
            "máy chủ của tổ chức cấp không trả lời (được hỏi lại khi kiểm tra tệp sau ít phút)",
            "the issuer's service does not answer (it is asked again when the file is judged in some minutes)",
        ),
        "answer-unusable" => (
            "câu trả lời của tổ chức cấp không dùng được (được hỏi lại khi kiểm tra tệp sau ít phút)",
            "what the issuer's service answers cannot be used (it is asked again when the file is judged in some minutes)",
        ),
        "evidence-unreadable" => (
            "chưa đọc được chứng cứ đã lấy (thử lại sau ít phút)",
            "the evidence that was fetched cannot be read at the moment (try again in some minutes)",
        ),
        "too-large" => ("chuỗi chứng thư quá dài", "the chain of X.509 certificates is too long"),
        _ => (
            "chứng cứ lấy được không đủ để kết luận về thời điểm ký",
            "the evidence that was fetched does not settle it for the time of signing",
        ),
    }
}

/// What is missing, as a member of the answer; `None` when nothing is.
pub(crate) fn missing(lacks: &[Lack]) -> Option<Value> {
    let state = state(lacks)?;
    let certificates: Vec<Value> = lacks.iter().map(Lack::shown).collect();
    let Text { vi, en } = advice(state);
    Some(json!({"state": state.name(), "text": {"vi": vi, "en": en}, "certificates": certificates}))
}

/// The answer, with when to come again where that helps soon.
pub(crate) fn retried<'l>(reply: Reply, lacks: impl IntoIterator<Item = &'l Lack>) -> Reply {
    match lacks.into_iter().map(|lack| lack.state).max() {
        Some(State::BeingFetched) => reply.header("retry-after", &RETRY_AFTER_S.to_string()),
        Some(State::Postponed) => reply.header("retry-after", &MINUTE_S.to_string()),
        Some(State::NotAvailable(_)) | None => reply,
    }
}

#[cfg(test)]
mod tests {
    use domain::inquiry::Cause;

    use super::*;

    fn lack(state: State) -> Lack {
        let wanted = Wanted { path: Vec::new(), at: 0, fields: vec!["Leader".to_owned()] };
        Lack::of(&wanted, state, None)
    }

    fn report(code: &str) -> Report {
        let policy = pades::Policy {
            anchors: &[],
            at: 0,
            profile: pades::Profile::Auto,
            extra: &pki::path::Evidence::default(),
            register: None,
            test_anchors: false,
        };
        pades::refuse(&[], "a.pdf", &policy, code, "")
    }

    /// While one certificate is being asked about, the answer may change; a client is told to come again only where that helps soon.
    #[test]
    fn the_state_of_the_whole_is_that_which_may_change() {
        let (never, later, soon) = (State::NotAvailable("no-answer"), State::Postponed, State::BeingFetched);
        for (states, name, retry) in [
            (vec![never, soon, later], "being_fetched", Some("5")),
            (vec![never, later], "postponed", Some("60")),
            (vec![never], "not_available", None),
        ] {
            let lacks: Vec<Lack> = states.into_iter().map(lack).collect();
            assert_eq!(missing(&lacks).map(|shown| shown["state"].clone()), Some(json!(name)));
            assert_eq!(retried(Reply::empty(200), &lacks).get("retry-after"), retry);
        }
        assert_eq!((missing(&[]), retried(Reply::empty(200), &[]).get("retry-after")), (None, None));
    }

    /// The advice is changed where it is about evidence, and nowhere else: an altered file is not excused by a silent CA.
    #[test]
    fn only_advice_about_evidence_is_changed() {
        let lacks = [lack(State::BeingFetched)];
        for code in LACKING {
            let mut told = report(code);
            advise(&mut told, &lacks);
            assert!(told.action.contains("đang hỏi") && told.action_en.contains("is being asked"), "{code}");
        }
        for code in ["pdf-broken", "ca-unknown", "two-readings"] {
            let (mut told, before) = (report(code), report(code));
            advise(&mut told, &lacks);
            assert_eq!((told.action, told.action_en), (before.action, before.action_en), "{code}");
        }
        let mut told = report("revocation-unknown");
        advise(&mut told, &[]);
        assert_eq!(told.action, report("revocation-unknown").action);
    }

    /// Every cause has its own words, in both languages.
    #[test]
    fn every_cause_is_told() {
        let mut causes: Vec<&str> = Cause::ALL.map(Cause::code).to_vec();
        causes.extend(["too-large", "evidence-unreadable", "says-nothing"]);
        let told: std::collections::BTreeSet<_> = causes.iter().map(|cause| why(cause)).collect();
        assert_eq!(told.len(), causes.len());
    }

    #[test]
    fn a_caller_has_a_quarter() {
        let of = |minute, day| share(Allowance { minute, day });
        assert_eq!(of(60, 10_000), Allowance { minute: 15, day: 2_500 });
        assert_eq!(of(1, 1), Allowance { minute: 1, day: 1 }, "never nothing");
    }
}
