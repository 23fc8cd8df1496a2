//! PKCS#11 (OASIS, 2.40 and later) as a [`Token`]: one thread, one session, one task at a time.
//!
//! Makes, changes and exports no key. When the token goes away the library is closed and opened again, because some
//! libraries look for tokens only then; the task is tried once more. Keys with CKA_ALWAYS_AUTHENTICATE are refused: they
//! want the PIN for every signature, from a person.

use std::path::Path;
use std::thread;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use tokio::sync::{mpsc, oneshot};

use crate::scheme::{Hash, Scheme};
use crate::settings::{TokenSettings, pin};
use crate::token::{Task, Token, TokenError};

/// How many tasks may wait: at the 50 ms of a slow token, twenty digests each, eight are waited for 8 s.
const QUEUE: usize = 8;

/// What stands in the token under a CKA_ID.
pub(crate) struct Held {
    /// The X.509 certificate, DER.
    pub(crate) leaf: Vec<u8>,
    /// Whether CKM_RSA_PKCS_PSS is there.
    pub(crate) pss: bool,
}

/// A task and where its answer goes.
struct Order {
    task: Task,
    answer: oneshot::Sender<Result<Vec<Vec<u8>>, TokenError>>,
}

/// The end of the queue that callers hold.
pub(crate) struct Queue(mpsc::Sender<Order>);

impl Token for Queue {
    async fn sign(&self, task: Task) -> Result<Vec<Vec<u8>>, TokenError> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Order { task, answer }).map_err(|_| TokenError::Busy)?;
        answered.await.unwrap_or_else(|_| Err(TokenError::Failed("the thread of the token has ended".to_owned())))
    }
}

/// Opens the token, looks up the keys by CKA_ID, and starts its thread.
///
/// # Errors
/// When the token, a key or its certificate is not there, or the PIN is refused.
pub(crate) fn open(settings: &TokenSettings, key_ids: &[Vec<u8>]) -> Result<(Queue, Vec<Held>), TokenError> {
    let mut link = Link { settings: settings.clone(), open: None, refused: None };
    link.connect()?;
    let held = key_ids.iter().map(|key_id| link.held(key_id)).collect::<Result<Vec<_>, _>>()?;
    let (orders, mut waiting) = mpsc::channel::<Order>(QUEUE);
    let work = move || {
        while let Some(Order { task, answer }) = waiting.blocking_recv() {
            // Whoever no longer waits is not signed for.
            if !answer.is_closed() {
                // The caller may have left meanwhile.
                let _ = answer.send(link.sign(&task));
            }
        }
        link.close();
    };
    let thread = thread::Builder::new().name("token".to_owned()).spawn(work);
    thread.map_err(|error| TokenError::Failed(error.to_string()))?;
    Ok((Queue(orders), held))
}

/// The way to the token, which may be cut.
struct Link {
    settings: TokenSettings,
    open: Option<Open>,
    /// Why the PIN is not tried again.
    refused: Option<TokenError>,
}

/// An open library with a session in which the user is logged in. The session is dropped first.
struct Open {
    session: Session,
    library: Pkcs11,
    slot: Slot,
}

impl Link {
    fn sign(&mut self, task: &Task) -> Result<Vec<Vec<u8>>, TokenError> {
        match self.attempt(task) {
            Err(TokenError::Absent | TokenError::SessionLost) => {
                tracing::warn!("the session with the token is gone; it is opened again");
                self.close();
                self.attempt(task).inspect_err(|_| self.close())
            }
            other => other,
        }
    }

    fn attempt(&mut self, task: &Task) -> Result<Vec<Vec<u8>>, TokenError> {
        self.connect()?;
        let open = self.open.as_ref().ok_or(TokenError::SessionLost)?;
        let key = private_key(&open.session, &task.key_id)?;
        let sign = |digest: &Vec<u8>| value(&open.session, key, task, digest);
        task.digests.iter().map(sign).collect()
    }

    fn connect(&mut self) -> Result<(), TokenError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        if self.open.is_none() {
            match self.opened() {
                Ok(open) => self.open = Some(open),
                Err(error) => {
                    if matches!(error, TokenError::PinIncorrect | TokenError::PinLocked) {
                        self.refused = Some(error.clone());
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn opened(&self) -> Result<Open, TokenError> {
        let library = Pkcs11::new(&self.settings.library).map_err(|error| failed(&error))?;
        library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(|error| failed(&error))?;
        let opened = slot(&library, &self.settings.label).and_then(|slot| {
            let session = library.open_ro_session(slot).map_err(|error| failed(&error))?;
            log_in(&session, &self.settings.pin_file)?;
            Ok((session, slot))
        });
        match opened {
            Ok((session, slot)) => Ok(Open { session, library, slot }),
            Err(error) => {
                finish(library);
                Err(error)
            }
        }
    }

    fn close(&mut self) {
        if let Some(Open { session, library, .. }) = self.open.take() {
            drop(session);
            finish(library);
        }
    }

    /// The certificate beside a key, once it is sure that the key can be used.
    fn held(&self, key_id: &[u8]) -> Result<Held, TokenError> {
        let open = self.open.as_ref().ok_or(TokenError::SessionLost)?;
        let key = private_key(&open.session, key_id)?;
        let asks = open.session.get_attributes(key, &[AttributeType::AlwaysAuthenticate]);
        if asks.is_ok_and(|all| all.contains(&Attribute::AlwaysAuthenticate(true))) {
            return Err(unsuited(key_id, "wants the PIN for every signature (CKA_ALWAYS_AUTHENTICATE)"));
        }
        let template = [Attribute::Class(ObjectClass::CERTIFICATE), Attribute::Id(key_id.to_vec())];
        let found = open.session.find_objects(&template).map_err(|error| failed(&error))?;
        let [object] = found[..] else { return Err(unsuited(key_id, "needs one CKO_CERTIFICATE beside it")) };
        let values = open.session.get_attributes(object, &[AttributeType::Value]).map_err(|error| failed(&error))?;
        let Some(Attribute::Value(leaf)) = values.into_iter().next() else {
            return Err(unsuited(key_id, "has a CKO_CERTIFICATE without a value"));
        };
        let mechanisms = open.library.get_mechanism_list(open.slot).map_err(|error| failed(&error))?;
        Ok(Held { leaf, pss: mechanisms.contains(&MechanismType::RSA_PKCS_PSS) })
    }
}

/// Ends the library; that it cannot be ended is worth a line and no more.
fn finish(library: Pkcs11) {
    if let Err(error) = library.finalize() {
        tracing::warn!(%error, "C_Finalize");
    }
}

/// The one slot whose token has the label.
fn slot(library: &Pkcs11, label: &str) -> Result<Slot, TokenError> {
    let slots = library.get_slots_with_initialized_token().map_err(|error| failed(&error))?;
    let named = |slot: &Slot| library.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == label);
    let named: Vec<Slot> = slots.into_iter().filter(named).collect();
    match named[..] {
        [slot] => Ok(slot),
        [] => Err(TokenError::Absent),
        _ => Err(TokenError::Unsuited("two tokens have the label".to_owned())),
    }
}

fn log_in(session: &Session, pin_file: &Path) -> Result<(), TokenError> {
    let pin = AuthPin::from(pin(pin_file).map_err(|why| TokenError::Unsuited(why.to_string()))?);
    match session.login(UserType::User, Some(&pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(error) => Err(failed(&error)),
    }
}

/// The one private key with this CKA_ID. None at all means that the token is no longer the one that was opened.
fn private_key(session: &Session, key_id: &[u8]) -> Result<ObjectHandle, TokenError> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(key_id.to_vec())];
    let found = session.find_objects(&template).map_err(|error| failed(&error))?;
    match found[..] {
        [key] => Ok(key),
        [] => Err(TokenError::SessionLost),
        _ => Err(unsuited(key_id, "is not the only key with its CKA_ID")),
    }
}

fn unsuited(key_id: &[u8], why: &str) -> TokenError {
    TokenError::Unsuited(format!("the key {} {why}", hex::encode(key_id)))
}

fn value(session: &Session, key: ObjectHandle, task: &Task, digest: &[u8]) -> Result<Vec<u8>, TokenError> {
    let hash = task.algorithm.hash;
    let made = match task.algorithm.scheme {
        Scheme::RsaPkcs1 => session.sign(&Mechanism::RsaPkcs, key, &hash.digest_info(digest)),
        Scheme::RsaPss => session.sign(&Mechanism::RsaPkcsPss(pss(hash)), key, digest),
        Scheme::Ecdsa => session.sign(&Mechanism::Ecdsa, key, digest),
    };
    made.map_err(|error| failed(&error))
}

fn pss(hash: Hash) -> PkcsPssParams {
    let (hash_alg, mgf) = match hash {
        Hash::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        Hash::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        Hash::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
    };
    PkcsPssParams { hash_alg, mgf, s_len: u64::from(hash.length()).into() }
}

/// What a return value means (PKCS#11 2.40 §5.1.6).
fn failed(error: &Error) -> TokenError {
    let Error::Pkcs11(value, function) = error else { return TokenError::Failed(error.to_string()) };
    match value {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => TokenError::PinIncorrect,
        RvError::PinLocked | RvError::PinExpired | RvError::UserPinNotInitialized => TokenError::PinLocked,
        RvError::TokenNotPresent | RvError::TokenNotRecognized | RvError::DeviceRemoved | RvError::SlotIdInvalid => {
            TokenError::Absent
        }
        RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::UserNotLoggedIn
        | RvError::KeyHandleInvalid
        | RvError::ObjectHandleInvalid
        | RvError::CryptokiNotInitialized
        | RvError::DeviceError
        | RvError::GeneralError => TokenError::SessionLost,
        RvError::FunctionCanceled | RvError::Cancel => TokenError::Canceled,
        other => TokenError::Failed(format!("{function:?}: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    #[test]
    fn return_values_are_told_apart() {
        for (value, expected) in [
            (RvError::PinIncorrect, TokenError::PinIncorrect),
            (RvError::PinLocked, TokenError::PinLocked),
            (RvError::TokenNotPresent, TokenError::Absent),
            (RvError::DeviceRemoved, TokenError::Absent),
            (RvError::UserNotLoggedIn, TokenError::SessionLost),
            (RvError::SessionHandleInvalid, TokenError::SessionLost),
            (RvError::FunctionCanceled, TokenError::Canceled),
        ] {
            assert_eq!(failed(&Error::Pkcs11(value, Function::Sign)), expected);
        }
        let other = failed(&Error::Pkcs11(RvError::MechanismInvalid, Function::SignInit));
        assert!(matches!(other, TokenError::Failed(_)));
    }

    /// Tasks beyond the queue are refused at once, however slow the token is.
    #[tokio::test]
    async fn the_queue_is_bounded() {
        let (orders, _waiting) = mpsc::channel(1);
        let queue = Queue(orders);
        let algorithm = crate::scheme::Algorithm { scheme: Scheme::Ecdsa, hash: Hash::Sha256 };
        let task = Task { key_id: vec![1], algorithm, digests: vec![vec![1; 32]] };
        let (first, second) = tokio::join!(
            tokio::time::timeout(std::time::Duration::from_millis(50), queue.sign(task.clone())),
            queue.sign(task.clone()),
        );
        assert!(first.is_err(), "waits");
        assert_eq!(second, Err(TokenError::Busy));
    }
}
