//! Long lists, a batch at a time: an organization may have a hundred thousand robots, and whoever reads them may be slow. Between
//! two batches no transaction is open and nothing is kept but ids.

use super::App;
use super::actor::Actor;
use super::error::ServiceError;
use crate::store::batch::BATCH;

/// A list that is being read. Which entries are in it, and their order, is as it was in the beginning; all else is as it is when
/// their turn comes.
pub trait Listing {
    /// An entry.
    type Item;

    /// Whether every entry was handed over.
    fn is_done(&self) -> bool;

    /// Hands over the entries of the next batch, which may be none. Fails if the actor may no longer see them: a list that is read
    /// slowly must not outlive the right to it.
    fn next(
        &mut self,
        app: &App,
        actor: &Actor,
        each: &mut dyn FnMut(Self::Item),
    ) -> Result<(), ServiceError>;
}

/// Everything at once, for callers who know that they can hold it.
pub fn all<L: Listing>(app: &App, actor: &Actor, mut listing: L) -> Result<Vec<L::Item>, ServiceError> {
    let mut items = Vec::new();
    while !listing.is_done() {
        listing.next(app, actor, &mut |item| items.push(item))?;
    }
    Ok(items)
}

/// The entries whose turn has not come yet.
#[derive(Debug)]
pub struct Ahead<T>(Vec<T>);

impl<T: Copy> Ahead<T> {
    /// All of them, in their order.
    pub fn new(mut ids: Vec<T>) -> Self {
        // The next one stands last, where taking it away moves nothing.
        ids.reverse();
        Self(ids)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next few.
    pub fn batch(&self) -> Vec<T> {
        self.0.iter().rev().take(BATCH).copied().collect()
    }

    /// Their turn is over.
    pub fn pass(&mut self, batch: &[T]) {
        self.0.truncate(self.0.len().saturating_sub(batch.len()));
    }
}
