//! The others: key, gateway, trust services, mail, chance, directory. Each can behave in every wrong way.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use casework::qr::Published;
use domain::ids::*;
use domain::model::{Sha256, Shape};
use domain::ports::*;
use domain::qr;
use jiff::Timestamp;
use pki::DigestAlgorithm;
use pki::issue::{self, CrlSpec, OcspAnswer, OcspRequest, OcspSpec, RevokedEntry, TimestampRequest, TimestampSpec};
use pki::ocsp::CertStatus;

use super::{Inner, RUNS, World, sha256};
use crate::keys::Identity;
use crate::trees::{Tree, trees};

/// The largest message for KMS `RAW`.
const MOST_RAW: usize = 4096;
/// CRLs appear on the hour.
const HOUR: i64 = 3600;

/// How somebody outside behaves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Habit {
    /// As it should.
    #[default]
    Right,
    /// No answer.
    Silent,
    /// An answer that cannot be read.
    Garbage,
    /// An answer of nothing.
    Empty,
    /// A good answer about something else.
    OtherHash,
    /// A good answer by somebody else of the same name.
    OtherCertificate,
    /// The nonce is another one.
    BadNonce,
    /// A polite no.
    Refusing,
    /// It does not work, and says so before anybody is asked; only a gateway does that.
    Down,
    /// Not yet; only a gateway says so.
    Waiting,
}

impl Habit {
    /// Every habit of a time-stamping authority or an OCSP responder that is not right.
    pub const WRONG: [Habit; 7] = [
        Habit::Silent,
        Habit::Garbage,
        Habit::Empty,
        Habit::OtherHash,
        Habit::OtherCertificate,
        Habit::BadNonce,
        Habit::Refusing,
    ];
}

/// How everybody behaves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Habits {
    /// The agency's key.
    pub key: Habit,
    /// The key for QR codes.
    pub qr: Habit,
    /// The signing gateway, and the person with the phone behind it.
    pub gateway: Habit,
    /// What it signs, and how.
    pub shape: Shape,
    /// The most documents that it asks for with one prompt; `None`: any.
    pub most: Option<usize>,
    /// The time-stamping authority.
    pub tsa: Habit,
    /// One that is asked when the first gives nothing usable.
    pub tsa_behind: Option<Habit>,
    /// Octets of the serial numbers of time-stamps beside the usual ones: what makes a token long.
    pub tsa_serial: usize,
    /// The OCSP responders.
    pub ocsp: Habit,
    /// The CRL hosts.
    pub crl: Habit,
    /// The mail service.
    pub mail: Habit,
    /// What the URLs begin with that may not be asked.
    pub closed: Option<&'static str>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Outside {
    pub(crate) habits: Habits,
    /// Prompts that were shown, by session.
    pub(crate) prompts: BTreeMap<SessionId, u32>,
    /// Signatures that were fetched, by session.
    fetched: BTreeMap<SessionId, u32>,
    orders: BTreeMap<String, SignOrder>,
    /// Letters that were handed over.
    pub(crate) letters: Vec<Letter>,
    people: BTreeMap<AccountId, Person>,
    revoked: BTreeMap<Vec<u8>, i64>,
    /// Things drawn, signed and stamped, by run: counted apart so that runs do not change each other's numbers.
    uuids: [u64; RUNS],
    secrets: [u64; RUNS],
    signatures: [u64; RUNS],
    stamps: [u64; RUNS],
}

impl Outside {
    /// Everything that changes while the office works, for comparing.
    pub(crate) fn moving(&self) -> impl std::fmt::Debug + '_ {
        (&self.prompts, self.orders.len(), self.letters.len(), self.uuids, self.secrets, self.signatures, self.stamps)
    }
}

impl World {
    /// Prompts that a phone has shown for a session.
    pub fn prompts(&self, session: &SessionId) -> u32 {
        self.lock().outside.prompts.get(session).copied().unwrap_or(0)
    }

    /// How often signatures were fetched for a session.
    pub fn fetched(&self, session: &SessionId) -> u32 {
        self.lock().outside.fetched.get(session).copied().unwrap_or(0)
    }

    /// All prompts that any phone has shown.
    pub fn all_prompts(&self) -> BTreeMap<SessionId, u32> {
        self.lock().outside.prompts.clone()
    }

    /// Letters that were handed over.
    pub fn letters(&self) -> Vec<Letter> {
        self.lock().outside.letters.clone()
    }

    /// Enters somebody in the directory.
    pub fn enrol(&self, person: Person) {
        self.lock().outside.people.insert(person.account.clone(), person);
    }

    /// Revokes an X.509 certificate of the trusted tree as of now (F19).
    pub fn revoke(&self, who: &Identity) {
        let mut inner = self.lock();
        let now = inner.now.as_second();
        inner.outside.revoked.insert(who.leaf().serial(), now);
    }
}

fn turn(counts: &mut [u64; RUNS], run: usize) -> u64 {
    let count = &mut counts[run];
    *count += 1;
    // Runs draw from different ends: what one draws, no other does.
    *count + run as u64 * 1_000_000
}

fn no(what: &str) -> Fault {
    Fault(format!("no answer from {what}"))
}

/// Bytes that nobody can read.
fn garbage() -> Vec<u8> {
    b"<html>502 Bad Gateway</html>".to_vec()
}

impl SealKey for World {
    async fn sign(&self, unit: &UnitId, message: &[u8]) -> Result<Vec<u8>, Fault> {
        self.act("sign", |w| w.seal(unit, message)).await
    }
}

impl Inner {
    fn seal(&mut self, unit: &UnitId, message: &[u8]) -> Result<Vec<u8>, Fault> {
        if message.len() > MOST_RAW {
            return Err(Fault(format!("a message of {} bytes", message.len())));
        }
        let enrolled = self.table.units.get(unit).and_then(|unit| unit.seal_chain.first().cloned());
        let ours = trees().ours.offices().into_iter().find(|who| Some(who.leaf().der()) == enrolled.as_deref());
        let who = ours.ok_or_else(|| Fault("no key of this unit".into()))?;
        let turn = turn(&mut self.outside.signatures, self.run);
        match self.outside.habits.key {
            Habit::Right | Habit::BadNonce | Habit::Down | Habit::Waiting => Ok(who.key.sign(&sha256(message), turn)),
            Habit::OtherHash => Ok(who.key.sign(&sha256(b"another message"), turn)),
            Habit::OtherCertificate => Ok(trees().strangers.agency.key.sign(&sha256(message), turn)),
            Habit::Garbage => Ok(garbage()),
            Habit::Empty => Ok(Vec::new()),
            Habit::Silent => Err(no("the key")),
            Habit::Refusing => Err(Fault("AccessDeniedException".into())),
        }
    }
}

impl QrKey for World {
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        self.act("sign_qr", |w| w.sign_qr(message)).await
    }
}

impl Inner {
    fn sign_qr(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let ours = |message: &[u8]| qr_pair(OURS).sign(message).as_ref().to_vec();
        match self.outside.habits.qr {
            Habit::Right | Habit::BadNonce | Habit::Down | Habit::Waiting => Ok(ours(message)),
            Habit::OtherHash => Ok(ours(b"another message")),
            Habit::OtherCertificate => Ok(qr_pair([2; 32]).sign(message).as_ref().to_vec()),
            Habit::Garbage => Ok(garbage()),
            Habit::Empty => Ok(Vec::new()),
            Habit::Silent => Err(no("the key for QR codes")),
            Habit::Refusing => Err(Fault("AccessDeniedException".into())),
        }
    }
}

/// The seed of the key for QR codes in tests.
const OURS: [u8; 32] = [1; 32];

fn qr_pair(seed: [u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed")
}

/// The published keys for QR codes.
pub(crate) fn qr_keys() -> &'static Published {
    static KEYS: OnceLock<Published> = OnceLock::new();
    KEYS.get_or_init(|| {
        let public = qr_pair(OURS).public_key().as_ref().try_into().expect("32 bytes");
        Published::new(vec![qr::Key::new(public)]).expect("one key")
    })
}

impl RemoteSigning for World {
    fn name(&self) -> &str {
        "gateway"
    }

    fn refused_at_once<'h>(&self, handle: &'h str) -> Option<&'h str> {
        handle.strip_prefix("no:")
    }

    fn shape(&self) -> Shape {
        self.lock().outside.habits.shape
    }

    fn most(&self) -> usize {
        self.lock().outside.habits.most.unwrap_or(usize::MAX)
    }

    async fn start(&self, order: &SignOrder) -> Result<String, Fault> {
        let start = |w: &mut Inner| {
            match w.outside.habits.gateway {
                Habit::Silent => return Err(no("the gateway")),
                Habit::Down => return Ok("no:backend".to_owned()),
                _ => {}
            }
            *w.outside.prompts.entry(order.session.clone()).or_default() += 1;
            let handle = format!("handle-{}-{}", order.session, w.outside.orders.len());
            w.outside.orders.insert(handle.clone(), order.clone());
            Ok(handle)
        };
        self.act("start", start).await
    }

    async fn ask(&self, _order: &SignOrder, handle: &str) -> Result<GatewayAnswer, Fault> {
        match World::ask(self, "poll", |w| w.phone(handle)).await?? {
            GatewayAnswer::Signed(_) => Ok(GatewayAnswer::Consented(Grant(handle.to_owned()))),
            answer => Ok(answer),
        }
    }

    async fn fetch(&self, order: &SignOrder, handle: &str, grant: &Grant) -> Result<GatewayAnswer, Fault> {
        if grant.0 != handle {
            return Err(no("a grant for another session"));
        }
        let answer = World::ask(self, "fetch", |w| w.phone(handle)).await??;
        if matches!(answer, GatewayAnswer::Signed(_)) {
            *self.lock().outside.fetched.entry(order.session.clone()).or_default() += 1;
        }
        Ok(answer)
    }
}

impl Inner {
    /// The gateway knows only what it was told at the start.
    fn phone(&self, handle: &str) -> Result<GatewayAnswer, Fault> {
        if let Some(code) = handle.strip_prefix("no:") {
            return Ok(GatewayAnswer::Refused(code.to_owned()));
        }
        let order = self.outside.orders.get(handle).ok_or_else(|| Fault("unknown handle".into()))?;
        let all = |sign: &dyn Fn(usize, &Sha256) -> Vec<u8>| {
            Ok(GatewayAnswer::Signed(order.hashes.iter().enumerate().map(|(at, hash)| sign(at, hash)).collect()))
        };
        let shape = self.outside.habits.shape;
        let by = |who: &Identity, hash: &Sha256, turn| match shape {
            Shape::Raw => who.key.sign(hash, turn),
            Shape::Cms => structure(who, hash, turn),
        };
        let (leader, stranger) = (&trees().ours.leader, &trees().strangers.leader);
        match self.outside.habits.gateway {
            Habit::Right | Habit::BadNonce => all(&|at, hash| by(leader, hash, at as u64)),
            Habit::OtherHash => all(&|_, _| by(leader, &sha256(b"another document"), 0)),
            Habit::OtherCertificate => all(&|_, hash| by(stranger, hash, 0)),
            Habit::Garbage => all(&|_, _| garbage()),
            Habit::Empty => Ok(GatewayAnswer::Signed(Vec::new())),
            Habit::Silent => Err(no("the gateway")),
            Habit::Refusing => Ok(GatewayAnswer::Refused("user_cancel".into())),
            Habit::Down | Habit::Waiting => Ok(GatewayAnswer::Pending),
        }
    }
}

/// A detached CMS structure over a file with this digest, as a gateway makes one.
fn structure(who: &Identity, content: &Sha256, turn: u64) -> Vec<u8> {
    let leaf = who.chain.first().expect("a leaf");
    let attributes = pki::cms::signed_attributes(content, leaf).expect("attributes");
    let signature = who.key.sign(&sha256(&attributes), turn);
    pki::cms::assemble(&attributes, &signature, &who.chain, None).expect("a structure")
}

impl TrustServices for World {
    async fn timestamp<T: Send>(
        &self,
        request: &[u8],
        usable: impl Fn(&[u8]) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        let answers = self.act("timestamp", |w| w.stamps(request)).await?;
        let wrong = || Err(Fault("the TSA: nothing to be used".into()));
        answers.iter().map(|answer| usable(answer)).find(Result::is_ok).unwrap_or_else(wrong)
    }

    fn may_ask(&self, url: &str) -> bool {
        self.lock().outside.habits.closed.is_none_or(|closed| !url.starts_with(closed))
    }

    async fn fetch(&self, kind: Evidence, url: &str, body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
        let name = match kind {
            Evidence::Ocsp => "ocsp",
            Evidence::Crl => "crl",
            Evidence::Issuer => "issuer",
        };
        self.ask(name, |w| w.evidence(kind, url, body)).await?
    }
}

impl Inner {
    /// What those say that say something, in their order.
    fn stamps(&mut self, request: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
        let habits = [Some(self.outside.habits.tsa), self.outside.habits.tsa_behind];
        let answers: Vec<_> = habits.into_iter().flatten().map(|habit| self.stamp(request, habit)).collect();
        if let [Err(fault)] = answers.as_slice() {
            return Err(fault.clone());
        }
        Ok(answers.into_iter().flatten().collect())
    }

    fn stamp(&mut self, request: &[u8], habit: Habit) -> Result<Vec<u8>, Fault> {
        let asked = TimestampRequest::parse(request).map_err(|error| Fault(format!("the TSA: {error}")))?;
        let turn = turn(&mut self.outside.stamps, self.run);
        let (mut imprint, mut nonce, mut tree) = (asked.imprint, asked.nonce, &trees().ours);
        match habit {
            Habit::Right | Habit::Down | Habit::Waiting => {}
            Habit::OtherHash => imprint = sha256(b"another signature").to_vec(),
            Habit::BadNonce => nonce = Some(vec![0x55; 16]),
            Habit::OtherCertificate => tree = &trees().strangers,
            Habit::Silent => return Err(no("the TSA")),
            Habit::Garbage => return Ok(garbage()),
            Habit::Empty => return Ok(Vec::new()),
            Habit::Refusing => return Ok(issue::timestamp_rejection(14)),
        }
        let spec = TimestampSpec {
            policy: "1.3.6.1.4.1.99999.1".to_owned(),
            serial: [vec![1; self.outside.habits.tsa_serial], turn.to_be_bytes().to_vec()].concat(),
            gen_time: self.now.as_second(),
            imprint_algorithm: DigestAlgorithm::Sha256,
            imprint,
            nonce,
            accuracy_seconds: Some(1),
        };
        Ok(remembered(&format!("{spec:?}{}", tree.root.leaf().serial_hex()), || {
            let tsa = tree.tsa(spec.gen_time);
            let chain: Vec<_> = tsa.chain.iter().filter(|one| !one.is_self_signed()).cloned().collect();
            let token =
                issue::timestamp_token(&spec, &chain, tsa.key.algorithm(), &|tbs| tsa.key.sign(&sha256(tbs), turn));
            issue::timestamp_response(&token.expect("a token"))
        }))
    }

    fn evidence(&self, kind: Evidence, url: &str, body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
        let (what, name) = match kind {
            Evidence::Ocsp => ("ocsp", url.strip_prefix("http://ocsp.")),
            Evidence::Crl => ("crl", url.strip_prefix("http://crl.")),
            Evidence::Issuer => ("aia", url.strip_prefix("http://aia.")),
        };
        let name = name.and_then(|rest| rest.strip_suffix(".test/"));
        let find = |tree: &'static Tree| tree.issuer(name?);
        let issuer = find(&trees().ours).ok_or_else(|| Fault(format!("no host at {url}")))?;
        match kind {
            Evidence::Issuer => Ok(issuer.leaf().der().to_vec()),
            Evidence::Crl => self.crl(issuer),
            Evidence::Ocsp => self.ocsp(issuer, body.ok_or_else(|| Fault(format!("{what}: no request")))?),
        }
    }

    fn crl(&self, issuer: &Identity) -> Result<Vec<u8>, Fault> {
        let stranger = self.outside.habits.crl == Habit::OtherCertificate;
        match self.outside.habits.crl {
            Habit::Silent | Habit::Down | Habit::Refusing => return Err(no("the CRL host")),
            Habit::Garbage => return Ok(garbage()),
            Habit::Empty => return Ok(Vec::new()),
            Habit::Right | Habit::OtherHash | Habit::BadNonce | Habit::Waiting | Habit::OtherCertificate => {}
        }
        let this_update = self.now.as_second() / HOUR * HOUR;
        let entry = |(serial, at): (&Vec<u8>, &i64)| RevokedEntry { serial: serial.clone(), at: *at, reason: Some(1) };
        let spec = CrlSpec {
            this_update,
            next_update: Some(this_update + 24 * HOUR),
            number: this_update.unsigned_abs() / HOUR.unsigned_abs(),
            revoked: self.outside.revoked.iter().map(entry).collect(),
            ..CrlSpec::default()
        };
        let signer = if stranger { &trees().strangers.ca } else { issuer };
        Ok(remembered(&format!("{spec:?}{}{stranger}", issuer.leaf().serial_hex()), || {
            let made = issue::crl(&spec, issuer.leaf(), signer.key.algorithm(), &|tbs| signer.key.sign_message(tbs));
            made.expect("a CRL")
        }))
    }

    fn ocsp(&self, issuer: &Identity, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let asked = OcspRequest::parse(request).map_err(|error| Fault(format!("the OCSP responder: {error}")))?;
        let now = self.now.as_second();
        let (mut nonce, mut about, mut signer) = (asked.nonce, asked.asked, issuer);
        match self.outside.habits.ocsp {
            Habit::Right | Habit::Down | Habit::Waiting => {}
            Habit::BadNonce => nonce = Some(vec![0x55; 16]),
            Habit::OtherCertificate => signer = &trees().strangers.ca,
            Habit::OtherHash => {
                let tree = &trees().strangers;
                about = vec![issue::OcspAsked::new(tree.leader.leaf(), tree.ca.leaf()).expect("a CertID")];
            }
            Habit::Silent => return Err(no("the OCSP responder")),
            Habit::Garbage => return Ok(garbage()),
            Habit::Empty => return Ok(Vec::new()),
            Habit::Refusing => return Ok(issue::ocsp_error(3)),
        }
        let answer = |asked: issue::OcspAsked| OcspAnswer {
            status: match self.outside.revoked.get(&asked.serial) {
                Some(at) => CertStatus::Revoked { at: *at, reason: Some(1) },
                None => CertStatus::Good,
            },
            asked,
            this_update: now,
            next_update: Some(now + 24 * HOUR),
        };
        let spec = OcspSpec { produced_at: now, answers: about.into_iter().map(answer).collect(), nonce };
        Ok(remembered(&format!("{spec:?}{}", signer.leaf().serial_hex()), || {
            let sign = |tbs: &[u8]| signer.key.sign_message(tbs);
            issue::ocsp_response(&spec, signer.leaf(), &[], signer.key.algorithm(), &sign).expect("an OCSP response")
        }))
    }
}

/// Structures that were made before, by what they are made of.
fn remembered(key: &str, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    static MADE: OnceLock<Mutex<HashMap<Sha256, Vec<u8>>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(sha256(key.as_bytes())).or_insert_with(make).clone()
}

impl Mail for World {
    async fn send(&self, letter: &Letter) -> Result<(), Fault> {
        let send = |w: &mut Inner| {
            if w.outside.habits.mail != Habit::Right {
                return Err(no("the mail service"));
            }
            w.outside.letters.push(letter.clone());
            Ok(())
        };
        self.act("send", send).await
    }
}

impl Chance for World {
    fn uuid(&self, now: Timestamp) -> [u8; 16] {
        let mut inner = self.lock();
        let run = inner.run;
        let turn = turn(&mut inner.outside.uuids, run);
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&now.as_millisecond().max(0).to_be_bytes()[2..]);
        bytes[6] = 0x70;
        bytes[8..].copy_from_slice(&turn.to_be_bytes());
        bytes[8] |= 0x80;
        bytes
    }

    fn bytes16(&self) -> [u8; 16] {
        let mut inner = self.lock();
        let run = inner.run;
        let turn = turn(&mut inner.outside.secrets, run);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&sha256(&turn.to_be_bytes())[..16]);
        bytes
    }
}

impl Directory for World {
    async fn account(&self, id: &AccountId) -> Result<Option<Person>, Fault> {
        self.ask("account", |w| w.outside.people.get(id).cloned()).await
    }

    async fn lookup(&self, kind: &str, value: &str) -> Result<Vec<Person>, Fault> {
        let is = |person: &&Person| match kind {
            "phone" => person.phone.as_deref() == Some(value),
            "id_number" => person.id_number == value,
            "tax_code" | "unit_code" => person.id_type == kind && person.id_number == value,
            _ => false,
        };
        self.ask("lookup", |w| w.outside.people.values().filter(is).cloned().collect()).await
    }
}
