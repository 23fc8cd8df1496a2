//! One original, one copy: its scans, its wording, its preview, and the queues.

use api::{Problem, Reply, Request, Try, idempotent, needs, page};
use casework::leader::{self, Preview};
use domain::copy::CopyState;
use domain::document_type;
use domain::ids::{CopyId, UnitId, UploadId};
use domain::model::{Attestation, Case, Copy, Placement, Right, Sha256, Stored, Upload, UploadState, User};
use domain::paths;
use domain::ports::{Objects, Queue, Records, Write};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::access::{editable, event, match_case, match_copy, touched, touched_copy};
use crate::cases::{READERS, written};
use crate::uploads::unusable_scan;
use crate::{Intake, views};

/// Copies of one dossier (issue: 20 in one signing session).
const COPIES: usize = 20;
/// Scans of one copy.
const SCANS: usize = 50;
/// Bytes of one scan (decision 32).
const SCAN_LIMIT: u64 = 100 * 1024 * 1024;
/// What a Lambda answer can carry (6 MB, as base64).
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// Entries of one queue page (api.md §5.3).
const QUEUE_LIMIT: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCopy {
    type_id: String,
    title: String,
    issuer: Option<String>,
    original_number: Option<String>,
    pages: u32,
    upload_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttestationDto {
    template_id: String,
    placement: PlacementDto,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PlacementDto {
    Named(String),
    At { page: u32, x: f32, y: f32, w: f32, h: f32 },
}

impl Intake {
    pub(crate) async fn add_copy(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let now = self.now();
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |this| {
            self.add_once(request, id, &caller, this, now)
        })
        .await
    }

    async fn add_once(
        &self,
        request: &Request,
        id: &str,
        caller: &User,
        this: Try,
        now: Timestamp,
    ) -> Result<Reply, Problem> {
        let case = self.load_case(request, id, caller, &[Right::Create]).await?;
        let born = CopyId::new(this.born);
        if let Some(copy) = this.made(self.records.copy(&born)).await? {
            return Ok(added(&copy, &case));
        }
        match_case(request, &case)?;
        editable(&case)?;
        if case.copies.len() >= COPIES {
            return Err(Problem::invalid("", "at_most_20_copies"));
        }
        let body: NewCopy = request.json()?;
        let uploads = self.ready_uploads(request, &body.upload_ids, caller).await?;
        let found: u32 = uploads.iter().map(|(_, pages)| pages).sum();
        let copy = new_copy(body, &case, caller, born, now)?;
        as_scanned(copy.pages, found)?;
        let mut case = touched(case, caller, now);
        case.copies.push(copy.id.clone());
        let mut writes: Vec<Write> =
            uploads.into_iter().map(|(upload, pages)| bound(upload, &copy.id, pages)).collect();
        writes.push(event(case.id.as_str(), case.version, caller, "case.copy_added", now));
        writes.push(event(copy.id.as_str(), 1, caller, "copy.added", now));
        writes.extend([Write::Copy(copy.clone()), Write::Case(case.clone())]);
        self.commit(writes).await?;
        Ok(added(&copy, &case))
    }

    async fn ready_uploads(
        &self,
        request: &Request,
        ids: &[String],
        caller: &User,
    ) -> Result<Vec<(Upload, u32)>, Problem> {
        if ids.is_empty() || ids.len() > SCANS {
            return Err(Problem::invalid("/upload_ids", "1_to_50"));
        }
        let mut ready: Vec<(Upload, u32)> = Vec::new();
        for (i, text) in ids.iter().enumerate() {
            let id =
                UploadId::parse(text).map_err(|_| Problem::invalid(&format!("/upload_ids/{i}"), "wrong_id_type"))?;
            let upload = self
                .load_upload(request, id.as_str(), caller)
                .await
                .map_err(|_| Problem::invalid(&format!("/upload_ids/{i}"), "unknown"))?;
            if ready.iter().any(|(known, _)| known.id == upload.id) {
                return Err(Problem::invalid(&format!("/upload_ids/{i}"), "twice"));
            }
            match upload.state {
                UploadState::Open => return Err(Problem::new("upload-not-ready")),
                UploadState::Used { .. } => return Err(Problem::new("upload-in-use")),
                UploadState::Ready { pages, .. } => ready.push((upload, pages)),
            }
        }
        // Whoever composes reads all of them at once.
        if ready.iter().map(|(upload, _)| upload.size).fold(0, u64::saturating_add) > compose::MAX_BYTES as u64 {
            return Err(Problem::new("file-too-large").detail(
                "Các bản quét của một bản sao có tổng cộng nhiều nhất 100 MB.",
                "The scans of one copy have at most 100 MB together.",
            ));
        }
        Ok(ready)
    }

    pub(crate) async fn copy(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let copy = self.readable_copy(request, id, &caller).await?;
        let mut shown = views::copy(&copy);
        // Why it was annulled is for the unit's people: neither the portal nor the requester reads it.
        if let CopyState::Annulled { annulment: Some(annulment), .. } = &copy.state
            && api::needs_any(&caller, &[Right::Create, Right::Sign, Right::Seal], &copy.unit).is_ok()
        {
            shown["annulment"]["reason"] = json!(annulment.reason);
        }
        let order = casework::waiting::of_copy(&self.records, &copy).await?;
        api::add_waiting(&mut shown, order.as_ref());
        Ok(Reply::json(200, &shown).etag(copy.version))
    }

    /// The unit's people and the portal read every copy; a citizen reads the copies of the own dossier.
    async fn readable_copy(&self, request: &Request, id: &str, caller: &User) -> Result<Copy, Problem> {
        let id = request.id(id, CopyId::parse)?;
        let copy = self.records.copy(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        if let Some(account) = &caller.account {
            let case = self.records.case(&copy.case).await?.ok_or_else(|| Problem::new("not-found"))?;
            if case.requester.account.as_ref() == Some(account) {
                return Ok(copy);
            }
        }
        api::needs_any(caller, READERS, &copy.unit)?;
        Ok(copy)
    }

    pub(crate) async fn attestation(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let copy = self.load_copy(request, id, &caller, &[Right::Create]).await?;
        match_copy(request, &copy)?;
        if copy.state != CopyState::Draft {
            return Err(Problem::new("copy-frozen"));
        }
        let case = self.records.case(&copy.case).await?.ok_or_else(|| Problem::new("not-found"))?;
        editable(&case)?;
        let body: AttestationDto = request.json()?;
        let now = self.now();
        let mut copy = touched_copy(copy, &caller, now);
        copy.attestation = Some(Attestation { template_id: body.template_id, placement: placement(body.placement)? });
        let placed = self.placed(&copy, now).await?;
        self.commit(vec![
            event(copy.id.as_str(), copy.version, &caller, "copy.worded", now),
            Write::Copy(copy.clone()),
        ])
        .await?;
        let mut shown = views::copy(&copy);
        shown["overlaps"] = json!(false);
        shown["placement"] = json!({"page": placed.page, "x": placed.x, "y": placed.y, "w": placed.w, "h": placed.h, "added_page": placed.added_page});
        Ok(Reply::json(200, &shown).etag(copy.version))
    }

    /// Where the wording goes; refuses a template that is not in force and a place that would cover content.
    async fn placed(&self, copy: &Copy, now: Timestamp) -> Result<compose::PlacedAt, Problem> {
        let unit = self.unit(&copy.unit).await?;
        let leader = self.leader(None, &unit, now).await?;
        let scans = self.scans(copy).await?;
        let spec = self.spec(copy, &unit, &leader, &scans, now);
        compose::place(&spec).map_err(|unusable| unusable_scan(&unusable))
    }

    /// The scans of a copy, in order.
    pub(crate) async fn scans(&self, copy: &Copy) -> Result<Vec<Vec<u8>>, Problem> {
        let mut scans = Vec::new();
        for id in &copy.uploads {
            let bytes = self.objects.read(&paths::upload(id), SCAN_LIMIT).await?;
            scans.push(bytes.ok_or_else(|| Problem::failed(&format!("the scan {id} is gone")))?);
        }
        Ok(scans)
    }

    pub(crate) async fn preview(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let copy = self.load_copy(request, id, &caller, READERS).await?;
        let (records, objects) = (&self.records, &self.objects);
        let now = self.now();
        let bench = self.bench(now).await;
        let shown = leader::preview(records, objects, &bench, &copy.id, &caller, now).await?;
        let version = shown.version;
        let digest = format!("sha-256=:{}:", sha256_base64(&shown.sha256));
        let reply = match self.shown(&shown).await? {
            Some(bytes) => Reply::bytes(200, "application/pdf", bytes)
                .header("content-disposition", "inline; filename=\"xem-truoc.pdf\""),
            None => self.stored_preview(&copy.id, shown).await?,
        };
        Ok(reply.header("repr-digest", &digest).etag(version))
    }

    /// The bytes of a preview that a Lambda answer can carry.
    async fn shown(&self, shown: &Preview) -> Result<Option<Vec<u8>>, Problem> {
        if shown.file.size + shown.tail.len() as u64 > BODY_LIMIT as u64 {
            return Ok(None);
        }
        let file = self.objects.read(&shown.file.path, BODY_LIMIT as u64).await?.unwrap_or_default();
        let bytes = [file, shown.tail.clone()].concat();
        if Sha256::from(sha2::Sha256::digest(&bytes)) != shown.sha256 {
            return Err(Problem::failed(&format!("object {} is not what was stored", shown.file.path)));
        }
        Ok(Some(bytes))
    }

    /// A preview that no Lambda answer can carry is stored and linked to.
    async fn stored_preview(&self, copy: &CopyId, shown: Preview) -> Result<Reply, Problem> {
        let Preview { file, tail, sha256, .. } = shown;
        let path = paths::preview(copy, &sha256);
        // The digest is in the path, but the bucket put it together of what it has.
        let size = file.size + tail.len() as u64;
        let whole = Stored { path: path.clone(), sha256, size, midstate: file.midstate, etag: None };
        self.objects.extend(&file, tail, &whole, "application/pdf").await?;
        let shown = self.objects.read(&path, whole.size).await?.unwrap_or_default();
        if Sha256::from(sha2::Sha256::digest(&shown)) != sha256 {
            return Err(Problem::failed(&format!("object {path} is not what was opened")));
        }
        Ok(Reply::see_other(&self.objects.presign_get(&path, "xem-truoc.pdf").await?.url))
    }

    pub(crate) async fn queue(&self, request: &Request, queue: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let (queue, right) = match queue {
            "create" => (Queue::Create, Right::Create),
            "sign" => (Queue::Sign, Right::Sign),
            "seal" => (Queue::Seal, Right::Seal),
            _ => return Err(Problem::new("not-found")),
        };
        let unit = match request.query.get("unit") {
            Some(text) => request.id(text, UnitId::parse).map_err(|problem| problem.query("unit", "wrong_id_type"))?,
            None => caller
                .grants
                .iter()
                .find(|(held, unit)| *held == right && unit.is_some())
                .and_then(|(_, unit)| unit.clone())
                .ok_or_else(|| Problem::new("forbidden").with("needed", json!({"right": queue_right(right)})))?,
        };
        needs(&caller, right, &unit)?;
        let now = self.now();
        let copies = self.records.queue(&unit, queue, QUEUE_LIMIT).await?;
        let data = copies.iter().map(|copy| queued(copy, now)).collect();
        let mut shown = page(data, &self.edge.clock.text());
        shown["counts"] = json!({"total": copies.len()});
        Ok(Reply::json(200, &shown))
    }
}

fn queue_right(right: Right) -> &'static str {
    match right {
        Right::Sign => "sign",
        Right::Seal => "seal",
        _ => "create",
    }
}

fn queued(copy: &Copy, now: Timestamp) -> Value {
    let mut shown = views::copy(copy);
    shown["due_in_s"] = json!(copy.due_at.as_second() - now.as_second());
    shown["flags"] = json!(if copy.due_at < now { vec!["overdue"] } else { vec![] });
    shown["opened"] = json!(copy.opened.is_some());
    shown
}

fn sha256_base64(sha256: &[u8; 32]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(sha256)
}

fn bound(upload: Upload, copy: &CopyId, pages: u32) -> Write {
    Write::Upload(Upload {
        state: UploadState::Used { copy: copy.clone(), pages },
        version: upload.version + 1,
        ..upload
    })
}

/// A new copy has as many pages as were found in its scans ([`as_scanned`]).
fn added(copy: &Copy, case: &Case) -> Reply {
    let mut shown = views::copy(copy);
    shown["pages_found"] = json!(copy.pages);
    shown["case_etag"] = json!(format!("\"{}\"", case.version));
    Reply::json(201, &shown).etag(copy.version).header("location", &format!("/v1/copies/{}", copy.id))
}

fn new_copy(body: NewCopy, case: &Case, caller: &User, id: CopyId, now: Timestamp) -> Result<Copy, Problem> {
    let title = written("/title", &body.title, 300)?;
    let issuer = body.issuer.map(|text| written("/issuer", &text, 300)).transpose()?;
    let original_number = body.original_number.map(|text| written("/original_number", &text, 100)).transpose()?;
    if !document_type::is_known(&body.type_id) {
        return Err(Problem::invalid("/type_id", "not_in_document_types"));
    }
    if !(1..=300).contains(&body.pages) {
        return Err(Problem::invalid("/pages", "1_to_300"));
    }
    let uploads: Result<Vec<_>, _> = body.upload_ids.iter().map(|text| UploadId::parse(text)).collect();
    Ok(Copy {
        id,
        case: case.id.clone(),
        unit: case.unit.clone(),
        type_id: body.type_id,
        title,
        issuer,
        original_number,
        pages: body.pages,
        uploads: uploads.map_err(|_| Problem::invalid("/upload_ids", "wrong_id_type"))?,
        attestation: None,
        leader: None,
        look: None,
        opened: None,
        token_length: 0,
        state: CopyState::Draft,
        since: now,
        due_at: case.due_at,
        changed_by: caller.id.clone(),
        changed_at: now,
        version: 1,
    })
}

/// The signed wording tells the pages of the original, and the fee is counted by them; the copy holds all of them
/// (domain.md §1). So what is declared must be what was scanned.
fn as_scanned(declared: u32, found: u32) -> Result<(), Problem> {
    if declared == found {
        return Ok(());
    }
    Err(Problem::invalid("/pages", "differs_from_scan").with("pages_found", found).detail(
        format!("Khai {declared} trang nhưng bản quét có {found} trang."),
        format!("{declared} pages are declared, but the scans have {found}."),
    ))
}

fn placement(dto: PlacementDto) -> Result<Placement, Problem> {
    match dto {
        PlacementDto::Named(name) if name == "auto" => Ok(Placement::Auto),
        PlacementDto::Named(_) => Err(Problem::invalid("/placement", "unknown_value")),
        PlacementDto::At { page, x, y, w, h } => Ok(Placement::At { page, x, y, w, h }),
    }
}

/// The same place in the composer's type: it does not know the domain.
pub(crate) fn composer_placement(placement: &Placement) -> compose::Placement {
    match *placement {
        Placement::Auto => compose::Placement::Auto,
        Placement::At { page, x, y, w, h } => compose::Placement::At { page, x, y, w, h },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a leader signs must be true of the scan.
    #[test]
    fn declared_pages_are_scanned_pages() {
        assert!(as_scanned(2, 2).is_ok());
        for (declared, found) in [(5, 1), (1, 2)] {
            let problem = as_scanned(declared, found).expect_err("differs");
            assert_eq!(problem.errors(), [json!({"pointer": "/pages", "code": "differs_from_scan"})]);
        }
    }
}
