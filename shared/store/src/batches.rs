//! Batches of verifications. They are read by key, never listed: the numbers of their files are known.

use domain::batch::*;
use domain::ids::*;
use domain::model::*;
use domain::ports::{Batches, Fault};

use crate::{Table, keys};

impl Table {
    /// What a sealed copy is a copy of; copies that were sealed before this was kept have none.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn paper(&self, copy: &CopyId) -> Result<Option<Paper>, Fault> {
        self.load(keys::paper(copy)).await
    }

    /// The public facts of copies, in their order; those that are not there are left out.
    ///
    /// # Errors
    /// [`Fault`] of the table.
    pub async fn public_copies(&self, copies: &[CopyId]) -> Result<Vec<PublicCopy>, Fault> {
        self.load_many(copies.iter().map(keys::public_copy).collect()).await
    }
}

impl Batches for Table {
    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, Fault> {
        self.load(keys::batch(id)).await
    }

    async fn batch_plan(&self, id: &BatchId) -> Result<Option<BatchPlan>, Fault> {
        self.load(keys::batch_plan(id)).await
    }

    async fn batch_items(&self, id: &BatchId, from: u32, count: u32) -> Result<Vec<BatchItem>, Fault> {
        self.load_many((from..from.saturating_add(count)).map(|n| keys::batch_item(id, n)).collect()).await
    }
}
