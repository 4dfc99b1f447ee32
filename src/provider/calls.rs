//! Who counts the calls that backends make.

use std::fmt;
use std::sync::Arc;

/// Hears of every call to a backend, under the names that ESO's metrics use.
pub trait CallObserver: Send + Sync {
    fn called(&self, provider: &'static str, call: &'static str, ok: bool);
}

/// Where a backend tells its calls. The default tells nobody.
#[derive(Clone, Default)]
pub struct Calls(Option<Arc<dyn CallObserver>>);

impl Calls {
    pub fn new(observer: Arc<dyn CallObserver>) -> Self {
        Self(Some(observer))
    }

    pub fn tell(&self, provider: &'static str, call: &'static str, ok: bool) {
        if let Some(observer) = &self.0 {
            observer.called(provider, call, ok);
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Calls(observed)"
        } else {
            "Calls(unobserved)"
        })
    }
}
