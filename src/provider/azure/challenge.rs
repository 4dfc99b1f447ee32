//! What a vault says to somebody without a token: whom a token has to be for.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use url::{Host, Url};

/// For whom a token has to be, if the vault says so and speaks for its own domain: a vault that could name any other
/// service would get tokens which are not meant for it.
pub(super) fn audience(headers: &HeaderMap, vault: &Url) -> Option<String> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    let bearer = challenges.filter_map(|value| value.to_str().ok()?.trim().strip_prefix("Bearer "));
    let mut named = bearer.filter_map(|parameters| {
        let resource = parameter(parameters, "resource");
        resource.or_else(|| parameter(parameters, "scope")?.strip_suffix("/.default"))
    });
    let resource = Url::parse(named.next()?).ok()?;
    let is_own = resource.scheme() == "https" && speaks_for(vault, &resource);
    is_own.then(|| resource.as_str().trim_end_matches('/').to_owned())
}

/// `name="value"`, or `name=value`.
fn parameter<'p>(parameters: &'p str, name: &str) -> Option<&'p str> {
    parameters.split([',', ' ']).find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    })
}

fn speaks_for(vault: &Url, resource: &Url) -> bool {
    match (vault.host(), resource.host()) {
        (Some(Host::Domain(vault)), Some(Host::Domain(domain))) => {
            let before = vault.strip_suffix(domain);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        }
        (vault, resource) => vault == resource,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(challenge: &'static str, vault: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))]);
        audience(&headers, &Url::parse(vault).expect("a URL"))
    }

    #[test]
    fn a_vault_speaks_for_its_own_domain_and_no_other() {
        let vault = "https://v.vault.azure.net:8443/";
        let own = Some("https://vault.azure.net".to_owned());
        for (challenge, audience) in [
            (
                r#"Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net""#,
                &own,
            ),
            (
                r#"Bearer authorization="https://l/t",scope="https://vault.azure.net/.default""#,
                &own,
            ),
            ("Bearer resource=https://vault.azure.net/", &own),
            (r#"Bearer resource="https://management.azure.com""#, &None),
            (r#"Bearer resource="https://ault.azure.net""#, &None),
            (r#"Bearer resource="http://vault.azure.net""#, &None),
            (r#"Basic realm="x""#, &None),
            ("Bearer", &None),
        ] {
            assert_eq!(of(challenge, vault), *audience, "{challenge}");
        }
        let here = r#"Bearer resource="https://localhost""#;
        assert_eq!(
            of(here, "https://localhost:1/"),
            Some("https://localhost".to_owned())
        );
        assert_eq!(of(here, "https://127.0.0.1/"), None);
    }
}
