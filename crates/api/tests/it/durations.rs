//! Durations against those recorded from Go.

use lockstep_api::GoDuration;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    input: String,
    nanos: Option<i64>,
    string: Option<String>,
    error_contains: Option<String>,
}

#[test]
fn durations_are_read_and_printed_as_go_does() {
    let cases = lockstep_vectors::load("duration.json");
    let cases: Vec<Case> = serde_json::from_value(cases.into()).expect("cases");
    assert!(cases.len() >= 55, "cases went missing");
    for case in cases {
        let name = &case.name;
        match (GoDuration::parse(case.input.as_str()), case.error_contains) {
            (Ok(duration), None) => {
                assert_eq!(Some(duration.nanos()), case.nanos, "{name}");
                assert_eq!(
                    Some(GoDuration::from_nanos(duration.nanos()).text()),
                    case.string.as_deref(),
                    "{name}"
                );
                assert_eq!(duration.text(), case.input, "{name}");
            }
            (Err(message), Some(part)) => assert!(message.contains(&part), "{name}: {message}"),
            (result, expected) => panic!("{name}: {result:?} in place of {expected:?}"),
        }
    }
}

proptest::proptest! {
    #[test]
    fn what_is_printed_is_read_back(nanos: i64) {
        let duration = GoDuration::parse(GoDuration::from_nanos(nanos).text()).expect("Go's own text is valid");
        proptest::prop_assert_eq!(duration.nanos(), nanos);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[-+0-9.a-zµ ]{0,30}") {
        let _ = GoDuration::parse(text);
    }
}
