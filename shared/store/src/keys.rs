//! Every key of the table, as pure functions from identifiers to text. Nothing else in the repository spells a key.
//!
//! Does not know what an item holds ([`crate`]'s items do) nor who may read it (docs/DATA_MODEL.md says so). No key holds
//! a name, a phone, an e-mail address or an identity number. The tests below freeze the text: stored keys outlive code.
//!
//! | item | pk | sk | GSI1 pk | GSI1 sk |
//! |---|---|---|---|---|
//! | unit | `UNIT#<unit>` | `UNIT` | `CATALOGUE` | `<unit>` |
//! | user | `USER#<user>` | `USER` | | |
//! | appointment | `APPT#<appointment>` | `APPT` | | |
//! | slot | `SLOT#<unit>` | `<start, UTC seconds>` | | |
//! | upload | `UPLOAD#<upload>` | `UPLOAD` | | |
//! | case | `CASE#<case>` | `HEAD` | | |
//! | delivery | `CASE#<case>` | `DELIVERY#<delivery>` | `ACCOUNT#<account>` | `<delivery>` |
//! | copy | `DOC#<copy>` | `HEAD` | `QUEUE#<unit>#<create\|sign\|seal>` | `<due_at>#<copy>` |
//! | prompt | `PROMPT#<user>` | `PROMPT` | | |
//! | breaker of a gateway | `BREAKER#<gateway>` | `BREAKER` | | |
//! | unwanted prompts | `UNWANTED#<user>` | `UNWANTED` | | |
//! | delivered call of a gateway | `CB#<digest>` | `CB` | | |
//! | session | `SESSION#<session>` | `SESSION` | `SESSION#OPEN` | `<expires_at>#<session>` |
//! | counter | `REG#<unit>#<suffix>#<year>` | `NEXT` | | |
//! | entry | `REG#<unit>#<suffix>#<year>` | `NO#<number:08>` | | |
//! | public copy | `COPY#<copy>` | `COPY` | | |
//! | paper of a copy | `PAPER#<copy>` | `PAPER` | | |
//! | lookup by number | `PUBNO#<unit code>#<suffix>#<year>#<number:08>` | `PUBNO` | | |
//! | lookup by digest | `DIGEST#<sha256>` | `DIGEST` | | |
//! | lookup by link | `LINK#<sha256>` | `LINK` | | |
//! | annulment | `ANNULLED` | `<annulled_at>#<copy>` | | |
//! | annulment of a unit | `ANNULLED#<unit code>` | `<annulled_at>#<copy>` | | |
//! | kept report | `VERIF#<verification>` | `VERIF` | | |
//! | kept verdict | `VERDICT#<sha256>` | `VERDICT` | | |
//! | watch | `WATCH#<copy>` | `<user>` or `<verification>` | | |
//! | batch | `BATCH#<batch>` | `HEAD` | | |
//! | files of a batch | `BATCH#<batch>` | `PLAN` | | |
//! | file of a batch | `BATCH#<batch>` | `ITEM#<n:05>` | | |
//! | quota | `QUOTA#<digest>` | `QUOTA` | | |
//! | inquiry | `INQUIRY#<digest>` | `INQUIRY` | | |
//! | outbox | `OUTBOX#<event>` | `OUTBOX` | `DUE#<topic>` | `<due_at>#<event>` |
//! | put off | `WAITS#<subject>` | `<topic>` | | |
//! | event | `HISTORY#<subject>` | `EVENT#<seq:010>` | | |
//! | idempotency | `IDEM#<digest>` | `IDEM` | | |
//!
//! A working copy is `DOC#` and not `COPY#`, because the role of `verification` may read the prefixes `COPY#`, `PUBNO#`,
//! `DIGEST#`, `LINK#`, `UPLOAD#` and `PAPER#`, what it keeps itself and asks (`INQUIRY#`), the list of annulments, and nothing else. GSI1 attributes of a copy exist only while it waits in a queue, those of a session only
//! while the minute's sweep can move it ([`domain::model::Session::is_swept`]), those of a delivery only when it goes to an account.

use domain::copy::CopyState;
use domain::ids::*;
use domain::model::{PutOff, Sha256, Topic, Watch, Watcher};
use domain::ports::Queue;
use jiff::Timestamp;
use std::fmt::Write as _;

/// Name of the partition key attribute.
pub const PK: &str = "pk";
/// Name of the sort key attribute.
pub const SK: &str = "sk";
/// Name of the one global secondary index.
pub const INDEX: &str = "GSI1";
/// Name of the index's partition key attribute.
pub const INDEX_PK: &str = "gsi1pk";
/// Name of the index's sort key attribute.
pub const INDEX_SK: &str = "gsi1sk";
/// Name of the time-to-live attribute, seconds since 1970.
pub const TTL: &str = "ttl";

/// A primary key, or a key in the index.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Key {
    /// Partition.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

/// An office.
pub fn unit(id: &UnitId) -> Key {
    Key::new(format!("UNIT#{id}"), "UNIT")
}

/// The partition of all offices in the index.
pub const CATALOGUE: &str = "CATALOGUE";

/// An office in the catalogue.
pub fn catalogue(id: &UnitId) -> Key {
    Key::new(CATALOGUE, id.as_str())
}

/// A person or system.
pub fn user(id: &UserId) -> Key {
    Key::new(format!("USER#{id}"), "USER")
}

/// A visit.
pub fn appointment(id: &AppointmentId) -> Key {
    Key::new(format!("APPT#{id}"), "APPT")
}

/// How often a slot is taken.
pub fn slot(unit: &UnitId, start: Timestamp) -> Key {
    Key::new(slots(unit), slot_start(start))
}

/// The partition of a unit's slots.
pub fn slots(unit: &UnitId) -> String {
    format!("SLOT#{unit}")
}

/// The sort key of a slot.
pub fn slot_start(start: Timestamp) -> String {
    start.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An upload.
pub fn upload(id: &UploadId) -> Key {
    Key::new(format!("UPLOAD#{id}"), "UPLOAD")
}

/// A dossier.
pub fn case(id: &CaseId) -> Key {
    Key::new(case_partition(id), "HEAD")
}

/// The partition of a dossier.
pub fn case_partition(id: &CaseId) -> String {
    format!("CASE#{id}")
}

/// How every delivery's sort key begins.
pub const DELIVERY_PREFIX: &str = "DELIVERY#";

/// A delivery of a dossier.
pub fn delivery(case: &CaseId, id: &DeliveryId) -> Key {
    Key::new(case_partition(case), format!("{DELIVERY_PREFIX}{id}"))
}

/// The partition of an account's store in the index.
pub fn account(id: &AccountId) -> String {
    format!("ACCOUNT#{id}")
}

/// A delivery in an account's store; identifiers grow with time, so newest is last.
pub fn account_delivery(account_id: &AccountId, id: &DeliveryId) -> Key {
    Key::new(account(account_id), id.as_str())
}

/// A working copy.
pub fn copy(id: &CopyId) -> Key {
    Key::new(format!("DOC#{id}"), "HEAD")
}

/// The partition of a queue in the index.
pub fn queue(unit: &UnitId, queue: Queue) -> String {
    let name = match queue {
        Queue::Create => "create",
        Queue::Sign => "sign",
        Queue::Seal => "seal",
    };
    format!("QUEUE#{unit}#{name}")
}

/// A copy in a queue, most urgent first.
pub fn queued(unit: &UnitId, waits: Queue, due_at: Timestamp, id: &CopyId) -> Key {
    Key::new(queue(unit, waits), format!("{}#{id}", moment(due_at)))
}

/// The queue in which a copy waits, if any.
pub fn waits_in(state: &CopyState) -> Option<Queue> {
    match state {
        CopyState::Draft => Some(Queue::Create),
        CopyState::Submitted { .. } => Some(Queue::Sign),
        CopyState::Signed { .. } => Some(Queue::Seal),
        CopyState::AwaitingSignature { .. }
        | CopyState::SealRequested { .. }
        | CopyState::Numbered { .. }
        | CopyState::Sealed { .. }
        | CopyState::Annulled { .. }
        | CopyState::Void { .. }
        | CopyState::Cancelled => None,
    }
}

/// A signing session.
pub fn session(id: &SessionId) -> Key {
    Key::new(format!("SESSION#{id}"), "SESSION")
}

/// What a leader's phone shows.
pub fn prompt(user: &UserId) -> Key {
    Key::new(format!("PROMPT#{user}"), "PROMPT")
}

/// What is known of a gateway that fails.
pub fn breaker(gateway: &str) -> Key {
    Key::new(format!("BREAKER#{}", part(gateway)), "BREAKER")
}

/// Prompts that a person has refused or not answered.
pub fn unwanted(user: &UserId) -> Key {
    Key::new(format!("UNWANTED#{user}"), "UNWANTED")
}

/// That a gateway has said something. The digest is over what the gateway calls it, and names nobody.
pub fn delivered(id: &Sha256) -> Key {
    Key::new(format!("CB#{}", hex(id)), "CB")
}

/// The partition, in the index, of the sessions that the minute's sweep can move.
pub const OPEN_SESSIONS: &str = "SESSION#OPEN";

/// A session that the sweep can move, soonest to end first.
pub fn open_session(expires_at: Timestamp, id: &SessionId) -> Key {
    Key::new(OPEN_SESSIONS, format!("{}#{id}", moment(expires_at)))
}

/// The head of a series.
pub fn counter(unit: &UnitId, suffix: &str, year: i16) -> Key {
    Key::new(series(unit, suffix, year), "NEXT")
}

/// A spent number.
pub fn entry(unit: &UnitId, suffix: &str, year: i16, number: u32) -> Key {
    Key::new(series(unit, suffix, year), format!("NO#{number:08}"))
}

fn series(unit: &UnitId, suffix: &str, year: i16) -> String {
    format!("REG#{unit}#{}#{year:04}", part(suffix))
}

/// The public facts of a sealed copy.
pub fn public_copy(id: &CopyId) -> Key {
    Key::new(format!("COPY#{id}"), "COPY")
}

/// What a sealed copy is a copy of. Not under `COPY#`: anybody may be told what is there.
pub fn paper(id: &CopyId) -> Key {
    Key::new(format!("PAPER#{id}"), "PAPER")
}

/// Where the number of a sealed copy leads to it.
pub fn public_number(unit_code: &str, suffix: &str, year: i16, number: u32) -> Key {
    Key::new(format!("PUBNO#{}#{}#{year:04}#{number:08}", part(unit_code), part(suffix)), "PUBNO")
}

/// Where the digest of an issued file leads to its copy.
pub fn digest(sha256: &Sha256) -> Key {
    Key::new(format!("DIGEST#{}", hex(sha256)), "DIGEST")
}

/// Where the secret of a delivery's link leads to its copy. A link that a later one replaced still leads there: it names
/// the copy, and opens nothing.
pub fn link(sha256: &Sha256) -> Key {
    Key::new(format!("LINK#{}", hex(sha256)), "LINK")
}

/// The partition of every annulment, or of those of one office.
pub fn annulments(unit_code: Option<&str>) -> String {
    unit_code.map_or_else(|| "ANNULLED".to_owned(), |code| format!("ANNULLED#{}", part(code)))
}

/// A copy in such a list: by the moment at which it was annulled, then by itself.
pub fn annulment(unit_code: Option<&str>, at: Timestamp, copy: &CopyId) -> Key {
    Key::new(annulments(unit_code), format!("{}#{copy}", moment(at)))
}

/// Where the annulments of an instant begin in such a list: before each of that instant, after each earlier one.
pub fn annulments_from(at: Timestamp) -> String {
    moment(at)
}

/// What one caller without a token has asked today. The digest hides the address, and is another one each day.
pub fn quota(caller: &Sha256) -> Key {
    Key::new(format!("QUOTA#{}", hex(caller)), "QUOTA")
}

/// Name of the attribute of a [`quota`] that counts the day.
pub const QUOTA_DAY: &str = "day";

/// Name of the attribute of a [`quota`] that counts a minute of the day.
pub fn quota_minute(minute: u16) -> String {
    format!("m{minute:04}")
}

/// A report that was kept.
pub fn kept_report(id: &VerificationId) -> Key {
    Key::new(format!("VERIF#{id}"), "VERIF")
}

/// What was found about a file of ours.
pub fn kept_verdict(sha256: &Sha256) -> Key {
    Key::new(format!("VERDICT#{}", hex(sha256)), "VERDICT")
}

/// Who is told of an annulment: a client once per copy; a visitor by the verification, because no key holds an address.
pub fn watch(watch: &Watch) -> Key {
    let name = match &watch.who {
        Watcher::User(user) => user.as_str(),
        Watcher::Email(_) => watch.verification.as_str(),
    };
    Key::new(watches(&watch.copy), name)
}

/// The partition of those who watch a copy.
pub fn watches(copy: &CopyId) -> String {
    format!("WATCH#{copy}")
}

/// How far a batch of verifications is.
pub fn batch(id: &BatchId) -> Key {
    Key::new(batch_partition(id), "HEAD")
}

/// What its files are.
pub fn batch_plan(id: &BatchId) -> Key {
    Key::new(batch_partition(id), "PLAN")
}

/// One of its files with the answer.
pub fn batch_item(id: &BatchId, n: u32) -> Key {
    Key::new(batch_partition(id), format!("ITEM#{n:05}"))
}

fn batch_partition(id: &BatchId) -> String {
    format!("BATCH#{id}")
}

/// What CAs are asked about an X.509 certificate. The digest is over its issuer's key and its number, and names nobody.
pub fn inquiry(id: &Sha256) -> Key {
    Key::new(format!("INQUIRY#{}", hex(id)), "INQUIRY")
}

/// Work for a function. The key has no topic: whoever finishes it knows only its identifier.
pub fn outbox(id: &EventId) -> Key {
    Key::new(format!("OUTBOX#{id}"), "OUTBOX")
}

/// Which order brings a subject on that waits.
pub fn put_off(put_off: &PutOff) -> Key {
    waits(put_off.topic, &put_off.subject)
}

/// The same, of a step.
pub fn waits(topic: Topic, subject: &str) -> Key {
    Key::new(format!("WAITS#{subject}"), topic.name())
}

/// The partition of a topic's waiting work in the index.
pub fn due(topic: Topic) -> String {
    format!("DUE#{}", topic.name())
}

/// Waiting work, oldest due first.
pub fn due_work(topic: Topic, due_at: Timestamp, id: &EventId) -> Key {
    Key::new(due(topic), due_order(due_at, id))
}

/// Where waiting work stands among the work of its topic.
pub fn due_order(due_at: Timestamp, id: &EventId) -> String {
    format!("{}#{id}", moment(due_at))
}

/// The upper end (inclusive) of the sort keys that are due at `now`. `~` sorts after everything a key has behind a moment.
pub fn due_until(now: Timestamp) -> String {
    format!("{}~", moment(now))
}

/// One line of the history of a dossier or copy.
pub fn event(subject: &str, seq: u64) -> Key {
    Key::new(history(subject), format!("EVENT#{seq:010}"))
}

/// The partition of a history.
pub fn history(subject: &str) -> String {
    format!("HISTORY#{}", part(subject))
}

/// A request with an idempotency key; the digest hides the client's own key.
pub fn idempotency(key: &Sha256) -> Key {
    Key::new(format!("IDEM#{}", hex(key)), "IDEM")
}

/// An instant as fixed-width text that sorts as the instants do. UTC, milliseconds (rounded down).
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Free text inside a key. `#` separates the parts of a key, so it may not stand in one.
fn part(text: &str) -> String {
    text.replace('%', "%25").replace('#', "%23")
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("literal")
    }

    #[test]
    fn every_key_is_frozen() {
        let (unit_id, case_id, copy_id) = (UnitId::new([1; 16]), CaseId::new([2; 16]), CopyId::new([3; 16]));
        let (session_id, event_id, delivery_id) =
            (SessionId::new([4; 16]), EventId::new([5; 16]), DeliveryId::new([6; 16]));
        let t = at("2026-11-23T07:05:31.9876Z");
        let keys = [
            unit(&unit_id),
            catalogue(&unit_id),
            user(&UserId::new([7; 16])),
            appointment(&AppointmentId::new([8; 16])),
            slot(&unit_id, t),
            upload(&UploadId::new([9; 16])),
            case(&case_id),
            delivery(&case_id, &delivery_id),
            account_delivery(&AccountId::new([10; 16]), &delivery_id),
            copy(&copy_id),
            queued(&unit_id, Queue::Create, t, &copy_id),
            queued(&unit_id, Queue::Sign, t, &copy_id),
            queued(&unit_id, Queue::Seal, t, &copy_id),
            session(&session_id),
            open_session(t, &session_id),
            prompt(&UserId::new([7; 16])),
            delivered(&[0xcb; 32]),
            unwanted(&UserId::new([7; 16])),
            breaker("https://ky.example.vn/csc/v2"),
            counter(&unit_id, "SCT/BS", 2026),
            entry(&unit_id, "SCT/BS", 2026, 152),
            public_copy(&copy_id),
            public_number("000.00.01.H54", "SCT/BS", 2026, 152),
            digest(&[0xab; 32]),
            link(&[0xef; 32]),
            annulment(None, t, &copy_id),
            annulment(Some("000.00.01.H54"), t, &copy_id),
            quota(&[0xba; 32]),
            inquiry(&[0xaa; 32]),
            paper(&copy_id),
            batch(&BatchId::new([12; 16])),
            batch_plan(&BatchId::new([12; 16])),
            batch_item(&BatchId::new([12; 16]), 7),
            kept_report(&VerificationId::new([11; 16])),
            kept_verdict(&[0xab; 32]),
            watch(&crate::samples::watch(Watcher::User(UserId::new([7; 16])))),
            watch(&crate::samples::watch(Watcher::Email("a@example.vn".into()))),
            outbox(&event_id),
            due_work(Topic::FinishLeader, t, &event_id),
            waits(Topic::FinishLeader, session_id.as_str()),
            event(case_id.as_str(), 12),
            idempotency(&[0xcd; 32]),
        ];
        let text: Vec<_> = keys.iter().map(|k| format!("{} | {}", k.pk, k.sk)).collect();
        assert_eq!(text.join("\n"), include_str!("keys.txt").trim_end());
    }

    #[test]
    fn sort_keys_sort() {
        let id = EventId::new([5; 16]);
        let moments =
            ["2026-11-23T07:05:31Z", "2026-11-23T07:05:31.001Z", "2026-11-23T07:05:32Z", "2027-01-01T00:00:00Z"];
        let sorted: Vec<_> = moments.iter().map(|m| due_order(at(m), &id)).collect();
        assert!(sorted.is_sorted(), "{sorted:?}");
        let unit_id = UnitId::new([1; 16]);
        assert!(entry(&unit_id, "S", 2026, 9).sk < entry(&unit_id, "S", 2026, 10).sk);
        assert!(event("x", 9).sk < event("x", 10).sk);
    }

    #[test]
    fn what_is_due_now_is_inside_and_what_is_later_is_not() {
        let id = EventId::new([0xff; 16]);
        let now = at("2026-11-23T07:05:31.500Z");
        assert!(due_order(now, &id) <= due_until(now));
        assert!(due_order(at("2026-11-23T07:05:31.501Z"), &id) > due_until(now));
    }

    /// A span of the list of annulments has its first instant and not its last.
    #[test]
    fn annulments_of_an_instant_stand_behind_its_beginning() {
        let (now, copy_id) = (at("2026-11-23T07:05:31.500Z"), CopyId::new([0; 16]));
        assert!(annulments_from(now) < annulment(None, now, &copy_id).sk);
        assert!(annulment(None, at("2026-11-23T07:05:31.499Z"), &CopyId::new([0xff; 16])).sk < annulments_from(now));
    }

    /// Two series may never share a counter.
    #[test]
    fn a_separator_in_free_text_does_not_make_two_keys_one() {
        let unit_id = UnitId::new([1; 16]);
        assert_ne!(counter(&unit_id, "A#2026", 2026).pk, format!("REG#{unit_id}#A#2026#2026"));
        assert_ne!(public_number("a#b", "c", 2026, 1), public_number("a", "b#c", 2026, 1));
        assert_ne!(counter(&unit_id, "A%23", 2026), counter(&unit_id, "A#", 2026));
    }

    /// The role of `verification` reads three prefixes; a working copy must not be under them.
    #[test]
    fn working_items_are_outside_the_public_prefixes() {
        let public = ["COPY#", "PUBNO#", "DIGEST#"];
        let copy_id = CopyId::new([3; 16]);
        let case_id = CaseId::new([2; 16]);
        let (session, event) = (session(&SessionId::new([1; 16])), event(copy_id.as_str(), 1));
        for key in [copy(&copy_id), paper(&copy_id), case(&case_id), session, event] {
            assert!(public.iter().all(|p| !key.pk.starts_with(p)), "{key:?}");
        }
    }
}
