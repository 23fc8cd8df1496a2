//! A memory around the one real bench: what was computed before from the same arguments is given again.
//!
//! Decides nothing and never makes up a result, so a [`Verified`] is still the verifier's own.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use casework::workshop::{ArchiveExpectation, Expectation, LeaderMark, Parts, SealMark};
use casework::{Workbench, Workshop};
use domain::model::{Sha256, Unit, User};
use domain::ports::{Fault, File};
use pades::{Beginning, Held, LongTerm, Material, Rejection, Revision, Verified, VerifiedArchive};
use pki::{Certificate, DigestAlgorithm, digest};

use crate::trees::trees;

/// Results by the digest of the small arguments; among those, by the file, which is compared and not hashed.
type Memory<T> = Mutex<Known<T>>;

/// What is remembered.
type Known<T> = HashMap<Sha256, Vec<(Arc<Vec<u8>>, T)>>;

/// The bench with its memory, of which there is one.
#[derive(Clone, Copy, Debug)]
pub struct Bench(&'static Remembering);

#[derive(Debug)]
struct Remembering {
    real: Workbench,
    prepared: Memory<Result<Revision, Fault>>,
    finished: Memory<Result<Vec<u8>, Fault>>,
    rechecked: Memory<Result<i64, Rejection>>,
    verified: Memory<Result<Verified, Rejection>>,
    archived: Memory<Result<VerifiedArchive, Rejection>>,
}

/// The bench of this process, with the roots of [`trees`].
pub fn bench() -> &'static Bench {
    static MEMORY: OnceLock<Remembering> = OnceLock::new();
    static BENCH: OnceLock<Bench> = OnceLock::new();
    let memory = MEMORY.get_or_init(|| Remembering {
        real: Workbench::new(trees().anchors()),
        prepared: Memory::default(),
        finished: Memory::default(),
        rechecked: Memory::default(),
        verified: Memory::default(),
        archived: Memory::default(),
    });
    BENCH.get_or_init(|| Bench(memory))
}

fn remembered<T: Clone>(memory: &Memory<T>, key: &Key, file: &[u8], make: impl FnOnce() -> T) -> T {
    let key = key.digest();
    let same = |known: &&(Arc<Vec<u8>>, T)| known.0.as_slice() == file;
    let find = |known: &Known<T>| known.get(&key)?.iter().find(same).map(|(_, made)| made.clone());
    let known = find(&memory.lock().unwrap_or_else(PoisonError::into_inner));
    known.unwrap_or_else(|| {
        let made = make();
        let files = Arc::new(file.to_vec());
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
        self.text(&user.id).text(chain.is_some()).chain(chain.unwrap_or_default())
    }

    fn held(self, file: &Held<'_>) -> Self {
        self.text(file.size()).bytes(&file.sha256())
    }

    fn beginning(self, beginning: &Beginning) -> Self {
        self.text(beginning.size).bytes(&beginning.sha256)
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
        self.0.real.anchors()
    }

    fn prepare_leader(&self, base: &Held<'_>, mark: &LeaderMark<'_>) -> Result<Revision, Fault> {
        let key = Key::new("leader").user(mark.leader).unit(mark.unit).text((mark.at, mark.token_room)).held(base);
        let key = key.text(mark.look).bytes(mark.picture.unwrap_or_default());
        remembered(&self.0.prepared, &key, &[], || self.0.real.prepare_leader(base, mark))
    }

    fn prepare_seal(&self, signed: &Held<'_>, mark: &SealMark<'_>) -> Result<Revision, Fault> {
        let key = Key::new("seal").unit(mark.unit).held(signed);
        let key = key.text((mark.number, mark.copy, mark.decided_at, mark.token_room)).bytes(mark.qr.as_bytes());
        let key = key.text(mark.written).bytes(mark.picture.unwrap_or_default());
        remembered(&self.0.prepared, &key, &[], || self.0.real.prepare_seal(signed, mark))
    }

    fn finish(
        &self,
        base: &Held<'_>,
        revision: &[u8],
        contents: Range<usize>,
        parts: &Parts<'_>,
    ) -> Result<Vec<u8>, Fault> {
        let key = Key::new("finish").held(base).text(&contents).bytes(parts.attributes);
        let key = key.bytes(parts.signature).chain(parts.chain).bytes(parts.token);
        remembered(&self.0.finished, &key, revision, || self.0.real.finish(base, revision, contents, parts))
    }

    fn recheck(&self, file: &Held<'_>, expected: &Expectation<'_>) -> Result<(), Rejection> {
        let key = Key::new("recheck").held(file).text(expected.field).bytes(expected.signer).text(expected.at);
        remembered(&self.0.rechecked, &key, &[], || self.0.real.recheck(file, expected).map(|()| 0)).map(|_| ())
    }

    fn verify(&self, file: File<'_>, expected: &Expectation<'_>) -> Result<Verified, Rejection> {
        let key = Key::new("verify").text(expected.field).bytes(expected.signer).text(expected.at);
        let key = key.beginning(&expected.base);
        remembered(&self.0.verified, &key, in_memory(file), || self.0.real.verify(file, expected))
    }

    fn prepare_archive(
        &self,
        sealed: &Held<'_>,
        material: &LongTerm<'_>,
        token_room: usize,
    ) -> Result<Revision, Fault> {
        let key = Key::new("archive").held(sealed).text(token_room).materials(&material.certificates);
        let key = key.materials(&material.ocsps).materials(&material.crls);
        remembered(&self.0.prepared, &key, &[], || self.0.real.prepare_archive(sealed, material, token_room))
    }

    fn recheck_archive(&self, file: &Held<'_>, expected: &ArchiveExpectation<'_>) -> Result<i64, Rejection> {
        let key = expectation(Key::new("recheck_archive").held(file), expected);
        remembered(&self.0.rechecked, &key, &[], || self.0.real.recheck_archive(file, expected))
    }

    fn verify_archive(&self, file: File<'_>, expected: &ArchiveExpectation<'_>) -> Result<VerifiedArchive, Rejection> {
        let key = expectation(Key::new("verify_archive"), expected);
        remembered(&self.0.archived, &key, in_memory(file), || self.0.real.verify_archive(file, expected))
    }
}

fn expectation(key: Key, expected: &ArchiveExpectation<'_>) -> Key {
    let key = key.text(expected.at).beginning(&expected.sealed);
    expected.signers.iter().fold(key, |key, (field, der)| key.text(field).bytes(der))
}

/// The octets of a file of this world, all of which are in memory.
fn in_memory(file: File<'_>) -> &[u8] {
    match file {
        File::Bytes(bytes) => bytes,
        File::Source(_) => panic!("a file of this world is in memory"),
    }
}
