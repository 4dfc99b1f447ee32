//! What expires and is made anew: ahead of its end, by one at a time, while the others go on with what there is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A renewal ahead of time that failed is tried again after this.
const PAUSE: Duration = Duration::from_secs(30);
/// What is younger than this when it is refused is as good as any other.
const YOUNG: Duration = Duration::from_mins(1);
/// What others made is not used in its last seconds, for clocks differ.
const MARGIN: Duration = Duration::from_mins(1);
/// What is said to live longer is looked at again after this.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// Something that was just made.
#[derive(Clone, Debug)]
pub(super) struct Fresh<T> {
    pub(super) value: T,
    pub(super) made_at: Instant,
    /// From then on, whoever needs it renews it.
    pub(super) renew_at: Instant,
    /// It is not used any longer than this.
    pub(super) ends_at: Instant,
}

impl<T> Fresh<T> {
    /// What a server has just made, and says to live so long.
    pub(super) fn living(value: T, life: Duration) -> Self {
        let (life, now) = (life.min(LONGEST), Instant::now());
        Self {
            value,
            made_at: now,
            renew_at: now + life * 4 / 5,
            ends_at: now + life.saturating_sub(MARGIN),
        }
    }
}

/// The one of its kind that is in use. Nothing is made before it is needed.
#[derive(Debug)]
pub(super) struct Perishable<T> {
    current: Mutex<Option<Fresh<T>>>,
    /// Held by whoever renews.
    renewal: tokio::sync::Mutex<()>,
}

impl<T: Clone> Perishable<T> {
    pub(super) fn new(first: Option<Fresh<T>>) -> Self {
        Self {
            current: Mutex::new(first),
            renewal: tokio::sync::Mutex::default(),
        }
    }

    /// What is in use; made anew where its end is near. A renewal ahead of that end may fail.
    /// `make` is awaited where something has to be made, and dropped where not.
    pub(super) async fn current<E>(&self, make: impl Future<Output = Result<Fresh<T>, E>>) -> Result<T, E> {
        let now = Instant::now();
        let _renewing = match self.get() {
            Some(fresh) if now < fresh.renew_at => return Ok(fresh.value),
            Some(fresh) if now < fresh.ends_at => match self.renewal.try_lock() {
                Ok(renewing) => renewing,
                Err(_) => return Ok(fresh.value),
            },
            _ => self.renewal.lock().await,
        };
        // Somebody else may have been before us.
        let found = self.get();
        if let Some(fresh) = &found
            && now < fresh.renew_at
        {
            return Ok(fresh.value.clone());
        }
        match (make.await, found) {
            (Ok(fresh), _) => Ok(self.put(fresh)),
            (Err(_), Some(fresh)) if Instant::now() < fresh.ends_at => {
                let renew_at = now + PAUSE;
                Ok(self.put(Fresh { renew_at, ..fresh }))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The last that was made, for whoever gives it back.
    pub(super) fn last(&self) -> Option<T> {
        self.get().map(|fresh| fresh.value)
    }

    /// How long ago it was made.
    pub(super) fn age(&self) -> Option<Duration> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|fresh| fresh.made_at.elapsed())
    }

    fn get(&self) -> Option<Fresh<T>> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn put(&self, fresh: Fresh<T>) -> T {
        let value = fresh.value.clone();
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        value
    }
}

impl<T: Clone + PartialEq> Perishable<T> {
    /// Another one than this, which was refused, unless what there is now is too new for another one to be any better.
    pub(super) async fn instead_of<E>(
        &self,
        refused: &T,
        make: impl Future<Output = Result<Fresh<T>, E>>,
    ) -> Result<Option<T>, E> {
        match self.get() {
            Some(fresh) if fresh.value == *refused && fresh.made_at.elapsed() < YOUNG => Ok(None),
            _ => self.other_than(refused, make).await.map(Some),
        }
    }

    /// Another one than this, which was refused.
    pub(super) async fn other_than<E>(
        &self,
        refused: &T,
        make: impl Future<Output = Result<Fresh<T>, E>>,
    ) -> Result<T, E> {
        let _renewing = self.renewal.lock().await;
        match self.get() {
            // Somebody else was refused before us.
            Some(fresh) if fresh.value != *refused => Ok(fresh.value),
            _ => Ok(self.put(make.await?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LIFE: Duration = Duration::from_mins(10);

    /// Makes 0, 1, 2…; whether it works is said from outside.
    #[derive(Default)]
    struct Maker {
        made: Cell<u32>,
        is_broken: Cell<bool>,
    }

    impl Maker {
        async fn make(&self) -> Result<Fresh<u32>, &'static str> {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.is_broken.get() {
                return Err("broken");
            }
            let value = self.made.replace(self.made.get() + 1);
            let now = Instant::now();
            Ok(Fresh {
                value,
                made_at: now,
                renew_at: now + LIFE / 2,
                ends_at: now + LIFE,
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_made_before_it_is_needed_and_then_once() {
        let (kept, maker) = (Perishable::new(None), Maker::default());
        let ask = || kept.current(maker.make());
        assert_eq!(kept.age(), None);
        assert_eq!(tokio::join!(ask(), ask()), (Ok(0), Ok(0)));
        tokio::time::advance(LIFE / 2).await;
        assert_eq!(kept.age(), Some(LIFE / 2));
        // One renews; the other goes on with what there is.
        assert_eq!(tokio::join!(ask(), ask()), (Ok(1), Ok(0)));
        assert_eq!(ask().await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_fails_is_tried_again_and_at_the_end_it_is_told() {
        let (kept, maker) = (Perishable::new(None), Maker::default());
        let ask = || kept.current(maker.make());
        assert_eq!(ask().await, Ok(0));
        tokio::time::advance(LIFE / 2).await;
        maker.is_broken.set(true);
        assert_eq!(ask().await, Ok(0));
        maker.is_broken.set(false);
        assert_eq!(ask().await, Ok(0), "not before the pause is over");
        assert!(kept.age() > Some(LIFE / 2), "it is the same as before");
        tokio::time::advance(PAUSE).await;
        assert_eq!(ask().await, Ok(1));
        maker.is_broken.set(true);
        tokio::time::advance(LIFE).await;
        assert_eq!(ask().await, Err("broken"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_made_anew_unless_it_is_new() {
        let (kept, maker) = (Perishable::new(None), Maker::default());
        assert_eq!(kept.current(maker.make()).await, Ok(0));
        assert_eq!(kept.instead_of(&0, maker.make()).await, Ok(None));
        tokio::time::advance(YOUNG).await;
        assert_eq!(kept.instead_of(&0, maker.make()).await, Ok(Some(1)));
        // Who was refused with the one before takes what others have had made meanwhile, however new that is.
        assert_eq!(kept.instead_of(&0, maker.make()).await, Ok(Some(1)));
        assert_eq!(kept.instead_of(&1, maker.make()).await, Ok(None));
    }
}
