//! Every flag as a variable of the environment, too: `--metrics-addr` is `LOCKSTEP_METRICS_ADDR`. What is on the
//! command line wins, and an empty variable counts as none.

use clap::{Arg, Command};

const PREFIX: &str = "LOCKSTEP_";

/// The command, and all below it, with variables.
pub fn with_variables(command: Command) -> Command {
    let command = command.mut_args(with_variable);
    command.mut_subcommands(with_variables)
}

fn with_variable(arg: Arg) -> Arg {
    match arg.get_long().map(variable) {
        Some(name) if !is_empty(&name) => arg.env(name).hide_env_values(true),
        Some(_) | None => arg,
    }
}

/// Kubernetes sets variables for every Service of a namespace, and for one named `lockstep-webhook` that is
/// `LOCKSTEP_WEBHOOK_PORT`, which holds no port.
fn variable(flag: &str) -> String {
    let name = format!("{PREFIX}{}", flag.replace('-', "_").to_uppercase());
    if name.ends_with("_PORT") {
        format!("{name}_NUMBER")
    } else {
        name
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the wiring of the faces")]
fn is_empty(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(command: &Command) -> Vec<&Command> {
        let mut all = vec![command];
        all.extend(command.get_subcommands().flat_map(below));
        all
    }

    /// Variables that Kubernetes may set by itself, for a Service whose name begins with `lockstep`.
    fn may_be_a_service(name: &str) -> bool {
        let ends = ["_PORT", "_SERVICE_HOST", "_SERVICE_PORT", "_PROTO", "_ADDR_TCP"];
        ends.iter().any(|end| name.ends_with(end))
            || name.contains("_SERVICE_PORT_")
            || name.contains("_PORT_")
                && name
                    .split("_PORT_")
                    .any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    #[test]
    fn every_flag_has_a_variable_that_no_service_takes() {
        let cli = with_variables(crate::cli::command());
        let commands = below(&cli);
        assert!(commands.len() > 4, "{} commands", commands.len());
        for command in commands {
            for arg in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
                let flag = format!("{} --{}", command.get_name(), arg.get_long().unwrap_or_default());
                let name = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                let name = name.unwrap_or_else(|| panic!("{flag} has no variable"));
                assert!(name.starts_with(PREFIX), "{flag}: {name}");
                assert!(!may_be_a_service(&name), "{flag}: {name}");
            }
        }
    }

    #[test]
    fn names_are_those_of_flags() {
        assert_eq!(variable("metrics-addr"), "LOCKSTEP_METRICS_ADDR");
        assert_eq!(variable("port"), "LOCKSTEP_PORT_NUMBER");
        assert!(may_be_a_service("LOCKSTEP_METRICS_PORT_8080_TCP_ADDR"));
        assert!(!may_be_a_service("LOCKSTEP_METRICS_ADDR"));
    }
}
