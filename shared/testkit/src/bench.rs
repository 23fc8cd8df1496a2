//! A memory around the one real bench: what was computed before from the same arguments is given again.
//!
//! Decides nothing and never makes up a result, so a [`Verified`] is still the verifier's own.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use casework::workshop::{ArchiveExpectation, Expectation, LeaderMark, Parts, SealMark};
use casework::{Workbench, Workshop};
use domain::model::{Sha256, Unit, User};
use domain::ports::Fault;
use pades::{LongTerm, Material, Prepared, Rejection, Verified, VerifiedArchive};
use pki::{Certificate, DigestAlgorithm, digest};

use crate::trees::trees;

/// Results by the digest of the small arguments; among those, by the files, which are compared and not hashed.
type Memory<T> = Mutex<HashMap<Sha256, Vec<(Files, T)>>>;

/// The large arguments of a call.
type Files = [Arc<Vec<u8>>; 2];

/// The bench with its memory.
#[derive(Debug)]
pub struct Bench {
    real: Workbench,
    prepared: Memory<Result<Prepared, Fault>>,
    finished: Memory<Result<Vec<u8>, Fault>>,
    verified: Memory<Result<Verified, Rejection>>,
    archived: Memory<Result<VerifiedArchive, Rejection>>,
}

/// The bench of this process, with the roots of [`trees`].
pub fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| Bench {
        real: Workbench::new(trees().anchors(), "https://ctdt.test".into()),
        prepared: Memory::default(),
        finished: Memory::default(),
        verified: Memory::default(),
        archived: Memory::default(),
    })
}

fn remembered<T: Clone>(memory: &Memory<T>, key: &Key, files: [&[u8]; 2], make: impl FnOnce() -> T) -> T {
    let key = key.digest();
    let same = |known: &&(Files, T)| known.0.iter().zip(files).all(|(known, file)| known.as_slice() == file);
    let find =
        |known: &HashMap<Sha256, Vec<(Files, T)>>| known.get(&key)?.iter().find(same).map(|(_, made)| made.clone());
    let known = find(&memory.lock().unwrap_or_else(PoisonError::into_inner));
    known.unwrap_or_else(|| {
        let made = make();
        let files = files.map(|file| Arc::new(file.to_vec()));
        memory.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().push((files, made.clone()));
        made
    })
}

/// Arguments, each with its length before it, so that no two lists look alike.
struct Key(Vec<Vec<u8>>);

impl Key {
    fn new(method: &str) -> Self {
        Self(vec![method.as_bytes().to_vec()])
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push((bytes.len() as u64).to_be_bytes().to_vec());
        self.0.push(bytes.to_vec());
        self
    }

    fn chain(self, ders: &[Vec<u8>]) -> Self {
        ders.iter().fold(self.bytes(&ders.len().to_be_bytes()), |key, der| key.bytes(der))
    }

    fn text(self, it: impl std::fmt::Debug) -> Self {
        self.bytes(format!("{it:?}").as_bytes())
    }

    fn unit(self, unit: &Unit) -> Self {
        self.text((&unit.id, &unit.name, &unit.place, &unit.code)).chain(&unit.seal_chain)
    }

    fn user(self, user: &User) -> Self {
        let chain = user.credential.as_ref().map(|credential| credential.chain.as_slice());
        self.text((&user.id, &user.name, &user.title_line)).text(chain.is_some()).chain(chain.unwrap_or_default())
    }

    fn materials(self, materials: &[Material<'_>]) -> Self {
        materials.iter().fold(self.text(materials.len()), |key, one| key.bytes(one.der).text(&one.fields))
    }

    fn digest(&self) -> Sha256 {
        let parts: Vec<&[u8]> = self.0.iter().map(Vec::as_slice).collect();
        digest(DigestAlgorithm::Sha256, &parts).try_into().expect("32 bytes")
    }
}

impl Workshop for Bench {
    fn anchors(&self) -> &[Certificate] {
        self.real.anchors()
    }

    fn prepare_leader(&self, base: &[u8], mark: &LeaderMark<'_>) -> Result<Prepared, Fault> {
        let key = Key::new("leader").user(mark.leader).unit(mark.unit).text(mark.at);
        remembered(&self.prepared, &key, [base, &[]], || self.real.prepare_leader(base, mark))
    }

    fn prepare_seal(&self, signed: &[u8], mark: &SealMark<'_>) -> Result<Prepared, Fault> {
        let key = Key::new("seal").unit(mark.unit);
        let key = key.text((mark.number, mark.copy, mark.decided_at)).bytes(&mark.scans);
        remembered(&self.prepared, &key, [signed, &[]], || self.real.prepare_seal(signed, mark))
    }

    fn finish(&self, prepared: &[u8], contents: Range<usize>, parts: &Parts<'_>) -> Result<Vec<u8>, Fault> {
        let key = Key::new("finish").text(&contents).bytes(parts.attributes);
        let key = key.bytes(parts.signature).chain(parts.chain).bytes(parts.token);
        remembered(&self.finished, &key, [prepared, &[]], || self.real.finish(prepared, contents, parts))
    }

    fn verify(&self, file: &[u8], expected: &Expectation<'_>) -> Result<Verified, Rejection> {
        let key = Key::new("verify").text(expected.field).bytes(expected.signer).text(expected.at);
        remembered(&self.verified, &key, [file, expected.base], || self.real.verify(file, expected))
    }

    fn prepare_archive(&self, sealed: &[u8], material: &LongTerm<'_>) -> Result<Prepared, Fault> {
        let key = Key::new("archive").materials(&material.certificates);
        let key = key.materials(&material.ocsps).materials(&material.crls);
        remembered(&self.prepared, &key, [sealed, &[]], || self.real.prepare_archive(sealed, material))
    }

    fn verify_archive(&self, file: &[u8], expected: &ArchiveExpectation<'_>) -> Result<VerifiedArchive, Rejection> {
        let key = Key::new("verify_archive").text(expected.at);
        let key = expected.signers.iter().fold(key, |key, (field, der)| key.text(field).bytes(der));
        remembered(&self.archived, &key, [file, expected.sealed], || self.real.verify_archive(file, expected))
    }
}
