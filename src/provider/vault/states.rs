//! What earlier answers said of the server's state (`X-Vault-Index`). Pure.
//!
//! A state reads `v1:CLUSTER:LOCAL:REPLICATED:HMAC`, base64. Of each cluster the furthest one is kept, and sent along,
//! so that a node that lags behind does not serve what is older.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// More clusters than that take part in nothing.
const CLUSTERS: usize = 16;
const LONGEST: usize = 1024;

#[derive(Clone, Debug, Default)]
pub(super) struct States(Vec<State>);

#[derive(Clone, Debug)]
struct State {
    text: String,
    cluster: String,
    indexes: (u64, u64),
}

impl States {
    pub(super) fn learn(&mut self, text: &str) {
        let Some(state) = State::parse(text) else { return };
        match self.0.iter().position(|known| known.cluster == state.cluster) {
            Some(at) if self.0[at].indexes <= state.indexes => self.0[at] = state,
            None if self.0.len() < CLUSTERS => self.0.push(state),
            Some(_) | None => {}
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|state| state.text.as_str())
    }
}

impl State {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let mut parts = decoded.split(':');
        if parts.next()? != "v1" {
            return None;
        }
        let cluster = parts.next()?.to_owned();
        let indexes = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self {
            text: text.to_owned(),
            cluster,
            indexes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_state_of_each_cluster_is_kept() {
        let state = |state: &str| STANDARD.encode(state);
        let mut states = States::default();
        for learnt in [
            "v1:a:5:1:x",
            "v1:b:1:1:x",
            "v1:a:4:9:x",
            "v1:a:6:0:x",
            "v2:c:1:1",
            "v1:d:e:1",
        ] {
            states.learn(&state(learnt));
        }
        states.learn("no base64");
        let expected = [state("v1:a:6:0:x"), state("v1:b:1:1:x")];
        assert_eq!(states.all().collect::<Vec<_>>(), expected);
    }
}
