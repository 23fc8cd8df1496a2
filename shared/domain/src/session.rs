//! What becomes of a leader's signing session when something happens: a pure reducer (remote-signing.md §3).
//!
//! Asks nobody, sends nothing and verifies no signature: whoever feeds it says what the gateway's answer was found to be. No step of it sends a
//! prompt; the one that there is goes out when the session is committed, so that no happening, in whatever order, can cause a second one.

use jiff::{SignedDuration, Timestamp};

use crate::model::{LateAnswer, Prompt, Session, SessionState};
use crate::refusal::Reason;

/// How much later than its end an answer is still taken.
pub const GRACE: SignedDuration = SignedDuration::from_secs(15);
/// How far the clocks of two machines of ours may stand apart: functions follow the provider's time service to milliseconds, and an office's
/// server by NTP to a second or two. A phone is held for so much longer than an answer counts, so that no machine asks it while another still takes
/// the answer.
pub const SKEW: SignedDuration = SignedDuration::from_secs(2);
/// How long after its end a session is still asked about, to keep what comes as evidence (R44).
pub const EVIDENCE: SignedDuration = SignedDuration::from_hours(24);
/// The shortest and the longest time between two such questions. They come at twice the age each, so that there are fifteen in a day: gateways
/// forget in minutes, and those that do not are not pressed.
const ASKED_AGAIN: (SignedDuration, SignedDuration) = (SignedDuration::from_mins(1), SignedDuration::from_hours(3));
/// After this, a session whose prompt was never confirmed as sent is called unknown.
const SENDING: SignedDuration = SignedDuration::from_secs(30);
/// Codes of gateways for "nobody answered".
const TIMEOUTS: [&str; 5] = ["expired", "timeout", "timed-out", "user-timeout", "expired_transaction"];

/// Codes of gateways for a person who says no.
const REFUSALS: [&str; 2] = ["user-rejected", "user_cancel"];

/// Something that happens to a session.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// The gateway took the order and calls it so.
    Accepted(&'a str),
    /// The order was sent, and whether it arrived is not known.
    Lost,
    /// The gateway says that no signature will come.
    Refused(&'a str),
    /// Signatures, each over what was prepared, by the enrolled key.
    Answered(&'a [Vec<u8>]),
    /// The person has consented, and nothing was fetched: of a session that is over, nobody fetches anything.
    Consented,
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
    /// It ended without the gateway's last word, which is asked for later ([`asks_until`]).
    pub asks_later: bool,
    /// The prompt was shown, and the person has refused it or not answered, as the gateway says ([`crate::pause`]).
    pub unwanted: bool,
    /// A line for the history.
    pub line: Option<&'static str>,
}

/// Whether the time of a session is over, the grace with it.
pub fn is_over(session: &Session, now: Timestamp) -> bool {
    now.duration_since(session.expires_at) > GRACE
}

/// The phone of a session's leader, taken for as long as an answer would count on any machine. `None`: no phone is asked.
pub fn prompt(session: &Session) -> Option<Prompt> {
    let until = session.expires_at.checked_add(GRACE + SKEW).unwrap_or(session.expires_at);
    session.is_on_a_phone().then(|| Prompt { user: session.user.clone(), session: session.id.clone(), until })
}

/// Whether signatures may be fetched. Of anything else the gateway is asked only what it knows: to fetch would be to make the late signature that
/// must not be.
pub fn fetches(session: &Session, now: Timestamp) -> bool {
    use SessionState::*;
    matches!(session.state, Sending | Waiting | Unknown) && !is_over(session, now)
}

/// Until when the gateway is asked what became of a session that is over. `None`: it has said so, or there is nothing to ask about. One that has
/// failed has failed by the gateway's own word.
pub fn asks_until(session: &Session, now: Timestamp) -> Option<Timestamp> {
    use SessionState::*;
    let over = matches!(session.state, Expired | Cancelled | Superseded);
    let silent = session.late.is_none() && session.items.iter().all(|item| item.signature.is_none());
    let until = session.expires_at.checked_add(EVIDENCE).unwrap_or(session.expires_at);
    let asks = over && silent && session.is_on_a_phone() && session.handle.is_some();
    (asks && now < until).then_some(until)
}

/// When it is asked next, as long as [`asks_until`] says that it is.
pub fn asks_next(session: &Session, now: Timestamp) -> Option<Timestamp> {
    let (shortest, longest) = ASKED_AGAIN;
    let until = asks_until(session, now)?;
    let age = now.duration_since(session.expires_at).clamp(shortest, longest);
    Some(now.checked_add(age).unwrap_or(until).min(until))
}

/// What follows from a happening. `None`: nothing, the session stands as it is.
pub fn reduce(session: &Session, happening: Happening<'_>, now: Timestamp) -> Option<Step> {
    use SessionState::*;
    match session.state {
        Sending | Waiting | Unknown => open(session, happening, now),
        Cancelling => leaving(session, happening, now),
        // Nothing of theirs is undone, and what comes is kept.
        Expired | Cancelled | Superseded => late(session, happening, session.state),
        // The gateway has said its word in time, and says it again.
        Failed | Checking | Timestamping | Done => None,
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
        Happening::Consented if over => {
            Some(Step::to(session, Expired).giving_back("expired").with_late(LateAnswer::Consented))
        }
        Happening::Lost if session.state == Sending => Some(Step::to(session, Unknown)),
        Happening::Accepted(_) | Happening::Lost | Happening::Consented => None,
        Happening::Answered(signatures) if over => {
            Some(Step::to(session, Expired).giving_back("expired").with_evidence(signatures))
        }
        Happening::Answered(signatures) => Some(Step::to(session, Timestamping).finishing(signatures).freeing(over)),
        Happening::Wrong => {
            let step = Step::to(session, Failed).giving_back(Reason::SignatureDoesNotVerify.code());
            Some(step.freeing(over).telling("session.wrong_answer"))
        }
        Happening::Refused(code) => {
            let timeout = TIMEOUTS.contains(&code);
            let mut step = Step::to(session, if timeout { Expired } else { Failed }).giving_back(code);
            // Its last word is known, and is not asked for any more.
            step.after.late = timeout.then(|| LateAnswer::Refused(code.to_owned()));
            Some(step.freeing(over).unwanted(is_unwanted(code)))
        }
        Happening::Cancel if session.method == "usb" => {
            Some(Step::to(session, Cancelled).giving_back("cancelled").freeing(over))
        }
        // The prompt stays on the phone: whoever is asked next would see two.
        Happening::Cancel => Some(Step::to(session, Cancelling).giving_back("cancelled")),
        Happening::Tick if over => Some(Step::to(session, Expired).giving_back("expired").asking_later()),
        Happening::Tick => {
            let lost = session.state == Sending
                && session.handle.is_none()
                && now.duration_since(session.created_at) > SENDING;
            lost.then(|| Step::to(session, Unknown))
        }
    }
}

fn is_unwanted(code: &str) -> bool {
    REFUSALS.contains(&code) || TIMEOUTS.contains(&code)
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
        Happening::Consented => Some(Step::to(session, Cancelled).freeing(over).with_late(LateAnswer::Consented)),
        Happening::Wrong => Some(Step::to(session, Cancelled).freeing(over).with_late(LateAnswer::Wrong)),
        Happening::Refused(code) => {
            let step = Step::to(session, Cancelled).freeing(over).with_late(LateAnswer::Refused(code.to_owned()));
            Some(step.unwanted(is_unwanted(code)))
        }
        Happening::Tick if over => Some(Step::to(session, Cancelled).asking_later()),
        Happening::Accepted(_) | Happening::Lost | Happening::Cancel | Happening::Tick => None,
    }
}

/// After the end: what the gateway says is kept, once, and never applied.
fn late(session: &Session, happening: Happening<'_>, state: SessionState) -> Option<Step> {
    // Sessions that were stored before answers had a name have signatures alone.
    if session.late.is_some() || session.items.iter().any(|item| item.signature.is_some()) {
        return None;
    }
    let step = Step::to(session, state);
    match happening {
        Happening::Answered(signatures) => Some(step.with_evidence(signatures)),
        Happening::Consented => Some(step.with_late(LateAnswer::Consented)),
        Happening::Wrong => Some(step.with_late(LateAnswer::Wrong)),
        // Only now it is known that the person was asked, and did not want: a gateway that was away is nobody who says no.
        Happening::Refused(code) => {
            Some(step.with_late(LateAnswer::Refused(code.to_owned())).unwanted(is_unwanted(code)))
        }
        _ => None,
    }
}

impl Step {
    fn to(session: &Session, state: SessionState) -> Step {
        let after = Session { state, version: session.version + 1, ..session.clone() };
        Step { after, gives_back: false, finishes: false, frees: false, asks_later: false, unwanted: false, line: None }
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
        self.with_late(LateAnswer::Signed)
    }

    fn with_late(mut self, late: LateAnswer) -> Step {
        let line = match &late {
            LateAnswer::Consented | LateAnswer::Signed => Some("session.late_answer"),
            LateAnswer::Wrong => Some("session.wrong_answer"),
            // That nothing will come is what is wanted of a session that is over.
            LateAnswer::Refused(_) => None,
        };
        self.after.late = Some(late);
        Step { line, ..self }
    }

    /// Only who was asked can still answer.
    fn asking_later(self) -> Step {
        Step { asks_later: self.after.handle.is_some() && self.after.is_on_a_phone(), ..self }
    }

    fn keep(&mut self, signatures: &[Vec<u8>]) {
        for (item, signature) in self.after.items.iter_mut().zip(signatures) {
            item.signature = Some(signature.clone());
        }
    }

    /// Only a prompt that the gateway has taken was shown.
    fn unwanted(self, is: bool) -> Step {
        Step { unwanted: is && self.after.handle.is_some() && self.after.is_on_a_phone(), ..self }
    }

    /// A lease that is over has ended by itself, and another may hold the phone by now; a token at the desk holds none.
    fn freeing(self, over: bool) -> Step {
        Step { frees: !over && self.after.is_on_a_phone(), ..self }
    }

    fn telling(self, line: &'static str) -> Step {
        Step { line: Some(line), ..self }
    }
}

#[cfg(test)]
mod tests;
