//! Tables that line up.

const GAP: &str = "   ";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A head and rows. The last column is as wide as it likes, and nothing is left of blanks at the end of a line.
pub fn lines<const N: usize>(head: [(&str, Align); N], rows: Vec<[String; N]>) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].0.len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let titles = head.map(|(title, _)| title.to_owned());
    let line = |row: [String; N]| {
        let cells = row.iter().zip(&widths).zip(head);
        let cells = cells.map(|((cell, &width), (_, align))| match align {
            Align::Left => format!("{cell:width$}"),
            Align::Right => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join(GAP);
        format!("{}\n", line.trim_end())
    };
    std::iter::once(titles).chain(rows).map(line).collect()
}
