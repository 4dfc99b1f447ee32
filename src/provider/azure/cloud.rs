//! Azure's clouds: where each logs in, and for whom its tokens are.

use lockstep_api::provider::AzureEnvironment;
use url::{Host, Url};

/// One of those that everybody knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cloud {
    /// Where one logs in.
    pub(super) authority: &'static str,
    /// Below these the vaults are, and for these their tokens are: key vaults, and vaults in hardware.
    vaults: [&'static str; 2],
    /// For whom a token is that registries take.
    pub(super) manager: &'static str,
    /// Below this the registries are.
    registries: &'static str,
}

const PUBLIC: Cloud = Cloud {
    authority: "https://login.microsoftonline.com",
    vaults: ["vault.azure.net", "managedhsm.azure.net"],
    manager: "https://management.azure.com",
    registries: "azurecr.io",
};
const US_GOVERNMENT: Cloud = Cloud {
    authority: "https://login.microsoftonline.us",
    vaults: ["vault.usgovcloudapi.net", "managedhsm.usgovcloudapi.net"],
    manager: "https://management.usgovcloudapi.net",
    registries: "azurecr.us",
};
const CHINA: Cloud = Cloud {
    authority: "https://login.chinacloudapi.cn",
    vaults: ["vault.azure.cn", "managedhsm.azure.cn"],
    manager: "https://management.chinacloudapi.cn",
    registries: "azurecr.cn",
};
/// It was closed in 2021; ESO still knows it.
const GERMAN: Cloud = Cloud {
    authority: "https://login.microsoftonline.de",
    vaults: ["vault.microsoftazure.de", "managedhsm.microsoftazure.de"],
    manager: "https://management.microsoftazure.de",
    registries: "azurecr.de",
};

impl Cloud {
    /// `None` for a cloud of one's own, which nobody knows.
    pub(super) fn of(environment: AzureEnvironment) -> Option<&'static Self> {
        match environment {
            AzureEnvironment::PublicCloud => Some(&PUBLIC),
            AzureEnvironment::USGovernmentCloud => Some(&US_GOVERNMENT),
            AzureEnvironment::ChinaCloud => Some(&CHINA),
            AzureEnvironment::GermanCloud => Some(&GERMAN),
            AzureEnvironment::AzureStackCloud => None,
        }
    }

    /// For whom a token has to be that the vault at this address takes.
    pub(super) fn audience(&self, vault: &Url) -> String {
        let [keys, hardware] = self.vaults;
        let whom = if is_below(vault, hardware) { hardware } else { keys };
        format!("https://{whom}")
    }

    /// Is it one of this cloud's vaults?
    pub(super) fn has_vault(&self, vault: &Url) -> bool {
        self.vaults.iter().any(|domain| is_below(vault, domain))
    }

    /// Is it one of this cloud's registries?
    pub(super) fn has_registry(&self, registry: &Url) -> bool {
        is_below(registry, self.registries)
    }
}

/// Is the host a name below this domain?
fn is_below(url: &Url, domain: &str) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => host
            .trim_end_matches('.')
            .strip_suffix(domain)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn a_token_is_for_the_kind_of_vault() {
        let audience = |vault: &str| PUBLIC.audience(&url(vault));
        assert_eq!(audience("https://a.vault.azure.net/"), "https://vault.azure.net");
        assert_eq!(
            audience("https://a.managedhsm.azure.net/"),
            "https://managedhsm.azure.net"
        );
        assert_eq!(audience("https://10.0.0.1/"), "https://vault.azure.net");
    }

    #[test]
    fn what_is_azures_is_below_azures_domains() {
        for vault in ["https://a.vault.azure.net", "https://A.MANAGEDHSM.azure.net.:444"] {
            assert!(PUBLIC.has_vault(&url(vault)), "{vault}");
            assert!(!CHINA.has_vault(&url(vault)), "{vault}");
        }
        for vault in [
            "https://vault.azure.net",
            "https://.vault.azure.net",
            "https://evilvault.azure.net",
            "https://a.vault.azure.net.evil.example",
            "https://a.vault.azure.net@evil.example",
            "https://10.0.0.1",
            "https://[::1]",
        ] {
            assert!(!PUBLIC.has_vault(&url(vault)), "{vault}");
        }
        assert!(PUBLIC.has_registry(&url("https://a.azurecr.io")));
        assert!(!PUBLIC.has_registry(&url("https://a.azurecr.us")));
    }
}
