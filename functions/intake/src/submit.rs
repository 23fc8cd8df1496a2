//! Submission: the file that the leader will see is made once and frozen (decision 41).

use api::{Problem, Reply, Request, idempotent};
use casework::workshop;
use domain::decide::{Command, decide};
use domain::ids::UserId;
use domain::model::{Case, CaseStatus, Copy, Look, Placement, Right, Sha256, Stored, Unit, User};
use domain::ports::{Created, Objects, Records, Write};
use domain::{paths, time};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Digest;

use crate::Intake;
use crate::access::{at_desk, event, match_case, touched};
use crate::copies::composer_placement;
use crate::uploads::unusable_scan;

/// A base may be larger than its scan by the wording page.
const BASE_LIMIT: u64 = 120 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submit {
    leader_id: Option<String>,
}

impl Intake {
    pub(crate) async fn submit(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let now = self.now();
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let case = self.load_case(request, id, &caller, &[Right::Create]).await?;
            match_case(request, &case)?;
            at_desk(&case)?;
            let body: Submit = if request.body.is_empty() { Submit { leader_id: None } } else { request.json()? };
            let copies = self.complete_copies(&case).await?;
            let unit = self.unit(&case.unit).await?;
            let leader = self.leader(body.leader_id, &unit, now).await?;
            let mut case = touched(case, &caller, now);
            case.status = CaseStatus::Submitted;
            case.leader = Some(leader.id.clone());
            let mut writes =
                vec![event(case.id.as_str(), case.version, &caller, "case.submitted", now), Write::Case(case.clone())];
            for copy in copies {
                writes.extend(self.frozen(copy, &unit, &leader, &caller, now).await?);
            }
            self.commit(writes).await?;
            self.case_reply(&case).await
        })
        .await
    }

    /// What must be there before a leader sees anything, in the order of the desk.
    async fn complete_copies(&self, case: &Case) -> Result<Vec<Copy>, Problem> {
        match &case.checklist {
            None => return Err(Problem::new("checklist-missing")),
            Some(_) if domain::casefile::ground_applies(case) => return Err(Problem::new("ground-applies")),
            Some(_) => {}
        }
        let mut copies = Vec::new();
        for id in &case.copies {
            copies.extend(self.records.copy(id).await?);
        }
        if copies.is_empty() {
            return Err(Problem::new("no-copy"));
        }
        if copies.iter().any(|copy| copy.attestation.is_none()) {
            return Err(Problem::new("attestation-missing"));
        }
        if case.fee.is_none() {
            return Err(Problem::new("fee-missing"));
        }
        Ok(copies)
    }

    pub(crate) async fn leader(&self, wanted: Option<String>, unit: &Unit, now: Timestamp) -> Result<User, Problem> {
        let wanted = wanted.map(|text| UserId::parse(&text)).transpose();
        let wanted = wanted.map_err(|_| Problem::invalid("/leader_id", "wrong_id_type"))?;
        let bench = self.bench(now).await;
        for id in unit.leaders.iter().filter(|id| wanted.as_ref().is_none_or(|wanted| wanted == *id)) {
            let user = self.records.user(id).await?.filter(|user| user.active && mandated(user, now));
            if let Some(user) = user.filter(|user| casework::leader::credential_usable(&bench, user, now)) {
                return Ok(user);
            }
        }
        Err(Problem::new("no-leader-available"))
    }

    async fn frozen(
        &self,
        mut copy: Copy,
        unit: &Unit,
        leader: &User,
        caller: &User,
        now: Timestamp,
    ) -> Result<Vec<Write>, Problem> {
        let scans = self.scans(&copy).await?;
        let look = Look::of(leader, unit).ok_or_else(|| Problem::new("no-leader-available"))?;
        let spec = self.spec(&copy, unit, leader, &scans, now);
        let base = workshop::base(&spec, (&copy.id, &look), (leader, unit), now).map_err(|u| unusable_scan(&u))?;
        let stored = self.create(&copy, base.pdf).await?;
        copy.leader = Some(leader.id.clone());
        copy.look = Some(look);
        copy.opened = None;
        let decision = decide(&copy, Command::Submit { base: stored }, &caller.id, now)?;
        Ok(vec![Write::Event(decision.event), Write::Copy(decision.copy)])
    }

    pub(crate) fn spec<'a>(
        &self,
        copy: &Copy,
        unit: &Unit,
        leader: &User,
        scans: &'a [Vec<u8>],
        now: Timestamp,
    ) -> compose::BaseSpec<'a> {
        let chosen = copy.attestation.as_ref();
        compose::BaseSpec {
            scans: scans.iter().map(Vec::as_slice).collect(),
            wording: compose::Wording {
                template_id: chosen.map_or_else(|| "default".into(), |chosen| chosen.template_id.clone()),
                unit_name: unit.name.to_uppercase(),
                place: unit.place.clone(),
                leader_title_line: leader.mandate.as_ref().map(|mandate| mandate.title.text()).unwrap_or_default(),
                leader_name: leader.name.clone(),
                document_title: copy.title.clone(),
                document_pages: copy.pages,
                room: compose::Room {
                    signature: leader.signature_picture.is_some(),
                    seal: unit.seal_picture.is_some(),
                },
            },
            placement: composer_placement(chosen.map_or(&Placement::Auto, |chosen| &chosen.placement)),
            sandbox_mark: self.sandbox,
            created: time::rfc3339(now),
            document_id: document_id(copy),
        }
    }

    async fn create(&self, copy: &Copy, pdf: Vec<u8>) -> Result<Stored, Problem> {
        let sha256: Sha256 = sha2::Sha256::digest(&pdf).into();
        let stored = casework::leader::frozen(paths::base(&copy.id, &sha256), &pdf);
        if self.objects.create(&stored.path, pdf, "application/pdf").await? == Created::Existed {
            // The digest is in the path: what is there must be these bytes.
            let there = self.objects.read(&stored.path, BASE_LIMIT).await?.unwrap_or_default();
            if Sha256::from(sha2::Sha256::digest(&there)) != sha256 {
                return Err(Problem::failed(&"a base object differs from its digest"));
            }
        }
        Ok(stored)
    }
}

/// Whether somebody may attest today.
fn mandated(user: &User, now: Timestamp) -> bool {
    user.mandate.as_ref().is_some_and(|mandate| mandate.holds_on(time::day(now)))
}

/// The first half of the digest of copy and version: stable for a retry, new for a second submission.
fn document_id(copy: &Copy) -> [u8; 16] {
    let digest = sha2::Sha256::digest(format!("{}/{}", copy.id, copy.version).as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}
