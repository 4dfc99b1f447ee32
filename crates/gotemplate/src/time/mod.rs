//! Go's `time.Time`.

/// A point in time, seen from a zone.
#[derive(PartialEq)]
pub(crate) struct Time {
    /// Since 1970 in UTC; any year that Go knows.
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

impl Time {
    /// Go's `Time.String`.
    pub(crate) fn display(&self) -> String {
        String::new()
    }

    /// As Go writes it into JSON, or why it does not.
    pub(crate) fn rfc3339(&self) -> Result<String, &'static str> {
        Ok(String::new())
    }
}
