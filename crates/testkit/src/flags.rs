//! What the three servers are started with.

use std::path::{Path, PathBuf};

/// Where everything is.
#[derive(Debug)]
pub struct Places {
    pub dir: PathBuf,
    pub etcd_port: u16,
    pub peer_port: u16,
    pub api_port: u16,
    pub audit: bool,
}

impl Places {
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_port)
    }

    pub fn tokens(&self) -> PathBuf {
        self.dir.join("tokens.csv")
    }

    pub fn key(&self) -> PathBuf {
        self.dir.join("service-accounts.key")
    }

    pub fn public_key(&self) -> PathBuf {
        self.dir.join("service-accounts.pub")
    }

    /// The API server's own certificate, with the one that signed it.
    pub fn certificate(&self) -> PathBuf {
        self.dir.join("certs/apiserver.crt")
    }

    pub fn audit_policy(&self) -> PathBuf {
        self.dir.join("audit-policy.yaml")
    }

    pub fn audit_log(&self) -> PathBuf {
        self.dir.join("audit.log")
    }

    pub fn etcd(&self) -> Vec<String> {
        let client = format!("http://127.0.0.1:{}", self.etcd_port);
        let peer = format!("http://127.0.0.1:{}", self.peer_port);
        vec![
            flag("data-dir", &self.dir.join("etcd")),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            // The data does not outlive the test: no need to wait for the disk.
            "--unsafe-no-fsync".to_owned(),
            "--quota-backend-bytes=8589934592".to_owned(),
            "--log-level=error".to_owned(),
        ]
    }

    pub fn api_server(&self) -> Vec<String> {
        let mut flags = vec![
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.api_port),
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            flag("cert-dir", &self.dir.join("certs")),
            flag("token-auth-file", &self.tokens()),
            "--authorization-mode=RBAC".to_owned(),
            format!("--service-account-issuer={}", self.url()),
            flag("service-account-key-file", &self.key()),
            flag("service-account-signing-key-file", &self.key()),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--max-requests-inflight=2000".to_owned(),
            "--max-mutating-requests-inflight=1000".to_owned(),
        ];
        if self.audit {
            flags.push(flag("audit-policy-file", &self.audit_policy()));
            flags.push(flag("audit-log-path", &self.audit_log()));
            // Each request is in the log before it is answered, and the log is never rotated away.
            flags.push("--audit-log-mode=blocking".to_owned());
            flags.push("--audit-log-maxsize=100000".to_owned());
        }
        flags
    }

    pub fn controller_manager(&self, kubeconfig: &Path) -> Vec<String> {
        vec![
            flag("kubeconfig", kubeconfig),
            "--leader-elect=false".to_owned(),
            "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller"
                .to_owned(),
            "--secure-port=0".to_owned(),
            flag("service-account-private-key-file", &self.key()),
            "--use-service-account-credentials=false".to_owned(),
            "--kube-api-qps=500".to_owned(),
            "--kube-api-burst=1000".to_owned(),
        ]
    }
}

fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}
