//! Breadth first, so that what goes wrong is shown by the shortest way there.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use domain::copy::CopyState;

use super::conditions::{Condition, allows};
use super::laws::{self, Law};
use super::*;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Different situations.
    pub(super) situations: usize,
    /// Steps between them.
    pub(super) steps: usize,
    /// Different tables.
    pub(super) tables: usize,
    /// Situations in which every copy is sealed or void and no run can do anything more.
    pub(super) ends: usize,
    /// Conditions of every transaction that anybody wanted to commit.
    pub(super) conditions: BTreeSet<Condition>,
    /// The first situation in which each law was broken: the phases on the way there.
    pub(super) broken: BTreeMap<Law, Vec<String>>,
}

/// Follows every order to the end. With `until`, stops when that law is broken.
pub(super) fn search(scope: &Scope, until: Option<Law>) -> Found {
    let mut search = Search::new(scope);
    search.go(until);
    let mut found = search.found;
    found.tables = search.tables.len();
    found.conditions = search.office.all_parts().filter_map(|part| part.condition.clone()).collect();
    found
}

struct Search<'s> {
    scope: &'s Scope,
    office: Office,
    tables: Vec<Stored>,
    numbers: BTreeMap<Stored, u32>,
    /// What a transaction makes of a table.
    committed: HashMap<(u32, u16), (u32, Vec<Law>)>,
    /// The laws that each table breaks.
    verdicts: Vec<BTreeSet<Law>>,
    from: HashMap<Situation, Situation>,
    found: Found,
}

impl<'s> Search<'s> {
    fn new(scope: &'s Scope) -> Self {
        let copy = |job: &Job| match job {
            Job::Seal { copy, .. } | Job::Void { copy } | Job::Renew { copy } => *copy,
        };
        let maker = |job: &Job| if let Job::Seal { maker, .. } = job { *maker } else { 0 };
        let copies = scope.jobs.iter().map(copy).max().map_or(0, |last| last + 1);
        let makers = scope.jobs.iter().map(maker).max().map_or(0, |last| last + 1);
        let (office, table) = Office::new(copies, makers, scope.fault);
        let mut search = Self {
            scope,
            office,
            tables: Vec::new(),
            numbers: BTreeMap::new(),
            committed: HashMap::new(),
            verdicts: Vec::new(),
            from: HashMap::new(),
            found: Found::default(),
        };
        search.table(table);
        search
    }

    fn go(&mut self, until: Option<Law>) {
        let first = Situation { table: 0, replica: None, runs: [Phase::Begins; RUNS] };
        self.from.insert(first, first);
        let mut todo = VecDeque::from([first]);
        while let Some(here) = todo.pop_front() {
            self.found.situations += 1;
            let steps = self.steps(here);
            if steps.is_empty() {
                self.ends(here);
            }
            for (there, own) in steps {
                self.found.steps += 1;
                if let Entry::Vacant(new) = self.from.entry(there) {
                    new.insert(here);
                    todo.push_back(there);
                }
                let laws: Vec<Law> = self.verdicts[there.table as usize].iter().copied().chain(own).collect();
                for law in laws {
                    self.breaks(law, there);
                    if until == Some(law) {
                        return;
                    }
                }
            }
        }
    }

    fn breaks(&mut self, law: Law, mut there: Situation) {
        if self.found.broken.contains_key(&law) {
            return;
        }
        let mut way = Vec::new();
        while self.from[&there] != there {
            way.push(format!("{:?} table {}", &there.runs[..self.scope.jobs.len()], there.table));
            there = self.from[&there];
        }
        way.reverse();
        self.found.broken.insert(law, way);
    }

    fn ends(&mut self, here: Situation) {
        self.found.ends += 1;
        for nth in 0..self.office.copies.len() {
            let row = self.copy(here.table, nth);
            let state = self.office.state(row);
            let over = matches!(state, CopyState::Sealed { .. } | CopyState::Void { .. }) || self.scope.numbers_only;
            assert!(over, "nobody can do anything more, and a copy is {}", state.name());
        }
    }

    fn table(&mut self, table: Stored) -> u32 {
        if let Some(known) = self.numbers.get(&table) {
            return *known;
        }
        let number = u32::try_from(self.tables.len()).expect("few tables");
        self.verdicts.push(laws::broken(&mut self.office, &table));
        self.tables.push(table.clone());
        self.numbers.insert(table, number);
        number
    }

    fn copy(&mut self, table: u32, nth: usize) -> Row {
        let place = self.office.copy_place(nth);
        self.tables[table as usize].items[&place]
    }

    /// Every next situation, and the laws that the step itself breaks.
    fn steps(&mut self, here: Situation) -> Vec<(Situation, Vec<Law>)> {
        let mut all = Vec::new();
        for run in 0..self.scope.jobs.len() {
            let (job, phase) = (self.scope.jobs[run], here.runs[run]);
            let at = |phase: Phase, table: u32| {
                let mut there = here;
                (there.runs[run], there.table) = (phase, table);
                there
            };
            if phase != Phase::Begins {
                // Killed, or without an answer to a call that did not happen.
                all.push((at(Phase::Begins, here.table), Vec::new()));
            }
            if let Some((next, table, laws)) = self.step(here.table, job, phase) {
                all.push((at(next, table), laws));
            }
        }
        if self.scope.fault == Fault::FailOver {
            match here.replica {
                None => all.push((Situation { replica: Some(here.table), ..here }, Vec::new())),
                Some(u32::MAX) => {}
                Some(table) => all.push((self.fails_over(here, table), Vec::new())),
            }
        }
        all.retain(|(there, _)| *there != here);
        all
    }

    /// The items are those of the replica; the files, which stand elsewhere, are all there.
    fn fails_over(&mut self, here: Situation, replica: u32) -> Situation {
        let objects = self.tables[here.table as usize].objects.clone();
        let table = self.table(Stored { items: self.tables[replica as usize].items.clone(), objects });
        Situation { table, replica: Some(u32::MAX), ..here }
    }

    /// What a run does next, when it is answered.
    fn step(&mut self, table: u32, job: Job, phase: Phase) -> Option<(Phase, u32, Vec<Law>)> {
        Some(match phase {
            Phase::Begins => (self.begins(table, job)?, table, Vec::new()),
            Phase::Waits(copy) => {
                let place = self.office.head_place();
                let head = self.tables[table as usize].items.get(&place).copied();
                (Phase::Commits(self.office.number(copy, head)), table, Vec::new())
            }
            Phase::Commits(transaction) => {
                let (after, laws) = self.commits(table, transaction);
                (Phase::Begins, after, laws)
            }
            Phase::Creates(copy) => (Phase::Looks(copy), self.creates(table, job, copy), Vec::new()),
            Phase::Looks(copy) => (self.looks(table, job, copy), table, Vec::new()),
        })
    }

    /// Loads the copy and takes the step that its state asks for.
    fn begins(&mut self, table: u32, job: Job) -> Option<Phase> {
        let nth = match job {
            Job::Seal { copy, .. } | Job::Void { copy } | Job::Renew { copy } => copy,
        };
        let row = self.copy(table, nth);
        let unsigned = matches!(self.office.state(row), CopyState::Numbered { prepared: None, .. });
        let voidable = self.office.state(row).allowed().contains(&"void");
        match (job, self.office.state(row)) {
            (Job::Seal { .. }, CopyState::SealRequested { .. }) => Some(Phase::Waits(row)),
            _ if self.scope.numbers_only => None,
            (Job::Seal { maker, .. }, _) if unsigned => Some(Phase::Commits(self.office.prepare(row, maker))),
            (Job::Seal { .. }, CopyState::Numbered { .. }) => Some(Phase::Creates(row)),
            (Job::Void { .. }, _) if voidable => Some(Phase::Commits(self.office.void(row))),
            // Once: what comes after is the same again, with other versions.
            (Job::Renew { .. }, CopyState::Numbered { prepared: Some(_), .. }) => {
                let first = self.office.copy(row).version == self.office.begun + 2;
                first.then(|| Phase::Commits(self.office.renew(row)))
            }
            _ => None,
        }
    }

    /// All or nothing. What is refused leaves the table as it is.
    fn commits(&mut self, table: u32, transaction: u16) -> (u32, Vec<Law>) {
        if let Some(known) = self.committed.get(&(table, transaction)) {
            return known.clone();
        }
        let before = &self.tables[table as usize];
        let (office, without) = (&self.office, &self.scope.without);
        let parts = office.parts(transaction);
        let allowed = parts.iter().all(|part| {
            let there = before.items.get(&part.place).map(|row| office.item(*row));
            let left_out = part.condition.as_ref().is_some_and(|condition| without.contains(condition));
            left_out || part.put.as_ref().is_none_or(|(put, _)| allows(put, there))
        });
        let (mut after, mut laws) = (before.clone(), Vec::new());
        for part in parts.iter().filter(|_| allowed) {
            let was = match &part.put {
                Some((_, row)) => after.items.insert(part.place, *row).map(|was| (was, *row)),
                None => after.items.remove(&part.place).map(|was| (was, was)),
            };
            laws.extend(was.and_then(|(was, row)| laws::writes_anew(office, was, row)));
        }
        let after = if allowed { self.table(after) } else { table };
        self.committed.insert((table, transaction), (after, laws.clone()));
        (after, laws)
    }

    /// Creates the file under the number, unless one is there.
    fn creates(&mut self, table: u32, job: Job, copy: Row) -> u32 {
        let Job::Seal { copy: nth, maker } = job else { return table };
        let path = self.office.path(copy);
        let mut after = self.tables[table as usize].clone();
        if !after.objects.contains_key(&path) || self.scope.without.contains(&Condition::of_objects()) {
            after.objects.insert(path, (nth, maker));
        }
        self.table(after)
    }

    /// What is there is the file, whoever made it, if it is of this copy: the verifier compares its beginning.
    fn looks(&mut self, table: u32, job: Job, copy: Row) -> Phase {
        let Job::Seal { copy: nth, .. } = job else { return Phase::Begins };
        let path = self.office.path(copy);
        let stored = self.tables[table as usize].clone();
        match stored.objects.get(&path) {
            Some(there) if there.0 == nth => {
                let work = self.work(&stored, nth);
                Phase::Commits(self.office.seal(copy, *there, work))
            }
            _ => Phase::Begins,
        }
    }

    /// The item that calls for the copy's file.
    fn work(&self, stored: &Stored, nth: usize) -> Option<Row> {
        let subject = self.office.copies[nth].to_string();
        stored.items.iter().find_map(|(place, row)| {
            let outbox = self.office.keys(*place).0.starts_with("OUTBOX#");
            let work = outbox.then(|| self.office.read::<domain::model::Outbox>(*row))?;
            (work.topic == domain::model::Topic::FinishSeal && work.subject == subject).then_some(*row)
        })
    }
}
