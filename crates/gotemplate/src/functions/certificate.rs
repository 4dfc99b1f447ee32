//! Certificates: sprig's `genCA` and the like.

use super::Function;
use crate::value::Text;

/// `sprig.certificate`: both as PEM.
pub(crate) struct Certificate {
    pub(crate) cert: Text,
    pub(crate) key: Text,
}

pub(super) const TABLE: &[Function] = &[];
