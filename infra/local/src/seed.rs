//! Puts the synthetic offices and people into a stack: keys to seal with, SIMs, X.509 certificates for both, items of the
//! table. Every step may be repeated; what an administrator changed since stays.

use std::sync::Arc;

use domain::model::{Changed, Credential, Mandate, Unit, User};
use domain::ports::{CommitError, Records as _, Write};
use domain::title::Title;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use store::Table;

use crate::endpoints::kms::Keys;
use crate::error::{Error, Result};
use crate::people::{ACTORS, AUTHORITY, Actor, OFFICES, Office, PROVINCE};
use crate::resources::State;
use crate::simulator::{Enrolled, Simulator};
use crate::testpki::TestPki;
use crate::tokens::Issuer;

const SERVICE: &str = "seed";
/// Suffix of the electronic series (decision 18), and the book that is open.
const SERIES: &str = "SCT/BS";
const BOOK: &str = "01";
/// Visits in half an hour.
const SLOT_CAPACITY: u32 = 4;

/// The unit whose key is the `SealKey` of `state.yaml`: the first one, so that no key is made for nobody.
pub(crate) fn seal_unit() -> String {
    OFFICES.first().map(|office| office.id().to_string()).unwrap_or_default()
}

/// The offices that need a key to seal with, the first office first.
pub(crate) fn sealing() -> impl Iterator<Item = &'static Office> {
    OFFICES.iter().filter(|office| office.enabled)
}

/// Makes every SIM, or finds it; leader by leader at once, for each takes a moment of computing.
///
/// # Errors
/// [`Error::Service`].
pub(crate) async fn enrol(simulator: &Simulator) -> Result<Vec<(&'static Actor, Enrolled)>> {
    let one = async |actor: &'static Actor| {
        let Some(sim) = actor.sim else { return Ok(None) };
        let enrolled = simulator.enrol(sim.phone, actor.name, sim.pin).await?;
        Ok::<_, Error>(Some((actor, enrolled)))
    };
    Ok(try_join_all(ACTORS.iter().map(one)).await?.into_iter().flatten().collect())
}

/// Makes every enabled office's key, or finds it, all at once.
///
/// # Errors
/// [`Error::Key`], [`Error::Io`].
pub(crate) async fn seal_keys(
    state: &State,
    keys: &Arc<Keys>,
    prefix: &str,
) -> Result<Vec<(&'static Office, Vec<u8>)>> {
    let one = async |office: &'static Office| {
        let (state, keys, prefix) = (state.clone(), Arc::clone(keys), prefix.to_owned());
        let make = move || state.unit_seal_key(&keys, &prefix, office.id().as_str());
        let made = tokio::task::spawn_blocking(make).await.map_err(|error| Error::Key(error.to_string()))?;
        Ok::<_, Error>((office, made?))
    };
    try_join_all(sealing().map(one)).await
}

/// What the seed is put into.
pub(crate) struct Ground<'a> {
    pub(crate) records: &'a Table,
    /// Each enabled office's key to seal with, as a SubjectPublicKeyInfo.
    pub(crate) keys: Vec<(&'static Office, Vec<u8>)>,
    pub(crate) pki: &'a TestPki,
    pub(crate) simulator: &'a Simulator,
    /// Whether the gateway knows a SIM by its number, as MSS does, and by no credential of its own.
    pub(crate) by_number: bool,
}

impl Ground<'_> {
    /// Puts everything in; `sims` as [`enrol`] gave them.
    ///
    /// # Errors
    /// What could not be made, read or written.
    pub(crate) async fn plant(&self, sims: &[(&'static Actor, Enrolled)]) -> Result<()> {
        let mut writes = Vec::new();
        for office in OFFICES {
            let key = self.keys.iter().find(|(owner, _)| owner.key == office.key).map(|(_, key)| key.as_slice());
            writes.extend(self.unit(office, key).await?);
        }
        for actor in ACTORS {
            let sim = sims.iter().find(|(owner, _)| owner.key == actor.key).map(|(_, sim)| sim);
            writes.extend(self.user(actor, sim).await?);
        }
        self.commit(writes).await
    }

    async fn unit(&self, office: &'static Office, spki: Option<&[u8]>) -> Result<Option<Write>> {
        let stored = self.records.unit(&office.id()).await.map_err(failed)?;
        let mut wanted = stored.clone().unwrap_or_else(|| fresh_unit(office));
        if let Some(spki) = spki {
            wanted.seal_chain = self.pki.agency_chain(office.name, AUTHORITY, spki).map_err(failed)?;
        }
        let wanted = (stored.as_ref() != Some(&wanted)).then(|| Unit { changed: wanted.changed.again(), ..wanted });
        Ok(wanted.map(Write::Unit))
    }

    async fn user(&self, actor: &'static Actor, sim: Option<&Enrolled>) -> Result<Option<Write>> {
        let stored = self.records.user(&actor.id()).await.map_err(failed)?;
        let mut wanted = stored.clone().unwrap_or_else(|| fresh_user(actor));
        // People of earlier versions have none.
        wanted.mandate = wanted.mandate.or_else(|| mandate(actor));
        if let (Some(enrolled), Some(sim)) = (sim, actor.sim) {
            wanted.credential = Some(self.credential(actor, sim.phone, enrolled).await?);
        }
        if actor.usb_token.is_some() {
            wanted.credential = Some(self.token_credential(actor)?);
        }
        let wanted = (stored.as_ref() != Some(&wanted)).then(|| User { changed: wanted.changed.again(), ..wanted });
        Ok(wanted.map(Write::User))
    }

    /// A SIM's credential with its X.509 certificates, which the simulator has, too.
    async fn credential(&self, actor: &Actor, phone: &str, sim: &Enrolled) -> Result<Credential> {
        let organisation = actor.office().map_or(AUTHORITY, |office| office.name);
        let chain = self.pki.person_chain(actor.name, organisation, &sim.spki).map_err(failed)?;
        self.simulator.install(phone, &chain).await?;
        let id = if self.by_number { phone } else { &sim.credential };
        Ok(Credential { id: id.to_owned(), chain })
    }

    /// What stands on a token. No gateway knows its name.
    fn token_credential(&self, actor: &Actor) -> Result<Credential> {
        let organisation = actor.office().map_or(AUTHORITY, |office| office.name);
        let spki = self.pki.token(actor.key).map_err(failed)?;
        let chain = self.pki.person_chain(actor.name, organisation, &spki).map_err(failed)?;
        Ok(Credential { id: format!("usb-{}", actor.key), chain })
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<()> {
        if writes.is_empty() {
            return Ok(());
        }
        self.records.commit(writes).await.map_err(|error| match error {
            CommitError::Conflict => failed("the table is being changed by somebody else"),
            CommitError::Unknown(fault) => failed(fault),
        })
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::service(SERVICE, error)
}

fn fresh_unit(office: &Office) -> Unit {
    let leaders = office.leaders.iter().filter_map(|key| Actor::by_key(key)).map(Actor::id);
    Unit {
        id: office.id(),
        code: office.code.to_owned(),
        name: office.name.to_owned(),
        short_name: office.short_name.to_owned(),
        address: office.address.to_owned(),
        place: office.place.to_owned(),
        province: PROVINCE.to_owned(),
        enabled: office.enabled,
        first_suffix: SERIES.to_owned(),
        first_book: BOOK.to_owned(),
        later_series: Vec::new(),
        slot_capacity: SLOT_CAPACITY,
        seal_chain: Vec::new(),
        leaders: leaders.collect(),
        seal_picture: None,
        changed: Changed::default(),
    }
}

/// As what somebody signs: only leaders do.
fn mandate(actor: &Actor) -> Option<Mandate> {
    Some(Mandate { title: Title::parse(actor.title_line).ok()?, from: None, until: None })
}

fn fresh_user(actor: &Actor) -> User {
    let unit = actor.office().map(Office::id);
    User {
        id: actor.id(),
        name: actor.name.to_owned(),
        mandate: mandate(actor),
        signature_picture: None,
        active: true,
        grants: actor.right.map(|right| (right, unit)).into_iter().collect(),
        phone: actor.sim.map(|sim| sim.phone.to_owned()),
        credential: None,
        account: actor.account(),
        changed: Changed::default(),
    }
}

/// The personas of contract.md §3, each with a fresh token. What somebody does not have is not there.
///
/// # Errors
/// [`Error::Key`].
pub(crate) fn personas(issuer: &Issuer, now: Timestamp) -> Result<Vec<Value>> {
    ACTORS.iter().filter(|actor| actor.persona).map(|actor| persona(actor, issuer, now)).collect()
}

fn persona(actor: &Actor, issuer: &Issuer, now: Timestamp) -> Result<Value> {
    let token = issuer.token(&actor.id(), now)?;
    let all = [
        ("key", Some(actor.key.to_owned())),
        ("name", Some(actor.name.to_owned())),
        ("unit_id", actor.office().map(|office| office.id().to_string())),
        ("user_id", Some(actor.id().to_string())),
        ("account_id", actor.account().map(|id| id.to_string())),
        ("phone", actor.sim.map(|sim| sim.phone.to_owned())),
        ("pin", actor.sim.map(|sim| sim.pin).or(actor.usb_token.map(|token| token.pin)).map(str::to_owned)),
        ("token", Some(token)),
    ];
    let present = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    Ok(Value::Object(present.collect::<Map<_, _>>()))
}
