//! A visit takes a place of a slot in the same transaction, so the last place has one winner.

use api::{Problem, Reply, Request, Try, idempotent, needs, needs_any};
use domain::ids::{AccountId, AppointmentId, UnitId};
use domain::model::{Appointment as Visit, AppointmentStatus, Counter, Right, Slot, Unit, User};
use domain::ports::{CommitError, Records, Write};
use domain::{readable, time};
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::{Appointment, slots, views};

/// Rounds of a race for one slot before we say that the service is busy.
const ROUNDS: usize = 12;
/// Characters of a note or of a reason.
const NOTE: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    unit_id: String,
    start: String,
    account: Account,
    originals: Vec<views::OriginalDto>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    start: Option<String>,
    originals: Option<Vec<views::OriginalDto>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    reason: Option<String>,
}

impl Appointment {
    pub(crate) async fn book(&self, request: &Request) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |this| {
            self.book_once(request, &caller, this, now)
        })
        .await
    }

    async fn book_once(&self, request: &Request, caller: &User, this: Try, now: Timestamp) -> Result<Reply, Problem> {
        let body: Book = request.json()?;
        let unit = self.load_unit(request, &body.unit_id).await?;
        let account =
            AccountId::parse(&body.account.id).map_err(|_| Problem::invalid("/account/id", "wrong_id_type"))?;
        if caller.account.as_ref() != Some(&account) {
            needs(caller, Right::Portal, &unit.id)?;
        }
        let id = AppointmentId::new(this.born);
        if let Some(visit) = this.made(self.records.appointment(&id)).await? {
            return Ok(self.shown(201, &visit, &unit));
        }
        if !unit.enabled {
            return Err(Problem::new("unit-not-enabled"));
        }
        let start = slot_start(&body.start, now)?;
        let originals = views::originals(body.originals)?;
        let visit = Visit {
            code: self.next_code(&unit, now).await?,
            id,
            unit: unit.id.clone(),
            start,
            account,
            originals,
            note: body.note.map(|text| api::prose("/note", &text, NOTE)).transpose()?,
            status: AppointmentStatus::Booked,
            booked_by: caller.id.clone(),
            changed_by: caller.id.clone(),
            changed_at: now,
            version: 1,
        };
        self.take_place(&unit, start, None, &visit).await?;
        Ok(self.shown(201, &visit, &unit))
    }

    /// The next code of the unit's day. A code whose booking then fails is never given again; codes may have gaps, unlike
    /// register numbers.
    async fn next_code(&self, unit: &Unit, now: Timestamp) -> Result<String, Problem> {
        let day = time::day(now);
        let series = format!("visit-{day}");
        for _ in 0..ROUNDS {
            let head = self.records.counter(&unit.id, &series, day.year()).await?;
            let last = head.map_or(0, |head| head.last) + 1;
            let counter = Counter { unit: unit.id.clone(), suffix: series.clone(), year: day.year(), last };
            match self.records.commit(vec![Write::Counter(counter)]).await {
                Ok(()) => return Ok(readable::code(&unit.short_name, day, last)),
                Err(CommitError::Conflict | CommitError::Unknown(_)) => {}
            }
        }
        Err(Problem::new("service-unavailable"))
    }

    /// Commits `visit` together with a place in `start`, and gives back the place in `old`.
    async fn take_place(
        &self,
        unit: &Unit,
        start: Timestamp,
        old: Option<Timestamp>,
        visit: &Visit,
    ) -> Result<(), Problem> {
        for _ in 0..ROUNDS {
            let mut writes = vec![Write::Appointment(visit.clone())];
            let slot = self.slot(&unit.id, start).await?;
            if slot.taken >= unit.slot_capacity {
                return Err(self.full(unit, start).await?);
            }
            writes.push(Write::Slot(Slot { taken: slot.taken + 1, version: slot.version + 1, ..slot }));
            if let Some(old) = old.filter(|old| *old != start) {
                writes.push(self.given_back(&unit.id, old).await?);
            }
            match self.records.commit(writes).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Conflict) if self.is_stored(visit).await? => return Ok(()),
                Err(CommitError::Conflict) if self.moved_on(visit).await? => return Err(Problem::new("stale")),
                Err(CommitError::Conflict) => continue,
                Err(CommitError::Unknown(_)) if self.is_stored(visit).await? => return Ok(()),
                Err(CommitError::Unknown(fault)) => return Err(fault.into()),
            }
        }
        Err(Problem::new("service-unavailable"))
    }

    async fn slot(&self, unit: &UnitId, start: Timestamp) -> Result<Slot, Problem> {
        let found = self.records.slot(unit, start).await?;
        Ok(found.unwrap_or_else(|| Slot { unit: unit.clone(), start, taken: 0, version: 0 }))
    }

    async fn given_back(&self, unit: &UnitId, start: Timestamp) -> Result<Write, Problem> {
        let slot = self.slot(unit, start).await?;
        Ok(Write::Slot(Slot { taken: slot.taken.saturating_sub(1), version: slot.version + 1, ..slot }))
    }

    async fn is_stored(&self, visit: &Visit) -> Result<bool, Problem> {
        Ok(self.records.appointment(&visit.id).await?.is_some_and(|stored| stored == *visit))
    }

    async fn moved_on(&self, visit: &Visit) -> Result<bool, Problem> {
        Ok(self.records.appointment(&visit.id).await?.is_some_and(|stored| stored.version >= visit.version))
    }

    async fn full(&self, unit: &Unit, start: Timestamp) -> Result<Problem, Problem> {
        let from = time::day(start);
        let free = self.free_slots(unit, from, from.saturating_add(Span::new().days(7))).await?;
        let near: Vec<_> =
            free.iter().filter(|(_, left)| *left > 0).take(5).map(|(at, left)| views::slot(*at, *left)).collect();
        Ok(Problem::new("slot-full").with("alternatives", near))
    }

    pub(crate) async fn appointment(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.keys.caller(request, self.edge.clock.now(), &self.records).await?;
        let (visit, unit) = self.visible(request, id, &caller).await?;
        Ok(self.shown(200, &visit, &unit))
    }

    async fn visible(&self, request: &Request, id: &str, caller: &User) -> Result<(Visit, Unit), Problem> {
        let id = request.id(id, AppointmentId::parse)?;
        let visit = self.records.appointment(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        if caller.account.as_ref() != Some(&visit.account) {
            needs_any(caller, &[Right::Portal, Right::Create], &visit.unit)?;
        }
        let unit = self.records.unit(&visit.unit).await?.ok_or_else(|| Problem::new("not-found"))?;
        Ok((visit, unit))
    }

    pub(crate) async fn change(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let (mut visit, unit) = self.changeable(request, id, &caller).await?;
            let body: Change = request.json()?;
            let old = visit.start;
            if let Some(list) = body.originals {
                visit.originals = views::originals(list)?;
            }
            if let Some(text) = body.start {
                visit.start = slot_start(&text, now)?;
            }
            touch(&mut visit, &caller, now);
            if visit.start == old {
                self.commit_visit(vec![Write::Appointment(visit.clone())], &visit).await?;
            } else {
                self.take_place(&unit, visit.start, Some(old), &visit).await?;
            }
            Ok(self.shown(200, &visit, &unit))
        })
        .await
    }

    pub(crate) async fn cancel(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let (mut visit, unit) = self.changeable(request, id, &caller).await?;
            let body: Cancel = request.json()?;
            body.reason.map(|text| api::prose("/reason", &text, NOTE)).transpose()?;
            visit.status = AppointmentStatus::Cancelled;
            touch(&mut visit, &caller, now);
            let back = self.given_back(&unit.id, visit.start).await?;
            self.commit_visit(vec![Write::Appointment(visit.clone()), back], &visit).await?;
            Ok(self.shown(200, &visit, &unit))
        })
        .await
    }

    async fn changeable(&self, request: &Request, id: &str, caller: &User) -> Result<(Visit, Unit), Problem> {
        let (visit, unit) = self.visible(request, id, caller).await?;
        request.match_version(visit.version, visit.changed_by.as_str(), &time::rfc3339(visit.changed_at))?;
        match visit.status {
            AppointmentStatus::Booked => Ok((visit, unit)),
            AppointmentStatus::Used => Err(Problem::new("appointment-used")),
            AppointmentStatus::Cancelled => {
                Err(Problem::new("wrong-state").with("state", "cancelled").with("allowed", json!([])))
            }
        }
    }

    async fn commit_visit(&self, writes: Vec<Write>, visit: &Visit) -> Result<(), Problem> {
        match self.records.commit(writes).await {
            Ok(()) => Ok(()),
            Err(_) if self.is_stored(visit).await? => Ok(()),
            Err(CommitError::Conflict) => Err(Problem::new("stale")),
            Err(CommitError::Unknown(fault)) => Err(fault.into()),
        }
    }

    fn shown(&self, status: u16, visit: &Visit, unit: &Unit) -> Reply {
        let reply = Reply::json(status, &views::appointment(visit, &unit.name)).etag(visit.version);
        if status == 201 { reply.header("location", &format!("/v1/appointments/{}", visit.id)) } else { reply }
    }
}

fn touch(visit: &mut Visit, caller: &User, now: Timestamp) {
    visit.version += 1;
    visit.changed_by = caller.id.clone();
    visit.changed_at = now;
}

/// The begin of a slot to come.
fn slot_start(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let start: Timestamp = text.parse().map_err(|_| Problem::invalid("/start", "rfc3339"))?;
    if start <= now {
        return Err(Problem::new("slot-in-past"));
    }
    if !slots::is_start(start) {
        return Err(Problem::new("slot-not-working-day"));
    }
    Ok(start)
}
