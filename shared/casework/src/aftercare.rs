//! Tells whoever verified a copy that it was annulled since (api.md, event `verification.aftercare`).
//!
//! Does not say who asked for the copy, nor why it was annulled: the letter bears the number, which its reader has seen on
//! the copy, and the decision, which is public. Clients and officers get an event under the identifier of their
//! verification; visitors who left an address get one letter, and the address goes with it.

use domain::ids::*;
use domain::model::*;
use domain::ports::*;
use domain::time;
use jiff::Timestamp;

use crate::support::{Commit, commit, finished, later};
use crate::{Halt, Outcome};

/// What stands in the history of a verification.
pub const ACTION: &str = "verification.aftercare";

/// Tells everybody (subject: the copy). At least once each: whoever was told is taken away after it.
///
/// # Errors
/// Faults of the table; the item then stays due. A mail service that takes no letter is no error: the item waits.
pub async fn tell(
    records: &impl Records,
    watchers: &impl Watchers,
    mail: &impl Mail,
    item: &Outbox,
    now: Timestamp,
) -> Result<Outcome, Halt> {
    let Ok(id) = CopyId::parse(&item.subject) else { return finished(records, item, now).await };
    let annulled = records.public_copy(&id).await?.filter(|public| public.annulled_at.is_some());
    let (Some(public), Some(copy)) = (annulled, records.copy(&id).await?) else {
        return finished(records, item, now).await;
    };
    let mut left = false;
    for watch in watchers.watchers(&id).await?.iter().filter(|watch| watch.until > now) {
        let told = match &watch.who {
            Watcher::User(_) => noted(records, watch, &copy.changed_by, now).await?,
            Watcher::Email(address) => mail.send(&letter(&public, watch, address)?).await.is_ok(),
        };
        left |= !told;
        if told {
            watchers.told(watch).await?;
        }
    }
    if left { later(records, item, now).await } else { finished(records, item, now).await }
}

/// The event; one that is there already is as good.
async fn noted(records: &impl Records, watch: &Watch, by: &UserId, now: Timestamp) -> Result<bool, Fault> {
    let subject = watch.verification.as_str().to_owned();
    let event = Event { subject: subject.clone(), seq: 1, actor: by.into(), action: ACTION.to_owned(), at: now };
    if commit(records, vec![Write::Event(event)]).await == Commit::Written {
        return Ok(true);
    }
    Ok(!records.events(&subject).await?.is_empty())
}

/// The work of telling is the copy's own, under another name: an annulment happens once.
///
/// # Errors
/// Never for an identifier that was parsed.
pub(crate) fn order(copy: &CopyId, now: Timestamp) -> Result<Write, Fault> {
    let tail = copy.as_str().trim_start_matches(CopyId::PREFIX).trim_start_matches('_').get(1..).unwrap_or_default();
    // The first letter sets it apart from the copy's other outbox item: no UUIDv7 of this age begins so.
    let id =
        EventId::parse(&format!("{}_7{tail}", EventId::PREFIX)).map_err(|error| Fault(format!("{copy}: {error}")))?;
    let subject = copy.as_str().to_owned();
    Ok(Write::Outbox(Outbox {
        id,
        topic: Topic::Aftercare,
        subject,
        at: now,
        due_at: now,
        waits: None,
        learned: Learned::default(),
    }))
}

fn letter(public: &PublicCopy, watch: &Watch, to: &str) -> Result<Letter, Fault> {
    let tail = watch.verification.as_str().trim_start_matches(VerificationId::PREFIX);
    let id = DeliveryId::parse(&format!("{}{tail}", DeliveryId::PREFIX)).map_err(|error| Fault(error.to_string()))?;
    let day = |at: Timestamp| time::shown(time::day(at));
    let (number, unit, seen) = (public.number.text(), &public.unit_code, day(watch.at));
    let annulled = public.annulled_at.map(day).unwrap_or_default();
    let (by, by_en) = public.annulled_by.as_ref().map_or_else(Default::default, |decision| {
        let (number, date) = (&decision.number, time::shown(decision.date));
        (format!(" theo quyết định {number} ngày {date}"), format!(" by decision {number} of {date}"))
    });
    Ok(Letter {
        id,
        to: to.to_owned(),
        subject: "Bản sao chứng thực đã kiểm tra nay bị hủy / A copy you checked was annulled".to_owned(),
        text: format!(
            "Kính gửi Ông/Bà,\n\
             \n\
             Ngày {seen}, Ông/Bà đã kiểm tra bản sao chứng thực điện tử số {number} của đơn vị {unit}.\n\
             Bản sao này đã bị hủy{by}, ghi sổ ngày {annulled}, và không còn giá trị.\n\
             Nếu đã tiếp nhận bản sao này, đề nghị liên hệ đơn vị cấp.\n\
             \n\
             Thư được gửi tự động một lần vì Ông/Bà đã để lại địa chỉ khi kiểm tra; địa chỉ đã được xóa.\n\
             \n\
             ---\n\
             \n\
             On {seen} you checked the certified electronic copy number {number} of unit {unit}. It was \
             annulled{by_en}, entered in the register on {annulled}, and is no longer valid. If you have accepted it, \
             please contact the unit that issued it. This letter was sent once, because you left your address; the \
             address has been deleted.\n"
        ),
    })
}
