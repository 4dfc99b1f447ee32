use crate::functions::testing::call;
use crate::value::{Value, strval};

fn check(table: &[(&str, &[Value], &str)]) {
    for (name, args, expected) in table {
        let text = call(name, args).and_then(|value| strval(&value)).expect("works");
        assert_eq!(String::from_utf8_lossy(&text), *expected, "{name}");
    }
}

fn int(value: i64) -> Value {
    Value::int(value)
}

fn float(value: f64) -> Value {
    Value::Float(value)
}

fn text(value: &str) -> Value {
    Value::text(value)
}

#[test]
fn conversions() {
    check(&[
        ("atoi", &[text("-017")], "-17"),
        ("atoi", &[text(" 5")], "0"),
        ("atoi", &[text("99999999999999999999x")], "9223372036854775807"),
        ("int", &[text("00012")], "10"),
        ("int64", &[float(1e19)], "-9223372036854775808"),
        ("float64", &[text("1_0.5")], "10.5"),
        ("float64", &[text("1e309")], "0"),
        ("toDecimal", &[text("0755")], "493"),
        ("toDecimal", &[int(777)], "511"),
        ("toDecimal", &[Value::Nil], "0"),
    ]);
}

#[test]
fn integers_wrap() {
    check(&[
        ("add", &[], "0"),
        ("add", &[int(i64::MAX), int(1)], "-9223372036854775808"),
        ("add", &[text("0x10"), text("010"), text("abc")], "24"),
        ("sub", &[int(i64::MIN), int(1)], "9223372036854775807"),
        ("mul", &[int(i64::MAX), int(2)], "-2"),
        ("div", &[int(i64::MIN), int(-1)], "-9223372036854775808"),
        ("mod", &[int(i64::MIN), int(-1)], "0"),
        ("mod", &[int(-7), int(3)], "-1"),
        ("max", &[int(-5), text("-2"), Value::Nil], "0"),
        ("min", &[float(2.9), int(3)], "2"),
    ]);
    for name in ["div", "mod", "divf"] {
        assert!(call(name, &[int(1), int(0)]).is_err());
    }
}

#[test]
fn decimals() {
    check(&[
        ("addf", &[float(0.1), float(0.2)], "0.3"),
        ("addf", &[], "0"),
        ("addf", &[float(1e308), float(-5e-324)], "1e+308"),
        ("add1f", &[text("2.25")], "3.25"),
        ("subf", &[float(0.3), float(0.1)], "0.2"),
        ("mulf", &[float(1.1), float(1.1)], "1.21"),
        ("mulf", &[float(1e308), float(1e308)], "+Inf"),
        ("mulf", &[float(-1e-308), float(1e-308)], "-0"),
        ("divf", &[int(10), int(3)], "3.3333333333333335"),
        ("divf", &[int(-2), int(3)], "-0.6666666666666667"),
        ("divf", &[float(1e-17), int(2)], "0"),
        ("divf", &[float(-1e-16), int(2)], "-1e-16"),
        ("divf", &[int(0), int(-3)], "0"),
    ]);
    assert!(call("addf", &[text("NaN")]).is_err());
    assert!(call("mulf", &vec![float(f64::MIN_POSITIVE); 10_000]).is_err());
}

#[test]
fn real_numbers() {
    let not_a_number = || float(f64::NAN);
    check(&[
        ("maxf", &[not_a_number(), float(1.0)], "NaN"),
        ("maxf", &[not_a_number(), float(f64::INFINITY)], "+Inf"),
        ("maxf", &[float(-0.0), float(0.0)], "0"),
        ("minf", &[not_a_number(), float(f64::NEG_INFINITY)], "-Inf"),
        ("minf", &[float(0.0), float(-0.0)], "-0"),
        ("ceil", &[float(-0.5)], "-0"),
        ("floor", &[text("2.5")], "2"),
        ("round", &[float(123.555_555), int(3)], "123.556"),
        ("round", &[float(-2.5), int(0)], "-3"),
        ("round", &[float(2.4), int(0), float(0.3)], "3"),
        ("round", &[float(1.0), int(400)], "NaN"),
        ("round", &[float(1.0), int(i64::MIN)], "NaN"),
        ("round", &[float(1.0), int(-320)], "0"),
    ]);
}

#[test]
fn rows() {
    check(&[
        ("until", &[int(3)], "[0 1 2]"),
        ("until", &[int(-3)], "[0 -1 -2]"),
        ("untilStep", &[int(3), int(6), int(2)], "[3 5]"),
        ("untilStep", &[int(0), int(5), int(0)], "[]"),
        ("untilStep", &[int(5), int(0), int(i64::MIN)], "[5]"),
        ("untilStep", &[int(0), int(5), int(i64::MIN)], "[]"),
        ("seq", &[], ""),
        ("seq", &[int(0)], "1 0"),
        ("seq", &[int(i64::MAX)], ""),
        ("seq", &[int(1), int(2), int(10)], "1 3 5 7 9"),
        ("seq", &[int(10), int(3), int(1)], ""),
        ("seq", &[int(1), int(2), int(3), int(4)], ""),
    ]);
    for (name, args) in [
        ("until", vec![int(i64::MAX)]),
        ("untilStep", vec![int(i64::MAX - 1), int(i64::MAX), int(5)]),
    ] {
        assert!(call(name, &args).is_err(), "{name}");
    }
}
