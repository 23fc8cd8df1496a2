//! Files on their way in (api.md §5.7): declared, sent to the store directly, read back, hashed, opened.

use api::{Problem, Reply, Request, Try, idempotent};
use domain::ids::UploadId;
use domain::model::{Right, Sha256, Upload, UploadState, User};
use domain::ports::{Objects, Records, Write};
use domain::{paths, time};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest;

use crate::Intake;

/// 100 MB (decision 32).
const SIZE_LIMIT: u64 = 100 * 1024 * 1024;
/// A presigned link lives 15 minutes (api.md §5.7).
const LINK: SignedDuration = SignedDuration::from_mins(15);
/// Media types of scans (decision 32), and of archives, which are verified and never part of a case.
const TYPES: [&str; 5] = ["application/pdf", "image/jpeg", "image/png", "image/tiff", "application/zip"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    filename: String,
    content_type: String,
    size: u64,
    sha256: String,
}

impl Intake {
    pub(crate) async fn start_upload(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let now = self.now();
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |this| {
            self.start_once(request, &caller, this, now)
        })
        .await
    }

    async fn start_once(&self, request: &Request, caller: &User, this: Try, now: Timestamp) -> Result<Reply, Problem> {
        if !caller.grants.iter().any(|(right, _)| matches!(right, Right::Create | Right::Verify | Right::Portal)) {
            return Err(Problem::new("forbidden").with("needed", json!({"right": "create"})));
        }
        let body: Start = request.json()?;
        let upload = declared(body, caller, UploadId::new(this.born))?;
        if this.made(self.records.upload(&upload.id)).await?.is_none() {
            self.commit(vec![Write::Upload(upload.clone())]).await?;
        }
        let path = paths::upload(&upload.id);
        let put = self.objects.presign_put(&path, &upload.content_type, upload.size, &upload.sha256).await?;
        let headers: serde_json::Map<String, Value> =
            put.headers.into_iter().map(|(n, v)| (n, Value::String(v))).collect();
        let expires_at = time::rfc3339(now.saturating_add(LINK).unwrap_or(now));
        let answer = json!({
            "id": upload.id.as_str(), "state": "open",
            "put": {"url": put.url, "method": "PUT", "headers": headers, "expires_at": expires_at},
        });
        Ok(Reply::json(201, &answer).header("location", &format!("/v1/uploads/{}", upload.id)))
    }

    pub(crate) async fn load_upload(&self, request: &Request, id: &str, caller: &User) -> Result<Upload, Problem> {
        let id = request.id(id, UploadId::parse)?;
        let upload = self.records.upload(&id).await?.filter(|upload| upload.owner == caller.id);
        upload.ok_or_else(|| Problem::new("not-found"))
    }

    pub(crate) async fn upload(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let upload = self.load_upload(request, id, &caller).await?;
        Ok(Reply::json(200, &shown(&upload)).etag(upload.version))
    }

    pub(crate) async fn complete_upload(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let upload = self.load_upload(request, id, &caller).await?;
        request.nothing()?;
        if upload.state != UploadState::Open {
            return Ok(Reply::json(200, &shown(&upload)).etag(upload.version));
        }
        let bytes = self.objects.read(&paths::upload(&upload.id), SIZE_LIMIT).await?;
        let bytes = bytes.ok_or_else(|| Problem::new("upload-not-ready"))?;
        let found: Sha256 = sha2::Sha256::digest(&bytes).into();
        if found != upload.sha256 || bytes.len() as u64 != upload.size {
            return Err(Problem::new("hash-mismatch"));
        }
        let seen = compose::inspect(&bytes, &upload.content_type).map_err(|unusable| unusable_scan(&unusable))?;
        let state = UploadState::Ready { pages: seen.pages, warnings: seen.warnings.clone() };
        let ready = Upload { state, version: upload.version + 1, ..upload };
        self.commit(vec![Write::Upload(ready.clone())]).await?;
        let mut answer = shown(&ready);
        if let Value::Object(map) = &mut answer {
            map.insert("dpi".into(), seen.dpi.map_or(Value::Null, |dpi| json!(dpi.round())));
            map.insert("colour".into(), json!(seen.colour));
            let findings = seen.findings.iter().map(|found| json!({"page": found.page, "code": found.code}));
            map.insert("findings".into(), findings.collect());
        }
        Ok(Reply::json(200, &answer).etag(ready.version))
    }
}

/// The problem for a scan that cannot be used, with the composer's own sentence.
pub(crate) fn unusable_scan(unusable: &compose::Unusable) -> Problem {
    Problem::new(unusable.code()).detail(unusable.vi(), unusable.en())
}

fn declared(body: Start, caller: &User, id: UploadId) -> Result<Upload, Problem> {
    let content_type = body.content_type.to_ascii_lowercase();
    if !TYPES.contains(&content_type.as_str()) {
        return Err(Problem::new("type-not-accepted"));
    }
    if body.size == 0 {
        return Err(Problem::new("empty-file"));
    }
    if body.size > SIZE_LIMIT {
        return Err(Problem::new("file-too-large"));
    }
    let filename = api::text("/filename", &body.filename, 200)?;
    let sha256 = hex::decode(&body.sha256).ok().and_then(|bytes| Sha256::try_from(bytes).ok());
    let sha256 = sha256.ok_or_else(|| Problem::invalid("/sha256", "64_hex_digits"))?;
    let owner = caller.id.clone();
    Ok(Upload { id, owner, filename, content_type, size: body.size, sha256, state: UploadState::Open, version: 1 })
}

fn shown(upload: &Upload) -> Value {
    let id = upload.id.as_str();
    match &upload.state {
        UploadState::Open => json!({"id": id, "state": "open"}),
        UploadState::Ready { pages, warnings } => {
            json!({"id": id, "state": "ready", "pages": pages, "warnings": warnings})
        }
        UploadState::Used { copy, pages } => {
            json!({"id": id, "state": "ready", "pages": pages, "warnings": [], "copy_id": copy.as_str()})
        }
    }
}
