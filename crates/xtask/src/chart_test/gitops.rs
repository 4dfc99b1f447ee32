//! What Argo CD and Flux make of our objects: the scripts in `deploy/argocd` in Argo CD's own Lua, and the expressions
//! in `deploy/flux`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cel::{Program, Value as Cel};
use serde::Deserialize;
use serde_json::Value as Json;

use super::tools::Tools;
use crate::chart::read;
use crate::run;

const CASES: &str = include_str!("health.yaml");

#[derive(Deserialize)]
struct Case {
    name: String,
    object: Json,
    argo: String,
    says: String,
    flux: String,
}

/// One entry of Flux's `healthCheckExprs`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expressions {
    kind: String,
    in_progress: String,
    failed: String,
    current: String,
}

/// Holds both against the same objects.
pub fn check(tools: &Tools) -> Result<()> {
    let deploy = run::root().join("deploy");
    let folder = run::target().join("chart-test");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let lua = Lua { tools, folder };
    let health = read(&deploy.join("argocd/health.lua"))?;
    let flux = flux_expressions(&deploy)?;
    let cases: Vec<Case> = serde_saphyr::from_str(CASES).context("health.yaml")?;
    for case in &cases {
        argo_sees(&lua, &health, case).with_context(|| format!("{}: Argo CD", case.name))?;
        flux_sees(&flux, case).with_context(|| format!("{}: Flux", case.name))?;
    }
    actions_change_an_annotation(&lua, &deploy.join("argocd")).context("actions of Argo CD")?;
    println!(
        "{} objects are seen as they are, by Argo CD and by Flux",
        cases.len()
    );
    Ok(())
}

struct Lua<'a> {
    tools: &'a Tools,
    folder: PathBuf,
}

impl Lua<'_> {
    /// What the script prints when it is called with this object, and `print` with what it returns.
    fn call(&self, script: &str, object: &Json, print: &str) -> Result<Vec<String>> {
        let path = self.folder.join("script.lua");
        let whole = format!(
            "obj = {}\nlocal function script()\n{script}\nend\nlocal answer = script()\n{print}\n",
            lua_value(object)
        );
        fs::write(&path, whole).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(self.tools.lua(&path)?.lines().map(str::to_owned).collect())
    }
}

fn argo_sees(lua: &Lua, health: &str, case: &Case) -> Result<()> {
    let seen = lua.call(health, &case.object, "print(answer.status) print(answer.message)")?;
    ensure!(
        seen == [case.argo.as_str(), case.says.as_str()],
        "sees {seen:?} instead of {:?}",
        [&case.argo, &case.says]
    );
    Ok(())
}

fn actions_change_an_annotation(lua: &Lua, folder: &Path) -> Result<()> {
    let object = |kind: &str, annotations: Json| serde_json::json!({"kind": kind, "metadata": {"name": "app", "annotations": annotations}});
    let some = object("ExternalSecret", serde_json::json!({"a": "b"}));
    let now = read(&folder.join("now.lua"))?;
    for (object, annotation) in [
        (&some, "force-sync"),
        (&object("PushSecret", Json::Null), "force-sync"),
        // The one that ExternalSecrets get from it.
        (
            &object("ClusterExternalSecret", Json::Null),
            "external-secrets.io/force-sync",
        ),
    ] {
        let print = format!("print(answer.metadata.name) print(answer.metadata.annotations['{annotation}'])");
        let seen = lua.call(&now, object, &print)?;
        let [name, time] = &seen[..] else {
            bail!("now.lua makes {seen:?}");
        };
        ensure!(
            name == "app" && time.ends_with('Z') && time.len() == 20,
            "now.lua makes {seen:?}"
        );
    }
    let discovery = read(&folder.join("discovery.lua"))?;
    let offered = lua.call(&discovery, &some, "print(answer.ACTION.disabled)")?;
    ensure!(offered == ["false"], "discovery.lua makes {offered:?}");
    Ok(())
}

fn flux_expressions(deploy: &Path) -> Result<Vec<Expressions>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Checks {
        health_check_exprs: Vec<Expressions>,
    }
    let checks: Checks = serde_saphyr::from_str(&read(&deploy.join("flux/health-checks.yaml"))?)?;
    Ok(checks.health_check_exprs)
}

/// Flux takes the first that is true, and goes on waiting where none is or a field is not there.
fn flux_sees(flux: &[Expressions], case: &Case) -> Result<()> {
    let kind = case.object["kind"].as_str().context("no kind")?;
    let expressions = flux.iter().find(|entry| entry.kind == kind);
    let expressions = expressions.with_context(|| format!("no expressions for {kind}"))?;
    let mut seen = "InProgress";
    for (expression, means) in [
        (&expressions.in_progress, "InProgress"),
        (&expressions.failed, "Failed"),
        (&expressions.current, "Current"),
    ] {
        match holds(expression, &case.object)? {
            Some(true) => {
                seen = means;
                break;
            }
            Some(false) => {}
            None => break,
        }
    }
    ensure!(seen == case.flux, "sees {seen} instead of {}", case.flux);
    Ok(())
}

/// `None`: it names a field that is not there.
fn holds(expression: &str, object: &Json) -> Result<Option<bool>> {
    let program = Program::compile(expression).map_err(|error| anyhow::anyhow!("{expression}: {error}"))?;
    let mut context = cel::Context::default();
    for (field, value) in object.as_object().context("no object")? {
        context
            .add_variable(field.as_str(), value)
            .map_err(|error| anyhow::anyhow!("{field}: {error}"))?;
    }
    match program.execute(&context) {
        Ok(Cel::Bool(holds)) => Ok(Some(holds)),
        Ok(other) => bail!("{expression} is {other:?}"),
        Err(cel::ExecutionError::NoSuchKey(_) | cel::ExecutionError::UndeclaredReference(_)) => Ok(None),
        Err(error) => bail!("{expression}: {error}"),
    }
}

/// The same value, as Lua writes it.
fn lua_value(value: &Json) -> String {
    match value {
        Json::Null => "nil".to_owned(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => value.to_string(),
        Json::Array(items) => format!(
            "{{{}}}",
            items.iter().map(lua_value).collect::<Vec<_>>().join(", ")
        ),
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| {
                format!("[{}] = {}", Json::from(name.as_str()), lua_value(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}
