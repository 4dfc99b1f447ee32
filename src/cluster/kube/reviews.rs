//! Asks the API server whose a token is, and what its user may do.

use async_trait::async_trait;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};

use super::super::{Access, Reviews};
use super::requests::Requests;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

pub struct KubeReviews(Requests);

impl KubeReviews {
    pub fn new(client: Client) -> Self {
        Self(Requests::new(client))
    }

    /// The token's user. `None`: there is none.
    async fn user(&self, token: &SecretBytes) -> Result<Option<UserInfo>, Problem> {
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: Some(String::from_utf8_lossy(token.expose()).into_owned()),
                audiences: None,
            },
            ..TokenReview::default()
        };
        let api: Api<TokenReview> = Api::all(self.0.client.clone());
        let params = PostParams::default();
        let about = about("TokenReview");
        let answer = self.0.request("create", &about, api.create(&params, &review));
        let status = answer.await?.status.unwrap_or_default();
        let is_known = status.authenticated == Some(true);
        Ok(status.user.filter(|_| is_known))
    }

    async fn may(&self, user: &UserInfo, path: &str) -> Result<bool, Problem> {
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: user.username.clone(),
                groups: user.groups.clone(),
                uid: user.uid.clone(),
                extra: user.extra.clone(),
                non_resource_attributes: Some(NonResourceAttributes {
                    path: Some(path.to_owned()),
                    verb: Some("get".to_owned()),
                }),
                resource_attributes: None,
            },
            ..SubjectAccessReview::default()
        };
        let api: Api<SubjectAccessReview> = Api::all(self.0.client.clone());
        let params = PostParams::default();
        let about = about("SubjectAccessReview");
        let answer = self.0.request("create", &about, api.create(&params, &review));
        Ok(answer.await?.status.is_some_and(|status| status.allowed))
    }
}

#[async_trait]
impl Reviews for KubeReviews {
    async fn may_get(&self, token: &SecretBytes, path: &str) -> Result<Access, Problem> {
        match self.user(token).await? {
            None => Ok(Access::Stranger),
            Some(user) if self.may(&user, path).await? => Ok(Access::Granted),
            Some(_) => Ok(Access::Denied),
        }
    }
}

/// Reviews have no names.
fn about(kind: &'static str) -> ObjectRef {
    ObjectRef::cluster(kind, "for the metrics")
}

impl std::fmt::Debug for KubeReviews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KubeReviews")
    }
}
