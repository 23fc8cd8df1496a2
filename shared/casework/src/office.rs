//! What an office and its people administer of what copies show: series and books, the pictures of the seal and of the hand (R43, R47, R49).
//!
//! Asks for no rights and compares no ETag (the function has). A change is one transaction with its line in the history; it holds for what is
//! submitted, or decided, from then on. Copies that were submitted before keep what they have.

use compose::{Facsimile, Unusable};
use domain::ids::UserId;
use domain::model::{Event, Unit, User};
use domain::paths;
use domain::ports::{Objects, Records, Write};
use domain::refusal::Refusal;
use domain::series::{Series, WrongSeries};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::Halt;
use crate::support::{Commit, commit, create, sha256, unit, user};

const SUFFIX: (&str, &str) = (
    "Ký hiệu gồm 1 đến 16 chữ cái, chữ số hoặc / - . và bắt đầu bằng chữ cái.",
    "A suffix has 1 to 16 letters, digits or / - . and begins with a letter.",
);
const BOOK: (&str, &str) =
    ("Quyển số gồm 1 đến 16 chữ cái, chữ số hoặc / - .", "A book has 1 to 16 letters, digits or / - .");
const BEGUN: (&str, &str) = (
    "Ngày đó đã bắt đầu, hoặc sẽ bắt đầu trong vòng 5 phút nữa; có thể đã cấp số theo cách cũ. Hãy chọn ngày muộn hơn.",
    "That day has begun, or begins within 5 minutes; numbers may have been given on it. Choose a later day.",
);
const TWICE: (&str, &str) = ("Hai dòng cùng một ngày bắt đầu.", "Two rows begin on one day.");
const WITHIN_YEAR: (&str, &str) = (
    "Ký hiệu mới đánh số lại từ 01, mà trong một năm số phải liên tục: ký hiệu chỉ thay đổi từ ngày 01 tháng 01.",
    "Another suffix counts from 1 again, and within a year numbers must go on: a suffix changes on 1 January only.",
);
const TOO_MANY: (&str, &str) = (
    "Chỉ lập kế hoạch trước tối đa 100 lần thay đổi quyển số, ký hiệu.",
    "At most 100 changes of book and suffix are planned ahead.",
);
const TOO_MANY_EVER: (&str, &str) = (
    "Đơn vị đã có 600 lần thay đổi quyển số, ký hiệu, kể cả những lần đã có hiệu lực; không nhận thêm.",
    "The office has 600 changes of book and suffix, those that have begun counted; no more are taken.",
);
const SETTLED: (&str, &str) = (
    "Có thay đổi sẽ bắt đầu trong vòng 5 phút nữa: không được sửa hoặc bỏ thay đổi đó nữa. Hãy gửi lại kèm nguyên dòng đó.",
    "A change begins within 5 minutes and can no longer be altered or taken back. Send it again with that row as it is.",
);

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Who.
    pub user: &'a UserId,
    /// When.
    pub now: Timestamp,
}

/// Shows a picture of the seal from now on, or none.
///
/// # Errors
/// [`Refusal`] `validation-failed` with what is wrong with the picture; `stale` when somebody changed the office since it was loaded; faults of
/// the ports.
pub async fn show_seal(
    records: &impl Records,
    objects: &impl Objects,
    office: &Unit,
    png: Option<Vec<u8>>,
    by: By<'_>,
) -> Result<Unit, Halt> {
    let digest = png.as_ref().map(|png| sha256(&[png]));
    if let (Some(png), Some(digest)) = (png, &digest) {
        compose::facsimile(&png, Facsimile::Seal).map_err(|unusable| refused(&unusable))?;
        create(objects, &paths::seal_picture(&office.id, digest), png, "image/png").await?;
    }
    let action = if digest.is_some() { "unit.seal_picture_set" } else { "unit.seal_picture_removed" };
    keep_unit(records, office, Unit { seal_picture: digest, ..office.clone() }, action, by).await
}

/// Shows a picture of one's own handwritten signature from now on, or none.
///
/// # Errors
/// As [`show_seal`].
pub async fn show_signature(
    records: &impl Records,
    objects: &impl Objects,
    leader: &User,
    png: Option<Vec<u8>>,
    by: By<'_>,
) -> Result<User, Halt> {
    let digest = png.as_ref().map(|png| sha256(&[png]));
    if let (Some(png), Some(digest)) = (png, &digest) {
        compose::facsimile(&png, Facsimile::Signature).map_err(|unusable| refused(&unusable))?;
        create(objects, &paths::signature_picture(&leader.id, digest), png, "image/png").await?;
    }
    let action = if digest.is_some() { "user.signature_picture_set" } else { "user.signature_picture_removed" };
    let changed = leader.changed.next(by.user, by.now);
    let after = User { signature_picture: digest, changed, ..leader.clone() };
    let line = line(leader.id.as_str(), after.changed.version, action, by);
    match commit(records, vec![Write::User(after.clone()), line]).await {
        Commit::Written => Ok(after),
        // Written, and the answer was lost.
        Commit::LoadAgain if user(records, &leader.id).await? == after => Ok(after),
        Commit::LoadAgain => Err(Refusal::Stale.into()),
    }
}

/// Numbers as `later` says from days on that have not begun, and as before until then.
///
/// # Errors
/// [`Refusal`] `validation-failed` with which row breaks which rule of [`Unit::with_later`]; otherwise as [`show_seal`].
pub async fn plan_series(
    records: &impl Records,
    office: &Unit,
    later: Vec<(Date, Series)>,
    by: By<'_>,
) -> Result<Unit, Halt> {
    let after = office.with_later(by.now, later).map_err(|(at, rule)| wrong(at, rule))?;
    keep_unit(records, office, after, "unit.series_planned", by).await
}

/// What is wrong with a row, as a refusal.
pub fn wrong(at: usize, rule: WrongSeries) -> Refusal {
    let (member, code, detail) = match rule {
        WrongSeries::Suffix => ("suffix", "letters_digits_16", SUFFIX),
        WrongSeries::Book => ("book", "letters_digits_16", BOOK),
        WrongSeries::Begun => ("from", "after_today", BEGUN),
        WrongSeries::Twice => ("from", "day_twice", TWICE),
        WrongSeries::WithinYear => ("suffix", "new_suffix_on_1_january", WITHIN_YEAR),
        WrongSeries::TooMany => ("", "too_many_series", TOO_MANY),
        WrongSeries::TooManyEver => ("", "too_many_series", TOO_MANY_EVER),
        WrongSeries::Settled => ("", "about_to_begin", SETTLED),
    };
    // What is wrong with all of them together is wrong with none of them.
    if member.is_empty() {
        return Refusal::Invalid { pointer: "/later".into(), code, detail: (detail.0.into(), detail.1.into()) };
    }
    Refusal::Invalid { pointer: format!("/later/{at}/{member}"), code, detail: (detail.0.into(), detail.1.into()) }
}

async fn keep_unit(records: &impl Records, before: &Unit, after: Unit, action: &str, by: By<'_>) -> Result<Unit, Halt> {
    let after = Unit { changed: before.changed.next(by.user, by.now), ..after };
    let line = line(before.id.as_str(), after.changed.version, action, by);
    match commit(records, vec![Write::Unit(after.clone()), line]).await {
        Commit::Written => Ok(after),
        // Written, and the answer was lost.
        Commit::LoadAgain if unit(records, &before.id).await? == after => Ok(after),
        Commit::LoadAgain => Err(Refusal::Stale.into()),
    }
}

fn line(subject: &str, seq: u64, action: &str, by: By<'_>) -> Write {
    Write::Event(Event {
        subject: subject.to_owned(),
        seq,
        actor: by.user.into(),
        action: action.to_owned(),
        at: by.now,
    })
}

fn refused(unusable: &Unusable) -> Refusal {
    let detail = (unusable.vi(), unusable.en());
    Refusal::Invalid { pointer: "/picture".into(), code: "picture-unusable", detail }
}
