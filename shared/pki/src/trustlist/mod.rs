//! Trust lists: whose certificates a state recognises, and since and until when (domain.md §4, R62, R67).
//!
//! What this module does NOT do: it fetches nothing, reads no clock and decides no signature. A list is data: providers with
//! services (roots, issuing CAs, time-stamping authorities, OCSP responders), each with a history of its status, so that
//! what was issued under a licence stays lawful after the licence has ended. The file is CMS SignedData (RFC 5652) around
//! JSON, made by the operator; [`open`] reads one, [`accept`] says whether it may take the place of the last one.
//! ETSI TS 119 612 lists are imported into this form by the program, offline.

mod signed;
mod wire;

use std::cmp::Reverse;

use crate::path::Purpose;
use crate::{Certificate, Error, name};

pub use signed::{Accepted, Rejected, Rules, accept, assemble, open, pin, to_be_signed};
pub use wire::{read, write};

/// A tree of trust.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Tree {
    /// The government's own (chữ ký số chuyên dùng chính phủ).
    Government,
    /// The National Root and the CAs that it licenses (chữ ký số công cộng).
    National,
    /// A foreign list; its services are trusted themselves, because their roots are not ours to know.
    Foreign,
}

/// What a service does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// A root: where paths end. Alone it makes nobody lawful; the issuing CA below it has to be listed too.
    Root,
    /// Issues certificates for signers and agencies.
    SigningCa,
    /// Issues time-stamps, or certificates for those who do.
    Tsa,
    /// Answers about revocation.
    Ocsp,
}

/// What the supervisor says of a service.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Status {
    /// Licensed, or run by the state itself.
    Granted,
    /// The licence ended or was taken away.
    Withdrawn,
}

/// A status and since when; it holds until the next one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Period {
    /// The status.
    pub status: Status,
    /// Since when, Unix seconds.
    pub from: i64,
}

/// One service of a provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Service {
    /// What it does.
    pub kind: Kind,
    /// Its name, for people.
    pub name: String,
    /// Its certificate. Another one with the same subject and key is the same service.
    pub certificate: Certificate,
    /// Its history, oldest first, never empty.
    pub history: Vec<Period>,
}

impl Service {
    /// The status at an instant (Unix seconds); `None` before the first.
    #[must_use]
    pub fn status_at(&self, at: i64) -> Option<Period> {
        self.history.iter().rev().find(|period| period.from <= at).copied()
    }

    fn is(&self, certificate: &Certificate) -> bool {
        self.certificate == *certificate
            || (name::same(self.certificate.subject_der(), certificate.subject_der())
                && self.certificate.spki_der() == certificate.spki_der())
    }
}

/// Who runs services.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provider {
    /// Its name, for people.
    pub name: String,
    /// Its tree.
    pub tree: Tree,
    /// Its services, never empty.
    pub services: Vec<Service>,
}

/// A whole list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustList {
    /// Grows with every list.
    pub sequence: u64,
    /// When it was made, Unix seconds.
    pub issued_at: i64,
    /// When the next one is due, Unix seconds.
    pub next_update: i64,
    /// Who answers for it.
    pub operator: String,
    /// Whether it is for tests only: a production stack refuses it.
    pub test: bool,
    /// The providers.
    pub providers: Vec<Provider>,
}

/// What the list says of whoever issued a certificate, at an instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing<'a> {
    /// Licensed then.
    Granted(&'a Service),
    /// The licence had ended.
    Withdrawn {
        /// Which service of the path.
        service: &'a Service,
        /// Since when, Unix seconds.
        since: i64,
    },
    /// The licence had not begun.
    NotYet(&'a Service),
    /// Nobody on the path is listed for this.
    NotListed,
}

impl TrustList {
    /// Every service with its provider.
    pub fn services(&self) -> impl Iterator<Item = (&Provider, &Service)> {
        self.providers.iter().flat_map(|provider| provider.services.iter().map(move |service| (provider, service)))
    }

    /// Where paths may end at any time. Whether a licence was in force is [`TrustList::standing`]'s matter: a signature made
    /// before a withdrawal must still find its anchor.
    #[must_use]
    pub fn anchors(&self) -> Vec<Certificate> {
        self.anchoring(|_| true)
    }

    /// Where paths of something made at `at` (Unix seconds) may end.
    #[must_use]
    pub fn anchors_at(&self, at: i64) -> Vec<Certificate> {
        self.anchoring(|service| {
            let listed = self.listed(&service.certificate, service.kind, at);
            listed.is_some_and(|listed| matches!(standing(listed, at), Standing::Granted(_)))
        })
    }

    fn anchoring(&self, wanted: impl Fn(&Service) -> bool) -> Vec<Certificate> {
        let ends = |provider: &Provider, service: &Service| match provider.tree {
            Tree::Government | Tree::National => service.kind == Kind::Root,
            Tree::Foreign => service.kind != Kind::Ocsp,
        };
        let chosen = self.services().filter(|(provider, service)| ends(provider, service) && wanted(service));
        chosen.map(|(_, service)| service.certificate.clone()).collect()
    }

    /// The issuing CAs, to complete paths: real files often embed the signer's certificate alone (domain.md §4.1).
    #[must_use]
    pub fn issuers(&self) -> Vec<Certificate> {
        let issuing = self.services().filter(|(_, service)| matches!(service.kind, Kind::SigningCa | Kind::Tsa));
        issuing.map(|(_, service)| service.certificate.clone()).collect()
    }

    /// Whether whoever issued `chain` (leaf first, anchor last) was licensed for `purpose` at `at` (Unix seconds).
    ///
    /// The listed service nearest to the leaf decides, and a listed root above it must have been in force too. A signer is
    /// never its own CA; a time-stamping authority may be listed itself.
    #[must_use]
    pub fn standing(&self, chain: &[Certificate], purpose: Purpose, at: i64) -> Standing<'_> {
        let (kind, first) = match purpose {
            Purpose::Timestamping => (Kind::Tsa, 0),
            Purpose::OcspSigning => (Kind::Ocsp, 0),
            Purpose::Signing | Purpose::Any => (Kind::SigningCa, 1),
        };
        let find = |from: usize, kind: Kind| {
            let above = chain.iter().skip(from);
            above.filter_map(|member| self.listed(member, kind, at)).next()
        };
        let Some(service) = find(first, kind) else { return Standing::NotListed };
        match (standing(service, at), find(0, Kind::Root).map(|root| standing(root, at))) {
            (Standing::Granted(_), Some(root)) if !matches!(root, Standing::Granted(_)) => root,
            (own, _) => own,
        }
    }

    /// The service of this kind that a certificate is. Where it is listed several times, in whichever order: the entry whose status at
    /// `at` was the last to begin, of statuses that begin together the withdrawal.
    fn listed(&self, certificate: &Certificate, kind: Kind, at: i64) -> Option<&Service> {
        let own = |service: &&Service| service.kind == kind && service.is(certificate);
        let key = |service: &&Service| {
            let period = service.status_at(at);
            let begun = period.map(|period| (period.from, period.status == Status::Withdrawn));
            // Among those that have not begun, the first that will.
            let begins = service.history.first().map(|period| Reverse(period.from));
            (begun, begins, Reverse(service.certificate.clone()), Reverse(service.name.clone()))
        };
        self.services().map(|(_, service)| service).filter(own).max_by_key(key)
    }

    /// Whether the next list is overdue at `now` (Unix seconds). The list stays in use: the alarm is the operator's, and a late
    /// list is no reason to call an honest copy invalid.
    #[must_use]
    pub fn is_overdue(&self, now: i64) -> bool {
        now >= self.next_update
    }

    /// A certificate that says of itself that it is for tests, if there is one.
    #[must_use]
    pub fn test_certificate(&self) -> Option<&Certificate> {
        self.services().map(|(_, service)| &service.certificate).find(|certificate| says_test(certificate))
    }
}

fn standing(service: &Service, at: i64) -> Standing<'_> {
    match service.status_at(at) {
        Some(Period { status: Status::Granted, .. }) => Standing::Granted(service),
        Some(Period { status: Status::Withdrawn, from }) => Standing::Withdrawn { service, since: from },
        None => Standing::NotYet(service),
    }
}

/// Words by which test hierarchies name themselves (ours, NIST PKITS, the demonstration CAs of libraries).
const TEST_WORDS: &[&str] = &["test", "testing", "demo", "sandbox", "example", "sample", "dummy", "snakeoil"];

/// Whether a certificate says in its subject or issuer that it is for tests.
#[must_use]
pub fn says_test(certificate: &Certificate) -> bool {
    [certificate.subject(), certificate.issuer()].iter().any(|name| {
        let name = name.to_lowercase();
        let words = name.split(|sign: char| !sign.is_alphanumeric());
        name.contains("thử nghiệm") || words.into_iter().any(|word| TEST_WORDS.contains(&word))
    })
}

/// The rules that every list keeps, wherever it comes from.
fn check(list: &TrustList) -> Result<(), Error> {
    let malformed = |what: &'static str| Err(Error::Malformed { what });
    if list.next_update <= list.issued_at {
        return malformed("trust list: next_update");
    }
    if list.providers.iter().any(|provider| provider.services.is_empty()) {
        return malformed("trust list: a provider without services");
    }
    if list.anchors().is_empty() {
        return malformed("trust list: no root");
    }
    for (_, service) in list.services() {
        let ordered = service.history.windows(2).all(|pair| matches!(pair, [a, b] if a.from < b.from));
        if service.history.is_empty() || !ordered {
            return malformed("trust list: history");
        }
        if matches!(service.kind, Kind::Root | Kind::SigningCa) && !service.certificate.is_ca() {
            return malformed("trust list: a CA that is none");
        }
    }
    Ok(())
}
