//! The table of values in the chart's README.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::values::Value;

const BEGIN: &str = "<!-- The values below are written by `cargo xtask chart` from values.yaml. -->\n";
const END: &str = "<!-- End of the values. -->\n";

/// The README with the table of these values in the place of the one it has.
pub fn replace(readme: &str, values: &[Value]) -> Result<String> {
    let missing = || format!("the README needs the lines {BEGIN:?} and {END:?}");
    let (before, rest) = readme.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{before}{BEGIN}{}\n{END}{after}", write(values)))
}

fn write(values: &[Value]) -> String {
    let mut text = String::new();
    let mut section = "";
    for value in values {
        let Some(default) = &value.default else { continue };
        if value.section != section {
            section = &value.section;
            let _ = write!(
                text,
                "\n### {section}\n\n| value | default | what it is |\n| --- | --- | --- |\n"
            );
        }
        let (path, meaning) = (value.path.join("."), escape(&value.text));
        let _ = writeln!(text, "| `{path}` | `{}` | {meaning} |", escape(default));
    }
    text
}

/// A bar would end the cell.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::values::parse;
    use super::{BEGIN, END, replace};

    #[test]
    fn only_the_table_changes() {
        let values = parse("# @section S\n# -- A | b.\na: \"\"\nb:\n  # -- C.\n  c: [x]\n").unwrap();
        let rows = "\n### S\n\n| value | default | what it is |\n| --- | --- | --- |\n| `a` | `\"\"` | A \\| b. |\n| `b.c` | `[x]` | C. |\n";
        let readme = replace(&format!("before\n{BEGIN}old\n{END}after\n"), &values).unwrap();
        assert_eq!(readme, format!("before\n{BEGIN}{rows}\n{END}after\n"));
        assert_eq!(replace(&readme, &values).unwrap(), readme);
        assert!(replace("no markers", &values).is_err());
    }
}
