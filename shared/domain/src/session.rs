//! What becomes of a leader's signing session when something happens: a pure reducer (remote-signing.md §3).
//!
//! Asks nobody, sends nothing and verifies no signature: whoever feeds it says what the gateway's answer was found to be. No step of it sends a
//! prompt; the one that there is goes out when the session is committed, so that no happening, in whatever order, can cause a second one.

use jiff::{SignedDuration, Timestamp};

use crate::ids::UserId;
use crate::model::{Prompt, Session, SessionState};
use crate::refusal::Reason;

/// How much later than its end an answer is still taken.
pub const GRACE: SignedDuration = SignedDuration::from_secs(15);
/// After this, a session whose prompt was never confirmed as sent is called unknown.
const SENDING: SignedDuration = SignedDuration::from_secs(30);
/// Codes of gateways for "nobody answered".
const TIMEOUTS: [&str; 5] = ["expired", "timeout", "timed-out", "user-timeout", "expired_transaction"];

/// Something that happens to a session.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// The gateway took the order and calls it so.
    Accepted(&'a str),
    /// A token at the desk is asked by the page, and no gateway.
    AtTheDesk,
    /// The order was sent, and whether it arrived is not known.
    Lost,
    /// The gateway says that no signature will come.
    Refused(&'a str),
    /// Signatures, each over what was prepared, by the enrolled key.
    Answered(&'a [Vec<u8>]),
    /// An answer that is anything else.
    Wrong,
    /// Somebody does not want it any more.
    Cancel,
    /// Time has passed.
    Tick,
}

/// What follows, in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The session after it.
    pub after: Session,
    /// Its copies wait for a signature again.
    pub gives_back: bool,
    /// There is something to finish.
    pub finishes: bool,
    /// The phone shows nothing any more, and its lease still runs.
    pub frees: bool,
    /// A line for the history.
    pub line: Option<&'static str>,
}

/// Whether the time of a session is over, the grace with it.
pub fn is_over(session: &Session, now: Timestamp) -> bool {
    now.duration_since(session.expires_at) > GRACE
}

/// The phone of a session's leader, taken for as long as an answer would count.
pub fn prompt(session: &Session, user: &UserId) -> Prompt {
    let until = session.expires_at.checked_add(GRACE).unwrap_or(session.expires_at);
    Prompt { user: user.clone(), session: session.id.clone(), until }
}

/// What follows from a happening. `None`: nothing, the session stands as it is.
pub fn reduce(session: &Session, happening: Happening<'_>, now: Timestamp) -> Option<Step> {
    use SessionState::*;
    match session.state {
        Sending | Waiting | Unknown => open(session, happening, now),
        Cancelling => leaving(session, happening, now),
        // Nothing of theirs is undone, and what comes is kept.
        Failed | Expired | Cancelled | Superseded => late(session, happening, session.state),
        Checking | Timestamping | Done => None,
    }
}

fn open(session: &Session, happening: Happening<'_>, now: Timestamp) -> Option<Step> {
    use SessionState::*;
    let over = is_over(session, now);
    let unheard = session.handle.is_none() && session.state != Waiting;
    match happening {
        Happening::Accepted(handle) if unheard => {
            let mut step = Step::to(session, Waiting);
            step.after.handle = Some(handle.to_owned());
            Some(step)
        }
        Happening::AtTheDesk if unheard => Some(Step::to(session, Waiting)),
        Happening::Lost if session.state == Sending => Some(Step::to(session, Unknown)),
        Happening::Accepted(_) | Happening::AtTheDesk | Happening::Lost => None,
        Happening::Answered(signatures) if over => {
            Some(Step::to(session, Expired).giving_back("expired").with_evidence(signatures))
        }
        Happening::Answered(signatures) => Some(Step::to(session, Timestamping).finishing(signatures).freeing(over)),
        Happening::Wrong => {
            let step = Step::to(session, Failed).giving_back(Reason::SignatureDoesNotVerify.code());
            Some(step.freeing(over).telling("session.wrong_answer"))
        }
        Happening::Refused(code) => {
            let state = if TIMEOUTS.contains(&code) { Expired } else { Failed };
            Some(Step::to(session, state).giving_back(code).freeing(over))
        }
        Happening::Cancel if session.method == "usb" => {
            Some(Step::to(session, Cancelled).giving_back("cancelled").freeing(over))
        }
        // The prompt stays on the phone: whoever is asked next would see two.
        Happening::Cancel => Some(Step::to(session, Cancelling).giving_back("cancelled")),
        Happening::Tick if over => Some(Step::to(session, Expired).giving_back("expired")),
        Happening::Tick => {
            let lost = session.state == Sending
                && session.handle.is_none()
                && session.method != "usb"
                && now.duration_since(session.created_at) > SENDING;
            lost.then(|| Step::to(session, Unknown))
        }
    }
}

/// Cancelled, with a prompt that may still be on the phone.
fn leaving(session: &Session, happening: Happening<'_>, now: Timestamp) -> Option<Step> {
    use SessionState::*;
    let over = is_over(session, now);
    match happening {
        // Only now it is known whom to ask whether the prompt is gone.
        Happening::Accepted(handle) if session.handle.is_none() => {
            let mut step = Step::to(session, Cancelling);
            step.after.handle = Some(handle.to_owned());
            Some(step)
        }
        Happening::Answered(signatures) => Some(Step::to(session, Cancelled).freeing(over).with_evidence(signatures)),
        Happening::Wrong => Some(Step::to(session, Cancelled).freeing(over).telling("session.wrong_answer")),
        Happening::Refused(_) => Some(Step::to(session, Cancelled).freeing(over)),
        Happening::Tick if over => Some(Step::to(session, Cancelled)),
        Happening::Accepted(_) | Happening::AtTheDesk | Happening::Lost | Happening::Cancel | Happening::Tick => None,
    }
}

/// After the end: a good answer is kept, once, and never applied.
fn late(session: &Session, happening: Happening<'_>, state: SessionState) -> Option<Step> {
    let Happening::Answered(signatures) = happening else { return None };
    let kept = session.items.iter().any(|item| item.signature.is_some());
    (!kept).then(|| Step::to(session, state).with_evidence(signatures))
}

impl Step {
    fn to(session: &Session, state: SessionState) -> Step {
        let after = Session { state, version: session.version + 1, ..session.clone() };
        Step { after, gives_back: false, finishes: false, frees: false, line: None }
    }

    fn giving_back(mut self, problem: &str) -> Step {
        for item in self.after.items.iter_mut().filter(|item| !item.done) {
            item.problem = Some(problem.to_owned());
        }
        Step { gives_back: true, ..self }
    }

    fn finishing(mut self, signatures: &[Vec<u8>]) -> Step {
        self.keep(signatures);
        Step { finishes: true, ..self }
    }

    fn with_evidence(mut self, signatures: &[Vec<u8>]) -> Step {
        self.keep(signatures);
        self.telling("session.late_answer")
    }

    fn keep(&mut self, signatures: &[Vec<u8>]) {
        for (item, signature) in self.after.items.iter_mut().zip(signatures) {
            item.signature = Some(signature.clone());
        }
    }

    /// A lease that is over has ended by itself, and another may hold the phone by now.
    fn freeing(self, over: bool) -> Step {
        Step { frees: !over, ..self }
    }

    fn telling(self, line: &'static str) -> Step {
        Step { line: Some(line), ..self }
    }
}

#[cfg(test)]
mod tests;
