//! Gives a sealed copy to its requester (docs/ISSUING.md): into the account's store, by a letter with a link, or at the
//! counter.
//!
//! Never sends the file, and no name and no identity number stands in a letter (decision 22, domain.md R53). A copy has at
//! most one delivery, because the delivery bears the copy's own number.

use domain::copy::CopyState;
use domain::ids::*;
use domain::model::*;
use domain::ports::*;
use domain::time;
use jiff::{SignedDuration, Timestamp};

use crate::augment::ARCHIVE_WAIT;
use crate::support::{self, Commit, ROUNDS, backoff, commit, contention, finished, later, sha256};
use crate::{Halt, Outcome};

/// How long a letter that is being handed over is left alone by others.
const HANDING_OVER: SignedDuration = SignedDuration::from_secs(60);

/// Delivers a copy (subject: the copy). The letter is sent at least once, always under the same delivery; each attempt makes
/// a new link and the link of the attempt before dies with it, because its secret is known to nobody any more.
///
/// `public_url` is where the pages are, without a slash at the end. A copy that is sealed but not archived waits for
/// [`ARCHIVE_WAIT`]; whatever became of the archive is then what the requester reads (decision 11).
///
/// # Errors
/// Faults of the table; the item then stays due. A mail service that takes no letter is no error: the item waits.
pub async fn deliver(
    records: &impl Records,
    mail: &impl Mail,
    chance: &impl Chance,
    item: &Outbox,
    public_url: &str,
    now: Timestamp,
) -> Result<Outcome, Halt> {
    let desk = Desk { records, mail, chance, public_url, now };
    for _ in 0..ROUNDS {
        let Some(copy) = subject(records, item).await? else { return finished(records, item, now).await };
        // Nothing was issued, or it has lost its value: there is nothing to hand over.
        let CopyState::Sealed { archived, .. } = &copy.state else { return finished(records, item, now).await };
        if let Some(until) = waits(&copy, archived.is_some(), now) {
            return postponed(records, item, until).await;
        }
        let case = records.case(&copy.case).await?.ok_or_else(|| Fault(format!("{} has no dossier", copy.id)))?;
        let id = delivery_id(&copy.id)?;
        let known = records.deliveries(&case.id).await?.into_iter().find(|delivery| delivery.id == id);
        let next = match known {
            Some(known) if is_settled(&known) => return finished(records, item, now).await,
            Some(known) => Delivery { version: known.version + 1, ..known },
            None => planned(id, &copy, &case.requester, now),
        };
        let outcome = match next.channel.clone() {
            Channel::Email(address) => desk.send(&case, &copy, next, &address, item).await?,
            Channel::Account(_) | Channel::Counter => desk.keep(next, item).await,
        };
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
    }
    Err(contention())
}

async fn subject(records: &impl Records, item: &Outbox) -> Result<Option<Copy>, Fault> {
    let Ok(id) = CopyId::parse(&item.subject) else { return Ok(None) };
    records.copy(&id).await
}

/// Until when a copy without an archive is kept back.
fn waits(copy: &Copy, archived: bool, now: Timestamp) -> Option<Timestamp> {
    let until = copy.since.checked_add(ARCHIVE_WAIT).unwrap_or(now);
    (!archived && now < until).then_some(until)
}

/// An item that says so itself needs no write.
async fn postponed(records: &impl Records, item: &Outbox, until: Timestamp) -> Result<Outcome, Halt> {
    if item.due_at < until {
        commit(records, vec![Write::OutboxLater(item.id.clone(), until)]).await;
    }
    Ok(Outcome::Later(until))
}

/// The delivery's number is the copy's under another name: two runs that plan one delivery plan the same.
fn delivery_id(copy: &CopyId) -> Result<DeliveryId, Fault> {
    let uuid = copy.as_str().trim_start_matches(CopyId::PREFIX);
    DeliveryId::parse(&format!("{}{uuid}", DeliveryId::PREFIX)).map_err(|error| Fault(format!("{copy}: {error}")))
}

/// Whether nothing is left to be done by a machine: at the counter a person hands over.
fn is_settled(delivery: &Delivery) -> bool {
    delivery.sent_at.is_some() || delivery.channel == Channel::Counter
}

/// The way to a requester: the account, else the address, else the counter (domain.md R52–R53).
fn planned(id: DeliveryId, copy: &Copy, requester: &Requester, now: Timestamp) -> Delivery {
    let channel = match (&requester.account, &requester.email) {
        (Some(account), _) => Channel::Account(account.clone()),
        (None, Some(address)) => Channel::Email(address.clone()),
        (None, None) => Channel::Counter,
    };
    // What stands in the account's store has arrived with the commit.
    let sent_at = matches!(channel, Channel::Account(_)).then_some(now);
    Delivery {
        id,
        copy: copy.id.clone(),
        case: copy.case.clone(),
        channel,
        sent_at,
        link_digest: None,
        code: None,
        version: 1,
    }
}

/// Ports and moment of one run.
struct Desk<'a, R, M, C> {
    records: &'a R,
    mail: &'a M,
    chance: &'a C,
    public_url: &'a str,
    now: Timestamp,
}

impl<R: Records, M: Mail, C: Chance> Desk<'_, R, M, C> {
    /// Account and counter: with the record everything is done. `None`: load again.
    async fn keep(&self, delivery: Delivery, item: &Outbox) -> Option<Outcome> {
        let all = vec![Write::Delivery(delivery), Write::OutboxDone(item.id.clone())];
        (commit(self.records, all).await == Commit::Written).then_some(Outcome::Done)
    }

    /// Writes down which link the letter will carry, sends the letter, writes down that it has left. `None`: load again.
    async fn send(
        &self,
        case: &Case,
        copy: &Copy,
        mut delivery: Delivery,
        address: &str,
        item: &Outbox,
    ) -> Result<Option<Outcome>, Halt> {
        let unit = support::unit(self.records, &copy.unit).await?;
        let secret: String = self.chance.bytes16().iter().map(|byte| format!("{byte:02x}")).collect();
        delivery.link_digest = Some(sha256(&[secret.as_bytes()]));
        let until = self.now.checked_add(HANDING_OVER).unwrap_or(self.now).max(backoff(item, self.now));
        let intent = vec![Write::Delivery(delivery.clone()), Write::OutboxLater(item.id.clone(), until)];
        if commit(self.records, intent).await != Commit::Written {
            return Ok(None);
        }
        let notice =
            Notice { unit: &unit.name, case: &case.code, copy, link: &format!("{}/d/{secret}", self.public_url) };
        if self.mail.send(&notice.letter(&delivery.id, address)).await.is_err() {
            return later(self.records, item, self.now).await.map(Some);
        }
        self.sent(delivery, item).await.map(Some)
    }

    /// The letter has left: whatever happens to this record, this run sends no second one.
    async fn sent(&self, delivery: Delivery, item: &Outbox) -> Result<Outcome, Halt> {
        let mark = Delivery { sent_at: Some(self.now), version: delivery.version + 1, ..delivery };
        for _ in 0..ROUNDS {
            let all = vec![Write::Delivery(mark.clone()), Write::OutboxDone(item.id.clone())];
            if commit(self.records, all).await == Commit::Written {
                return Ok(Outcome::Done);
            }
            let known = self.records.deliveries(&mark.case).await?.into_iter().find(|known| known.id == mark.id);
            match known {
                Some(known) if known.sent_at.is_some() => return finished(self.records, item, self.now).await,
                Some(known) if known.version + 1 == mark.version => {}
                // Somebody else is sending meanwhile, and will say so.
                _ => return Ok(Outcome::Later(backoff(item, self.now))),
            }
        }
        Err(contention())
    }
}

/// What a letter tells.
struct Notice<'a> {
    unit: &'a str,
    case: &'a str,
    copy: &'a Copy,
    link: &'a str,
}

impl Notice<'_> {
    fn letter(&self, id: &DeliveryId, to: &str) -> Letter {
        let number = self.copy.state.number().map(Number::text).unwrap_or_default();
        let day = time::civil(self.copy.since).strftime("%d/%m/%Y").to_string();
        let Self { unit, case, link, .. } = self;
        Letter {
            id: id.clone(),
            to: to.to_owned(),
            subject: format!("Bản sao chứng thực điện tử của hồ sơ {case} / Your certified electronic copy"),
            text: format!(
                "Kính gửi Ông/Bà,\n\
                 \n\
                 {unit} đã cấp bản sao chứng thực điện tử theo hồ sơ {case}.\n\
                 Số chứng thực: {number}.\n\
                 Ngày cấp: {day}.\n\
                 \n\
                 Nhận bản sao tại:\n\
                 {link}\n\
                 \n\
                 Liên kết này dành riêng cho Ông/Bà, xin đừng chuyển cho người khác. Liên kết không mở tệp ngay: trước khi \
                 cho nhận tệp, trang sẽ yêu cầu mã dùng một lần hoặc tài khoản Cổng dịch vụ công. Không cán bộ nào được hỏi \
                 mã này.\n\
                 Thư được gửi tự động và không bao giờ đính kèm tệp. Nếu không phải Ông/Bà đã nộp hồ sơ, xin bỏ qua thư này.\n\
                 \n\
                 ---\n\
                 \n\
                 {unit} has issued the certified electronic copy of dossier {case}, number {number}, on {day}. Open the link \
                 above to receive it. The link is for you alone and does not open the file at once: the page asks for a \
                 one-time code or your public service account first. No official may ask you for that code. This letter was \
                 sent automatically and never has the file attached. If you handed in no papers, please disregard it.\n"
            ),
        }
    }
}
