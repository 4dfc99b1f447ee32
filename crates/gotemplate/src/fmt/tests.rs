use super::*;
use crate::functions::testing::call;
use crate::time::{Time, Zone};
use crate::value::{IntType, List, ListType, Map, MapType, Text, UintType};

fn printed(format: &str, args: &[Value]) -> String {
    let out = sprintf(format.as_bytes(), args).expect("prints");
    String::from_utf8(out).expect("UTF-8")
}

fn check(table: &[(&str, Vec<Value>, &str)]) {
    for (format, args, expected) in table {
        assert_eq!(printed(format, args), *expected, "{format}");
    }
}

fn ints(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().copied().map(Value::int).collect()
}

fn floats(numbers: &[f64]) -> Vec<Value> {
    numbers.iter().copied().map(Value::Float).collect()
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::text(*text)).collect()
}

fn list(items: Vec<Value>) -> Value {
    Value::list(items).expect("flat")
}

#[test]
fn integers() {
    check(&[
        ("%+05d|%-05d|%8.5d", ints(&[7, 7, 42]), "+0007|7    |   00042"),
        ("%.0d|%3.0d|", ints(&[0, 0]), "|   |"),
        ("%x %X %#x %#X", ints(&[-255, 255, 255, 255]), "-ff FF 0xff 0XFF"),
        (
            "%o %#o %O %#O %b %#b",
            ints(&[8, 8, 8, 8, 5, 5]),
            "10 010 0o10 0o010 101 0b101",
        ),
        (
            "%c %q %U %#U %+q",
            ints(&[9731; 5]),
            r"☃ '☃' U+2603 U+2603 '☃' '\u2603'",
        ),
        (
            "%c %q %#U %U",
            ints(&[-1, 0x11_0000, 0xd800, -1]),
            "� '�' U+D800 U+FFFFFFFFFFFFFFFF",
        ),
        ("%d", ints(&[i64::MIN]), "-9223372036854775808"),
        ("%v %#v", vec![Value::Uint(97, UintType::Uint8); 2], "97 0x61"),
    ]);
}

#[test]
fn floating_point() {
    check(&[
        (
            "%08.3f|%-8.2f|% f|%+.0f",
            floats(&[-3.15159, 2.5, 1.0, 2.5]),
            "-003.152|2.50    | 1.000000|+2",
        ),
        (
            "%g %G %e %x %X %b",
            floats(&[1e21, 1e-7, 1.0, 1.5, 1.5, 1.0]),
            "1e+21 1E-07 1.000000e+00 0x1.8p+00 0X1.8P+00 4503599627370496p-52",
        ),
        (
            "%#g %#.3x %#.0f %#g",
            floats(&[1.5, 1.5, 2.0, 0.0]),
            "1.50000 0x1.800p+00 2. 0.00000",
        ),
        (
            "%08v|%+v|% v|% v",
            floats(&[f64::INFINITY, f64::NAN, f64::NAN, f64::INFINITY]),
            "    +Inf|NaN| NaN| Inf",
        ),
        (
            "%v %.1f %#v",
            vec![
                Value::Complex(0.0, 1.0),
                Value::Complex(1.0, -2.0),
                Value::Float(1e6),
            ],
            "(0+1i) (1.0-2.0i) 1e+06",
        ),
    ]);
}

#[test]
fn strings() {
    check(&[
        ("%s %q %#q %#q", texts(&["a", "a", "a", "`"]), "a \"a\" `a` \"`\""),
        (
            "%x|% x|%# X|%.1x|%6x",
            texts(&["hi", "hi", "hi", "hi", "hi"]),
            "6869|68 69|0X68 0X69|68|  6869",
        ),
        (
            "%.2s|%5s|%-5s|%05s",
            texts(&["é☃x", "é", "é", "ab"]),
            "é☃|    é|é    |000ab",
        ),
        ("%+q", texts(&["é"]), r#""\u00e9""#),
    ]);
    let bytes = sprintf(
        b"%s|%.3s|%4s|%\xff",
        &[
            Value::text(b"\xff\xc3("),
            Value::text(b"\xff\xc3(x"),
            Value::text(b"\xff"),
            Value::Nil,
        ],
    );
    assert_eq!(
        bytes.expect("prints"),
        b"\xff\xc3(|\xff\xc3(|   \xff|%!\xef\xbf\xbd(<nil>)"
    );
}

#[test]
fn what_is_made_of_others() {
    let typed = Value::Map(Map::new(MapType::Text, [(Text::from("k"), Value::text("v"))]));
    let map = Value::map([
        (
            Text::from("b"),
            Value::List(List::flat(ListType::Int, ints(&[0, 1]))),
        ),
        (
            Text::from("a"),
            list(vec![
                Value::int(1),
                Value::Nil,
                Value::Float(1.5),
                Value::text("x"),
            ]),
        ),
    ]);
    let nil = Value::List(List::nil(ListType::Text));
    check(&[
        (
            "%6v|%q",
            vec![
                list(ints(&[1, 2])),
                list(vec![Value::text("a"), Value::int(1), Value::Nil]),
            ],
            r#"[     1      2]|["a" '\x01' <nil>]"#,
        ),
        ("%v", vec![map.clone()], "map[a:[1 <nil> 1.5 x] b:[0 1]]"),
        (
            "%#v",
            vec![map],
            r#"map[string]interface {}{"a":[]interface {}{1, interface {}(nil), 1.5, "x"}, "b":[]int{0, 1}}"#,
        ),
        (
            "%x %#v",
            vec![typed.clone(), typed],
            r#"map[6b:76] map[string]string{"k":"v"}"#,
        ),
        (
            "%v %#v %p",
            vec![nil.clone(), nil.clone(), nil],
            "[] []string(nil) 0x0",
        ),
        (
            "%w",
            vec![list(vec![Value::int(1), Value::text("a")])],
            "%!w([]interface {}=[1 a])",
        ),
    ]);
}

#[test]
fn types_with_a_text_of_their_own() {
    let month = || Value::Int(3, IntType::Month);
    let duration = Value::Int(90_000_000_000, IntType::Duration);
    check(&[
        (
            "%v %d %#v %q %t",
            vec![month(), month(), month(), month(), month()],
            r#"March 3 3 "March" %!t(time.Month=3)"#,
        ),
        (
            "%v %[1]d %[1]x %.2[1]s",
            vec![duration],
            "1m30s 90000000000 316d333073 1m",
        ),
        ("%v", vec![list(vec![month()])], "[March]"),
    ]);
}

#[test]
fn structs_show_what_is_in_them() {
    let version = call("semver", &[Value::text("v1.2-a+b")]).expect("a version");
    let time = Value::Time(std::rc::Rc::new(Time {
        seconds: 1_709_251_200,
        nanos: 4_000_000,
        zone: Zone::Utc,
    }));
    check(&[
        (
            "%v %[1]d %#[1]v",
            vec![version.clone()],
            r#"1.2.0-a+b &{1 2 0 %!d(string=a) %!d(string=b) %!d(string=v1.2-a+b)} &semver.Version{major:0x1, minor:0x2, patch:0x0, pre:"a", metadata:"b", original:"v1.2-a+b"}"#,
        ),
        (
            "%v %t",
            vec![list(vec![version.clone()]), list(vec![version])],
            "[1.2.0-a+b] [%!t(*semver.Version=&{1 2 0 a b v1.2-a+b})]",
        ),
        (
            "%v %[1]d %#[1]v %[1]p",
            vec![time],
            "2024-03-01 00:00:00.004 +0000 UTC {4000000 63844848000 0} time.Date(2024, time.March, 1, 0, 0, 0, 4000000, time.UTC) %!p(time.Time={4000000 63844848000 <nil>})",
        ),
    ]);
}

#[test]
fn wrong_verbs_and_arguments() {
    check(&[
        (
            "%t %5t %s",
            vec![Value::Bool(true), Value::Bool(false), Value::Bool(true)],
            "true false %!s(bool=true)",
        ),
        (
            "%T %.3T %T %s",
            vec![Value::int(1), Value::text("x"), Value::Nil, Value::Nil],
            "int str <nil> %!s(<nil>)",
        ),
        (
            "%d %f %c",
            texts(&["x", "x", "x"]),
            "%!d(string=x) %!f(string=x) %!c(string=x)",
        ),
        ("%z %! %é", ints(&[1, 2, 3]), "%!z(int=1) %!!(int=2) %!é(int=3)"),
        ("%d %d", ints(&[1]), "1 %!d(MISSING)"),
        (
            "%d",
            vec![Value::int(1), Value::Nil, Value::text("a")],
            "1%!(EXTRA <nil>, string=a)",
        ),
        ("%", vec![], "%!(NOVERB)"),
        ("%5%|%%", vec![], "%|%"),
        ("%. d|%.|", ints(&[5]), "%! (int=5)d|%!|(MISSING)"),
        ("%.", ints(&[5]), "%!.(int=5)"),
    ]);
}

#[test]
fn numbers_and_arguments_that_are_named() {
    check(&[
        ("%[2]d %[1]d", ints(&[1, 2]), "2 1"),
        (
            "%[3]d %[x]d %[1]2d %.[1]d %[",
            ints(&[1, 2]),
            "%!d(BADINDEX) %!d(BADINDEX) %!d(BADINDEX) 1 %!(NOVERB)",
        ),
        ("%*d|%-*d|%*d", ints(&[5, 42, 5, 42, -5, 42]), "   42|42   |42   "),
        (
            "%.*f %.*f %*d",
            vec![
                Value::int(2),
                Value::Float(3.15159),
                Value::int(-1),
                Value::Float(3.15159),
                Value::text("x"),
                Value::int(1),
            ],
            "3.15 %!(BADPREC)3.151590 %!(BADWIDTH)1",
        ),
        (
            "%[2]*[1]d|%[3]*.[2]*[1]f",
            ints(&[12, 2, 6]),
            "12|%!f(int=    12)",
        ),
        ("%12345678d", ints(&[1]), "%!(NOVERB)%!(EXTRA int=1)"),
        ("%*d", ints(&[1_000_001, 1]), "%!(BADWIDTH)1"),
    ]);
}

#[test]
fn print_and_println() {
    let args = [
        Value::text("a"),
        Value::int(1),
        Value::int(2),
        Value::text("b"),
        Value::text("c"),
        Value::Float(3.5),
        Value::Nil,
    ];
    assert_eq!(sprint(&args).expect("prints"), b"a1 2bc3.5 <nil>");
    assert_eq!(sprintln(&args).expect("prints"), b"a 1 2 b c 3.5 <nil>\n");
    assert_eq!(sprint(&[]).expect("prints"), b"");
}

#[test]
fn there_is_an_end_to_everything() {
    let mut doubled = list(vec![]);
    for _ in 0..100 {
        doubled = list(vec![doubled.clone(), doubled]);
    }
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out);
    printer.limit = 10_000;
    assert!(printer.argument(&doubled, 'v').is_err());

    let circle = Map::new(MapType::Any, []);
    circle.insert("it".into(), Value::Map(circle.clone()));
    assert!(sprint(&[Value::Map(circle.clone())]).is_err());
    circle.clear();

    let wide = printed(
        "%1000000d|%.1000000d|%.1000000f|%.1000000U|%1000000s",
        &[
            Value::int(1),
            Value::int(1),
            Value::Float(0.5),
            Value::int(1),
            Value::text(""),
        ],
    );
    assert_eq!(wide.len(), 5_000_000 + 4 + 2 + 2);
    assert!(sprintf("%9999999d".repeat(3).as_bytes(), &ints(&[1, 1, 1])).is_err());
}
