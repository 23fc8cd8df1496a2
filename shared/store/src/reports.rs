//! What `verification` keeps for those who asked, and who is told later. Every item has a time to live.

use domain::ids::*;
use domain::inquiry::Inquiry;
use domain::model::*;
use domain::ports::{Fault, Inquiries, Links, Watchers};
use jiff::{SignedDuration, Timestamp};

use crate::Table;
use crate::errors::fault;
use crate::items::{Kept, Lookup, encode, number};
use crate::keys::{self, Key};
use crate::reads::Part;
use crate::writes::key_item;

/// The longest report that is kept, octets: an item of the table has at most 400 KB.
pub const REPORT_LIMIT: usize = 300 * 1024;
/// How long a verdict about a file of ours is believed without another look.
const VERDICT_KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Table {
    /// Keeps a report.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn keep_report(&self, report: &KeptReport) -> Result<(), Fault> {
        self.put_until(report, keys::kept_report(&report.id), report.until).await
    }

    /// A report that was kept. One past its time may still be there: the caller compares `until`.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn kept_report(&self, id: &VerificationId) -> Result<Option<KeptReport>, Fault> {
        self.load(keys::kept_report(id)).await
    }

    /// Keeps what was found about a file of ours.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn keep_verdict(&self, verdict: &KeptVerdict) -> Result<(), Fault> {
        let until = verdict.at.saturating_add(VERDICT_KEPT).unwrap_or(Timestamp::MAX);
        self.put_until(verdict, keys::kept_verdict(&verdict.sha256), until).await
    }

    /// What was found about a file of ours within the last day.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn kept_verdict(&self, sha256: &Sha256, now: Timestamp) -> Result<Option<KeptVerdict>, Fault> {
        let found: Option<KeptVerdict> = self.load(keys::kept_verdict(sha256)).await?;
        let fresh = |kept: &KeptVerdict| {
            let age = now.duration_since(kept.at);
            !age.is_negative() && age < VERDICT_KEPT
        };
        Ok(found.filter(fresh))
    }

    /// Notes that somebody is to be told.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn watch(&self, watch: &Watch) -> Result<(), Fault> {
        self.put_until(watch, keys::watch(watch), watch.until).await
    }

    /// The public facts of the copy that a delivery's link leads to, by the digest of the link's secret.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn public_by_link(&self, sha256: &Sha256) -> Result<Option<PublicCopy>, Fault> {
        match self.load::<Lookup>(keys::link(sha256)).await? {
            Some(lookup) => self.load(keys::public_copy(&lookup.copy)).await,
            None => Ok(None),
        }
    }

    async fn put_until<T: Kept>(&self, value: &T, key: Key, until: Timestamp) -> Result<(), Fault> {
        let mut item = encode(value, key, None)?;
        item.insert(keys::TTL.to_owned(), number(until.as_second()));
        let sent = self.client.put_item().table_name(&self.name).set_item(Some(item)).send().await;
        sent.map(|_| ()).map_err(|error| fault(&format!("write of a {}", T::KIND), &error))
    }
}

impl Inquiries for Table {
    async fn inquiry(&self, id: &Sha256) -> Result<Option<Inquiry>, Fault> {
        self.load(keys::inquiry(id)).await
    }
}

impl Links for Table {
    async fn copy_by_link(&self, sha256: &Sha256) -> Result<Option<CopyId>, Fault> {
        Ok(self.load::<Lookup>(keys::link(sha256)).await?.map(|lookup| lookup.copy))
    }
}

impl Watchers for Table {
    async fn watchers(&self, copy: &CopyId) -> Result<Vec<Watch>, Fault> {
        self.partition(keys::watches(copy), Part::All).await
    }

    async fn told(&self, watch: &Watch) -> Result<(), Fault> {
        let key = keys::watch(watch);
        let sent = self.client.delete_item().table_name(&self.name).set_key(Some(key_item(key))).send().await;
        sent.map(|_| ()).map_err(|error| fault("delete of a watch", &error))
    }
}
