//! Calls functions as the executor does.

use std::time::SystemTime;

use super::{Args, find};
use crate::env::{Env, Random};
use crate::fault::{Fault, Outcome};
use crate::value::Value;
use crate::{Data, Error, MissingKey, Options, Template, World};

/// Counts up from zero.
#[derive(Default)]
pub(crate) struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

pub(crate) fn call(name: &str, args: &[Value]) -> Outcome {
    let mut random = Counting::default();
    let mut env = Env::new(SystemTime::UNIX_EPOCH, &mut random, 1 << 32);
    let function = find(name).unwrap_or_else(|| panic!("there is no function {name}"));
    (function.call)(&mut env, Args(args))
}

/// Of a function that takes texts and makes one.
pub(crate) fn text_of<T: AsRef<[u8]>>(name: &str, args: &[T]) -> Result<Vec<u8>, String> {
    let args: Vec<Value> = args.iter().map(|arg| Value::text(arg.as_ref())).collect();
    match call(name, &args) {
        Ok(Value::Text(text)) => Ok(text.to_vec()),
        Ok(_) => panic!("{name} made no text"),
        Err(Fault::Says(why)) => Err(why.into_owned()),
        Err(Fault::Chosen(_)) => panic!("{name} chose its fault"),
    }
}

/// Holds what templates render without data against what is expected of them; `None` is an error.
pub(crate) fn check(cases: &[(&str, Option<&str>)]) {
    for (template, expected) in cases {
        let rendered = render(template).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(rendered.ok().as_deref(), *expected, "{template}");
    }
}

fn render(template: &str) -> Result<Vec<u8>, Error> {
    let options = Options {
        missing_key: MissingKey::Error,
        ..Options::default()
    };
    let mut world = World {
        now: SystemTime::UNIX_EPOCH,
        random: &mut Counting::default(),
    };
    let data = Data::texts([("", ""); 0]);
    Template::parse("test", template, &options)?.render(data, &mut world)
}
