//! What anybody may ask before a visit: where, when, what it costs.

use api::{Problem, Reply, Request, page};
use domain::document_type;
use domain::fee;
use domain::identity;
use domain::ids::UnitId;
use domain::model::Unit;
use domain::ports::Records;
use domain::time;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::json;

use crate::Appointment;
use crate::{slots, views};

/// The longest range of days one request may ask for (api.md row 5).
const DAYS: i32 = 31;
/// The shortest search text (api.md row 3).
const QUERY: usize = 3;

impl Appointment {
    pub(crate) async fn units(&self, request: &Request) -> Result<Reply, Problem> {
        let wanted = request.query.get("q").map(|q| fold(q)).unwrap_or_default();
        if !wanted.is_empty() && wanted.chars().count() < QUERY {
            return Err(Problem::new("validation-failed").query("q", "at_least_3_characters"));
        }
        let units = self.records.units().await?;
        let found = units.iter().filter(|unit| unit.enabled && fold(&searchable(unit)).contains(&wanted));
        Ok(Reply::json(200, &page(found.map(views::unit).collect(), &self.edge.clock.text())))
    }

    pub(crate) async fn unit(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let unit = self.load_unit(request, id).await?;
        Ok(Reply::json(200, &views::unit(&unit)))
    }

    pub(crate) async fn load_unit(&self, request: &Request, id: &str) -> Result<Unit, Problem> {
        let id = request.id(id, UnitId::parse)?;
        self.records.unit(&id).await?.ok_or_else(|| {
            Problem::new("not-found").detail(
                "Không có đơn vị nào mang mã này; tìm đơn vị qua /v1/units?q=….",
                "No office has this identifier; find one by /v1/units?q=….",
            )
        })
    }

    pub(crate) async fn slots(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let unit = self.load_unit(request, id).await?;
        if !unit.enabled {
            return Err(Problem::new("unit-not-enabled"));
        }
        let (from, to) = range(request, self.edge.clock.now())?;
        let free = self.free_slots(&unit, from, to).await?;
        let data = free.iter().map(|(start, left)| views::slot(*start, *left)).collect();
        Ok(Reply::json(200, &page(data, &self.edge.clock.text())))
    }

    /// Slots to come in a range of days, with the places left in each.
    pub(crate) async fn free_slots(&self, unit: &Unit, from: Date, to: Date) -> Result<Vec<(Timestamp, u32)>, Problem> {
        let begin = time::instant(from.at(0, 0, 0, 0));
        let end = time::instant(to.at(23, 59, 59, 0));
        let taken = self.records.slots(&unit.id, begin, end).await?;
        let now = self.edge.clock.now();
        let starts = slots::between(from, to).into_iter().filter(|start| *start > now);
        let left = |start: &Timestamp| {
            let used = taken.iter().find(|slot| slot.start == *start).map_or(0, |slot| slot.taken);
            unit.slot_capacity.saturating_sub(used)
        };
        Ok(starts.map(|start| (start, left(&start))).collect())
    }

    pub(crate) fn calendar(&self, request: &Request) -> Result<Reply, Problem> {
        let (from, to) = range(request, self.edge.clock.now())?;
        let calendar = slots::calendar();
        let days = from.series(Span::new().days(1)).take_while(|day| *day <= to);
        let data = days.map(|day| {
            let open = calendar.works(day);
            json!({"date": day.to_string(), "working": open, "open": open.then_some("08:00"), "close": open.then_some("17:00")})
        });
        Ok(Reply::json(200, &page(data.collect(), &self.edge.clock.text())))
    }

    pub(crate) fn document_types(&self) -> Result<Reply, Problem> {
        let data = document_type::ALL.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
        Ok(Reply::json(200, &page(data, &self.edge.clock.text())))
    }

    pub(crate) fn fees(&self, request: &Request) -> Result<Reply, Problem> {
        let number = |name: &str, default: u32| match request.query.get(name) {
            None => Ok(default),
            Some(text) => text
                .parse::<u32>()
                .ok()
                .filter(|n| (1..=300).contains(n))
                .ok_or_else(|| Problem::new("validation-failed").query(name, "1_to_300")),
        };
        let (pages, copies) = (number("pages", 1)?, number("copies", 1)?);
        let today = time::day(self.edge.clock.now());
        let each = fee::total(&[pages], today).map_err(|error| Problem::failed(&error))?;
        let total = each.saturating_mul(u64::from(copies));
        Ok(Reply::json(200, &json!({"fee_vnd": total, "lines": [{"pages": pages, "copies": copies, "fee_vnd": each}]})))
    }
}

/// Lower case without marks, so that "ubnd xa mau" finds "UBND xã Mẫu".
fn fold(text: &str) -> String {
    identity::folded(text).to_lowercase()
}

fn searchable(unit: &Unit) -> String {
    format!("{} {} {} {}", unit.name, unit.code, unit.address, unit.province)
}

/// `from` and `to` as Vietnamese days: today and 13 days on unless told, at most 31.
fn range(request: &Request, now: Timestamp) -> Result<(Date, Date), Problem> {
    let day = |name: &str| match request.query.get(name) {
        None => Ok(None),
        // A full instant is taken for its Vietnamese day.
        Some(text) => text
            .parse::<Date>()
            .ok()
            .filter(|_| text.len() == 10)
            .or_else(|| text.parse::<Timestamp>().ok().map(time::day))
            .map(Some)
            .ok_or_else(|| Problem::new("validation-failed").query(name, "date")),
    };
    let from = day("from")?.unwrap_or_else(|| time::day(now));
    let to = day("to")?.unwrap_or_else(|| from.saturating_add(Span::new().days(13)));
    let last = from.saturating_add(Span::new().days(DAYS - 1));
    if to < from {
        return Err(Problem::new("validation-failed").query("to", "before_from"));
    }
    if to > last {
        return Err(Problem::new("validation-failed").query("to", "at_most_31_days"));
    }
    Ok((from, to))
}
