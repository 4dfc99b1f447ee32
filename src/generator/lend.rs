//! Making what stays at a server until somebody deletes it: noted before it is asked for, so that whatever ends in between
//! it can be found again.

use std::future::Future;

use lockstep_api::generator::FreeJson;
use lockstep_gostd::hex;
use rand::Rng as _;
use tracing::warn;

use super::Order;
use super::page::{Keeping, Made};
use super::web::Unmade;
use crate::engine::problem::Problem;
use crate::random::random;

/// What is noted of it.
pub struct Notes<T> {
    /// The generator as it is now.
    pub resource: FreeJson,
    /// By what it is found if nobody lives to tell that it was made.
    pub intent: FreeJson,
    pub complete: fn(&FreeJson, &T) -> FreeJson,
}

/// Makes it. What was made and nobody needs is undone at once.
pub async fn lend<T, U>(
    order: Order<'_>,
    notes: Notes<T>,
    making: impl Future<Output = Result<T, Unmade>>,
    undo: impl FnOnce(&T) -> U,
) -> Result<T, Problem>
where
    U: Future<Output = Result<(), Problem>>,
{
    order
        .page
        .intend(notes.resource.clone(), notes.intent.clone())
        .await?;
    let made = match making.await {
        Ok(made) => made,
        Err(Unmade::Certainly(problem)) => {
            if let Err(cause) = order.page.withdraw().await {
                warn!(generator = %order.generator, %cause, "a note of what was not made could not be withdrawn yet");
            }
            return Err(problem);
        }
        // The note stays, and whoever reads it looks for what may have been made.
        Err(Unmade::Perhaps(problem)) => return Err(problem),
    };
    match order.page.keeping() {
        Keeping::Noted => order.page.made(Made {
            content: (notes.complete)(&notes.intent, &made),
            resource: notes.resource,
        }),
        Keeping::Loose => {
            warn!(generator = %order.generator, "nobody keeps a note of what was made: it stays until it ends by itself or somebody deletes it");
        }
        Keeping::Glance => {
            if let Err(cause) = undo(&made).await {
                warn!(generator = %order.generator, %cause, "what was made to be looked at could not be undone: it stays until it ends by itself or somebody deletes it");
            }
        }
    }
    Ok(made)
}

/// A name that nothing else has, and that says who gave it.
pub fn unique_name() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    random()?.fill_bytes(&mut bytes);
    Ok(format!("lockstep-{}", hex::encode(&bytes)))
}
