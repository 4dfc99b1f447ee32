//! What lockstep needs of Kubernetes for generators that make something elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state::{Amendment, NewState, State};

#[async_trait]
pub trait GeneratorStates: Send + Sync {
    // --- from memory
    fn state(&self, key: &ObjectKey) -> Option<Arc<State>>;
    /// Those that go with an object.
    fn states_of(&self, owner_uid: &str) -> Vec<Arc<State>>;

    // --- requests
    async fn create(&self, state: &NewState) -> Result<State, Problem>;
    /// That it is gone is no error.
    async fn amend(&self, state: &State, amendment: &Amendment) -> Result<(), Problem>;
    /// Deletes exactly the one that was looked at. With a finalizer on it, it stays until that is removed.
    async fn delete(&self, state: &State) -> Result<(), Problem>;
    /// It stays until what it tells of is undone.
    async fn hold(&self, state: &State) -> Result<(), Problem>;
    /// Tells in its status why it is still there.
    async fn complain(&self, state: &State, why: &str, now: Timestamp) -> Result<(), Problem>;
    /// What it told of is undone.
    async fn remove_finalizer(&self, state: &State) -> Result<(), Problem>;
    /// What credentials in states are sealed with: always the same, and known to nobody else.
    async fn sealing_key(&self) -> Result<SecretBytes, Problem>;
}
