//! The table that people read: what was written, from where, and how it went.

use super::verdict::{Row, Verdict};
use crate::cli::columns::{self, Align};

const HEAD: [(&str, Align); 4] = [
    ("TARGET", Align::Left),
    ("KEYS", Align::Right),
    ("SOURCE", Align::Left),
    ("STATE", Align::Left),
];
/// A cause that goes on for longer stands in full in the messages.
const LONGEST_STATE: usize = 120;

/// `pending` is what is said of those that nothing is known of.
pub fn render(rows: &[Row], pending: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let cells = rows.iter().map(|row| cells(row, pending)).collect();
    columns::lines(HEAD, cells)
}

fn cells(row: &Row, pending: &str) -> [String; 4] {
    let keys = row.keys.map_or_else(|| "-".to_owned(), |count| count.to_string());
    [
        row.target.clone(),
        keys,
        row.source.clone(),
        state(&row.verdict, pending),
    ]
}

fn state(verdict: &Verdict, pending: &str) -> String {
    let told = match verdict {
        Verdict::Pending => pending.to_owned(),
        Verdict::InStep { remark: None } => "Ready".to_owned(),
        Verdict::InStep { remark: Some(remark) } => format!("Ready: {remark}"),
        Verdict::Failed { reason, cause } => format!("{reason}: {cause}"),
    };
    // A line break would break the table.
    let line = told.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_STATE {
        return line;
    }
    line.chars().take(LONGEST_STATE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |target: &str, keys, verdict| Row {
            target: target.into(),
            keys,
            source: "SecretStore/s".into(),
            verdict,
        };
        let failed = Verdict::Failed {
            reason: "SecretSyncedError".into(),
            cause: format!("two\nlines {}", "x".repeat(200)),
        };
        let table = render(
            &[
                row("a", Some(12), Verdict::InStep { remark: None }),
                row("shop/database", None, Verdict::Pending),
                row("b", Some(3), failed),
            ],
            "waiting",
        );
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "TARGET          KEYS   SOURCE          STATE");
        assert_eq!(lines[1], "a                 12   SecretStore/s   Ready");
        assert_eq!(lines[2], "shop/database      -   SecretStore/s   waiting");
        assert!(
            lines[3].starts_with("b                  3   SecretStore/s   SecretSyncedError: two lines xxx")
        );
        assert!(lines[3].ends_with('…') && lines.len() == 4);
        assert_eq!(render(&[], "waiting"), "");
    }
}
