//! The engine from outside.

mod vectors;
