//! Many objects at once, by name. The API server lists all of them, page by page.

use lockstep_gostd::regexp;

use super::object::{self, Found};
use super::{Call, Objects};
use crate::engine::keys;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::Find;
use crate::provider::kubernetes::answer::Fault;

/// Tags and paths have no meaning here, as in ESO. In a ClusterSecretStore, an object is called `NAMESPACE/NAME`.
pub(super) async fn find(store: &Objects, query: &Find) -> Result<Values, Problem> {
    let pattern = query.name.as_deref().filter(|pattern| !pattern.is_empty());
    let pattern = pattern.map(regexp::compile).transpose();
    let pattern = pattern.map_err(|why| Problem::InvalidSpec {
        field: "find.name.regexp".to_owned(),
        why,
    })?;
    let resource = store.resource().await?;
    let namespace = store.home.as_deref().filter(|_| resource.is_namespaced);
    let is_qualified = resource.is_namespaced && namespace.is_none();
    let path = resource.path(namespace, None);
    let what = || format!("the list of {}", store.kind);
    let (mut found, mut bytes, mut looked_at) = (Values::new(), 0, 0);
    let (mut size, mut next) = (store.bounds.page, String::new());
    loop {
        let call = Call::get(
            "ListObjects",
            format!("{path}?limit={size}{next}"),
            store.bounds.page_bytes,
            &resource.plural,
        );
        let read = store.api.read(&call).await;
        let page = match read.and_then(|body| object::page(&body, &store.kind)) {
            Err(Fault::TooLarge) if size > 1 => {
                size = (size / 4).max(1);
                continue;
            }
            page => page.map_err(|fault| store.failed(fault, what()))?,
        };
        for Found {
            namespace,
            name,
            object,
        } in page.found
        {
            looked_at += 1;
            let key = if is_qualified {
                format!("{namespace}/{name}")
            } else {
                name.clone()
            };
            let is_wanted = pattern.as_ref().is_none_or(|pattern| pattern.is_match(&key));
            let namespace = Some(namespace.as_str()).filter(|namespace| !namespace.is_empty());
            if is_wanted && store.whitelist.allows(namespace, &name, None) {
                bytes += object.len();
                found.insert(key, object);
            }
        }
        if page.next.is_empty() {
            return keys::convert(query.conversion, found);
        }
        if looked_at >= store.bounds.looked_at || bytes >= store.bounds.found_bytes {
            return Err(Problem::BadAnswer {
                what: what(),
                why: "there are too many; narrow the search".to_owned(),
            });
        }
        next = format!("&continue={}", page.next);
    }
}
