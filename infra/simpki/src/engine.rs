//! The gateway's engine: SIMs, prompts and consents under one lock, stored before anybody is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::keys::{SimKey, pin_fits, pin_hash, random_hex, sha256};
use crate::sim::{Check, Refusal, Scenario, State, Subscriber, Transaction, is_pin, normal_msisdn};
use crate::store::Store;
use crate::{Error, Options, PROMPT_SECONDS, text};

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
pub(crate) struct Order {
    pub(crate) credential_id: String,
    pub(crate) client_data: Option<String>,
    pub(crate) hashes: Vec<String>,
    pub(crate) description: String,
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
    inner: Mutex<Inner>,
}

impl Engine {
    /// Opens the state of `options`.
    pub(crate) fn open(options: &Options) -> Result<Engine, Error> {
        let store = Store::open(options.dir.as_deref())?;
        let mut inner = Inner::default();
        for data in store.subscribers()? {
            let der = STANDARD.decode(&data.key).map_err(|_| Error::State("a stored key is not base64".to_owned()))?;
            let key = Arc::new(SimKey::from_pkcs8(&der)?);
            inner.sims.insert(data.credential_id.clone(), Sim { data, key });
        }
        for transaction in store.transactions()? {
            inner.transactions.insert(transaction.handle.clone(), transaction);
        }
        let (clock_offset_file, token) = (options.clock_offset_file.clone(), options.token.clone());
        Ok(Engine { store, clock_offset_file, token, inner: Mutex::new(inner) })
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

    /// Makes a SIM with a fresh key, or gives the one that the number has. A new name is taken over; another PIN is set
    /// and unblocks.
    pub(crate) fn enrol(&self, msisdn: &str, name: &str, pin: &str) -> Result<Subscriber, No> {
        let msisdn = normal_msisdn(msisdn).ok_or(No::Contradicts("msisdn is not a phone number"))?;
        if !is_pin(pin) || name.is_empty() || name.chars().count() > 200 {
            return Err(No::Contradicts("pin must be 4 to 8 digits, name 1 to 200 characters"));
        }
        if self.sim_by_msisdn(&msisdn).is_none() {
            let sim = fresh_sim(&msisdn, name, pin)?;
            let mut inner = self.lock();
            if !inner.sims.values().any(|s| s.data.msisdn == msisdn) {
                self.store.put_subscriber(&sim.data)?;
                inner.sims.insert(sim.data.credential_id.clone(), sim);
            }
        }
        self.change(&msisdn, |data| {
            name.clone_into(&mut data.name);
            if !pin_fits(&data.salt, &data.pin_hash, pin) {
                data.pin_hash = pin_hash(&data.salt, pin);
                data.wrong_pins = 0;
            }
        })
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

    /// Shows a prompt. The same `clientData` for the same digests gives the same prompt again, whatever became of it.
    pub(crate) fn authorize(&self, order: Order) -> Result<(Transaction, Scenario), No> {
        let now = self.now();
        let mut inner = self.lock();
        self.settle_all(&mut inner, &order.credential_id, now)?;
        let sim = inner.sims.get(&order.credential_id).ok_or(No::Unknown("credentialID"))?.data.clone();
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
        let mut transaction = new_prompt(order, now)?;
        transaction.settle(&sim, now);
        self.store.put_transaction(&transaction)?;
        inner.transactions.insert(transaction.handle.clone(), transaction.clone());
        Ok((transaction, sim.scenario))
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

    /// Uses a SAD. It is good for one signing operation over exactly the confirmed digests in their order; an exact
    /// repeat signs nothing and gets the same answer, so that a client whose answer was lost is not stuck.
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
        let mut next = transaction.clone();
        if next.state == State::Confirmed {
            next.signatures = sign_all(&sim, hashes)?;
            next.state = State::Signed;
            self.store.put_transaction(&next)?;
            inner.transactions.insert(next.handle.clone(), next.clone());
        }
        Ok((next, scenario))
    }

    /// The signatures of the last prompt of the same SIM before this one that came to any; none when there is no such
    /// prompt.
    pub(crate) fn signed_before(&self, this: &Transaction) -> Vec<String> {
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
            .filter(|t| t.credential_id == credential && (all || t.state == State::Pending))
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
        let open = |t: &&Transaction| t.credential_id == credential && t.state == State::Pending;
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
            self.store.put_transaction(&prompt)?;
            inner.transactions.insert(prompt.handle.clone(), prompt.clone());
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

fn fresh_sim(msisdn: &str, name: &str, pin: &str) -> Result<Sim, Error> {
    let key = SimKey::generate()?;
    let salt = random_hex::<16>()?;
    let data = Subscriber {
        credential_id: format!("sim-{}", random_hex::<12>()?),
        msisdn: msisdn.to_owned(),
        name: name.to_owned(),
        pin_hash: pin_hash(&salt, pin),
        salt,
        wrong_pins: 0,
        key: STANDARD.encode(key.pkcs8()?),
        spki: STANDARD.encode(key.spki()?),
        chain: Vec::new(),
        scenario: Scenario::Ok,
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

fn new_prompt(order: Order, now: i64) -> Result<Transaction, Error> {
    Ok(Transaction {
        id: format!("p{}", random_hex::<8>()?),
        handle: random_hex::<24>()?,
        credential_id: order.credential_id,
        client_data: order.client_data,
        hashes: order.hashes,
        text: text::on_sim(&order.description),
        code: text::code(&order.description),
        created_at: now,
        expires_at: now.saturating_add(PROMPT_SECONDS),
        decided_at: None,
        state: State::Pending,
        sad: random_hex::<32>()?,
        signatures: Vec::new(),
        start_lost: false,
        answer_lost: false,
    })
}

fn scenario_of(inner: &Inner, credential_id: &str) -> Scenario {
    inner.sims.get(credential_id).map_or(Scenario::Ok, |s| s.data.scenario)
}

fn sign_all(sim: &Sim, hashes: &[String]) -> Result<Vec<String>, Error> {
    let stranger = if sim.data.scenario == Scenario::WrongSignature { Some(SimKey::generate()?) } else { None };
    let key = stranger.as_ref().unwrap_or(&sim.key);
    let mut signatures = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let mut digest = STANDARD.decode(hash).map_err(|_| Error::State("a stored hash is not base64".to_owned()))?;
        if sim.data.scenario == Scenario::OtherHash {
            digest = sha256(&digest);
        }
        signatures.push(STANDARD.encode(key.sign_sha256(&digest)?));
    }
    Ok(signatures)
}

/// Compares secrets without telling by time where they differ.
pub(crate) fn same(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}
