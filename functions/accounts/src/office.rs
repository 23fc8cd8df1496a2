//! What offices and leaders administer of what their copies show: series, books and pictures (decision 18).

use api::{Problem, Reply, Request, needs_any};
use casework::office::{self, By};
use domain::ids::UnitId;
use domain::model::{Changed, Right, Sha256, Unit, User};
use domain::paths;
use domain::ports::{Objects, Records};
use domain::series::{self, Written};
use domain::time;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Accounts;

/// Who administers an office.
const ADMINS: &[Right] = &[Right::AdminUnit, Right::AdminTop, Right::Operate];
/// Who sees how it is set.
const READERS: &[Right] = &[Right::AdminUnit, Right::AdminTop, Right::Operate, Right::Create, Right::Sign, Right::Seal];
/// The most bytes of a picture.
const PICTURE: u64 = compose::FACSIMILE_BYTES;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Series {
    later: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    from: String,
    suffix: String,
    book: String,
    number_form: Option<String>,
    day_form: Option<String>,
}

impl Accounts {
    pub(crate) async fn settings(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let unit = self.unit(request, id, READERS).await?.1;
        self.shown(&unit).await
    }

    pub(crate) async fn put_series(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let (caller, unit) = self.unchanged(request, id).await?;
        let body: Series = request.json()?;
        let later = body.later.iter().enumerate().map(|(at, row)| series(at, row)).collect::<Result<_, _>>()?;
        self.shown(&office::plan_series(&self.records, &unit, later, self.by(&caller)).await?).await
    }

    pub(crate) async fn seal_picture(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let unit = self.unit(request, id, ADMINS).await?.1;
        let digest = unit.seal_picture.ok_or_else(|| Problem::new("not-found"))?;
        self.picture(&paths::seal_picture(&unit.id, &digest)).await
    }

    pub(crate) async fn put_seal_picture(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let (caller, unit) = self.unchanged(request, id).await?;
        let after =
            office::show_seal(&self.records, &self.objects, &unit, Some(png(request)?), self.by(&caller)).await?;
        self.shown(&after).await
    }

    pub(crate) async fn delete_seal_picture(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let (caller, unit) = self.unchanged(request, id).await?;
        self.shown(&office::show_seal(&self.records, &self.objects, &unit, None, self.by(&caller)).await?).await
    }

    pub(crate) async fn signature_picture(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = self.signer(request).await?;
        let digest = caller.signature_picture.ok_or_else(|| Problem::new("not-found"))?;
        self.picture(&paths::signature_picture(&caller.id, &digest)).await
    }

    pub(crate) async fn put_signature_picture(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = self.signer(request).await?;
        matches(request, &caller.changed)?;
        self.show_signature(&caller, Some(png(request)?)).await
    }

    pub(crate) async fn delete_signature_picture(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = self.signer(request).await?;
        matches(request, &caller.changed)?;
        self.show_signature(&caller, None).await
    }

    async fn show_signature(&self, caller: &User, png: Option<Vec<u8>>) -> Result<Reply, Problem> {
        let after = office::show_signature(&self.records, &self.objects, caller, png, self.by(caller)).await?;
        let body = json!({"user_id": after.id.as_str(), "signature_picture": picture(after.signature_picture.as_ref(), "/v1/me/signature-picture")});
        Ok(Reply::json(200, &body).etag(after.changed.version))
    }

    fn by<'a>(&self, caller: &'a User) -> By<'a> {
        By { user: &caller.id, now: self.edge.clock.now() }
    }

    /// An office in which the caller has one of some rights.
    async fn unit(&self, request: &Request, id: &str, rights: &[Right]) -> Result<(User, Unit), Problem> {
        let caller = self.caller(request).await?;
        let id = request.id(id, UnitId::parse)?;
        let unit = self.records.unit(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        needs_any(&caller, rights, &unit.id)?;
        Ok((caller, unit))
    }

    /// One that the caller administers, unchanged since they looked.
    async fn unchanged(&self, request: &Request, id: &str) -> Result<(User, Unit), Problem> {
        let (caller, unit) = self.unit(request, id, ADMINS).await?;
        matches(request, &unit.changed)?;
        Ok((caller, unit))
    }

    /// Somebody who signs somewhere: nobody brings another's hand.
    async fn signer(&self, request: &Request) -> Result<User, Problem> {
        let caller = self.caller(request).await?;
        if !caller.grants.iter().any(|(right, _)| *right == Right::Sign) {
            return Err(Problem::new("forbidden").with("needed", json!({"right": api::right_name(Right::Sign)})));
        }
        Ok(caller)
    }

    async fn picture(&self, path: &str) -> Result<Reply, Problem> {
        let png = self.objects.read(path, PICTURE).await?.ok_or_else(|| Problem::new("not-found"))?;
        Ok(Reply::bytes(200, "image/png", png))
    }

    async fn shown(&self, unit: &Unit) -> Result<Reply, Problem> {
        let mut leaders = Vec::with_capacity(unit.leaders.len());
        for id in &unit.leaders {
            leaders.extend(self.records.user(id).await?.as_ref().map(leader));
        }
        let first = (None, unit.series_on(Date::MIN));
        let later = unit.later_series.iter().map(|(from, series)| (Some(*from), series.clone()));
        let rows: Vec<Value> = std::iter::once(first).chain(later).map(|(from, series)| row(from, &series)).collect();
        let url = format!("/v1/units/{}/seal-picture", unit.id);
        let body = json!({
            "unit_id": unit.id.as_str(), "name": unit.name, "series": rows, "leaders": leaders,
            "series_today": row(None, &unit.series_on(time::day(self.edge.clock.now()))),
            "seal_picture": picture(unit.seal_picture.as_ref(), &url),
            "changed_by": unit.changed.by.as_ref().map(|id| id.as_str()), "changed_at": unit.changed.at.map(time::rfc3339),
        });
        Ok(Reply::json(200, &body).etag(unit.changed.version))
    }
}

fn matches(request: &Request, changed: &Changed) -> Result<(), Problem> {
    let by = changed.by.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
    let at = changed.at.map(time::rfc3339).unwrap_or_default();
    request.match_version(changed.version, &by, &at)
}

/// A PNG as the body.
fn png(request: &Request) -> Result<Vec<u8>, Problem> {
    if request.media_type() != "image/png" {
        return Err(Problem::new("unsupported-media-type"));
    }
    if request.body.len() as u64 > PICTURE {
        return Err(Problem::new("body-too-large"));
    }
    Ok(request.body.clone())
}

fn series(at: usize, row: &Row) -> Result<(Date, series::Series), Problem> {
    let from = row.from.parse::<Date>().ok().filter(|day| day.to_string() == row.from);
    let from = from.ok_or_else(|| Problem::invalid(&format!("/later/{at}/from"), "date"))?;
    let written = Written::wished(row.number_form.as_deref(), row.day_form.as_deref()).ok_or_else(|| unreadable(at))?;
    let series = series::Series::new(&row.suffix, &row.book, written).map_err(|rule| office::wrong(at, rule))?;
    Ok((from, series))
}

fn unreadable(at: usize) -> Problem {
    Problem::invalid(&format!("/later/{at}/number_form"), "unreadable")
        .pointer(&format!("/later/{at}/day_form"), "unreadable")
        .detail(
            "Cách ghi số gồm {n} hoặc {nn} rồi chữ, ví dụ {n}/ĐT; cách ghi ngày là “Ngày {dd} tháng {mm} năm {yyyy}”: người kiểm tra phải đọc lại được.",
            "A number is written {n} or {nn} and letters behind it, as {n}/ĐT; a day “Ngày {dd} tháng {mm} năm {yyyy}”: whoever checks must be able to read it again.",
        )
}

fn row(from: Option<Date>, series: &series::Series) -> Value {
    let (number_form, day_form) = series.written.forms();
    json!({
        "from": from.map(|day| day.to_string()), "suffix": series.suffix, "book": series.book,
        "number_form": number_form, "day_form": day_form,
    })
}

fn leader(user: &User) -> Value {
    let mandate = user.mandate.as_ref();
    json!({
        "user_id": user.id.as_str(), "name": user.name, "title": mandate.map(|mandate| mandate.title.text()),
        "from": mandate.and_then(|mandate| mandate.from).map(|day| day.to_string()),
        "until": mandate.and_then(|mandate| mandate.until).map(|day| day.to_string()),
        "has_signature_picture": user.signature_picture.is_some(),
    })
}

fn picture(digest: Option<&Sha256>, url: &str) -> Value {
    digest.map_or(Value::Null, |digest| json!({"sha256": paths::hex(digest), "url": url}))
}
