//! What two signatures, their time-stamps, the evidence and the archive's time-stamp cost (limits.md T7, T8).
//!
//! *Signing* is what the functions that sign do: the ends of files are read, revisions made and embedded, the signatures looked at by
//! themselves. Tokens and OCSP answers come from outside and are made while the clock stands. Whoever
//! verifies what was made, to its end, is measured elsewhere (`verify`, `memory`).

use std::path::Path;

use casework::workshop::{ArchiveExpectation, Expectation, LeaderMark, Parts, SealMark};
use casework::{Workbench, Workshop as _};
use domain::model::{Look, Number, Sha256};
use domain::ports::TrustServices as _;
use pades::{
    Beginning, HEAD, Held, LEADER_FIELD, LongTerm, Material, Midstate, Revision, SEAL_FIELD, freeze, timestamp_imprint,
};
use serde_json::json;
use testkit::{Identity, NOW, World, people, pictured_base, run, trees, unit_of, user_of};

use crate::clock::{best, cpu_ms, one_pass, tell};
use crate::{copies, verify};

/// A file of which the beginning lies elsewhere, and how many bytes have gone to and fro.
#[derive(Clone)]
pub(crate) struct Shelf {
    midstate: Midstate,
    head: Vec<u8>,
    end: Vec<u8>,
    pub(crate) moved: usize,
}

impl Shelf {
    pub(crate) fn new(midstate: Midstate, head: Vec<u8>, end: Vec<u8>) -> Self {
        Self { midstate, head, end, moved: 0 }
    }

    /// As the bucket gives it.
    fn read(&mut self) -> Held<'static> {
        self.moved += self.head.len() + self.end.len();
        Held::new(&self.midstate, self.head.clone(), self.end.clone()).expect("a state")
    }

    fn append(&mut self, tail: &[u8]) {
        self.moved += tail.len();
        self.end.extend_from_slice(tail);
    }
}

/// What an office is made of, and the evidence that an archive takes.
pub(crate) struct Office {
    world: World,
    bench: Workbench,
    certificates: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
}

impl Office {
    pub(crate) fn new() -> Self {
        let (world, copy) = copies::submitted(1_000);
        copies::seal_it(&world, &copy);
        let file = copies::archived(&world);
        let bench = Workbench::new(trees().anchors());
        let [certificates, answers] = ["Certs", "OCSPs"].map(|list| stored(&file, list));
        Self { world, bench, certificates, answers }
    }

    fn token(&self, imprint: &Sha256) -> Vec<u8> {
        let nonce = [1, 2, 3, 4, 5, 6, 7, 8];
        let response = run(self.world.timestamp(&pki::tsp::request(imprint, &nonce), |answer| Ok(answer.to_vec())))
            .expect("a time-stamp");
        pki::tsp::check_response(&response, imprint, &nonce).expect("a token").der().to_vec()
    }

    /// Leader, seal, archive. Gives the CPU of our part, milliseconds: that of the two signatures, and that of all.
    pub(crate) fn signs(&self, shelf: &mut Shelf) -> (f64, f64) {
        let (leader, unit) = (user_of(&self.world, &people::leader()), unit_of(&self.world));
        let number = Number { number: 152, book: "01".into(), year: 2026, suffix: "SCT/BS".into() };
        let copy = domain::ids::CopyId::new([1; 16]);
        let mut clock = Stopwatch::new();
        let base = shelf.read();
        let look = Look::of(&leader, &unit).expect("a mandate");
        let mark = LeaderMark { leader: &leader, look: &look, picture: None, unit: &unit, token_room: 0, at: NOW };
        let revision = self.bench.prepare_leader(&base, &mark).expect("a revision");
        self.sign(shelf, &mut clock, (base, revision), &trees().ours.leader, LEADER_FIELD);
        let base = shelf.read();
        let qr = format!("HTTPS://CTDT.TEST/Q/{}", "A7".repeat(86));
        let written = domain::series::Written::default();
        let mark = SealMark {
            unit: &unit,
            number: &number,
            written: &written,
            unit_name: &unit.name,
            picture: None,
            copy: &copy,
            token_room: 0,
            decided_at: NOW,
            qr: &qr,
        };
        let revision = self.bench.prepare_seal(&base, &mark).expect("a revision");
        self.sign(shelf, &mut clock, (base, revision), &trees().ours.agency_p256, SEAL_FIELD);
        let two = clock.stop();
        self.archive(shelf, &mut clock);
        (two, clock.stop())
    }

    fn sign(
        &self,
        shelf: &mut Shelf,
        clock: &mut Stopwatch,
        (base, revision): (Held<'_>, Revision),
        who: &Identity,
        field: &str,
    ) {
        let attributes = &revision.signed_attributes;
        let signature = who.key.sign(&digest(attributes), 1);
        let chain = who.enrolled();
        let token = clock.stands(|| self.token(&timestamp_imprint(&signature)));
        let parts = Parts { attributes, signature: &signature, chain: &chain, token: &token };
        // The prepared revision is stored and read again by whoever embeds.
        shelf.moved += 2 * revision.tail.len();
        let tail = self.bench.finish(&base, &revision.tail, revision.contents.clone(), &parts).expect("a signature");
        let expected =
            Expectation { field, signer: who.leaf().der(), base: Beginning { size: 0, sha256: [0; 32] }, at: NOW };
        self.bench.recheck(&base.extended(&tail), &expected).expect("a good signature");
        shelf.append(&tail);
    }

    fn archive(&self, shelf: &mut Shelf, clock: &mut Stopwatch) {
        let base = shelf.read();
        let fields = vec![LEADER_FIELD, SEAL_FIELD];
        let piece = |der| Material { der, fields: fields.clone() };
        let material = LongTerm {
            certificates: self.certificates.iter().map(|der| piece(der.as_slice())).collect(),
            ocsps: self.answers.iter().map(|der| piece(der.as_slice())).collect(),
            crls: Vec::new(),
        };
        let revision = self.bench.prepare_archive(&base, &material, 0).expect("a revision");
        let imprint = base.extended(&revision.tail).signed_digest(revision.contents.clone());
        let token = clock.stands(|| self.token(&imprint));
        let tail = pades::embed_revision(&base, &revision.tail, revision.contents, &token).expect("a time-stamp");
        let (leader, seal) = (trees().ours.leader.leaf(), trees().ours.agency_p256.leaf());
        let signers = [(LEADER_FIELD, leader.der()), (SEAL_FIELD, seal.der())];
        let sealed = Beginning { size: 0, sha256: [0; 32] };
        let expected = ArchiveExpectation { sealed, signers: &signers, at: NOW };
        self.bench.recheck_archive(&base.extended(&tail), &expected).expect("a good archive");
        shelf.append(&tail);
    }
}

/// CPU of this thread, but for what others do.
struct Stopwatch {
    begun: f64,
    stood: f64,
}

impl Stopwatch {
    fn new() -> Self {
        Self { begun: cpu_ms(), stood: 0.0 }
    }

    fn stands<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let before = cpu_ms();
        let made = act();
        self.stood += cpu_ms() - before;
        made
    }

    fn stop(&self) -> f64 {
        cpu_ms() - self.begun - self.stood
    }
}

fn digest(bytes: &[u8]) -> Sha256 {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

/// The pieces of a list of `/DSS`.
fn stored(file: &[u8], list: &str) -> Vec<Vec<u8>> {
    let document = pdf::Document::open(file, &pdf::Limits::default()).expect("a copy");
    let store = document.get(document.catalog().expect("a catalog"), b"DSS").expect("/DSS").as_dict().expect("/DSS");
    let pieces = document.get(store, list.as_bytes()).expect("a list").as_array().unwrap_or_default();
    let piece = |one| {
        let stream = document.resolve(one).expect("a piece").as_stream().expect("a stream");
        document.decode(stream).expect("its bytes")
    };
    pieces.iter().map(piece).collect()
}

/// A base on its shelf.
pub(crate) fn shelved(base: &[u8]) -> Shelf {
    let midstate = freeze(base);
    let at = usize::try_from(midstate.at).expect("an offset");
    Shelf::new(midstate, base[..at.min(HEAD)].to_vec(), base[at..].to_vec())
}

/// The signatures of a megabyte, again and again (`valgrind --tool=callgrind --toggle-collect='*Office*signs*'`).
pub(crate) fn profile() {
    let office = Office::new();
    let shelf = shelved(&pictured_base(1_000_000));
    for _ in 0..20 {
        office.signs(&mut shelf.clone());
    }
}

/// Every size. `keep`: a folder for the bases and our figures, for those who sign them too.
pub(crate) fn seal(keys: &str, keep: Option<&Path>) {
    let office = Office::new();
    let mut figures = serde_json::Map::new();
    for (size_name, size) in verify::SIZES {
        let base = pictured_base(size);
        let shelf = shelved(&base);
        let (mut two, mut value, mut moved) = (f64::INFINITY, f64::INFINITY, 0);
        best(|| {
            let mut shelf = shelf.clone();
            let took = office.signs(&mut shelf);
            (two, value) = (two.min(took.0), value.min(took.1));
            moved = shelf.moved;
        });
        let case = format!("{size_name}{keys}");
        tell("seal", &format!("two_signatures_{case}"), two, one_pass(&base));
        tell("seal", &format!("signing_{case}"), value, one_pass(&base));
        println!(
            "{}",
            json!({"bench": "seal", "case": format!("moved_{case}"), "value": moved, "unit": "bytes", "baseline": "bytes_of_the_scan",
                "baseline_value": base.len(), "ratio": moved as f64 / base.len() as f64})
        );
        if let Some(folder) = keep {
            std::fs::write(folder.join(format!("base-{case}.pdf")), &base).expect("a base that is kept");
            figures.insert(case, json!({"value": value}));
        }
    }
    if let Some(folder) = keep {
        let figures = serde_json::Value::Object(figures).to_string();
        std::fs::write(folder.join(format!("signing{keys}.json")), figures).expect("figures that are kept");
    }
}
