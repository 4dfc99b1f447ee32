//! Black box: against what the Go library gives, and against whatever somebody may send.

mod hostile;
mod vectors;
