//! What the work needs from outside, as traits. Adapters implement them; `testkit` implements them with fates.
//!
//! Ports know no clock: `now` is an argument of the work. A write that got no answer is [`CommitError::Unknown`], never
//! "no": whoever gets it loads again (house rule 5).

use std::future::Future;
use std::ops::Range;

use jiff::Timestamp;
pub use pades::{File, Source, Unread};

use crate::batch::{Batch, BatchItem, BatchPlan};
use crate::breaker::Breaker;
use crate::ids::*;
use crate::inquiry::Inquiry;
use crate::model::*;
use crate::pause::Unwanted;

/// Something outside failed. The text is for the log of the operator only and never reaches a client.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

/// Why a commit did not (certainly) happen.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CommitError {
    /// A condition failed: somebody else was first. Nothing was written. Load again.
    #[error("somebody else changed it first")]
    Conflict,
    /// No answer: it may have happened. Load again.
    #[error("no answer to a commit: {0}")]
    Unknown(Fault),
}

/// One write of a commit. All writes of a commit happen together or not at all.
///
/// Versioned entities carry the version *after* the change; the store demands that the stored one is exactly one less
/// (or that there is none, for version 1).
#[expect(clippy::large_enum_variant, reason = "a commit has a handful of writes, which are made and sent at once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// An office. Seeds and `accounts` only.
    Unit(Unit),
    /// A person or system. Seeds and `accounts` only.
    User(User),
    /// A visit.
    Appointment(Appointment),
    /// How often a slot is taken.
    Slot(Slot),
    /// An upload.
    Upload(Upload),
    /// A dossier.
    Case(Case),
    /// A copy.
    Copy(Copy),
    /// A signing session.
    Session(Session),
    /// Takes a leader's phone: nobody else's session may hold it, unless its time was over at this moment.
    PromptTaken(Prompt, Timestamp),
    /// Gives a phone back that this session holds, or nobody; never after its time, when another may hold it.
    PromptGone(UserId, SessionId),
    /// What is known of a gateway that fails.
    Breaker(Breaker),
    /// Prompts that a person has refused or not answered; it goes away by itself.
    Unwanted(Unwanted),
    /// Remembers that a gateway has said something; it must not be remembered already, unless its time was over at this moment.
    Delivered(Delivered, Timestamp),
    /// The head of a series moves from `last - 1` to `last`; the stored one must be exactly `last - 1` (or absent for 1).
    Counter(Counter),
    /// A spent number; must not exist.
    Entry(Entry),
    /// The public facts of a sealed copy.
    PublicCopy(PublicCopy),
    /// What a sealed copy is a copy of; must not exist.
    Paper(Paper),
    /// Work for a function; must not exist.
    Outbox(Outbox),
    /// Takes finished work away; fine when it is gone.
    OutboxDone(EventId),
    /// Moves the next attempt of waiting work; it must still be there.
    OutboxLater(EventId, Timestamp),
    /// The same, and says for whose answer it waits.
    OutboxWaits {
        /// Which.
        id: EventId,
        /// When it is tried again.
        due_at: Timestamp,
        /// Whose answer.
        waits: WaitsFor,
    },
    /// Moves the next attempt of waiting work, and keeps what this one has paid for; it must still be there.
    OutboxLearned {
        /// Which.
        id: EventId,
        /// When it is tried again.
        due_at: Timestamp,
        /// What was learned so far.
        learned: Learned,
    },
    /// Takes waiting work for a while, so that nobody begins it beside whoever does it; it must still be due when it was.
    OutboxTaken {
        /// Which.
        id: EventId,
        /// When it was due.
        due_at: Timestamp,
        /// When it is due again, unless it is done by then.
        until: Timestamp,
        /// What it waits for from now on, when that changes.
        waits: Option<WaitsFor>,
    },
    /// Where an order that was put off is found; the last one stays.
    PutOff(PutOff),
    /// A line of history; must not exist.
    Event(Event),
    /// A delivery.
    Delivery(Delivery),
    /// How far a batch of verifications is.
    Batch(Batch),
    /// What its files are; must not exist.
    BatchPlan(BatchPlan),
    /// One of its files with the answer; must not exist.
    BatchItem(BatchItem),
    /// The report about one of its files; must not exist.
    KeptReport(KeptReport),
    /// Somebody who is told of an annulment.
    Watch(Watch),
    /// What CAs are asked about an X.509 certificate; it goes away by itself.
    Inquiry(Inquiry),
}

/// The table.
pub trait Records: Send + Sync {
    /// All or nothing. At most 100 writes (the limit of a DynamoDB transaction).
    fn commit(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), CommitError>> + Send;
    /// Strongly consistent, like every `load`.
    fn unit(&self, id: &UnitId) -> impl Future<Output = Result<Option<Unit>, Fault>> + Send;
    /// All offices of the catalogue (the sandbox has a handful; issue 7 brings search).
    fn units(&self) -> impl Future<Output = Result<Vec<Unit>, Fault>> + Send;
    /// A person or system.
    fn user(&self, id: &UserId) -> impl Future<Output = Result<Option<User>, Fault>> + Send;
    /// A visit.
    fn appointment(&self, id: &AppointmentId) -> impl Future<Output = Result<Option<Appointment>, Fault>> + Send;
    /// How often a slot is taken; `None` means never.
    fn slot(&self, unit: &UnitId, start: Timestamp) -> impl Future<Output = Result<Option<Slot>, Fault>> + Send;
    /// The taken slots of a unit in `[from, to)`.
    fn slots(
        &self,
        unit: &UnitId,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Future<Output = Result<Vec<Slot>, Fault>> + Send;
    /// An upload.
    fn upload(&self, id: &UploadId) -> impl Future<Output = Result<Option<Upload>, Fault>> + Send;
    /// A dossier.
    fn case(&self, id: &CaseId) -> impl Future<Output = Result<Option<Case>, Fault>> + Send;
    /// A copy.
    fn copy(&self, id: &CopyId) -> impl Future<Output = Result<Option<Copy>, Fault>> + Send;
    /// A session.
    fn session(&self, id: &SessionId) -> impl Future<Output = Result<Option<Session>, Fault>> + Send;
    /// What a leader's phone shows, as far as is known; its time may be over.
    fn prompt(&self, user: &UserId) -> impl Future<Output = Result<Option<Prompt>, Fault>> + Send;
    /// What is known of a gateway that has failed.
    fn breaker(&self, gateway: &str) -> impl Future<Output = Result<Option<Breaker>, Fault>> + Send;
    /// Prompts that a person has refused or not answered lately; those that count no more may still be there.
    fn unwanted(&self, user: &UserId) -> impl Future<Output = Result<Option<Unwanted>, Fault>> + Send;
    /// The head of a series; `None` before the first number.
    fn counter(
        &self,
        unit: &UnitId,
        suffix: &str,
        year: i16,
    ) -> impl Future<Output = Result<Option<Counter>, Fault>> + Send;
    /// A spent number.
    fn entry(
        &self,
        unit: &UnitId,
        suffix: &str,
        year: i16,
        number: u32,
    ) -> impl Future<Output = Result<Option<Entry>, Fault>> + Send;
    /// The public facts of a sealed copy.
    fn public_copy(&self, id: &CopyId) -> impl Future<Output = Result<Option<PublicCopy>, Fault>> + Send;
    /// The public facts under a number.
    fn public_by_number(
        &self,
        unit_code: &str,
        suffix: &str,
        year: i16,
        number: u32,
    ) -> impl Future<Output = Result<Option<PublicCopy>, Fault>> + Send;
    /// The public facts of the file with this digest, at any level.
    fn public_by_digest(&self, sha256: &Sha256) -> impl Future<Output = Result<Option<PublicCopy>, Fault>> + Send;
    /// Copies of a unit waiting in a queue, most urgent first. May be a moment behind.
    fn queue(&self, unit: &UnitId, queue: Queue, limit: u32) -> impl Future<Output = Result<Vec<Copy>, Fault>> + Send;
    /// Sealed copies in an account's store, newest first.
    fn account_copies(&self, account: &AccountId) -> impl Future<Output = Result<Vec<(Copy, Delivery)>, Fault>> + Send;
    /// Deliveries of a dossier.
    fn deliveries(&self, case: &CaseId) -> impl Future<Output = Result<Vec<Delivery>, Fault>> + Send;
    /// Work that is due, oldest first: what the stream lost, the sweepers find.
    fn due(&self, topic: Topic, now: Timestamp, limit: u32) -> impl Future<Output = Result<Vec<Outbox>, Fault>> + Send;
    /// The order of each of these steps that was put off and waits, in no order; for people to see.
    fn put_off(&self, steps: &[(Topic, &str)]) -> impl Future<Output = Result<Vec<Outbox>, Fault>> + Send;
    /// Sessions that [`Session::is_swept`] says the sweep of `signing-callback` can move, soonest to end first.
    fn open_sessions(&self, limit: u32) -> impl Future<Output = Result<Vec<Session>, Fault>> + Send;
    /// History of a dossier or copy.
    fn events(&self, subject: &str) -> impl Future<Output = Result<Vec<Event>, Fault>> + Send;
    /// Begins a request with an idempotency key and records it as running, unless it runs or has ended.
    /// One that has been running for more than 60 s, and one whose answer was a 5xx, is begun again.
    fn idempotency_begin(&self, record: &Idempotency) -> impl Future<Output = Result<Begun, Fault>> + Send;
    /// Stores the answer; a 5xx is none, and lets the next try begin.
    fn idempotency_end(&self, record: &Idempotency) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// What became of the beginning of a request with an idempotency key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Begun {
    /// Nobody has begun it before.
    First,
    /// An earlier try died or broke, and may have done its work. It was born with these bytes.
    Again([u8; 16]),
    /// It runs, or has ended.
    Known(Idempotency),
}

/// The links of letters.
pub trait Links: Send + Sync {
    /// The copy that a link leads to, by the digest of the link's secret. A link that was replaced still leads there.
    fn copy_by_link(&self, sha256: &Sha256) -> impl Future<Output = Result<Option<CopyId>, Fault>> + Send;
}

/// Batches of verifications. One past its time may still be there: the caller compares `until`.
pub trait Batches: Send + Sync {
    /// How far a batch is.
    fn batch(&self, id: &BatchId) -> impl Future<Output = Result<Option<Batch>, Fault>> + Send;
    /// What its files are.
    fn batch_plan(&self, id: &BatchId) -> impl Future<Output = Result<Option<BatchPlan>, Fault>> + Send;
    /// Its files that have their answer, `count` of them from the number `from`, in their order.
    fn batch_items(
        &self,
        id: &BatchId,
        from: u32,
        count: u32,
    ) -> impl Future<Output = Result<Vec<BatchItem>, Fault>> + Send;
}

/// What CAs are asked about X.509 certificates. One past its time may still be there.
pub trait Inquiries: Send + Sync {
    /// The inquiry with this identifier.
    fn inquiry(&self, id: &Sha256) -> impl Future<Output = Result<Option<Inquiry>, Fault>> + Send;
}

/// How many questions may be begun: whoever shows files to the service makes it ask others.
pub trait Meter: Send + Sync {
    /// Counts one more, where there is room for it.
    fn another(&self) -> impl Future<Output = Result<bool, Fault>> + Send;
}

/// Whoever verified a copy and wants to hear of its annulment.
pub trait Watchers: Send + Sync {
    /// All of one copy.
    fn watchers(&self, copy: &CopyId) -> impl Future<Output = Result<Vec<Watch>, Fault>> + Send;
    /// Takes one away that was told; fine when it is gone.
    fn told(&self, watch: &Watch) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The queues of the console.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Queue {
    /// At the desk.
    Create,
    /// Waiting for the leader.
    Sign,
    /// Waiting for the seal.
    Seal,
}

/// What became of a create-only write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Created {
    /// These bytes are stored now.
    New,
    /// Something was there already and was not touched: read it.
    Existed,
}

/// What looks at an object.
pub type Reading<T> = Box<dyn FnOnce(File<'_>) -> T + Send>;

/// What was found out about an object, and about which body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Looked<T> {
    /// What was found out.
    pub found: T,
    /// What the bucket calls the body.
    pub etag: String,
}

/// A request somebody else may send for us.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Presigned {
    /// Where.
    pub url: String,
    /// With which headers, all of them.
    pub headers: Vec<(String, String)>,
}

/// The bucket. Everything is created once and never replaced.
pub trait Objects: Send + Sync {
    /// Creates an object that must not exist. `Fault` means: unknown whether it happened; read it.
    fn create(
        &self,
        path: &str,
        bytes: Vec<u8>,
        content_type: &str,
    ) -> impl Future<Output = Result<Created, Fault>> + Send;
    /// Creates `file`, which must not exist, of the bytes of `base` with `tail` behind them. What the bucket can copy is not carried.
    /// `Fault` as with [`Objects::create`], or when `base` is no longer the body of its ETag.
    fn extend(
        &self,
        base: &Stored,
        tail: Vec<u8>,
        file: &Stored,
        content_type: &str,
    ) -> impl Future<Output = Result<Created, Fault>> + Send;
    /// Reads a range of an object, as far as the object has it. Of a file whose ETag is known another body is a `Fault`.
    fn part(&self, file: &Stored, range: Range<u64>) -> impl Future<Output = Result<Option<Vec<u8>>, Fault>> + Send;
    /// Lets `look` read an object of at most `limit` bytes (more is a `Fault`) where it likes; it waits for what it asks for. All it reads is of
    /// one body. Bytes that could not be had are a `Fault`, whatever `look` made of that.
    fn with_source<T: Send + 'static>(
        &self,
        path: &str,
        limit: u64,
        look: Reading<T>,
    ) -> impl Future<Output = Result<Option<Looked<T>>, Fault>> + Send;
    /// Reads an object, at most `limit` bytes (more is a `Fault`).
    fn read(&self, path: &str, limit: u64) -> impl Future<Output = Result<Option<Vec<u8>>, Fault>> + Send;
    /// A link that takes exactly the declared bytes for 15 minutes.
    fn presign_put(
        &self,
        path: &str,
        content_type: &str,
        size: u64,
        sha256: &Sha256,
    ) -> impl Future<Output = Result<Presigned, Fault>> + Send;
    /// A link that gives the object for 60 seconds under a file name.
    fn presign_get(&self, path: &str, filename: &str) -> impl Future<Output = Result<Presigned, Fault>> + Send;
}

/// The agency's key. Only `numbering` has it.
pub trait SealKey: Send + Sync {
    /// Signs a message of at most 4,096 bytes with RSASSA-PKCS1-v1_5 and SHA-256 (`MessageType=RAW`, decision 10).
    fn sign(&self, unit: &UnitId, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;
}

/// The key of the verification service. Only `verification` has it; it signs records of verifications and no copies.
pub trait ReportKey: Send + Sync {
    /// As [`SealKey::sign`].
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;
}

/// The deployment's key for the QR codes in seals. Only `numbering` has it; it signs nothing else.
pub trait QrKey: Send + Sync {
    /// Signs a message of at most 4,096 bytes with pure Ed25519 (RFC 8032 §5.1): 64 bytes, the same for the same message.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;
}

/// What the leader's phone is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignOrder {
    /// Our session, the gateway's idempotency reference.
    pub session: SessionId,
    /// CSC `credentialID`.
    pub credential_id: String,
    /// Text for the phone, ASCII, code first.
    pub display_text: String,
    /// SHA-256 of each document's SignedAttributes, or of each file ([`Shape`]), in order.
    pub hashes: Vec<Sha256>,
}

/// What a gateway gives for a consent, and takes for a signature. It is good once and for minutes, and is not stored.
#[derive(Clone, Eq, PartialEq)]
pub struct Grant(pub String);

/// Nobody may read it in a log.
impl std::fmt::Debug for Grant {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Grant(…)")
    }
}

/// What the gateway says when it is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GatewayAnswer {
    /// The phone has not answered.
    Pending,
    /// The person has consented, and nothing was signed yet: that is had with this.
    Consented(Grant),
    /// Raw signature values or CMS structures, as [`RemoteSigning::shape`] says, in the order of the hashes. Not verified.
    Signed(Vec<Vec<u8>>),
    /// The person said no, or the PIN is blocked, or the time is over: a code of remote-signing.md §2.
    Refused(String),
}

/// The signing gateway.
pub trait RemoteSigning: Send + Sync {
    /// How it is called, where several are told apart. No secret.
    fn name(&self) -> &str;
    /// The code of a refusal that a handle tells by itself: nobody was asked. `backend` is a gateway that did not work.
    fn refused_at_once<'h>(&self, handle: &'h str) -> Option<&'h str>;
    /// The most documents of one prompt, whatever its credentials say besides.
    fn most(&self) -> usize;
    /// What it signs, and how.
    fn shape(&self) -> Shape {
        Shape::Raw
    }
    /// Shows the prompt; gives the handle. `Err` means that it may or may not be shown: never call again for this session.
    fn start(&self, order: &SignOrder) -> impl Future<Output = Result<String, Fault>> + Send;
    /// Asks once what the person has answered, and has nothing signed. A protocol whose answer brings the signatures with it gives them.
    fn ask(&self, order: &SignOrder, handle: &str) -> impl Future<Output = Result<GatewayAnswer, Fault>> + Send;
    /// Has signed what the person has consented to: of a session that is over, such a signature would be one too many. A repeat is harmless, since the
    /// consent is for these digests and no others.
    fn fetch(
        &self,
        order: &SignOrder,
        handle: &str,
        grant: &Grant,
    ) -> impl Future<Output = Result<GatewayAnswer, Fault>> + Send;
    /// Both, for whoever has all the time.
    fn poll(&self, order: &SignOrder, handle: &str) -> impl Future<Output = Result<GatewayAnswer, Fault>> + Send {
        async move {
            match self.ask(order, handle).await? {
                GatewayAnswer::Consented(grant) => self.fetch(order, handle, &grant).await,
                answer => Ok(answer),
            }
        }
    }
}

/// What can be fetched about certificates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Evidence {
    /// POST of an OCSP request.
    Ocsp,
    /// GET of a CRL.
    Crl,
    /// GET of an issuer's certificate.
    Issuer,
}

/// TSA, OCSP, CRL and AIA hosts. Bytes as they came; nothing is verified here.
pub trait TrustServices: Send + Sync {
    /// Posts a `TimeStampReq` to the configured TSAs in order; gives what `usable` made of the first `TimeStampResp` that it lets pass. One
    /// that it refuses is like none: whoever is slower or behind still counts. `usable` says why it refuses, for the log.
    fn timestamp<T: Send>(
        &self,
        request: &[u8],
        usable: impl Fn(&[u8]) -> Result<T, Fault> + Send + Sync,
    ) -> impl Future<Output = Result<T, Fault>> + Send;
    /// Whether a URL is one that may be asked at all. Asks nobody.
    fn may_ask(&self, url: &str) -> bool;
    /// Fetches evidence from a URL that stands in a certificate which chains to a trusted root.
    fn fetch(
        &self,
        kind: Evidence,
        url: &str,
        body: Option<&[u8]>,
    ) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;
    /// An answer that was kept under this key and is not over at `now`. Whoever takes it checks it again.
    fn kept(&self, key: &Sha256, now: Timestamp) -> Option<Vec<u8>> {
        let _ = (key, now);
        None
    }
    /// Keeps an answer that was checked, until then or for a shorter while; a service need not keep anything.
    fn keep(&self, key: Sha256, answer: &[u8], until: Timestamp) {
        let _ = (key, answer, until);
    }
}

/// A message to a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letter {
    /// Identity for retries.
    pub id: DeliveryId,
    /// Address.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// E-mail.
pub trait Mail: Send + Sync {
    /// Hands a letter over.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Chance, as an argument (house rule 10).
pub trait Chance: Send + Sync {
    /// The bytes of a fresh UUIDv7 at `now`.
    fn uuid(&self, now: Timestamp) -> [u8; 16];
    /// Secret random bytes.
    fn bytes16(&self) -> [u8; 16];
}

/// A person or organisation as the national directory of accounts knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// The account.
    pub account: AccountId,
    /// `person` or `organisation`.
    pub kind: String,
    /// Full name.
    pub name: String,
    /// `citizen_id`, `passport`, `organisation_code`, `tax_code`.
    pub id_type: String,
    /// The number. Never in a log, key or URL.
    pub id_number: String,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
}

/// The national directory of accounts.
pub trait Directory: Send + Sync {
    /// The person behind an account.
    fn account(&self, id: &AccountId) -> impl Future<Output = Result<Option<Person>, Fault>> + Send;
    /// People by one identifying value: `id_number`, `phone`, `tax_code`, `unit_code`.
    fn lookup(&self, kind: &str, value: &str) -> impl Future<Output = Result<Vec<Person>, Fault>> + Send;
}
