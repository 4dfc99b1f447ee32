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
}
