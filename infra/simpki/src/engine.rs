//! The gateway's engine: SIMs, prompts and consents under one lock, stored before anybody is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answers::{self, sign_all};
use crate::hints::Messenger;
use crate::keys::{Chance, KeyKind, SimKey, pin_fits, pin_hash};
use crate::scenario::Scenario;
use crate::sim::{Check, Format, Refusal, State, Subscriber, Transaction, is_pin, is_puk, normal_msisdn};
use crate::store::Store;
use crate::{Error, Options, SLOW_DELIVERY_SECONDS, TEST_PUK, text};

/// A SIM with its key at hand.
#[derive(Clone)]
pub(crate) struct Sim {
    pub(crate) data: Subscriber,
    pub(crate) key: Arc<SimKey>,
}

#[derive(Default)]
struct Inner {
    /// By `credentialID`.
    sims: BTreeMap<String, Sim>,
    /// By handle.
    transactions: BTreeMap<String, Transaction>,
}

/// What a client asks consent for; validated by the face.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) credential_id: String,
    pub(crate) client_data: Option<String>,
    pub(crate) hashes: Vec<String>,
    pub(crate) description: String,
    /// Seconds that the prompt stays open.
    pub(crate) seconds: i64,
    pub(crate) format: Format,
    /// Whether the client is told by itself that the prompt has ended.
    pub(crate) hints: bool,
    /// Whether the reference may be used once, by whatever SIM; else the same one gives the same prompt again.
    pub(crate) once: bool,
}

/// A SIM to be made.
pub(crate) struct Enrolment<'a> {
    pub(crate) msisdn: &'a str,
    pub(crate) name: &'a str,
    pub(crate) pin: &'a str,
    pub(crate) puk: Option<&'a str>,
    pub(crate) kind: Option<KeyKind>,
}

/// Why the engine says no.
#[derive(Debug)]
pub(crate) enum No {
    /// For the person's or the SIM's reasons.
    Refused(Refusal),
    /// Unknown `credentialID`, handle, phone, prompt or SAD.
    Unknown(&'static str),
    /// The request contradicts what is stored.
    Contradicts(&'static str),
    /// The digests are not those that were confirmed.
    OtherHashes,
    /// The PIN was wrong; tries that are left.
    WrongPin(u8),
    /// The PUK was wrong; tries that are left.
    WrongPuk(u8),
    /// Storing or signing failed.
    Broken,
}

impl From<Error> for No {
    fn from(e: Error) -> Self {
        // The client learns only that it broke; the operator of the sandbox reads why.
        eprintln!("{e}");
        No::Broken
    }
}

/// What the person does on the phone.
#[derive(Clone, Copy)]
pub(crate) enum Press<'a> {
    Confirm(&'a str),
    Reject,
}

pub(crate) struct Engine {
    store: Store,
    clock_offset_file: Option<PathBuf>,
    pub(crate) token: String,
    /// Who tells clients that a prompt has ended; nobody when there is no address.
    pub(crate) messenger: Option<Arc<Messenger>>,
    pub(crate) chance: Chance,
    inner: Mutex<Inner>,
}

impl Engine {
    /// Opens the state of `options`.
    pub(crate) fn open(options: &Options) -> Result<Engine, Error> {
        let store = Store::open(options.dir.as_deref())?;
        let mut inner = Inner::default();
        for data in store.subscribers()? {
            let der = STANDARD.decode(&data.key).map_err(|_| Error::State("a stored key is not base64".to_owned()))?;
            let key = Arc::new(SimKey::from_pkcs8(data.kind, &der)?);
            inner.sims.insert(data.credential_id.clone(), Sim { data, key });
        }
        for transaction in store.transactions()? {
            inner.transactions.insert(transaction.handle.clone(), transaction);
        }
        let (clock_offset_file, token) = (options.clock_offset_file.clone(), options.token.clone());
        let messenger = options.callback.as_ref().map(Messenger::new).transpose()?.map(Arc::new);
        let chance = Chance::new(options.seed, inner.sims.len().saturating_add(inner.transactions.len()));
        Ok(Engine { store, clock_offset_file, token, messenger, chance, inner: Mutex::new(inner) })
    }

    /// The shared clock in Unix seconds: real time plus the offset (decision 42).
    pub(crate) fn now(&self) -> i64 {
        let real =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
        let offset = self.clock_offset_file.as_ref().and_then(|f| std::fs::read_to_string(f).ok());
        real.saturating_add(offset.and_then(|t| t.trim().parse::<i64>().ok()).unwrap_or(0))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What the lock guards is replaced whole, so a panic elsewhere leaves it readable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All SIMs, by name.
    pub(crate) fn sims(&self) -> Vec<Subscriber> {
        let mut all: Vec<_> = self.lock().sims.values().map(|s| s.data.clone()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    pub(crate) fn sim(&self, credential_id: &str) -> Option<Sim> {
        self.lock().sims.get(credential_id).cloned()
    }

    pub(crate) fn sim_by_msisdn(&self, msisdn: &str) -> Option<Sim> {
        let msisdn = normal_msisdn(msisdn)?;
        self.lock().sims.values().find(|s| s.data.msisdn == msisdn).cloned()
    }

    /// Makes a SIM with a fresh key, or gives the one that the number has (whose key stays). A new name is taken over;
    /// another PIN is set and unblocks.
    pub(crate) fn enrol(&self, asked: &Enrolment<'_>) -> Result<Subscriber, No> {
        let msisdn = normal_msisdn(asked.msisdn).ok_or(No::Contradicts("msisdn is not a phone number"))?;
        if !is_pin(asked.pin) || asked.name.is_empty() || asked.name.chars().count() > 200 {
            return Err(No::Contradicts("pin must be 4 to 8 digits, name 1 to 200 characters"));
        }
        if !asked.puk.is_none_or(is_puk) {
            return Err(No::Contradicts("puk must be 8 digits"));
        }
        if self.sim_by_msisdn(&msisdn).is_none() {
            let sim = fresh_sim(&msisdn, asked, &self.chance)?;
            let mut inner = self.lock();
            if !inner.sims.values().any(|s| s.data.msisdn == msisdn) {
                self.store.put_subscriber(&sim.data)?;
                inner.sims.insert(sim.data.credential_id.clone(), sim);
            }
        }
        self.change(&msisdn, |data| {
            asked.name.clone_into(&mut data.name);
            if !pin_fits(&data.salt, &data.pin_hash, asked.pin) {
                data.pin_hash = pin_hash(&data.salt, asked.pin);
                data.wrong_pins = 0;
            }
        })
    }

    /// Unblocks a SIM and sets a new PIN, as the person does it with the PUK of the card. Ten wrong PUKs end the SIM.
    pub(crate) fn unblock(&self, msisdn: &str, puk: &str, new_pin: &str) -> Result<Subscriber, No> {
        if !is_pin(new_pin) {
            return Err(No::Contradicts("pin must be 4 to 8 digits"));
        }
        let (mut ended, mut fits) = (false, false);
        let sim = self.change(msisdn, |data| {
            ended = data.puk_tries_left() == 0 || data.puk_hash.is_empty();
            fits = !ended && pin_fits(&data.salt, &data.puk_hash, puk);
            if fits {
                data.pin_hash = pin_hash(&data.salt, new_pin);
                (data.wrong_pins, data.wrong_puks) = (0, 0);
            } else if !ended {
                data.wrong_puks = data.wrong_puks.saturating_add(1);
            }
        })?;
        match (fits, sim.puk_tries_left()) {
            (true, _) => Ok(sim),
            (false, left) if !ended && left > 0 => Err(No::WrongPuk(left)),
            _ => Err(No::Refused(Refusal::PinBlocked)),
        }
    }

    /// Changes a SIM and stores it; gives what it is now.
    pub(crate) fn change(&self, msisdn: &str, change: impl FnOnce(&mut Subscriber)) -> Result<Subscriber, No> {
        let msisdn = normal_msisdn(msisdn).ok_or(No::Unknown("phone"))?;
        let mut inner = self.lock();
        let sim = inner.sims.values_mut().find(|s| s.data.msisdn == msisdn).ok_or(No::Unknown("phone"))?;
        let mut data = sim.data.clone();
        change(&mut data);
        self.store.put_subscriber(&data)?;
        sim.data = data.clone();
        Ok(data)
    }

    /// Shows a prompt. The same `clientData` for the same digests gives the same prompt again, whatever became of it, unless
    /// its protocol takes none twice.
    pub(crate) fn authorize(&self, order: Order) -> Result<(Transaction, Scenario), No> {
        let now = self.now();
        let mut inner = self.lock();
        self.settle_all(&mut inner, &order.credential_id, now)?;
        let sim = inner.sims.get(&order.credential_id).ok_or(No::Unknown("credentialID"))?.data.clone();
        if order.once && inner.transactions.values().any(|t| t.client_data == order.client_data) {
            return Err(No::Contradicts("the reference was used before"));
        }
        if let Some(known) = known_order(&inner, &order) {
            return if known.hashes == order.hashes {
                Ok((known.clone(), sim.scenario))
            } else {
                Err(No::Contradicts("clientData was used for other hashes"))
            };
        }
        refuse_at_once(&sim)?;
        if inner.transactions.values().any(|t| t.credential_id == order.credential_id && t.state == State::Pending) {
            return Err(No::Refused(Refusal::Busy));
        }
        let sim = self.before_the_prompt(&mut inner, sim)?;
        let mut transaction = new_prompt(order, sim.scenario, now, &self.chance)?;
        transaction.settle(&sim, now);
        self.keep(&mut inner, &transaction)?;
        Ok((transaction, sim.scenario))
    }

    /// The same for gateways that tell every refusal of a phone as the end of a session: such a session is kept.
    pub(crate) fn authorize_or_record(&self, order: Order) -> Result<(Transaction, Scenario), No> {
        let now = self.now();
        let mut ended = new_prompt(order.clone(), Scenario::Ok, now, &self.chance)?;
        let why = match self.authorize(order) {
            Err(No::Refused(why)) => why,
            Err(No::Unknown("credentialID")) => Refusal::NotEnrolled,
            other => return other,
        };
        ended.refusal = Some(why);
        ended.decide(State::Refused, now);
        self.keep(&mut self.lock(), &ended)?;
        Ok((ended, Scenario::Ok))
    }

    /// Signs for a client that has no SAD: whoever knows the handle of a confirmed session gets its answer.
    pub(crate) fn collect(&self, handle: &str) -> Result<(Transaction, Sim), No> {
        let mut inner = self.lock();
        let transaction = inner.transactions.get(handle).ok_or(No::Unknown("handle"))?.clone();
        let sim = inner.sims.get(&transaction.credential_id).ok_or(No::Unknown("credentialID"))?.clone();
        let signed = self.signed(&mut inner, &sim, transaction)?;
        Ok((signed, sim))
    }

    /// Remembers that a client asked; false when it asked too early, which is not remembered.
    pub(crate) fn polled(&self, handle: &str, first: i64, next: i64) -> Result<bool, No> {
        let now = self.now();
        let mut inner = self.lock();
        let mut transaction = inner.transactions.get(handle).ok_or(No::Unknown("handle"))?.clone();
        let allowed = match transaction.polled_at {
            Some(last) => now >= last.saturating_add(next),
            None => now >= transaction.created_at.saturating_add(first),
        };
        if allowed {
            transaction.polled_at = Some(now);
            self.keep(&mut inner, &transaction)?;
        }
        Ok(allowed)
    }

    /// A wrong PIN that the scenario types.
    fn before_the_prompt(&self, inner: &mut Inner, mut sim: Subscriber) -> Result<Subscriber, Error> {
        if sim.scenario == Scenario::WrongPinOnce {
            sim.wrong_pins = sim.wrong_pins.saturating_add(1);
            self.keep_sim(inner, sim.clone())?;
        }
        Ok(sim)
    }

    fn keep(&self, inner: &mut Inner, transaction: &Transaction) -> Result<(), Error> {
        self.store.put_transaction(transaction)?;
        inner.transactions.insert(transaction.handle.clone(), transaction.clone());
        Ok(())
    }

    /// The state of a handle.
    pub(crate) fn check(&self, handle: &str) -> Result<(Check, Scenario), No> {
        let now = self.now();
        let mut inner = self.lock();
        let credential = inner.transactions.get(handle).ok_or(No::Unknown("handle"))?.credential_id.clone();
        self.settle_all(&mut inner, &credential, now)?;
        let scenario = scenario_of(&inner, &credential);
        let transaction = inner.transactions.get(handle).ok_or(No::Unknown("handle"))?;
        Ok((transaction.check(scenario, now), scenario))
    }

    /// Uses a SAD up: it is good for one signing operation over exactly the confirmed digests in their order. A client whose
    /// answer was lost asks for the state of its handle again, has another SAD, and gets the same signatures.
    pub(crate) fn sign(
        &self,
        credential_id: &str,
        sad: &str,
        hashes: &[String],
    ) -> Result<(Transaction, Scenario), No> {
        let now = self.now();
        let mut inner = self.lock();
        let scenario = scenario_of(&inner, credential_id);
        let sim = inner.sims.get(credential_id).ok_or(No::Unknown("credentialID"))?.clone();
        let transaction = inner
            .transactions
            .values()
            .find(|t| t.credential_id == credential_id && same(&t.sad, sad))
            .ok_or(No::Unknown("SAD"))?;
        match transaction.check(scenario, now) {
            Check::Granted(..) => {}
            Check::Waiting => return Err(No::Unknown("SAD")),
            Check::Refused(why) => return Err(No::Refused(why)),
        }
        if transaction.hashes != hashes {
            return Err(No::OtherHashes);
        }
        let used = Transaction { sad: self.chance.hex::<32>()?, ..transaction.clone() };
        self.keep(&mut inner, &used)?;
        let next = self.signed(&mut inner, &sim, used)?;
        Ok((next, scenario))
    }

    /// Signs what was confirmed, once.
    fn signed(&self, inner: &mut Inner, sim: &Sim, mut transaction: Transaction) -> Result<Transaction, Error> {
        if transaction.state == State::Confirmed {
            let answers = sign_all(sim, &transaction, &self.chance)?;
            (transaction.signatures, transaction.certificate) = (answers.signatures, answers.certificate);
            transaction.state = State::Signed;
            self.keep(inner, &transaction)?;
        }
        Ok(transaction)
    }

    /// The signatures that the gateway sends for a signed prompt: its own, unless the scenario says otherwise.
    pub(crate) fn sent(&self, this: &Transaction, scenario: Scenario) -> Vec<String> {
        match scenario {
            Scenario::Replay => self.signed_before(this),
            Scenario::SwappedReferences => self.signed_beside(this),
            _ => answers::sent(this.signatures.clone(), scenario),
        }
    }

    /// The signatures of the other session that is to be swapped with this one; its own while there is none.
    fn signed_beside(&self, this: &Transaction) -> Vec<String> {
        let inner = self.lock();
        let beside = inner.transactions.values().find(|other| {
            other.id != this.id
                && matches!(other.state, State::Confirmed | State::Signed)
                && scenario_of(&inner, &other.credential_id) == Scenario::SwappedReferences
        });
        let swapped = beside.and_then(|other| {
            let sim = inner.sims.get(&other.credential_id)?;
            if other.signatures.is_empty() {
                Some(sign_all(sim, other, &self.chance).ok()?.signatures)
            } else {
                Some(other.signatures.clone())
            }
        });
        swapped.unwrap_or_else(|| this.signatures.clone())
    }

    /// Prompts with news of which the client has not been told; each is given once.
    pub(crate) fn news(&self) -> Result<Vec<(Transaction, Scenario)>, Error> {
        let now = self.now();
        let mut inner = self.lock();
        let unsaid = inner.transactions.values().filter(|t| !t.hinted);
        let unsaid: Vec<(String, String)> = unsaid.map(|t| (t.handle.clone(), t.credential_id.clone())).collect();
        let mut news = Vec::new();
        for (handle, credential) in unsaid {
            self.settle_all(&mut inner, &credential, now)?;
            let scenario = scenario_of(&inner, &credential);
            news.extend(self.take_news(&mut inner, &handle, scenario)?);
        }
        Ok(news)
    }

    /// The same for one prompt.
    pub(crate) fn news_of(&self, handle: &str, scenario: Scenario) -> Result<Option<Transaction>, Error> {
        let mut inner = self.lock();
        Ok(self.take_news(&mut inner, handle, scenario)?.map(|(transaction, _)| transaction))
    }

    fn take_news(
        &self,
        inner: &mut Inner,
        handle: &str,
        scenario: Scenario,
    ) -> Result<Option<(Transaction, Scenario)>, Error> {
        let unsaid = inner.transactions.get(handle).filter(|t| !t.hinted && t.has_news(scenario, self.now())).cloned();
        let Some(mut transaction) = unsaid else { return Ok(None) };
        transaction.hinted = true;
        self.keep(inner, &transaction)?;
        Ok(Some((transaction, scenario)))
    }

    /// Counts an answer that was an error of the gateway; true for the first two of a session.
    pub(crate) fn fail_twice(&self, handle: &str) -> Result<bool, No> {
        let mut inner = self.lock();
        let mut transaction = inner.transactions.get(handle).ok_or(No::Unknown("handle"))?.clone();
        let fails = transaction.faults < 2;
        if fails {
            transaction.faults = transaction.faults.saturating_add(1);
            self.keep(&mut inner, &transaction)?;
        }
        Ok(fails)
    }

    /// The signatures of the last prompt of the same SIM before this one that came to any; none when there is no such
    /// prompt.
    fn signed_before(&self, this: &Transaction) -> Vec<String> {
        let inner = self.lock();
        let earlier = inner.transactions.values().filter(|other| {
            other.credential_id == this.credential_id && other.id != this.id && other.state == State::Signed
        });
        let last = earlier.filter(|other| other.created_at <= this.created_at).max_by_key(|other| other.created_at);
        last.map(|other| other.signatures.clone()).unwrap_or_default()
    }

    /// Remembers that an answer was withheld; true the first time.
    pub(crate) fn lose_once(&self, handle: &str, at_start: bool) -> Result<bool, No> {
        let mut inner = self.lock();
        let transaction = inner.transactions.get_mut(handle).ok_or(No::Unknown("handle"))?;
        let flag = if at_start { &mut transaction.start_lost } else { &mut transaction.answer_lost };
        let first = !std::mem::replace(flag, true);
        self.store.put_transaction(transaction)?;
        Ok(first)
    }

    /// Prompts of a phone, newest first; only those on the screen unless `all`.
    pub(crate) fn prompts(&self, msisdn: &str, all: bool) -> Result<(Subscriber, Vec<Transaction>), No> {
        let now = self.now();
        let credential = self.sim_by_msisdn(msisdn).ok_or(No::Unknown("phone"))?.data.credential_id;
        let mut inner = self.lock();
        self.settle_all(&mut inner, &credential, now)?;
        let sim = inner.sims.get(&credential).ok_or(No::Unknown("phone"))?.data.clone();
        let mut prompts: Vec<Transaction> = inner
            .transactions
            .values()
            .filter(|t| t.credential_id == credential && (all || t.on_screen(now)))
            .cloned()
            .collect();
        prompts.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| b.id.cmp(&a.id)));
        prompts.truncate(50);
        Ok((sim, prompts))
    }

    /// The person presses a button for the prompt on the screen (or the one with `id`, which must be on the screen).
    pub(crate) fn press(&self, msisdn: &str, id: Option<&str>, press: Press<'_>) -> Result<Transaction, No> {
        let now = self.now();
        let credential = self.sim_by_msisdn(msisdn).ok_or(No::Unknown("phone"))?.data.credential_id;
        let mut inner = self.lock();
        self.settle_all(&mut inner, &credential, now)?;
        let mut sim = inner.sims.get(&credential).ok_or(No::Unknown("phone"))?.data.clone();
        let open = |t: &&Transaction| t.credential_id == credential && t.on_screen(now);
        let found = inner.transactions.values().filter(open).find(|t| id.is_none_or(|id| t.id == id)).cloned();
        let mut prompt =
            found.ok_or(if sim.blocked() { No::Refused(Refusal::PinBlocked) } else { No::Unknown("prompt") })?;
        let heard = sim.scenario != Scenario::Timeout;
        match press {
            Press::Reject => prompt.decide(State::Rejected, now),
            Press::Confirm(pin) if pin_fits(&sim.salt, &sim.pin_hash, pin) => {
                sim.wrong_pins = 0;
                prompt.decide(State::Confirmed, now);
                self.keep_sim(&mut inner, sim)?;
            }
            Press::Confirm(_) => {
                sim.wrong_pins = sim.wrong_pins.saturating_add(1);
                let (left, blocked) = (sim.tries_left(), sim.blocked());
                self.keep_sim(&mut inner, sim)?;
                self.settle_all(&mut inner, &credential, now)?;
                return Err(if blocked { No::Refused(Refusal::PinBlocked) } else { No::WrongPin(left) });
            }
        }
        if heard {
            self.keep(&mut inner, &prompt)?;
        }
        Ok(prompt)
    }

    /// Stores a SIM before its prompt, so that a crash never gives a try of the PIN back.
    fn keep_sim(&self, inner: &mut Inner, data: Subscriber) -> Result<(), Error> {
        self.store.put_subscriber(&data)?;
        if let Some(stored) = inner.sims.get_mut(&data.credential_id) {
            stored.data = data;
        }
        Ok(())
    }

    fn settle_all(&self, inner: &mut Inner, credential_id: &str, now: i64) -> Result<(), Error> {
        let Some(sim) = inner.sims.get(credential_id).map(|s| s.data.clone()) else { return Ok(()) };
        for transaction in inner.transactions.values_mut().filter(|t| t.credential_id == credential_id) {
            if transaction.settle(&sim, now) {
                self.store.put_transaction(transaction)?;
            }
        }
        Ok(())
    }
}

fn fresh_sim(msisdn: &str, asked: &Enrolment<'_>, chance: &Chance) -> Result<Sim, Error> {
    let scenario = Scenario::of_number(msisdn);
    let fitting = if scenario == Scenario::EcdsaConcatenated { KeyKind::P256 } else { KeyKind::default() };
    let kind = asked.kind.unwrap_or(fitting);
    let key = SimKey::generate(kind)?;
    let salt = chance.hex::<16>()?;
    let data = Subscriber {
        credential_id: format!("sim-{}", chance.hex::<12>()?),
        msisdn: msisdn.to_owned(),
        name: asked.name.to_owned(),
        pin_hash: pin_hash(&salt, asked.pin),
        puk_hash: pin_hash(&salt, asked.puk.unwrap_or(TEST_PUK)),
        wrong_puks: 0,
        kind,
        salt,
        wrong_pins: 0,
        key: STANDARD.encode(key.pkcs8()?),
        spki: STANDARD.encode(key.spki()?),
        chain: Vec::new(),
        scenario,
    };
    Ok(Sim { data, key: Arc::new(key) })
}

fn refuse_at_once(sim: &Subscriber) -> Result<(), No> {
    let why = match sim.scenario {
        _ if sim.chain.is_empty() => Refusal::NotEnrolled,
        _ if sim.blocked() => Refusal::PinBlocked,
        Scenario::Unreachable => Refusal::Unreachable,
        Scenario::PinBlocked => Refusal::PinBlocked,
        _ => return Ok(()),
    };
    Err(No::Refused(why))
}

fn known_order<'a>(inner: &'a Inner, order: &Order) -> Option<&'a Transaction> {
    let data = order.client_data.as_ref()?;
    inner.transactions.values().find(|t| t.credential_id == order.credential_id && t.client_data.as_ref() == Some(data))
}

fn new_prompt(order: Order, scenario: Scenario, now: i64, chance: &Chance) -> Result<Transaction, Error> {
    Ok(Transaction {
        id: format!("p{}", chance.hex::<8>()?),
        handle: chance.hex::<24>()?,
        credential_id: order.credential_id,
        client_data: order.client_data,
        hashes: order.hashes,
        text: text::on_sim(&order.description),
        code: text::code(&order.description),
        created_at: now,
        expires_at: now.saturating_add(order.seconds),
        decided_at: None,
        state: State::Pending,
        sad: chance.hex::<32>()?,
        signatures: Vec::new(),
        start_lost: false,
        answer_lost: false,
        format: order.format,
        shown_at: if scenario == Scenario::SlowDelivery { now.saturating_add(SLOW_DELIVERY_SECONDS) } else { now },
        faults: 0,
        polled_at: None,
        refusal: None,
        certificate: None,
        hinted: !order.hints,
    })
}

fn scenario_of(inner: &Inner, credential_id: &str) -> Scenario {
    inner.sims.get(credential_id).map_or(Scenario::Ok, |s| s.data.scenario)
}

/// Compares secrets without telling by time where they differ.
pub(crate) fn same(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}
