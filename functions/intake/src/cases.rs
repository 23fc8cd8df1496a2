//! Receiving a dossier: the legal clock starts here (R29, R30).

use api::{Problem, Reply, Request, Try, idempotent, needs};
use domain::deadline::{self, Calendar, HOLIDAYS};
use domain::ids::{AccountId, AppointmentId, CaseId, UnitId};
use domain::model::{AppointmentStatus, Case, CaseStatus, Counter, Fee, Requester, Right, Unit, User};
use domain::ports::{CommitError, Directory, Person, Records, Write};
use domain::{fee, identity, readable, time};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

use crate::access::{editable, event, match_case, touched};
use crate::{Intake, views};

/// Rounds of a race for the next code of a day.
const ROUNDS: usize = 16;
/// Who may look into a dossier.
pub(crate) const READERS: &[Right] = &[Right::Create, Right::Sign, Right::Seal, Right::Portal];
/// The six grounds of Article 22 on which a copy must be refused.
const GROUNDS: [&str; 6] = ["22.1", "22.2", "22.3", "22.4", "22.5", "22.6"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Receive {
    appointment_id: Option<String>,
    requester: Option<RequesterDto>,
    basis: String,
    unit_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequesterDto {
    kind: Option<String>,
    name: String,
    id_type: String,
    id_number: String,
    phone: Option<String>,
    email: Option<String>,
    account_ref: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checklist {
    grounds: BTreeMap<String, bool>,
    confirmed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeDto {
    receipt_no: Option<String>,
    amount_vnd: Option<u64>,
    paid_at: Option<String>,
    waived_reason: Option<String>,
}

/// The answer to whoever brought the papers, whatever has become of the dossier since.
fn received(case: &Case) -> Reply {
    Reply::json(201, &views::case(case, &[])).etag(case.version).header("location", &format!("/v1/cases/{}", case.id))
}

impl Intake {
    pub(crate) async fn receive(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let now = self.now();
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |this| {
            self.receive_once(request, &caller, this, now)
        })
        .await
    }

    async fn receive_once(
        &self,
        request: &Request,
        caller: &User,
        this: Try,
        now: Timestamp,
    ) -> Result<Reply, Problem> {
        let body: Receive = request.json()?;
        let id = CaseId::new(this.born);
        if let Some(case) = this.made(self.records.case(&id)).await? {
            return Ok(received(&case));
        }
        match body.basis.as_str() {
            "paper_original" => {}
            "vneid_shown" | "database_read" => return Err(Problem::new("basis-gives-no-copy")),
            _ => return Err(Problem::invalid("/basis", "unknown_value")),
        }
        let mut writes = Vec::new();
        let (unit, requester, appointment) = match (body.appointment_id, body.requester) {
            (Some(id), None) => self.of_visit(&id, caller, now, &mut writes).await?,
            (None, Some(dto)) => self.walk_in(dto, body.unit_id, caller).await?,
            _ => return Err(Problem::invalid("/requester", "exactly_one_of_appointment_id_and_requester")),
        };
        if !unit.enabled {
            return Err(Problem::new("unit-not-enabled"));
        }
        if requester.account.is_none() && requester.email.is_none() {
            return Err(Problem::new("email-required"));
        }
        let (due_at, rule) = deadline::due(now, &Calendar::default().with_holidays(HOLIDAYS), 0);
        let case = Case {
            code: String::new(),
            id,
            unit: unit.id.clone(),
            requester,
            basis: body.basis,
            appointment,
            clerk: caller.id.clone(),
            received_at: now,
            due_at,
            due_rule: rule.name().to_owned(),
            checklist: None,
            copies: Vec::new(),
            fee: None,
            status: CaseStatus::Received,
            leader: None,
            changed_by: caller.id.clone(),
            changed_at: now,
            version: 1,
        };
        writes.push(event(case.id.as_str(), 1, caller, "case.received", now));
        let case = self.commit_numbered(case, writes, &unit).await?;
        Ok(received(&case))
    }

    /// Gives the dossier the next code of the unit's day and commits; the last of a race tries again.
    async fn commit_numbered(&self, case: Case, writes: Vec<Write>, unit: &Unit) -> Result<Case, Problem> {
        let day = time::day(case.received_at);
        let series = format!("case-{day}");
        for _ in 0..ROUNDS {
            let head = self.records.counter(&unit.id, &series, day.year()).await?;
            let last = head.map_or(0, |head| head.last) + 1;
            let coded = Case { code: readable::code(&unit.short_name, day, last), ..case.clone() };
            let counter = Counter { unit: unit.id.clone(), suffix: series.clone(), year: day.year(), last };
            let mut all = writes.clone();
            all.extend([Write::Counter(counter), Write::Case(coded.clone())]);
            match self.records.commit(all).await {
                Ok(()) => return Ok(coded),
                Err(error) => match (error, self.records.case(&case.id).await?) {
                    (_, Some(stored)) => return Ok(stored),
                    (CommitError::Conflict, None) => self.still_open(&case).await?,
                    (CommitError::Unknown(fault), None) => return Err(fault.into()),
                },
            }
        }
        Err(Problem::new("service-unavailable"))
    }

    /// A conflict is either the day's counter (try again) or the visit, which somebody else used.
    async fn still_open(&self, case: &Case) -> Result<(), Problem> {
        let Some(id) = &case.appointment else { return Ok(()) };
        let visit = self.records.appointment(id).await?;
        if visit.is_some_and(|visit| visit.status == AppointmentStatus::Booked) {
            Ok(())
        } else {
            Err(Problem::new("appointment-used"))
        }
    }

    async fn of_visit(
        &self,
        id: &str,
        caller: &User,
        now: Timestamp,
        writes: &mut Vec<Write>,
    ) -> Result<(Unit, Requester, Option<AppointmentId>), Problem> {
        let id = AppointmentId::parse(id).map_err(|_| Problem::invalid("/appointment_id", "wrong_id_type"))?;
        let visit = self.records.appointment(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        needs(caller, Right::Create, &visit.unit)?;
        match visit.status {
            AppointmentStatus::Booked => {}
            AppointmentStatus::Used => return Err(Problem::new("appointment-used")),
            AppointmentStatus::Cancelled => return Err(crate::access::wrong_state("cancelled", &[])),
        }
        let unit = self.unit(&visit.unit).await?;
        let person = self.directory.account(&visit.account).await.map_err(|fault| directory_down(&fault))?;
        let person = person.ok_or_else(|| Problem::invalid("/appointment_id", "account_unknown"))?;
        let mut used = visit.clone();
        used.status = AppointmentStatus::Used;
        used.version += 1;
        used.changed_by = caller.id.clone();
        used.changed_at = now;
        writes.push(Write::Appointment(used));
        Ok((unit, from_person(person), Some(id)))
    }

    async fn walk_in(
        &self,
        dto: RequesterDto,
        unit: Option<String>,
        caller: &User,
    ) -> Result<(Unit, Requester, Option<AppointmentId>), Problem> {
        let unit = match unit {
            Some(text) => UnitId::parse(&text).map_err(|_| Problem::invalid("/unit_id", "wrong_id_type"))?,
            None => own_unit(caller)?,
        };
        needs(caller, Right::Create, &unit)?;
        let unit = self.unit(&unit).await?;
        Ok((unit, requester(dto)?, None))
    }

    pub(crate) async fn unit(&self, id: &UnitId) -> Result<Unit, Problem> {
        self.records.unit(id).await?.ok_or_else(|| Problem::new("not-found"))
    }

    pub(crate) async fn case(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let case = self.load_case(request, id, &caller, READERS).await?;
        let mut copies = Vec::new();
        for id in &case.copies {
            copies.extend(self.records.copy(id).await?);
        }
        let mut shown = views::case(&case, &copies);
        let orders = casework::waiting::of_copies(&self.records, &copies).await?;
        for (copy, order) in copies.iter().zip(&orders) {
            let listed = shown["copies"].as_array_mut().into_iter().flatten();
            for one in listed.filter(|one| one["id"] == copy.id.as_str()) {
                api::add_waiting(one, order.as_ref());
            }
        }
        Ok(Reply::json(200, &shown).etag(case.version))
    }

    pub(crate) async fn events(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let case = self.load_case(request, id, &caller, READERS).await?;
        let mut events = self.records.events(case.id.as_str()).await?;
        for copy in &case.copies {
            events.extend(self.records.events(copy.as_str()).await?);
        }
        events.sort_by_key(|event| event.at);
        Ok(Reply::json(200, &api::page(events.iter().map(views::event).collect(), &self.edge.clock.text())))
    }

    pub(crate) async fn checklist(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let case = self.load_case(request, id, &caller, &[Right::Create]).await?;
        match_case(request, &case)?;
        editable(&case)?;
        let body: Checklist = request.json()?;
        let grounds = grounds(&body)?;
        let now = self.now();
        let mut case = touched(case, &caller, now);
        case.checklist = Some(grounds);
        let writes =
            vec![event(case.id.as_str(), case.version, &caller, "case.checked", now), Write::Case(case.clone())];
        self.commit(writes).await?;
        if domain::casefile::ground_applies(&case) {
            return Err(Problem::new("ground-applies").etag(case.version));
        }
        self.case_reply(&case).await
    }

    pub(crate) async fn fee(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let now = self.now();
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let case = self.load_case(request, id, &caller, &[Right::Create]).await?;
            match_case(request, &case)?;
            editable(&case)?;
            let paid = self.paid(request.json()?, &case).await?;
            let mut case = touched(case, &caller, now);
            case.fee = Some(paid);
            let writes = vec![
                event(case.id.as_str(), case.version, &caller, "case.fee_recorded", now),
                Write::Case(case.clone()),
            ];
            self.commit(writes).await?;
            self.case_reply(&case).await
        })
        .await
    }

    async fn paid(&self, body: FeeDto, case: &Case) -> Result<Fee, Problem> {
        if let Some(reason) = body.waived_reason {
            return Ok(Fee {
                receipt_no: String::new(),
                amount_vnd: 0,
                paid_at: self.now(),
                waived_reason: Some(api::prose("/waived_reason", &reason, 500)?),
            });
        }
        let receipt_no = body.receipt_no.ok_or_else(|| Problem::invalid("/receipt_no", "required"))?;
        let receipt_no = api::text("/receipt_no", &receipt_no, 60)?;
        let amount_vnd = body.amount_vnd.ok_or_else(|| Problem::invalid("/amount_vnd", "required"))?;
        let paid_at = body.paid_at.ok_or_else(|| Problem::invalid("/paid_at", "required"))?;
        let paid_at: Timestamp = paid_at.parse().map_err(|_| Problem::invalid("/paid_at", "rfc3339"))?;
        if paid_at > self.now() {
            return Err(Problem::invalid("/paid_at", "in_the_future"));
        }
        let mut pages = Vec::new();
        for id in &case.copies {
            pages.extend(self.records.copy(id).await?.map(|copy| copy.pages));
        }
        let expected = fee::total(&pages, time::day(case.received_at)).map_err(|error| {
            tracing::error!(%error, "no tariff for the day");
            Problem::new("service-unavailable")
        })?;
        if amount_vnd != expected {
            return Err(Problem::new("fee-differs").with("expected_vnd", expected));
        }
        Ok(Fee { receipt_no, amount_vnd, paid_at, waived_reason: None })
    }

    pub(crate) async fn case_reply(&self, case: &Case) -> Result<Reply, Problem> {
        let mut copies = Vec::new();
        for id in &case.copies {
            copies.extend(self.records.copy(id).await?);
        }
        Ok(Reply::json(200, &views::case(case, &copies)).etag(case.version))
    }
}

/// The one unit where the caller receives cases.
fn own_unit(caller: &User) -> Result<UnitId, Problem> {
    let mut units =
        caller.grants.iter().filter(|(right, _)| *right == Right::Create).filter_map(|(_, unit)| unit.clone());
    let first = units.next().ok_or_else(|| Problem::new("forbidden").with("needed", json!({"right": "create"})))?;
    if units.any(|other| other != first) {
        return Err(Problem::invalid("/unit_id", "required"));
    }
    Ok(first)
}

/// A text for people that the wording's typeface can set.
///
/// # Errors
/// `validation-failed` at `pointer`.
pub(crate) fn written(pointer: &str, text: &str, limit: usize) -> Result<String, Problem> {
    let written = api::text(pointer, text, limit)?;
    match compose::unset_sign(&written).map_err(|broken| Problem::failed(&broken.en()))? {
        Some(sign) => Err(api::unreadable(pointer, sign)),
        None => Ok(written),
    }
}

fn directory_down(fault: &domain::ports::Fault) -> Problem {
    tracing::error!(%fault, "the directory failed");
    Problem::new("directory-unavailable")
}

fn from_person(person: Person) -> Requester {
    let Person { account, kind, name, id_type, id_number, phone, email } = person;
    Requester { kind, name, id_type, id_number, phone, email, account: Some(account) }
}

fn requester(dto: RequesterDto) -> Result<Requester, Problem> {
    let name = written("/requester/name", &dto.name, identity::NAME_LIMIT)?;
    let known = identity::identity(&dto.id_type, &dto.id_number);
    let known = known.map_err(|_| Problem::invalid("/requester/id_number", "form"))?;
    if dto.email.as_deref().is_some_and(|mail| !identity::is_email(mail)) {
        return Err(Problem::invalid("/requester/email", "form"));
    }
    let phone = dto.phone.as_deref().map(identity::phone).transpose();
    let phone = phone.map_err(|_| Problem::invalid("/requester/phone", "form"))?;
    let account = dto.account_ref.map(|text| AccountId::parse(&text)).transpose();
    let account = account.map_err(|_| Problem::invalid("/requester/account_ref", "wrong_id_type"))?;
    let kind = dto.kind.unwrap_or_else(|| "person".into());
    Ok(Requester { kind, name, id_type: dto.id_type, id_number: known.number, phone, email: dto.email, account })
}

fn grounds(body: &Checklist) -> Result<Vec<(String, bool)>, Problem> {
    if !body.confirmed {
        return Err(Problem::invalid("/confirmed", "must_be_true"));
    }
    if let Some(unknown) = body.grounds.keys().find(|key| !GROUNDS.contains(&key.as_str())) {
        return Err(Problem::invalid(&api::pointer(["grounds", unknown.as_str()]), "unknown"));
    }
    // Silence is no answer (R27): the official says of each ground whether it applies.
    let missing: Vec<_> = GROUNDS.iter().filter(|ground| !body.grounds.contains_key(**ground)).collect();
    if !missing.is_empty() {
        let problem = Problem::new("validation-failed");
        return Err(missing
            .iter()
            .fold(problem, |all, one| all.pointer(&api::pointer(["grounds", **one]), "required")));
    }
    Ok(body.grounds.iter().map(|(ground, applies)| (ground.clone(), *applies)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn checklist(body: Value) -> Checklist {
        serde_json::from_value(body).expect("a checklist")
    }

    /// R27: each of the six is answered, or the list is not confirmed.
    #[test]
    fn a_ground_that_is_not_named_is_not_answered() {
        let all: serde_json::Map<String, Value> =
            GROUNDS.iter().map(|ground| ((*ground).to_owned(), json!(false))).collect();
        let answered = grounds(&checklist(json!({"grounds": all, "confirmed": true}))).expect("all six");
        assert_eq!(answered.len(), 6);
        let none = grounds(&checklist(json!({"grounds": {}, "confirmed": true}))).expect_err("none");
        assert_eq!(none.errors().len(), 6);
        let mut five = all.clone();
        five.remove("22.4");
        let five = grounds(&checklist(json!({"grounds": five, "confirmed": true}))).expect_err("five");
        assert_eq!(five.errors(), [json!({"pointer": "/grounds/22.4", "code": "required"})]);
        assert!(grounds(&checklist(json!({"grounds": all, "confirmed": false}))).is_err());
    }

    #[test]
    fn names_are_texts_that_can_be_set() {
        assert_eq!(written("/title", "Nguyễn Văn An", 200).expect("a name"), "Nguyễn Văn An");
        for bad in ["Nguyễn\u{202e}An", "Nguyễn\0An", "Nguyễn\nAn", "Nguyễn 😀", "☃"] {
            let problem = written("/title", bad, 200).expect_err(bad);
            assert_eq!(problem.errors(), [json!({"pointer": "/title", "code": "character_not_allowed"})], "{bad:?}");
        }
    }
}
