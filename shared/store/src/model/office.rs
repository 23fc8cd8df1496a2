//! The office of the model: its copies, and the transactions that the real decisions make of what was read.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, Put};
use casework::Workshop as _;
use casework::workshop::Expectation;
use domain::copy::CopyState;
use domain::decide::{Command, Decision, decide};
use domain::ids::{CopyId, EventId};
use domain::model::*;
use domain::ports::Write;
use domain::{paths, register};
use pades::{SEAL_FIELD, Verified};
use testkit::{NOW, people};

use super::conditions::Condition;
use super::{Fault, Stored as Table};
use crate::items::{Item, Kept, decode};
use crate::keys;
use crate::writes::transaction;

/// A key, by its number.
pub(super) type Place = u16;
/// The contents of an item, by their number.
pub(super) type Row = u16;

/// One part of a transaction.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) place: Place,
    /// What is put, and its contents; `None`: the item is deleted.
    pub(super) put: Option<(Put, Row)>,
    pub(super) condition: Option<Condition>,
}

/// A file with number and seal, as the real writer made it and the real verifier judged it.
#[derive(Debug)]
struct Made {
    verified: Verified,
    file: Stored,
}

/// Copies whose seal was asked for, and everything that was ever written about them.
#[derive(Debug)]
pub(super) struct Office {
    unit: Unit,
    pub(super) copies: Vec<CopyId>,
    /// The version of every copy when the model begins.
    pub(super) begun: Version,
    /// By copy, then by maker.
    made: Vec<Vec<Made>>,
    /// By copy.
    prepared: Vec<(PreparedRevision, Vec<u8>)>,
    pub(super) fault: Fault,
    places: Numbered<(String, String)>,
    rows: Numbered<BTreeMap<String, String>>,
    items: Vec<Item>,
    copy_rows: HashMap<Row, Copy>,
    transactions: Vec<Vec<Part>>,
    known: HashMap<(Asked, Row, Option<Row>), u16>,
}

/// Which decision a transaction carries out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Asked {
    Number,
    Prepare(usize),
    Seal(usize, usize),
    Void,
    Renew,
}

/// Things by the order in which they were met.
#[derive(Debug)]
struct Numbered<T> {
    all: Vec<T>,
    index: BTreeMap<T, u16>,
}

impl<T: Clone + Ord> Numbered<T> {
    fn number(&mut self, thing: T) -> u16 {
        let next = u16::try_from(self.all.len()).expect("few things");
        *self.index.entry(thing.clone()).or_insert_with(|| {
            self.all.push(thing);
            next
        })
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), index: BTreeMap::new() }
    }
}

impl Office {
    /// An office with so many copies (1 to 3), and so many makers of files for each.
    pub(super) fn new(copies: usize, makers: usize, fault: Fault) -> (Self, Table) {
        let world = testkit::office();
        let ids: Vec<CopyId> = (1..).take(copies).map(|n| testkit::signed(&world, n)).collect();
        for id in &ids {
            testkit::request_seal(&world, std::slice::from_ref(id)).expect("a signed copy");
        }
        let mut office = Self {
            unit: testkit::unit_of(&world),
            begun: ids.first().map_or(0, |id| testkit::copy_of(&world, id).version),
            copies: ids.clone(),
            made: Vec::new(),
            prepared: Vec::new(),
            fault,
            places: Numbered::default(),
            rows: Numbered::default(),
            items: Vec::new(),
            copy_rows: HashMap::new(),
            transactions: Vec::new(),
            known: HashMap::new(),
        };
        let mut table = Table::default();
        for id in &ids {
            let copy = testkit::copy_of(&world, id);
            let made: Vec<_> = (1..).take(makers).map(|second| made(&world, &copy, second)).collect();
            office.prepared.push(made.first().expect("a maker").1.clone());
            office.made.push(made.into_iter().map(|(made, _)| made).collect());
            let first = office.transaction(&[Write::Copy(copy)]);
            for part in office.parts(first) {
                table.items.insert(part.place, part.put.as_ref().expect("a put").1);
            }
        }
        (office, table)
    }

    /// One transaction: counter, number, copy, history ([`register::allocate`]).
    pub(super) fn number(&mut self, copy: Row, head: Option<Row>) -> u16 {
        self.known(Asked::Number, copy, head, |office| {
            let read = office.copy(copy);
            let head = head.map(|head| office.read::<Counter>(head));
            let made = register::allocate(&read, &office.unit, head.as_ref(), &people::keeper(), NOW);
            let made = made.expect("it waits for a number");
            let mut all = vec![Write::Counter(made.counter), Write::Entry(made.entry)];
            all.extend(writes(made.decision));
            all
        })
    }

    /// What is written once the agency key has signed.
    pub(super) fn prepare(&mut self, copy: Row, by: usize) -> u16 {
        self.known(Asked::Prepare(by), copy, None, |office| {
            let read = office.copy(copy);
            let nth = office.nth(&read.id);
            let (prepared, signature) = office.prepared[nth].clone();
            let command = Command::RecordSealPrepared { prepared, signature };
            let mut all = decided(&read, command);
            all.push(Write::Outbox(work(office.name(nth, by), Topic::FinishSeal, &read.id)));
            all
        })
    }

    /// What is written with the file of a maker; `work` is what the run was called for.
    pub(super) fn seal(&mut self, copy: Row, maker: (usize, usize), done: Option<Row>) -> u16 {
        self.known(Asked::Seal(maker.0, maker.1), copy, done, |office| {
            let read = office.copy(copy);
            let number = read.state.number().expect("a number").clone();
            let made = &office.made[maker.0][maker.1];
            let file = Stored { path: paths::sealed(&office.unit.id, &number), ..made.file.clone() };
            let digest = file.sha256;
            let signer = made.verified.signer_sha256();
            let command = Command::RecordSeal { verified: &made.verified, signer, sealed: file };
            let id = |kind: u8| EventId::new([kind, maker.0 as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            let mut all = vec![
                Write::PublicCopy(PublicCopy {
                    copy: read.id.clone(),
                    unit: office.unit.id.clone(),
                    unit_code: office.unit.code.clone(),
                    number,
                    sealed_at: NOW,
                    digests: vec![digest],
                    annulled_at: None,
                    annulled_by: None,
                    version: 1,
                }),
                Write::Paper(Paper { copy: read.id.clone(), type_id: read.type_id.clone(), title: read.title.clone() }),
                Write::Outbox(work(id(2), Topic::Archive, &read.id)),
                Write::Outbox(work(id(3), Topic::Deliver, &read.id)),
            ];
            all.extend(done.map(|done| Write::OutboxDone(office.read::<Outbox>(done).id)));
            all.extend(decided(&read, command));
            all
        })
    }

    /// Decision 21.
    pub(super) fn void(&mut self, copy: Row) -> u16 {
        let reason = "khóa hỏng".to_owned();
        self.known(Asked::Void, copy, None, |office| decided(&office.copy(copy), Command::Void { reason }))
    }

    /// The number stays, and the key signs again. That the work goes back to it is left out: here every run may begin at any moment.
    pub(super) fn renew(&mut self, copy: Row) -> u16 {
        self.known(Asked::Renew, copy, None, |office| decided(&office.copy(copy), Command::RenewSeal))
    }

    pub(super) fn parts(&self, transaction: u16) -> &[Part] {
        &self.transactions[usize::from(transaction)]
    }

    /// Every transaction that anybody has wanted to commit.
    pub(super) fn all_parts(&self) -> impl Iterator<Item = &Part> {
        self.transactions.iter().flatten()
    }

    pub(super) fn item(&self, row: Row) -> &Item {
        &self.items[usize::from(row)]
    }

    /// The contents, read as the table's adapter reads them.
    pub(super) fn read<T: Kept>(&self, row: Row) -> T {
        decode(self.item(row).clone()).expect("an item of that kind")
    }

    pub(super) fn copy(&mut self, row: Row) -> Copy {
        if !self.copy_rows.contains_key(&row) {
            let copy = self.read::<Copy>(row);
            self.copy_rows.insert(row, copy);
        }
        self.copy_rows[&row].clone()
    }

    pub(super) fn state(&mut self, row: Row) -> &CopyState {
        if !self.copy_rows.contains_key(&row) {
            self.copy(row);
        }
        &self.copy_rows[&row].state
    }

    pub(super) fn copy_place(&mut self, nth: usize) -> Place {
        let key = keys::copy(&self.copies[nth]);
        self.places.number((key.pk, key.sk))
    }

    pub(super) fn head_place(&mut self) -> Place {
        let key = keys::counter(&self.unit.id, &self.unit.first_suffix, register::legal_year(NOW));
        self.places.number((key.pk, key.sk))
    }

    pub(super) fn keys(&self, place: Place) -> &(String, String) {
        &self.places.all[usize::from(place)]
    }

    /// Where the file of a numbered copy belongs.
    pub(super) fn path(&mut self, copy: Row) -> String {
        let unit = self.unit.id.clone();
        paths::sealed(&unit, self.state(copy).number().expect("a number"))
    }

    pub(super) fn digest(&self, (copy, maker): (usize, usize)) -> Sha256 {
        self.made[copy][maker].file.sha256
    }

    pub(super) fn nth(&self, copy: &CopyId) -> usize {
        self.copies.iter().position(|one| one == copy).expect("a copy of ours")
    }

    fn name(&self, copy: usize, by: usize) -> EventId {
        let drawn = if self.fault == Fault::NamesRepeat { [0, 0] } else { [copy as u8, by as u8] };
        EventId::new([1, drawn[0], drawn[1], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    fn known(
        &mut self,
        asked: Asked,
        copy: Row,
        other: Option<Row>,
        decide: impl FnOnce(&mut Self) -> Vec<Write>,
    ) -> u16 {
        if let Some(known) = self.known.get(&(asked, copy, other)) {
            return *known;
        }
        let all = decide(self);
        let made = self.transaction(&all);
        self.known.insert((asked, copy, other), made);
        made
    }

    fn transaction(&mut self, all: &[Write]) -> u16 {
        let parts = transaction("t", all).expect("a transaction");
        let parts = parts.into_iter().map(|part| {
            let condition = Condition::of(&part);
            let put = part.put.map(|put| (self.row(&put.item), put)).map(|(row, put)| (put, row));
            let key = put.as_ref().map_or_else(|| part.delete.expect("a delete").key, |(put, _)| put.item.clone());
            let name = |name: &str| super::conditions::text(key.get(name)).to_owned();
            let place = self.places.number((name(keys::PK), name(keys::SK)));
            Part { place, put, condition }
        });
        let parts = parts.collect();
        self.transactions.push(parts);
        u16::try_from(self.transactions.len() - 1).expect("few transactions")
    }

    fn row(&mut self, item: &Item) -> Row {
        let shown = item.iter().map(|(name, value)| (name.clone(), shown(value))).collect();
        let row = self.rows.number(shown);
        if usize::from(row) == self.items.len() {
            self.items.push(item.clone());
        }
        row
    }
}

/// Attributes of one value look alike; maps within them are in the order of their names.
fn shown(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(map) => {
            let sorted: BTreeMap<_, _> = map.iter().map(|(name, value)| (name, shown(value))).collect();
            format!("{sorted:?}")
        }
        AttributeValue::L(list) => format!("{:?}", list.iter().map(shown).collect::<Vec<_>>()),
        value => format!("{value:?}"),
    }
}

fn decided(copy: &Copy, command: Command<'_>) -> Vec<Write> {
    writes(decide(copy, command, &people::keeper(), NOW).expect("allowed")).into()
}

fn writes(decision: Decision) -> [Write; 2] {
    [Write::Copy(decision.copy), Write::Event(decision.event)]
}

fn work(id: EventId, topic: Topic, copy: &CopyId) -> Outbox {
    Outbox { id, topic, subject: copy.to_string(), at: NOW, due_at: NOW, waits: None, learned: Learned::default() }
}

/// The file that somebody makes of a copy who comes so many seconds later, and what the agency key has signed for it.
fn made(world: &testkit::World, copy: &Copy, second: i64) -> (Made, (PreparedRevision, Vec<u8>)) {
    let world = world.clone();
    world.wait(jiff::SignedDuration::from_secs(second));
    let session = match &copy.state {
        CopyState::SealRequested { session, .. } => session.to_string(),
        state => panic!("{state:?}"),
    };
    let asked = testkit::waiting(&world).into_iter().find(|work| work.subject == session).expect("work");
    testkit::run(testkit::work(&world, &asked)).expect("a number");
    let CopyState::Numbered { prepared: Some(prepared), .. } = testkit::copy_of(&world, &copy.id).state else {
        panic!("the agency key has not signed")
    };
    testkit::run(testkit::work(&world, &testkit::the_work(&world, Topic::FinishSeal))).expect("a seal");
    let file = testkit::copy_of(&world, &copy.id).state.file().expect("a file").clone();
    let bytes = |path: &str| world.object(path).expect("bytes");
    let expected = Expectation {
        field: SEAL_FIELD,
        signer: testkit::trees().ours.agency_p256.leaf().der(),
        base: pades::Beginning::of(&bytes(&copy.state.file().expect("a file").path)),
        at: world.now(),
    };
    let verified = testkit::bench().verify(pades::File::Bytes(&bytes(&file.path)), &expected).expect("a good seal");
    (Made { verified, file }, prepared)
}
