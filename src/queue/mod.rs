//! Which object next, and when: [`schedule`] decides, purely; [`workers`] carries it out.

pub mod schedule;
pub mod workers;

pub use schedule::{Depth, Next};
pub use workers::{Observer, Queue};
