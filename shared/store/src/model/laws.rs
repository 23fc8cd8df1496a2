//! What must hold in every situation.

use std::collections::{BTreeMap, BTreeSet};

use domain::copy::CopyState;
use domain::model::*;

use super::conditions::kind;
use super::{Office, Place, Row, Stored as Table};
use crate::items::Lookup;

/// A law of the register.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Law {
    /// I1, I3: the numbers are 1 to the head of the series.
    Consecutive,
    /// I1, I2: a number belongs to one copy, a copy has one number, and both say so.
    OneCopy,
    /// I5, I6: what stands under a number is the file of its copy, and the one that is recorded; under a void number stands nothing.
    OneFile,
    /// I8: one line of history for each change.
    History,
    /// What anybody may read is what is recorded, and the number leads there.
    Public,
    /// I11: work is there until it is done.
    Work,
    /// What is written once is not written anew: items of this kind.
    Kept(&'static str),
}

/// What is written once. A copy and the head of a series change, and work goes away.
const ONCE: &[&str] = &["REG/NO", "HISTORY/EVENT", "PAPER", "PUBNO", "DIGEST", "COPY", "OUTBOX"];

/// The law that is broken where other contents take the place of what is written once.
pub(super) fn writes_anew(office: &Office, before: Row, after: Row) -> Option<Law> {
    let kind = kind_of(office, before);
    ONCE.iter().find(|once| before != after && **once == kind).map(|once| Law::Kept(once))
}

fn kind_of(office: &Office, row: Row) -> String {
    kind(office.item(row))
}

/// Every law that a table breaks.
pub(super) fn broken(office: &mut Office, table: &Table) -> BTreeSet<Law> {
    let page = Page::read(office, table);
    let laws: [(Law, bool); 6] = [
        (Law::Consecutive, page.consecutive()),
        (Law::OneCopy, page.one_copy()),
        (Law::OneFile, page.one_file(office, table)),
        (Law::History, page.history(office.begun)),
        (Law::Public, page.public()),
        (Law::Work, page.work()),
    ];
    laws.into_iter().filter(|(_, holds)| !holds).map(|(law, _)| law).collect()
}

/// A table by what is in it.
#[derive(Default)]
struct Page {
    last: u32,
    entries: Vec<Entry>,
    copies: Vec<Copy>,
    /// Versions with a line, by copy.
    events: BTreeMap<String, Vec<Version>>,
    public: Vec<PublicCopy>,
    by_number: BTreeMap<String, Lookup>,
    outbox: Vec<Outbox>,
}

impl Page {
    fn read(office: &mut Office, table: &Table) -> Self {
        let mut page = Self::default();
        for (place, row) in &table.items {
            page.add(office, *place, *row);
        }
        page
    }

    fn add(&mut self, office: &mut Office, place: Place, row: Row) {
        match kind_of(office, row).as_str() {
            "REG/NEXT" => self.last = office.read::<Counter>(row).last,
            "REG/NO" => self.entries.push(office.read(row)),
            "DOC/HEAD" => self.copies.push(office.copy(row)),
            "HISTORY/EVENT" => {
                let event = office.read::<Event>(row);
                self.events.entry(event.subject).or_default().push(event.seq);
            }
            "COPY" => self.public.push(office.read(row)),
            "PUBNO" => drop(self.by_number.insert(office.keys(place).0.clone(), office.read(row))),
            "OUTBOX" => self.outbox.push(office.read(row)),
            "DIGEST" | "PAPER" => {}
            other => panic!("no law knows {other}"),
        }
    }

    fn consecutive(&self) -> bool {
        let numbers: Vec<u32> = self.entries.iter().map(|entry| entry.number.number).collect();
        numbers == (1..=self.last).collect::<Vec<_>>()
    }

    fn one_copy(&self) -> bool {
        let holders: BTreeSet<_> = self.entries.iter().map(|entry| &entry.copy).collect();
        let says = |entry: &Entry| {
            let copy = self.copies.iter().find(|copy| copy.id == entry.copy);
            copy.and_then(|copy| copy.state.number()) == Some(&entry.number)
        };
        let stands = |copy: &&Copy| copy.state.number().is_some();
        holders.len() == self.entries.len()
            && self.entries.iter().all(says)
            && self.copies.iter().filter(stands).all(|copy| holders.contains(&copy.id))
    }

    fn one_file(&self, office: &mut Office, table: &Table) -> bool {
        let mut free = table.objects.clone();
        let recorded = self.copies.iter().filter(|copy| copy.state.number().is_some()).all(|copy| {
            let number = copy.state.number().expect("a number");
            let there = free.remove(&domain::paths::sealed(&copy.unit, number));
            let own = there.is_none_or(|(of, _)| of == office.nth(&copy.id));
            own && match &copy.state {
                CopyState::Void { .. } => there.is_none(),
                CopyState::Sealed { sealed, .. } => there.is_some_and(|there| office.digest(there) == sealed.sha256),
                _ => true,
            }
        });
        recorded && free.is_empty()
    }

    /// The lines before the model begins are not in it.
    fn history(&self, begun: Version) -> bool {
        self.copies.iter().all(|copy| {
            let lines = self.events.get(copy.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let wanted: Vec<Version> = (begun + 1..=copy.version).collect();
            lines == wanted
        })
    }

    fn public(&self) -> bool {
        let facts = |copy: &Copy| self.public.iter().find(|facts| facts.copy == copy.id);
        self.copies.iter().all(|copy| match (&copy.state, facts(copy)) {
            (CopyState::Sealed { number, sealed, .. }, Some(facts)) => {
                facts.number == *number && facts.digests == [sealed.sha256] && self.leads(facts)
            }
            (CopyState::Sealed { .. }, None) => false,
            (_, facts) => facts.is_none(),
        })
    }

    fn leads(&self, facts: &PublicCopy) -> bool {
        let Number { number, year, suffix, .. } = &facts.number;
        let key = crate::keys::public_number(&facts.unit_code, suffix, *year, *number).pk;
        self.by_number.get(&key).is_some_and(|lookup| lookup.copy == facts.copy)
    }

    fn work(&self) -> bool {
        let waits =
            |topic, copy: &Copy| self.outbox.iter().any(|work| work.topic == topic && work.subject == copy.id.as_str());
        self.copies.iter().all(|copy| match &copy.state {
            CopyState::Numbered { prepared: Some(_), .. } => waits(Topic::FinishSeal, copy),
            CopyState::Sealed { .. } => waits(Topic::Archive, copy) && waits(Topic::Deliver, copy),
            _ => true,
        })
    }
}
