//! OTLP's JSON mapping: identifiers are hexadecimal, integers of 64 bits are text, and enums are numbers.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::traces::span::Event;
use crate::traces::{Ids, Kind, Span, Value};

/// Spans of ours, all of one resource.
pub(super) fn request(resource: &Json, spans: &[Span]) -> Json {
    let scope = json!({"name": "lockstep", "version": env!("CARGO_PKG_VERSION")});
    let spans: Vec<_> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{"scope": scope, "spans": spans}],
    }]})
}

/// Pairs of names and texts.
pub(super) fn attributes(pairs: &[(String, String)]) -> Json {
    let pairs = pairs
        .iter()
        .map(|(name, text)| json!({"key": name, "value": {"stringValue": text}}));
    pairs.collect()
}

fn span(span: &Span) -> Json {
    let kind = match span.kind {
        Kind::Internal => 1,
        Kind::Client => 3,
    };
    let status = match span.reason {
        Some(reason) => json!({"code": 2, "message": reason}),
        None => json!({}),
    };
    let mut told = json!({
        "traceId": format!("{:032x}", span.ids.trace),
        "spanId": format!("{:016x}", span.ids.span),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": nanos(span.began),
        "endTimeUnixNano": nanos(span.ended),
        "attributes": named(&span.attributes),
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
        "droppedEventsCount": span.events_left_out,
        "links": span.links.iter().copied().map(link).collect::<Vec<_>>(),
        "droppedLinksCount": span.links_left_out,
        "status": status,
    });
    if let Some(parent) = span.parent {
        told["parentSpanId"] = format!("{parent:016x}").into();
    }
    told
}

fn event(event: &Event) -> Json {
    json!({
        "timeUnixNano": nanos(event.at),
        "name": event.name,
        "attributes": named(&event.attributes),
    })
}

fn link(ids: Ids) -> Json {
    json!({"traceId": format!("{:032x}", ids.trace), "spanId": format!("{:016x}", ids.span)})
}

fn named(attributes: &[(&'static str, Value)]) -> Json {
    let told = attributes.iter().map(|(name, value)| {
        let value = match value {
            Value::Text(text) => json!({"stringValue": text}),
            Value::Word(word) => json!({"stringValue": word}),
            Value::Number(number) => json!({"intValue": number.to_string()}),
            Value::Truth(truth) => json!({"boolValue": truth}),
        };
        json!({"key": name, "value": value})
    });
    told.collect()
}

fn nanos(at: Timestamp) -> String {
    at.as_nanosecond().to_string()
}
