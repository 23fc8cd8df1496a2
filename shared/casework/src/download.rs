//! From the link of a letter to the file (decision 22, domain.md R53): the link alone shows nothing but where a one-time
//! code would go; the code goes to the address the letter went to; the code opens the file once.
//!
//! Never gives the address itself away, and writes neither secret nor code anywhere but into letters. Of the secret only
//! its digest is in the table; of the code only a digest under that secret, so that the table alone opens nothing.

use domain::copy::CopyState;
use domain::model::*;
use domain::ports::*;
use domain::refusal::{Reason, Refusal};
use jiff::{SignedDuration, Timestamp};

use crate::Halt;
use crate::support::{Commit, ROUNDS, commit, contention, outbox, sha256};

/// How long a link opens anything after its letter has left.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a code may be used.
pub const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How often a code may be tried (api.md row 69).
pub const TRIES: u8 = 5;
/// A code that is younger than this is not replaced: asking twice sends one letter.
const REST: SignedDuration = SignedDuration::from_secs(60);
/// Codes for one link until it has rested for [`DAY`]: fifty guesses at a million codes.
const CODES: u8 = 10;
/// After this rest codes are counted anew.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Digits of a code.
const DIGITS: usize = 6;

/// A link that opens something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// The delivery behind it.
    pub delivery: Delivery,
    /// Where codes go, with only the first letter and the host readable.
    pub masked: String,
    /// The file.
    pub file: Stored,
    /// Its number.
    pub number: Number,
    /// Until when a code that was sent may be used; `None` when there is none to be used.
    pub code_until: Option<Timestamp>,
}

/// What a link leads to. Changes nothing: mail scanners follow links.
///
/// # Errors
/// `not-found` for a secret of no link; `link-revoked` for one that a later letter replaced, or whose copy lost its value;
/// `link-expired` after [`LINK_LIFE`]; faults of the table.
pub async fn look(records: &impl Records, links: &impl Links, secret: &str, now: Timestamp) -> Result<Link, Halt> {
    let link = find(records, links, secret, now).await?;
    if is_over(&link, now) { Err(Reason::LinkExpired.into()) } else { Ok(link) }
}

/// Orders a new letter with a new link to the address of the first one, for a link that is over (api.md row 70). The old link
/// is gone with that, so it orders one letter and no more; `delivery::deliver` makes the new one.
///
/// # Errors
/// Those of [`look`] but `link-expired`; `wrong-state` for a link that still opens: whoever has it needs no other.
pub async fn reissue(
    records: &impl Records,
    links: &impl Links,
    chance: &impl Chance,
    secret: &str,
    now: Timestamp,
) -> Result<Link, Halt> {
    for _ in 0..ROUNDS {
        let link = find(records, links, secret, now).await?;
        if !is_over(&link, now) {
            return Err(Refusal::WrongState { state: "open", allowed: vec!["code"] }.into());
        }
        let (copy, version) = (link.delivery.copy.clone(), link.delivery.version + 1);
        let delivery = Delivery { sent_at: None, link_digest: None, code: None, version, ..link.delivery.clone() };
        let order = vec![Write::Delivery(delivery.clone()), outbox(chance, Topic::Deliver, copy.as_str(), now)];
        if commit(records, order).await == Commit::Written {
            return Ok(Link { delivery, code_until: None, ..link });
        }
    }
    Err(contention())
}

/// Whether a link has had its time.
fn is_over(link: &Link, now: Timestamp) -> bool {
    link.delivery.sent_at.is_some_and(|sent| now.duration_since(sent) > LINK_LIFE)
}

/// The link behind a secret, however old.
async fn find(records: &impl Records, links: &impl Links, secret: &str, now: Timestamp) -> Result<Link, Halt> {
    let digest = sha256(&[secret.as_bytes()]);
    let id = links.copy_by_link(&digest).await?.ok_or(Refusal::NotFound)?;
    let copy = records.copy(&id).await?.ok_or(Refusal::NotFound)?;
    let all = records.deliveries(&copy.case).await?;
    let delivery = all.into_iter().find(|one| one.link_digest == Some(digest)).ok_or(Reason::LinkRevoked)?;
    let Channel::Email(address) = &delivery.channel else { return Err(Reason::LinkRevoked.into()) };
    let CopyState::Sealed { number, sealed, archived, .. } = &copy.state else {
        return Err(Reason::LinkRevoked.into());
    };
    Ok(Link {
        masked: masked(address),
        file: archived.as_ref().unwrap_or(sealed).clone(),
        number: number.clone(),
        code_until: delivery.code.as_ref().filter(|code| usable(code, now)).and_then(|code| until(code).ok()),
        delivery,
    })
}

/// Sends a one-time code to the address that the letter went to; within a minute of one that may still be used it sends
/// nothing and says the same.
///
/// # Errors
/// Those of [`look`]; `quota-exceeded` when too many were asked for; a fault when the mail service took no letter: the code
/// is then forgotten, so that another one can be asked for at once.
pub async fn ask(
    records: &impl Records,
    links: &impl Links,
    mail: &impl Mail,
    chance: &impl Chance,
    secret: &str,
    now: Timestamp,
) -> Result<Link, Halt> {
    for _ in 0..ROUNDS {
        let link = look(records, links, secret, now).await?;
        let before = link.delivery.code.clone();
        let rested = |wait| before.as_ref().is_none_or(|code| now.duration_since(code.at) >= wait);
        if !rested(REST) && link.code_until.is_some() {
            return Ok(link);
        }
        let asked = before.as_ref().filter(|_| !rested(DAY)).map_or(0, |code| code.asked);
        if !rested(REST) || asked >= CODES {
            return Err(Reason::TooManyCodes.into());
        }
        let code = digits(chance);
        let kept = OneTimeCode { digest: under(secret, &code), at: now, tries_left: TRIES, asked: asked + 1 };
        let code_until = until(&kept)?;
        let Some(delivery) = changed(records, &link.delivery, Some(kept)).await else { continue };
        if let Err(fault) = mail.send(&letter(&delivery, &code)).await {
            changed(records, &delivery, before).await;
            return Err(fault.into());
        }
        return Ok(Link { delivery, code_until: Some(code_until), ..link });
    }
    Err(contention())
}

/// Takes a code and gives what it opens. The code is used up by it; a wrong one costs a try.
///
/// # Errors
/// Those of [`look`]; `code-wrong`, without saying whether it was wrong, used, too old or guessed at too often.
pub async fn open(
    records: &impl Records,
    links: &impl Links,
    secret: &str,
    code: &str,
    now: Timestamp,
) -> Result<Link, Halt> {
    for _ in 0..ROUNDS {
        let link = look(records, links, secret, now).await?;
        let Some(kept) = link.delivery.code.clone().filter(|kept| usable(kept, now)) else {
            return Err(Reason::CodeWrong.into());
        };
        let right = under(secret, code.trim()) == kept.digest;
        let tries_left = if right { 0 } else { kept.tries_left - 1 };
        // Written before it is told: two who guess at once have used two tries.
        let Some(delivery) = changed(records, &link.delivery, Some(OneTimeCode { tries_left, ..kept })).await else {
            continue;
        };
        return if right { Ok(Link { delivery, code_until: None, ..link }) } else { Err(Reason::CodeWrong.into()) };
    }
    Err(contention())
}

/// The delivery with another code, when nobody was first.
async fn changed(records: &impl Records, delivery: &Delivery, code: Option<OneTimeCode>) -> Option<Delivery> {
    let after = Delivery { code, version: delivery.version + 1, ..delivery.clone() };
    (commit(records, vec![Write::Delivery(after.clone())]).await == Commit::Written).then_some(after)
}

fn until(code: &OneTimeCode) -> Result<Timestamp, Fault> {
    code.at.checked_add(CODE_LIFE).map_err(|error| Fault(format!("the end of a code: {error}")))
}

fn usable(code: &OneTimeCode, now: Timestamp) -> bool {
    code.tries_left > 0 && now.duration_since(code.at) <= CODE_LIFE
}

/// A million divides 2^64 so nearly that no code is likelier than another by more than one in ten to the thirteenth.
fn digits(chance: &impl Chance) -> String {
    let number = chance.bytes16().iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte)) % 1_000_000;
    format!("{number:0width$}", width = DIGITS)
}

/// The digest of a code under a secret. The secret has a fixed length, and nothing can be appended to six digits: no HMAC
/// is needed to keep the two apart.
fn under(secret: &str, code: &str) -> Sha256 {
    sha256(&[b"ctdt one-time code\0", secret.as_bytes(), b"\0", code.as_bytes()])
}

/// `m***@example.com`.
fn masked(address: &str) -> String {
    let (name, host) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = name.chars().take(1).collect();
    format!("{first}***@{host}")
}

fn letter(delivery: &Delivery, code: &str) -> Letter {
    let to = if let Channel::Email(address) = &delivery.channel { address.clone() } else { String::new() };
    Letter {
        id: delivery.id.clone(),
        to,
        subject: "Mã nhận bản sao chứng thực điện tử / Code for your electronic copy".to_owned(),
        text: format!(
            "Mã dùng một lần để nhận bản sao chứng thực điện tử: {code}\n\
             \n\
             Mã có hiệu lực trong 10 phút và chỉ dùng được một lần. Không cán bộ nào được hỏi mã này. Nếu không phải \
             Ông/Bà vừa yêu cầu mã, xin bỏ qua thư này: không có mã thì không ai nhận được tệp.\n\
             \n\
             ---\n\
             \n\
             Your one-time code is {code}. It is good for 10 minutes and works once. No official may ask you for it. If you \
             did not ask for it, please disregard this letter: nobody gets the file without the code.\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_hardly_shown() {
        assert_eq!(masked("mau@example.com"), "m***@example.com");
        assert_eq!(masked("ăn@b"), "ă***@b");
        assert_eq!(masked("no address"), "n***@");
    }
}
