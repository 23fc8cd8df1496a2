//! Judges signed files (kiểm tra): public, read-only, no key.
//!
//! An invalid signature is an answer, never an error (decision 20). Reads only public items of the table.

mod page;

use api::{Edge, Env, Error, Function, Keys, Lang, Problem, Reply, Request};
use domain::ids::UploadId;
use domain::model::PublicCopy;
use domain::paths;
use domain::ports::{Objects, Records};
use domain::time::rfc3339;
use jiff::Timestamp;
use objects::Bucket;
use pades::{EcopyFacts, Policy, Profile, RegisterFacts, RegisterStatus, Report};
use pki::Certificate;
use pki::path::Evidence;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest;
use store::Table;

/// What a file is called that came without a name.
const FILE_NAME: &str = "ban-sao.pdf";
/// Bodies above this go by upload (decision 44).
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// 100 MB (decision 32) and the room of our own revisions.
const FILE_LIMIT: u64 = 110 * 1024 * 1024;

/// The function with what it needs.
pub struct Verification {
    edge: Edge,
    keys: Keys,
    records: Table,
    objects: Bucket,
    anchors: Vec<Certificate>,
    test_anchors: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    upload_id: String,
    at: Option<String>,
    policy: Option<String>,
}

impl Verification {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name.
    pub async fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        let objects = Bucket::new(aws, env.required("BUCKET_NAME")?);
        let anchors = casework::anchors(&objects, &env.required("TRUST_ANCHORS")?).await?;
        Ok(Self {
            edge: Edge::new(env),
            keys: Keys::new(env)?,
            records: Table::new(aws, env.required("TABLE_NAME")?),
            objects,
            anchors,
            test_anchors: env.required("MODE")? != "live",
        })
    }

    async fn verify(&self, request: &Request) -> Result<Reply, Problem> {
        match request.media_type().as_str() {
            "application/pdf" | "application/octet-stream" => {
                if request.body.len() > BODY_LIMIT {
                    return Err(Problem::new("use-upload"));
                }
                let now = self.edge.clock.now();
                let profile = profile(request.query.get("policy").map(String::as_str))?;
                self.answer(request, FILE_NAME, &request.body, now, profile).await
            }
            "multipart/form-data" => {
                let sent = page::sent(request).await?;
                if sent.bytes.len() > BODY_LIMIT {
                    return Err(Problem::new("use-upload"));
                }
                self.answer(request, &sent.name, &sent.bytes, self.edge.clock.now(), Profile::Auto).await
            }
            "application/json" => {
                let ask: Ask = request.json()?;
                let now = self.edge.clock.now();
                self.keys.subject(request, now)?;
                let id =
                    UploadId::parse(&ask.upload_id).map_err(|_| Problem::invalid("/upload_id", "wrong_id_type"))?;
                let at = ask.at.map_or(Ok(now), |text| text.parse().map_err(|_| Problem::invalid("/at", "rfc3339")))?;
                let bytes = self.objects.read(&paths::upload(&id), FILE_LIMIT).await?;
                let bytes = bytes.ok_or_else(|| Problem::new("not-found"))?;
                self.answer(request, FILE_NAME, &bytes, at, profile(ask.policy.as_deref())?).await
            }
            _ => Err(Problem::new("unsupported-media-type")),
        }
    }

    /// The report, as a page for people and as JSON for everybody else.
    async fn answer(
        &self,
        request: &Request,
        name: &str,
        file: &[u8],
        at: Timestamp,
        profile: Profile,
    ) -> Result<Reply, Problem> {
        if file.is_empty() {
            return Err(Problem::new("empty-file"));
        }
        let report = Report { file: name.to_owned(), ..self.judge(file, at, profile).await? };
        Ok(if page::is_wanted(request) {
            page::html(200, web::judged(page::look(request, self.test_anchors), &report))
        } else {
            Reply::json(200, &report.to_json())
        })
    }

    /// Judges with what the register says: by the file's digest, else by the number that the seal carries.
    async fn judge(&self, file: &[u8], at: Timestamp, profile: Profile) -> Result<Report, Problem> {
        let digest = sha2::Sha256::digest(file).into();
        if let Some(known) = self.records.public_by_digest(&digest).await? {
            return Ok(self.report(file, at, profile, Some(facts(&known))));
        }
        let first = self.report(file, at, profile, None);
        let Some(number) = &first.number else { return Ok(first) };
        let year = i16::try_from(number.year).unwrap_or(0);
        let n = u32::try_from(number.number).unwrap_or(0);
        let known = self.records.public_by_number(&number.unit_code, &number.suffix, year, n).await?;
        let unknown = RegisterFacts { status: RegisterStatus::Unknown, facts: None, sha256: Vec::new() };
        Ok(self.report(file, at, profile, Some(known.map_or(unknown, |copy| facts(&copy)))))
    }

    fn report(&self, file: &[u8], at: Timestamp, profile: Profile, register: Option<RegisterFacts>) -> Report {
        let extra = Evidence::default();
        let policy = Policy {
            anchors: &self.anchors,
            at: at.as_second(),
            profile,
            extra: &extra,
            register,
            test_anchors: self.test_anchors,
        };
        pades::judge(file, FILE_NAME, &policy)
    }

    async fn by_number(&self, request: &Request) -> Result<Reply, Problem> {
        let answer = self.registered(request).await?;
        Ok(if page::is_wanted(request) {
            page::registered(request, page::look(request, self.test_anchors), &answer)
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
        let (unit, year, n) = (text("unit_code")?, number("year")?, number("number")?);
        let suffix = request.query.get("suffix").map_or("SCT/BS", String::as_str);
        let found = self.records.public_by_number(unit, suffix, i16::try_from(year).unwrap_or(0), n).await?;
        let book = request.query.get("book");
        let found = found.filter(|copy| book.is_none_or(|book| *book == copy.number.book));
        let Some(copy) = found else { return Ok(json!({"status": "unknown"})) };
        let status = if copy.annulled_at.is_some() { "annulled" } else { "active" };
        let mut shown = json!({"status": status, "sealed_on": rfc3339(copy.sealed_at)[..10].to_owned()});
        if let Some(wanted) = request.query.get("sha256") {
            shown["matches_hash"] =
                json!(copy.digests.iter().any(|digest| hex::encode(digest) == wanted.to_ascii_lowercase()));
        }
        Ok(shown)
    }
}

fn profile(name: Option<&str>) -> Result<Profile, Problem> {
    match name {
        None | Some("auto") => Ok(Profile::Auto),
        Some("ecopy") => Ok(Profile::Ecopy),
        Some("general") => Ok(Profile::General),
        Some(_) => Err(Problem::invalid("/policy", "unknown_value")),
    }
}

fn facts(copy: &PublicCopy) -> RegisterFacts {
    let status = match copy.annulled_at {
        None => RegisterStatus::Active,
        Some(at) => RegisterStatus::Annulled { decision: String::new(), date: rfc3339(at)[..10].to_owned() },
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
        let (method, path) = request.route();
        let answer = match (method, path.as_slice()) {
            ("POST", ["v1", "verifications"]) => self.verify(request).await,
            ("GET", ["v1", "copies", "by-number"]) => self.by_number(request).await,
            ("GET", ["v1", "explanations", code]) => explanation(request, code),
            _ => Err(Problem::new("not-found")),
        };
        match answer {
            Err(problem) if page::is_wanted(request) => {
                Ok(page::troubled(&problem, request, page::look(request, self.test_anchors)))
            }
            answer => answer,
        }
    }
}
