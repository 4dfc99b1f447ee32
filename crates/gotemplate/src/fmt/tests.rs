use super::*;
use crate::value::Value;

fn printed(format: &str, args: &[Value]) -> String {
    let out = sprintf(format.as_bytes(), args).expect("prints");
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn numbers() {
    assert_eq!(printed("%d", &[Value::int(42)]), "42");
}
