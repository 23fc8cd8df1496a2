//! Judges signed files (kiểm tra): public, no way out, one key, which signs records of verifications and no copies.
//!
//! An invalid signature is an answer, never an error (decision 20). Reads only public items of the table and its own; writes
//! only what somebody asked it to keep.

mod annulments;
mod batches;
mod body;
pub mod dossier;
mod evidence;
mod kept;
mod page;
mod qr;
mod quota;
mod ways;
mod zipped;

use std::sync::Arc;
use std::time::Duration;

use api::{Edge, Env, Error, Function, Keys, Lang, Missing, Problem, Reply, Request, Secret};
use casework::trust::{InUse, Source, TrustStore};
use domain::model::{AnnulmentDecision, Outbox, PublicCopy, Sha256, Topic};
use domain::paths;
use domain::ports::{Fault, Records as _};
use domain::quota::Allowance;
use domain::time::{self, rfc3339};
use jiff::{SignedDuration, Timestamp};
use objects::Bucket;
use pades::{EcopyFacts, Policy, Profile, RegisterFacts, RegisterStatus, Report, Unread, Verdict};
use pki::path::Evidence;
use seal::KmsReportKey;
use serde_json::{Value, json};
use store::Table;

use crate::body::Body;
use crate::dossier::Refused;
use crate::evidence::{Asker, Lack, Subject, missing, retried};
use crate::page::Form;
use crate::ways::Matter;
use objects::ranged::{Bounds, HELD, Object, Ranged};

/// What a file is called that came without a name.
const FILE_NAME: &str = "ban-sao.pdf";
/// 100 MB (decision 32) and the room of our own revisions.
const FILE_LIMIT: u64 = 110 * 1024 * 1024;
/// How long an object is read; the function ends after 29 s.
const READING_TIME: Duration = Duration::from_secs(25);
/// How long a dossier is worked on; the function ends after 29 s.
const DOSSIER_TIME: SignedDuration = SignedDuration::from_secs(20);

/// The function with what it needs.
pub struct Verification {
    edge: Edge,
    keys: Keys,
    records: Table,
    objects: Bucket,
    trust: TrustStore,
    /// Signs records.
    key: KmsReportKey,
    /// Where the certificate of that key lies.
    signer: String,
    /// Where the keys for QR codes are published.
    qr_keys: String,
    sandbox: bool,
    /// What one address may ask without a token.
    allowed: Allowance,
    /// What all together may make the service ask CAs.
    questions: Allowance,
    /// Makes digests of addresses, and cursors.
    secret: Secret,
    public_url: String,
}

/// What came of one file.
struct Found {
    report: Report,
    /// The copy of ours that it is, to the byte.
    copy: Option<PublicCopy>,
    /// Whether the report was there already.
    kept: bool,
    /// Sequence of the trust list.
    trust_list: u64,
    /// Evidence that the answer lacks.
    lacks: Vec<Lack>,
}

/// By what a file is judged.
#[derive(Clone)]
struct Judge {
    trust: Arc<InUse>,
    at: Timestamp,
    profile: Profile,
    /// Whether what was found about the same bytes before may answer.
    usual: bool,
    /// Whether CAs may be asked: what they say today was not known earlier, and says nothing about later.
    asks: bool,
    /// What CAs have said, where a file does not bring it.
    fetched: Arc<Evidence>,
}

impl Judge {
    fn policy<'a>(&'a self, extra: &'a Evidence, register: Option<RegisterFacts>) -> Policy<'a> {
        Policy {
            anchors: &self.trust.anchors,
            at: self.at.as_second(),
            profile: self.profile,
            extra,
            register,
            test_anchors: self.trust.loaded.list.test,
        }
    }

    fn report(&self, file: &[u8], register: Option<RegisterFacts>) -> Report {
        pades::judge_listed(file, FILE_NAME, &self.policy(&self.extra(), register), &self.trust.loaded.list)
    }

    /// As [`Judge::report`] for a file that is not in memory.
    fn report_source(&self, file: &dyn pades::Source, register: Option<RegisterFacts>) -> Result<Report, Unread> {
        let list = Some(&self.trust.loaded.list);
        pades::judge_source(file, FILE_NAME, &self.policy(&self.extra(), register), list)
    }

    fn new(trust: Arc<InUse>, now: Timestamp, at: Option<Timestamp>, profile: Profile) -> Self {
        let usual = at.is_none() && profile == Profile::Auto;
        Self { trust, at: at.unwrap_or(now), profile, usual, asks: at.is_none(), fetched: Arc::default() }
    }

    /// The same, who has heard more.
    fn with(&self, fetched: Evidence) -> Self {
        Self { fetched: Arc::new(fetched), ..self.clone() }
    }

    fn extra(&self) -> Evidence {
        Evidence { certificates: self.trust.issuers.clone(), ..Evidence::clone(&self.fetched) }
    }

    fn refuse(&self, code: &str, detail: &str) -> Report {
        let extra = Evidence::default();
        pades::refuse(&[], FILE_NAME, &self.policy(&extra, None), code, detail)
    }

    fn sequence(&self) -> u64 {
        self.trust.loaded.list.sequence
    }
}

impl Found {
    /// A file that is no copy of ours.
    fn of_a_stranger(report: Report, trust_list: u64) -> Self {
        Self { report, copy: None, kept: false, trust_list, lacks: Vec::new() }
    }
}

/// A report as a program reads it, with what it lacks.
fn with_missing(report: &Report, lacks: &[Lack]) -> Value {
    let mut shown = report.to_json();
    if let Some(missing) = missing(lacks) {
        shown["missing_evidence"] = missing;
    }
    shown
}

impl Verification {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name; no trust list that may be used.
    pub async fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        let (edge, objects) = (Edge::new(env), Bucket::new(aws, env.required("BUCKET_NAME")?));
        let sandbox = env.required("MODE")? != "live";
        let source = Source::new(&env.required("TRUST_LIST")?, &env.required("TRUST_LIST_PINS")?, !sandbox)?;
        let trust = TrustStore::open(&objects, source, api::alarm, edge.clock.now()).await?;
        let records = Table::new(aws, env.required("TABLE_NAME")?);
        let (key, signer) = (KmsReportKey::new(aws, env.required("REPORT_KEY_ALIAS")?), env.required("REPORT_SIGNER")?);
        let qr_keys = env.required("QR_KEYS")?;
        let secret = Secret::new(&env.required("EDGE_KEY")?).ok_or_else(|| Missing("EDGE_KEY".into()))?;
        let (allowed, questions) = (quota::allowance(env)?, quota::questions(env)?);
        let (keys, public_url) = (Keys::new(env)?, env.required("PUBLIC_URL")?);
        Ok(Self {
            edge,
            keys,
            records,
            objects,
            trust,
            key,
            signer,
            qr_keys,
            sandbox,
            allowed,
            questions,
            secret,
            public_url,
        })
    }

    async fn verify(&self, request: &Request) -> Result<Reply, Problem> {
        let (form, now) = (page::form(request)?, self.edge.clock.now());
        let asked = self.asked(request, now).await?;
        if form == Form::Record {
            asked.may_be_recorded()?;
        }
        let trust = self.trust.now(&self.objects, now).await;
        let judge = Judge::new(trust, now, asked.at, asked.profile);
        let asker = self.asker(Some(request).filter(|_| asked.caller.is_none()));
        let subject = match &asked.matter {
            Matter::File(body) if body.is_zip() => return self.dossier(request, body, &judge, &asker).await,
            Matter::File(body) => Subject::File(body),
            Matter::Copy(copy) => Subject::Copy(copy),
        };
        let found = self.judged(subject, &judge, &asker).await?;
        let found = Found { report: Report { file: asked.name.clone(), ..found.report }, ..found };
        let shown = self.keep(&asked, &found, now).await?;
        let reply = match form {
            Form::Report => Reply::json(200, &shown),
            Form::Page => page::html(200, web::judged(page::look(request, self.sandbox), &found.report)),
            Form::Record => self.signed(shown, now, found.copy.as_ref(), now).await?,
        };
        Ok(retried(reply, &found.lacks))
    }

    /// Judges with what the register says: by the file's digest, else by the number that the seal carries.
    async fn file(&self, file: &Body, judge: &Judge) -> Result<Found, Problem> {
        let digest = file.sha256().await?;
        if let Some(copy) = self.records.public_by_digest(&digest).await? {
            let report = file.report(judge, Some(facts(&copy)));
            return self.ours(digest, copy, judge, async { Ok(report.await?) }).await;
        }
        let trust_list = judge.sequence();
        let first = file.report(judge, None).await?;
        let Some(number) = &first.number else {
            return Ok(Found::of_a_stranger(first, trust_list));
        };
        let year = i16::try_from(number.year).unwrap_or(0);
        let n = u32::try_from(number.number).unwrap_or(0);
        let known = self.records.public_by_number(&number.unit_code, &number.suffix, year, n).await?;
        let unknown = RegisterFacts { status: RegisterStatus::Unknown, facts: None, sha256: Vec::new() };
        let report = file.report(judge, Some(known.map_or(unknown, |copy| facts(&copy)))).await?;
        Ok(Found::of_a_stranger(report, trust_list))
    }

    /// Judges the last issued file of a copy.
    async fn copy(&self, copy: &PublicCopy, judge: &Judge) -> Result<Found, Problem> {
        let digest = *copy.digests.last().ok_or_else(|| Problem::new("copy-not-ready"))?;
        // One digest per level: sealed, then archived (decision 11).
        let path = match copy.digests.len() {
            1 => paths::sealed(&copy.unit, &copy.number),
            _ => paths::archived(&copy.unit, &copy.number),
        };
        let report = async {
            let file = self.stored(path).await?.ok_or_else(|| Problem::new("copy-not-ready"))?;
            Ok(file.report(judge, Some(facts(copy))).await?)
        };
        self.ours(digest, copy.clone(), judge, report).await
    }

    /// An object to be judged, of which one block was read. `None`: there is none.
    async fn stored(&self, path: String) -> Result<Option<Body>, Fault> {
        let object = Object { bucket: self.objects.clone(), path };
        let opened = Ranged::open(object, Bounds { length: FILE_LIMIT, time: READING_TIME, blocks: HELD }).await?;
        Ok(opened.map(Body::Stored))
    }

    /// A file of ours, to the byte: what was found about it before answers, unless the copy was annulled since. `report` judges
    /// it with what the register says, and is asked only then.
    async fn ours(
        &self,
        digest: Sha256,
        copy: PublicCopy,
        judge: &Judge,
        report: impl Future<Output = Result<Report, Problem>> + Send,
    ) -> Result<Found, Problem> {
        let (trust_list, now) = (judge.sequence(), self.edge.clock.now());
        let usual = judge.usual && copy.annulled_at.is_none();
        if usual && let Some(report) = self.known(&digest, trust_list, now).await? {
            return Ok(Found { report, copy: Some(copy), kept: true, trust_list, lacks: Vec::new() });
        }
        let (report, lacks) = (report.await?, Vec::new());
        let found = Found { report, copy: Some(copy), kept: false, trust_list, lacks };
        if usual {
            self.learn(digest, &found, now).await?;
        }
        Ok(found)
    }

    /// Every file of a zip archive, one after the other. The answer is the gravest of them.
    async fn dossier(
        &self,
        request: &Request,
        body: &Body,
        judge: &Judge,
        asker: &Asker<'_>,
    ) -> Result<Reply, Problem> {
        let mut files = body.files().await?;
        let (mut reports, mut lacks) = (Vec::new(), Vec::new());
        let until = self.edge.clock.now().saturating_add(DOSSIER_TIME).unwrap_or(Timestamp::MAX);
        while let Some(file) = files.next_file().await? {
            let (report, lacking) = match file.bytes {
                _ if self.edge.clock.now() > until => (judge.refuse("pdf-too-complex", "> 20 s"), Vec::new()),
                Some(bytes) => {
                    let found = self.judged(Subject::File(&Body::Held(bytes)), judge, asker).await?;
                    (found.report, found.lacks)
                }
                None => (judge.refuse("file-unreadable", "zip"), Vec::new()),
            };
            reports.push(Report { file: file.name, ..report });
            lacks.push(lacking);
        }
        if page::is_wanted(request) {
            let page = page::html(200, web::dossier(page::look(request, self.sandbox), &reports));
            return Ok(retried(page, lacks.iter().flatten()));
        }
        let files: Vec<Value> = reports.iter().zip(&lacks).map(|(report, lacks)| with_missing(report, lacks)).collect();
        let shown = json!({"verdict": gravest(&reports), "total": files.len(), "files": files});
        Ok(retried(Reply::json(200, &shown), lacks.iter().flatten()))
    }

    /// The trust list in use, for people and machines; the signed file itself with `Accept: application/pkcs7-mime`.
    async fn trust_list(&self, request: &Request) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let trust = self.trust.now(&self.objects, now).await;
        if request.header("accept").is_some_and(|accept| accept.contains("application/pkcs7-mime")) {
            return Ok(Reply::bytes(200, "application/pkcs7-mime", trust.loaded.file.clone()));
        }
        Ok(Reply::json(200, &page::trust_list(&trust.loaded.list, now)))
    }

    async fn by_number(&self, request: &Request) -> Result<Reply, Problem> {
        let answer = self.registered(request).await?;
        Ok(if page::is_wanted(request) {
            page::registered(request, page::look(request, self.sandbox), &answer)
        } else {
            Reply::json(200, &answer)
        })
    }

    async fn registered(&self, request: &Request) -> Result<Value, Problem> {
        let text = |name: &str| {
            request
                .query
                .get(name)
                .filter(|v| !v.is_empty() && v.len() <= 60)
                .ok_or_else(|| Problem::new("validation-failed").query(name, "required"))
        };
        let number = |name: &str| {
            text(name)?.parse::<u32>().map_err(|_| Problem::new("validation-failed").query(name, "number"))
        };
        let wrong = |name: &str, what: &str| Problem::new("validation-failed").query(name, what);
        let (unit, year, n) = (text("unit_code")?, number("year")?, number("number")?);
        let year = i16::try_from(year).ok().filter(|year| (1900..=9999).contains(year));
        let year = year.ok_or_else(|| wrong("year", "year"))?;
        let wanted = request.query.get("sha256").map(|text| text.to_ascii_lowercase());
        if wanted.as_ref().is_some_and(|text| text.len() != 64 || hex::decode(text).is_err()) {
            return Err(wrong("sha256", "64_hex_digits"));
        }
        let optional = |name: &str| match request.query.get(name) {
            Some(_) => text(name).map(Some),
            None => Ok(None),
        };
        let (book, suffix) = (optional("book")?, optional("suffix")?.map_or("SCT/BS", String::as_str));
        let found = self.records.public_by_number(unit, suffix, year, n).await?;
        let found = found.filter(|copy| book.is_none_or(|book| same_book(book, &copy.number.book)));
        let Some(copy) = found else { return Ok(json!({"status": "unknown"})) };
        let status = if copy.annulled_at.is_some() { "annulled" } else { "active" };
        let mut shown = json!({"status": status, "sealed_on": rfc3339(copy.sealed_at)[..10].to_owned()});
        if let Some(at) = copy.annulled_at {
            shown["annulment"] = decided(json!({"at": rfc3339(at)}), copy.annulled_by.as_ref());
        }
        if let Some(wanted) = wanted {
            shown["matches_hash"] = json!(copy.digests.iter().any(|digest| hex::encode(digest) == wanted));
        }
        Ok(shown)
    }
}

/// Books are printed with a leading zero (decision 39: `quyển số 01/2026`) and read out, and typed, without.
fn same_book(asked: &str, book: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let bare = |text: &str| text.trim_start_matches('0').to_owned();
    asked == book || (digits(asked) && digits(book) && bare(asked) == bare(book))
}

/// An archive that is not opened.
fn unopened(why: Refused) -> Problem {
    match why {
        Refused::Broken => Problem::new("zip-broken"),
        Refused::Ambiguous => {
            let (vi, en) = Refused::AMBIGUOUS;
            Problem::new("zip-broken").detail(format!("{vi}."), format!("{en}."))
        }
        Refused::Bomb => Problem::new("zip-bomb"),
        Refused::Empty => Problem::new("zip-has-no-pdf"),
    }
}

/// Invalid before "cannot be told" before valid.
fn gravest(reports: &[Report]) -> Verdict {
    let any = |verdict: Verdict| reports.iter().any(|report| report.verdict == verdict);
    match (any(Verdict::Invalid), any(Verdict::Indeterminate)) {
        (true, _) => Verdict::Invalid,
        (false, true) => Verdict::Indeterminate,
        (false, false) => Verdict::Valid,
    }
}

/// By which decision, where it was kept.
fn decided(mut shown: Value, by: Option<&AnnulmentDecision>) -> Value {
    if let Some(by) = by {
        shown["decision_no"] = json!(by.number);
        shown["decision_date"] = json!(by.date.to_string());
    }
    shown
}

fn facts(copy: &PublicCopy) -> RegisterFacts {
    let status = match copy.annulled_at {
        None => RegisterStatus::Active,
        Some(at) => RegisterStatus::Annulled {
            decision: copy.annulled_by.as_ref().map(|by| (by.number.clone(), time::shown(by.date))),
            entered: time::shown(time::day(at)),
        },
    };
    let facts = EcopyFacts {
        number: u64::from(copy.number.number),
        book: copy.number.book.clone(),
        year: u32::from(copy.number.year.unsigned_abs()),
        suffix: copy.number.suffix.clone(),
        unit_code: copy.unit_code.clone(),
        copy_id: copy.copy.as_str().to_owned(),
    };
    RegisterFacts { status, facts: Some(facts), sha256: copy.digests.clone() }
}

fn explanation(request: &Request, code: &str) -> Result<Reply, Problem> {
    let row = pades::explain(code).ok_or_else(|| Problem::new("not-found"))?;
    let english = request.lang() == Lang::En;
    let pick = |vi: &str, en: &str| Value::String(if english { en.to_owned() } else { vi.to_owned() });
    Ok(Reply::json(
        200,
        &json!({"code": row.code, "why": pick(row.vi, row.en), "action": pick(row.action_vi, row.action_en)}),
    ))
}

impl Function for Verification {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let counted = match self.counted(request).await {
            Ok(counted) => counted,
            Err(problem) => return Ok(self.shown(request, Err(problem))),
        };
        let answer = match counted.as_ref().map_or(Ok(()), api::Counted::granted) {
            Ok(()) => self.answer(request).await,
            Err(problem) => Err(problem),
        };
        let reply = self.shown(request, answer);
        Ok(match counted {
            Some(counted) => counted.on(reply),
            None => reply,
        })
    }

    async fn work(&self, item: &Outbox) -> Result<(), Fault> {
        match item.topic {
            Topic::JudgeBatch => self.judge_batch(item).await,
            _ => Ok(()),
        }
    }

    async fn tick(&self) -> Result<(), Fault> {
        self.sweep_batches().await
    }
}

impl Verification {
    async fn answer(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("POST", ["v1", "verifications"]) => self.verify(request).await,
            ("GET", ["v1", "verifications", id]) => self.kept(request, id).await,
            ("GET", ["v1", "verifications", id, "report.pdf"]) => self.record(request, id).await,
            ("POST", ["v1", "verification-batches"]) => self.ask_batch(request).await,
            ("GET", ["v1", "verification-batches", id]) => self.batch(request, id).await,
            ("GET", ["v1", "verification-batches", id, "items"]) => self.batch_items(request, id).await,
            ("GET", ["v1", "verification-batches", id, "report.pdf"]) => self.batch_record(request, id).await,
            ("GET", ["v1", "copies", "by-number"]) => self.by_number(request).await,
            ("GET", ["v1", "annulments"]) => self.annulments(request).await,
            ("GET", ["v1", "trust-lists", "current"]) => self.trust_list(request).await,
            ("GET", ["v1", "explanations", code]) => explanation(request, code),
            ("POST", ["v1", "qr", "decode"]) => self.qr_decode(request).await,
            ("GET", ["v1", "qr", "keys"]) => self.qr_keys().await,
            ("GET", ["Q", payload]) => self.qr_page(request, payload).await,
            _ => Err(Problem::new("not-found")),
        }
    }

    /// A problem as whoever asks reads it: a person on a page, a program in a document.
    fn shown(&self, request: &Request, answer: Result<Reply, Problem>) -> Reply {
        match answer {
            Ok(reply) => reply,
            Err(problem) if page::is_wanted(request) || page::is_page(request) => {
                page::troubled(&problem, request, page::look(request, self.sandbox))
            }
            Err(problem) => problem.reply(request),
        }
    }
}
