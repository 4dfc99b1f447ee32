//! How a backend that notices itself that what it holds has changed tells so.

use std::fmt;
use std::sync::Arc;

/// Where it is told. The default tells nobody.
#[derive(Clone, Default)]
pub struct News(Option<Arc<dyn Fn() + Send + Sync>>);

impl News {
    pub fn new(tell: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub fn changed(&self) {
        if let Some(tell) = &self.0 {
            tell();
        }
    }
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("News")
    }
}
