//! Many files judged together (api.md §2.4, row 60): how far a batch is, and which of the papers that somebody expects are in it.
//!
//! Does not judge and does not know what a file is. A batch grows by one item at a time, in the order of its files: what is done
//! is a number, so that it can neither exceed the whole nor go back.

use jiff::{SignedDuration, Timestamp};

use crate::ids::*;
use crate::model::{Paper, Sha256, Version};

/// Most files of a batch: as many as a caller without a token may ask about in a day (api.md §5.9). One transaction writes each.
pub const MOST_ITEMS: usize = 1_000;
/// Most papers that somebody expects: a dossier asks for a handful, and all stand in the one item that every step writes.
pub const MOST_EXPECTED: usize = 50;
/// For so long nobody else takes a batch that somebody works on. The function ends after 29 s.
pub const HELD: SignedDuration = SignedDuration::from_secs(60);
/// So often a run may die at the same file before that file is given up: it may be what kills.
pub const MOST_CRASHES: u8 = 3;
/// So often something outside may give no answer about the same file; between two tries are at most two minutes.
pub const MOST_FAULTS: u8 = 15;

/// A paper that somebody expects to find: by its title, by its type, or by both.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expected {
    /// Its title, as the register has it but for case and spaces.
    pub title: Option<String>,
    /// Code of its type (`GET /v1/document-types`).
    pub type_id: Option<String>,
}

impl Expected {
    /// Whether a paper is the one.
    pub fn fits(&self, paper: &Paper) -> bool {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        self.title.as_ref().is_none_or(|title| plain(title) == plain(&paper.title))
            && self.type_id.as_ref().is_none_or(|kind| *kind == paper.type_id)
    }
}

/// A valid certified copy that can be one of the expected papers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// Number of the item.
    pub n: u32,
    /// The copy: sent twice, it is still one paper.
    pub copy: CopyId,
    /// Which of the expected papers it can be, from 0.
    pub fits: Vec<u16>,
}

/// Where a batch stands. It ends once, whatever became of its files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BatchState {
    /// Nobody has begun.
    Waiting,
    /// Some files are judged, or one is.
    Running,
    /// All files have their answer.
    Done,
}

impl BatchState {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            BatchState::Waiting => "waiting",
            BatchState::Running => "running",
            BatchState::Done => "done",
        }
    }
}

/// How many files got which answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Valid.
    pub valid: u32,
    /// Not valid.
    pub invalid: u32,
    /// Cannot be told.
    pub indeterminate: u32,
    /// Not judged: there was no file.
    pub unjudged: u32,
}

/// Who works on a batch now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holder {
    /// Chance, so that a run knows itself.
    pub run: [u8; 16],
    /// Until nobody else may.
    pub until: Timestamp,
}

/// A batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    /// Its identifier.
    pub id: BatchId,
    /// Whose it is: nobody else reads it.
    pub owner: UserId,
    /// When it was asked for.
    pub at: Timestamp,
    /// How long it is kept, with the reports of its files.
    pub until: Timestamp,
    /// When the last file got its answer.
    pub ended_at: Option<Timestamp>,
    /// How many files there are.
    pub total: u32,
    /// How many have their answer: those before this number.
    pub done: u32,
    /// Which answers.
    pub tally: Tally,
    /// What is expected.
    pub expected: Vec<Expected>,
    /// What was found of it: no more than can be matched.
    pub candidates: Vec<Candidate>,
    /// Valid certified copies of which the register knows no title: they were sealed before titles were kept.
    pub untitled: u32,
    /// Who works on it.
    pub holder: Option<Holder>,
    /// Runs that began at the present file and did not come back.
    pub crashes: u8,
    /// Runs that were told nothing about the present file.
    pub faults: u8,
    /// Swap token.
    pub version: Version,
}

/// What the files of a batch are. Written once: the batch itself is written with every step and stays small.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BatchPlan {
    /// Of which batch.
    pub batch: BatchId,
    /// Where they are.
    pub source: BatchSource,
    /// How long it is kept.
    pub until: Timestamp,
}

/// Where the files of a batch are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BatchSource {
    /// In an uploaded archive, in the order of its table of contents.
    Archive(UploadId),
    /// One by one.
    List(Vec<Reference>),
}

/// One file of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reference {
    /// An upload of the owner's.
    Upload(UploadId),
    /// A copy of ours.
    Copy(CopyId),
    /// A copy of ours, by the digest of the secret of a link: the secret itself is kept nowhere.
    Link(Sha256),
}

/// The answer about a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// HỢP LỆ.
    Valid,
    /// KHÔNG HỢP LỆ.
    Invalid,
    /// CHƯA ĐỦ THÔNG TIN.
    Indeterminate,
}

impl Answer {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Answer::Valid => "valid",
            Answer::Invalid => "invalid",
            Answer::Indeterminate => "indeterminate",
        }
    }
}

/// One file of a batch with its answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BatchItem {
    /// Of which batch.
    pub batch: BatchId,
    /// Its place, from 0.
    pub n: u32,
    /// What it is called.
    pub name: String,
    /// The answer; `None` when there was no file to judge.
    pub answer: Option<Answer>,
    /// What the file is, as the report says it.
    pub kind: Option<String>,
    /// Its digest.
    pub sha256: Option<Sha256>,
    /// Why it could not be judged, as a code of the catalogue or of the reasons.
    pub problem: Option<String>,
    /// The report about it.
    pub verification: Option<VerificationId>,
    /// The copy of ours that it is, to the byte or by its number.
    pub copy: Option<CopyId>,
    /// The number that it carries.
    pub number_text: Option<String>,
    /// What the register calls it; only of a valid certified copy.
    pub paper: Option<Paper>,
    /// When it got its answer.
    pub at: Timestamp,
    /// How long it is kept.
    pub until: Timestamp,
}

impl Batch {
    /// Where it stands.
    pub fn state(&self) -> BatchState {
        match () {
            () if self.done >= self.total => BatchState::Done,
            () if self.done > 0 || self.holder.is_some() => BatchState::Running,
            () => BatchState::Waiting,
        }
    }

    /// Whether somebody else than `run` works on it.
    pub fn is_held(&self, run: &[u8; 16], now: Timestamp) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.run != *run && holder.until > now)
    }

    /// Why the present file is given up, as a code of the API, when it is.
    pub fn given_up(&self) -> Option<&'static str> {
        match () {
            () if self.crashes > MOST_CRASHES => Some("pdf-too-complex"),
            () if self.faults >= MOST_FAULTS => Some("service-unavailable"),
            () => None,
        }
    }

    /// Taken by a run. Whoever held it and never gave it back has died: that counts against the present file.
    #[must_use]
    pub fn taken(&self, run: [u8; 16], now: Timestamp) -> Self {
        let until = now.saturating_add(HELD).unwrap_or(Timestamp::MAX);
        let dead = self.holder.as_ref().is_some_and(|holder| holder.run != run);
        let crashes = self.crashes.saturating_add(u8::from(dead));
        Self { holder: Some(Holder { run, until }), crashes, version: self.version + 1, ..self.clone() }
    }

    /// Given back; `fault` when something outside gave no answer.
    #[must_use]
    pub fn given_back(&self, fault: bool) -> Self {
        let faults = self.faults.saturating_add(u8::from(fault));
        Self { holder: None, faults, version: self.version + 1, ..self.clone() }
    }

    /// With the answer about the present file. The last one ends the batch.
    #[must_use]
    pub fn with(&self, item: &BatchItem) -> Self {
        let mut after = Self { done: self.done + 1, crashes: 0, faults: 0, version: self.version + 1, ..self.clone() };
        let count = match item.answer {
            Some(Answer::Valid) => &mut after.tally.valid,
            Some(Answer::Invalid) => &mut after.tally.invalid,
            Some(Answer::Indeterminate) => &mut after.tally.indeterminate,
            None => &mut after.tally.unjudged,
        };
        *count += 1;
        if item.answer == Some(Answer::Valid) && item.kind.as_deref() == Some("certified_copy") {
            after.consider(item);
        }
        if after.done >= after.total {
            after.ended_at = Some(item.at);
            after.holder = None;
        }
        after
    }

    /// Keeps a copy that can be matched beside those that were kept. One that cannot is never needed: sets of copies that can all
    /// be matched are the independent sets of a transversal matroid, of which the greedy choice finds a largest one.
    fn consider(&mut self, item: &BatchItem) {
        let (Some(copy), Some(paper)) = (&item.copy, &item.paper) else {
            self.untitled += 1;
            return;
        };
        let fits: Vec<u16> =
            (0..).zip(&self.expected).filter(|(_, expected)| expected.fits(paper)).map(|(at, _)| at).collect();
        if fits.is_empty() || self.candidates.iter().any(|known| known.copy == *copy) {
            return;
        }
        self.candidates.push(Candidate { n: item.n, copy: copy.clone(), fits });
        let matched = self.coverage().into_iter().flatten().count();
        if matched < self.candidates.len() {
            self.candidates.pop();
        }
    }

    /// For each expected paper the item that is it; each item is one paper at most.
    pub fn coverage(&self) -> Vec<Option<u32>> {
        let mut taken: Vec<Option<usize>> = vec![None; self.expected.len()];
        for at in 0..self.candidates.len() {
            self.place(at, &mut taken, &mut vec![false; self.expected.len()]);
        }
        taken.into_iter().map(|by| by.and_then(|at| self.candidates.get(at)).map(|one| one.n)).collect()
    }

    /// One augmenting path (Kuhn): a place for a candidate, where need be by moving others. At most as deep as papers are expected.
    fn place(&self, candidate: usize, taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
        let fits = self.candidates.get(candidate).map(|one| one.fits.as_slice()).unwrap_or_default();
        for paper in fits.iter().map(|paper| usize::from(*paper)) {
            if seen.get(paper).is_none_or(|seen| *seen) {
                continue;
            }
            seen[paper] = true;
            if taken[paper].is_none_or(|other| self.place(other, taken, seen)) {
                taken[paper] = Some(candidate);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(expected: &[(Option<&str>, Option<&str>)], total: u32) -> Batch {
        let expected = expected
            .iter()
            .map(|(title, kind)| Expected { title: title.map(str::to_owned), type_id: kind.map(str::to_owned) });
        Batch {
            id: BatchId::new([1; 16]),
            owner: UserId::new([2; 16]),
            at: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
            ended_at: None,
            total,
            done: 0,
            tally: Tally::default(),
            expected: expected.collect(),
            candidates: vec![],
            untitled: 0,
            holder: None,
            crashes: 0,
            faults: 0,
            version: 1,
        }
    }

    fn item(n: u32, answer: Option<Answer>, copy: u8, title: &str, kind: &str) -> BatchItem {
        BatchItem {
            batch: BatchId::new([1; 16]),
            n,
            name: format!("{n}.pdf"),
            answer,
            kind: Some("certified_copy".into()),
            sha256: None,
            problem: None,
            verification: None,
            copy: Some(CopyId::new([copy; 16])),
            number_text: None,
            paper: Some(Paper { copy: CopyId::new([copy; 16]), type_id: kind.into(), title: title.into() }),
            at: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
        }
    }

    fn after(batch: Batch, papers: &[(u8, &str, &str)]) -> Batch {
        (0..).zip(papers).fold(batch, |batch, (n, (copy, title, kind))| {
            batch.with(&item(n, Some(Answer::Valid), *copy, title, kind))
        })
    }

    #[test]
    fn titles_are_compared_without_case_and_spaces() {
        let paper =
            Paper {
                copy: CopyId::new([1; 16]), type_id: "diploma".into(), title: "Bằng tốt nghiệp  ĐẠI HỌC".into()
            };
        let expected = |title: Option<&str>, kind: Option<&str>| {
            Expected { title: title.map(str::to_owned), type_id: kind.map(str::to_owned) }.fits(&paper)
        };
        assert!(expected(Some(" bằng tốt nghiệp đại học "), None) && expected(None, Some("diploma")));
        assert!(!expected(Some("Bằng tốt nghiệp"), None) && !expected(None, Some("Diploma")));
        assert!(!expected(Some("bằng tốt nghiệp đại học"), Some("other")));
    }

    /// The general wish must not take the copy that the narrow one needs, in whatever order they come.
    #[test]
    fn a_copy_is_one_paper_and_the_most_papers_are_found() {
        let expected = [(None, Some("diploma")), (Some("Bằng A"), Some("diploma"))];
        for papers in
            [[(1, "Bằng A", "diploma"), (2, "Bằng B", "diploma")], [(2, "Bằng B", "diploma"), (1, "Bằng A", "diploma")]]
        {
            let found = after(batch(&expected, 2), &papers).coverage();
            let narrow = papers.iter().position(|(copy, _, _)| *copy == 1);
            assert!(found.iter().all(Option::is_some), "{found:?}");
            assert_eq!(found[1].and_then(|n| usize::try_from(n).ok()), narrow);
        }
        let once = after(batch(&expected, 1), &[(1, "Bằng A", "diploma")]);
        assert_eq!(once.coverage().into_iter().flatten().count(), 1);
    }

    /// The same copy twice, a copy that nobody expects, and one that is not valid are no further paper.
    #[test]
    fn only_other_valid_copies_are_other_papers() {
        let two = [(None, Some("diploma")), (None, Some("diploma"))];
        let twice = after(batch(&two, 3), &[(1, "A", "diploma"), (1, "A", "diploma"), (3, "B", "other")]);
        assert_eq!((twice.coverage(), twice.candidates.len()), (vec![Some(0), None], 1));
        for answer in [Some(Answer::Invalid), Some(Answer::Indeterminate), None] {
            let bad = batch(&two, 1).with(&item(0, answer, 1, "A", "diploma"));
            assert_eq!(bad.coverage(), [None, None]);
        }
        let signed = BatchItem { kind: Some("signed_pdf".into()), ..item(0, Some(Answer::Valid), 1, "A", "diploma") };
        assert_eq!(batch(&two, 1).with(&signed).coverage(), [None, None]);
        let untitled = BatchItem { paper: None, ..item(0, Some(Answer::Valid), 1, "A", "diploma") };
        assert_eq!(batch(&two, 1).with(&untitled).untitled, 1);
    }

    #[test]
    fn more_copies_than_papers_are_not_kept() {
        let papers: Vec<(u8, &str, &str)> = (0..20).map(|copy| (copy, "A", "diploma")).collect();
        assert_eq!(after(batch(&[(None, Some("diploma"))], 20), &papers).candidates.len(), 1);
    }

    #[test]
    fn a_batch_ends_with_its_last_file() {
        let new = batch(&[], 2);
        assert_eq!(new.state(), BatchState::Waiting);
        let taken = new.taken([9; 16], Timestamp::UNIX_EPOCH);
        assert_eq!((taken.state(), taken.version, taken.crashes), (BatchState::Running, 2, 0));
        let half = taken.with(&item(0, Some(Answer::Valid), 1, "A", "b"));
        assert_eq!((half.state(), half.ended_at, half.holder.is_some()), (BatchState::Running, None, true));
        let whole = half.with(&item(1, None, 1, "A", "b"));
        assert_eq!((whole.state(), whole.ended_at.is_some(), whole.holder), (BatchState::Done, true, None));
        assert_eq!((whole.tally.valid, whole.tally.unjudged), (1, 1));
    }

    /// Who never gives a batch back has died over its present file; who does has not.
    #[test]
    fn what_kills_is_given_up() {
        let now = Timestamp::UNIX_EPOCH;
        let mut batch = batch(&[], 2);
        for run in 0..=MOST_CRASHES {
            assert_eq!(batch.given_up(), None);
            batch = batch.taken([run; 16], now);
        }
        assert_eq!(batch.given_up(), None);
        assert_eq!(
            batch.taken([MOST_CRASHES; 16], now).crashes,
            batch.crashes,
            "it met itself after an answer that was lost"
        );
        assert!(batch.is_held(&[99; 16], now) && !batch.is_held(&[MOST_CRASHES; 16], now));
        assert!(!batch.is_held(&[99; 16], now + HELD));
        let given_back = batch.given_back(false);
        assert_eq!(given_back.taken([9; 16], now).crashes, batch.crashes);
        assert_eq!(batch.taken([9; 16], now).given_up(), Some("pdf-too-complex"));
        assert_eq!(batch.with(&item(0, None, 1, "A", "b")).crashes, 0);
        let silent = (0..MOST_FAULTS).fold(batch, |batch, _| batch.given_back(true));
        assert_eq!(silent.given_up(), Some("service-unavailable"));
    }
}
