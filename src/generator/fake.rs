//! `Fake`: what stands in its own spec.

use lockstep_api::generator::FakeSpec;

use crate::engine::values::Values;

pub fn generate(spec: &FakeSpec) -> Values {
    let data = spec.data.iter();
    data.map(|(key, value)| (key.clone(), value.expose().into()))
        .collect()
}
