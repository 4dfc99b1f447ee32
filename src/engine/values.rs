//! Secret values by name.

use std::collections::BTreeMap;

use super::secret_bytes::SecretBytes;

/// What `extract`, `find` and a whole Secret come to.
pub type Values = BTreeMap<String, SecretBytes>;
