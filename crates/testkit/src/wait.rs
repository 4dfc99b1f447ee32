//! Waiting for what takes time, without sleeping for longer than it takes.

use std::fmt::Display;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::Error;

const POLL: Duration = Duration::from_millis(50);

/// Asks again and again until the answer is `Ok`; after `within` the last refusal is the error's text.
///
/// The probe is asked at least once, and each single look is cut off at the deadline.
pub async fn eventually<T, E: Display>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, Error> {
    let deadline = Instant::now() + within;
    let mut last = String::from("nothing yet");
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).max(POLL);
        match tokio::time::timeout(left, probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(why)) => last = why.to_string(),
            Err(_) => {}
        }
        if Instant::now() >= deadline {
            return Err(Error::TimedOut {
                what: what.to_owned(),
                within,
                last,
            });
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A loopback port that is free now. Another process may take it before it is used: whoever starts a server on it
/// must look at how that went.
pub fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("find a free port"))?;
    Ok(listener
        .local_addr()
        .map_err(Error::io("find a free port"))?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_yes_ends_the_wait() {
        let mut asked = 0;
        let probe = async || {
            asked += 1;
            if asked < 3 { Err("not yet") } else { Ok(asked) }
        };
        let answer = eventually("three looks", Duration::from_secs(5), probe).await;
        assert_eq!(answer.expect("the third look says yes"), 3);
    }

    #[tokio::test]
    async fn a_wait_that_fails_tells_what_was_seen_last() {
        let refused = eventually("rain", Duration::from_millis(1), async || {
            Err::<(), _>("sunshine")
        })
        .await;
        let text = refused.expect_err("it never rains").to_string();
        assert_eq!(text, "rain: not within 1ms; last seen: sunshine");
    }

    #[tokio::test]
    async fn a_look_that_hangs_is_cut_off() {
        let hanging = async || -> Result<(), String> { std::future::pending().await };
        let refused = eventually("an answer", Duration::from_millis(80), hanging).await;
        assert!(refused.is_err());
    }
}
