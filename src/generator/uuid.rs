//! `UUID`: a random UUID, version 4.

use rand::Rng;

use crate::engine::values::Values;

pub fn generate(random: &mut dyn Rng) -> Values {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    Values::from([("uuid".to_owned(), text(bytes).into())])
}

fn text(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let number = u128::from_be_bytes(bytes);
    let hex = format!("{number:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant_stand_where_they_belong() {
        assert_eq!(text([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(text([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
