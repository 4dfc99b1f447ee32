//! Which stores and generators may use the identity of lockstep itself: the token of its ServiceAccount, and what the cloud
//! that it runs in takes its pod for.

use crate::engine::problem::Problem;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnIdentity {
    /// As with ESO.
    #[default]
    Everywhere,
    /// Those that are written for the whole cluster.
    ClusterStores,
    Nowhere,
}

impl OwnIdentity {
    /// `field` is what leaves it at that, and `instead` what says who else to be.
    pub(super) fn check(self, is_cluster_wide: bool, field: &str, instead: &str) -> Result<(), Problem> {
        let whose = match (self, is_cluster_wide) {
            (Self::Everywhere, _) | (Self::ClusterStores, true) => return Ok(()),
            (Self::ClusterStores, false) => {
                "only ClusterSecretStores and ClusterGenerators may (--own-identity=cluster-stores)"
            }
            (Self::Nowhere, _) => "nobody may (--own-identity=nowhere)",
        };
        Err(Problem::InvalidSpec {
            field: field.to_owned(),
            why: format!("would use the identity of lockstep itself, which {whose}; {instead}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_lent_to_those_whom_the_operator_names() {
        let check = |who: OwnIdentity, is_cluster_wide| who.check(is_cluster_wide, "f", "name another");
        for (who, namespaced, cluster_wide) in [
            (OwnIdentity::Everywhere, true, true),
            (OwnIdentity::ClusterStores, false, true),
            (OwnIdentity::Nowhere, false, false),
        ] {
            let is_lent = [false, true].map(|is_cluster_wide| check(who, is_cluster_wide).is_ok());
            assert_eq!(is_lent, [namespaced, cluster_wide], "{who:?}");
        }
        let refused = check(OwnIdentity::Nowhere, true)
            .expect_err("refused")
            .to_string();
        assert_eq!(
            refused,
            "f: would use the identity of lockstep itself, which nobody may (--own-identity=nowhere); name another"
        );
    }
}
