//! A certificate that somebody else writes into a folder: cert-manager, a mounted Secret, a person.
//!
//! The files are read again and again. What is half written, or does not belong together, is passed over until it
//! does: what was shown before stays.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Pair, Shown};

/// How often files are read. Kubernetes takes a minute to bring a new Secret into a pod.
pub const LOOKS_EVERY: Duration = Duration::from_secs(10);

/// Longer than any chain.
const LARGEST: u64 = 1024 * 1024;

/// Where the certificate and its key are.
#[derive(Clone, Debug)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Files {
    pub fn new(folder: &Path, certificate: &str, key: &str) -> Self {
        Self {
            certificate: folder.join(certificate),
            key: folder.join(key),
        }
    }

    /// Shows what the files hold, and looks every so often whether it is something else.
    pub async fn follow(self, shown: Shown, every: Duration, stop: CancellationToken) {
        let mut told = None;
        loop {
            let outcome = self.show(&shown).await;
            match &outcome {
                Ok(true) => {
                    let until = shown.validity().map(|validity| validity.until);
                    info!(file = %self.certificate.display(), ?until, "shows a new certificate");
                }
                Err(cause) if told.as_ref() != Some(cause) => {
                    warn!(cause, "no certificate that could be shown");
                }
                Ok(false) | Err(_) => {}
            }
            told = outcome.err();
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Whether there is another one now.
    async fn show(&self, shown: &Shown) -> Result<bool, String> {
        let pair = Pair {
            chain: read(&self.certificate).await?,
            key: read(&self.key).await?.into(),
        };
        let refused = |why| format!("{}: {why}", self.certificate.display());
        shown.show(&pair).map_err(refused)
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .await
        .map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use lockstep_testkit::{Authority, Issued, Purpose};

    use super::*;

    fn issued(name: &str) -> Issued {
        let authority = Authority::new("test").expect("an authority");
        authority.issue(name, Purpose::Server).expect("a certificate")
    }

    #[tokio::test]
    async fn another_certificate_is_shown_once_it_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::new(folder.path(), "tls.crt", "tls.key");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let (one, two, shown) = (issued("one"), issued("two"), Shown::default());
        assert!(files.show(&shown).await.is_err_and(|why| why.contains("tls.crt")));
        write("tls.crt", &one.certificate);
        write("tls.key", &one.key);
        assert_eq!(files.show(&shown).await, Ok(true));
        assert_eq!(files.show(&shown).await, Ok(false));
        write("tls.crt", &two.certificate);
        let why = files.show(&shown).await.expect_err("half written");
        assert!(
            why.ends_with("the key does not belong to the certificate"),
            "{why}"
        );
        assert!(
            shown.is_good("localhost", jiff::Timestamp::now()),
            "the first one stays"
        );
        write("tls.key", &two.key);
        assert_eq!(files.show(&shown).await, Ok(true));
    }

    #[tokio::test]
    async fn no_error_holds_anything_of_a_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::new(folder.path(), "tls.crt", "tls.key");
        std::fs::write(&files.certificate, issued("one").certificate).expect("written");
        std::fs::write(
            &files.key,
            "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n",
        )
        .expect("written");
        let why = files.show(&Shown::default()).await.expect_err("no key");
        assert!(!why.contains("Y2FuYXJ5") && !why.contains("canary"), "{why}");
    }
}
