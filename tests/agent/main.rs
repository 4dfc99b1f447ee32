//! `lockstep agent` from outside: manifests in, files out, and what it says about it.

mod audit;
mod bed;
mod daemon;
mod files;
mod once;
mod process;
mod traces;
mod webhook;

/// A store with this JSON document under the key `k`, and one that is no text under `raw`.
fn store(value: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: s}}\n\
         spec: {{provider: {{fake: {{data: [{{key: k, value: '{value}'}}]}}}}}}\n"
    )
}

/// An ExternalSecret that takes everything under the key `k`. `more` stands in its spec.
fn extract(name: &str, more: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}}}\nspec:\n  \
         secretStoreRef: {{name: s}}\n  dataFrom: [{{extract: {{key: k}}}}]\n  {more}\n"
    )
}
