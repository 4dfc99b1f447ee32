//! How many targets, or places of a push, fare how.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: usize,
    pub updated: usize,
    pub deleted: usize,
    pub unchanged: usize,
    /// Pushed, and nobody can say whether that changes anything.
    pub uncompared: usize,
    pub failed: usize,
}

impl Counts {
    pub fn differing(&self) -> usize {
        self.created + self.updated + self.deleted
    }

    /// None where there is nothing to count.
    pub fn told(&self) -> Option<String> {
        let counts = [
            (self.created, "created"),
            (self.updated, "updated"),
            (self.deleted, "deleted"),
            (self.unchanged, "unchanged"),
            (self.uncompared, "not compared"),
            (self.failed, "failed"),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told.map(|(count, what)| format!("{count} {what}")).collect();
        Some(told.join(", ")).filter(|told| !told.is_empty())
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
        self.uncompared += other.uncompared;
        self.failed += other.failed;
    }
}
