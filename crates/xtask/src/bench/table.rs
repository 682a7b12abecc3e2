//! Ours and the peers' figures, side by side.

use crate::bench::cost::Cost;
use crate::bench::operation::Operation;

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    /// Nanoseconds: the median and the fastest batch.
    pub(crate) time: [f64; 2],
    pub(crate) cost: Cost,
}

const COLUMNS: usize = 7;
const TITLES: [&str; COLUMNS] = [
    "operation",
    "time",
    "fastest",
    "instructions",
    "allocations",
    "time ÷ ours",
    "instructions ÷ ours",
];

/// Each operation of ours, followed by those of the peers that stand beside it.
#[derive(Debug)]
pub(crate) struct Table(Vec<[String; COLUMNS]>);

impl Table {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        let (ours, peers): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.operation.is_ours());
        let mut cells = Vec::new();
        for row in &ours {
            cells.push(row.cells(None));
            let beside = peers.iter().filter(|peer| peer.is_beside(row));
            cells.extend(beside.map(|peer| peer.cells(Some(row))));
        }
        let alone = |peer: &&Row| !ours.iter().any(|row| peer.is_beside(row));
        cells.extend(peers.iter().filter(alone).map(|peer| peer.cells(None)));
        Self(cells)
    }

    /// For a terminal.
    pub(crate) fn aligned(&self) -> String {
        let rows = || std::iter::once(TITLES.map(str::to_owned)).chain(self.0.iter().cloned());
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            let lengths = rows().map(|row| row[column].chars().count());
            lengths.max().unwrap_or_default()
        });
        let line = |row: [String; COLUMNS]| {
            let cells = row
                .iter()
                .zip(widths)
                .enumerate()
                .map(|(column, (cell, width))| {
                    if column == 0 {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                });
            let line = cells.collect::<Vec<_>>().join("  ");
            format!("{}\n", line.trim_end())
        };
        rows().map(line).collect()
    }

    /// For a page of documentation.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = format!("|---{}|\n", "|---:".repeat(COLUMNS - 1));
        let rows: String = self.0.iter().map(|row| line(row)).collect();
        format!("{}{rule}{rows}", line(&TITLES.map(str::to_owned)))
    }
}

impl Row {
    fn is_beside(&self, ours: &Self) -> bool {
        self.operation.beside.as_ref() == Some(&ours.operation.name)
    }

    fn cells(&self, ours: Option<&Self>) -> [String; COLUMNS] {
        let [median, fastest] = self.time;
        let ratio = |of: fn(&Self) -> f64| {
            ours.map(|ours| format!("{:.1}", of(self) / of(ours)))
                .unwrap_or_default()
        };
        [
            self.operation.name.clone(),
            time(median),
            time(fastest),
            grouped(self.cost.instructions),
            grouped(self.cost.allocations),
            ratio(|row| row.time[0]),
            ratio(|row| approximate(row.cost.instructions)),
        ]
    }
}

/// Good enough for a ratio.
fn approximate(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn time(nanoseconds: f64) -> String {
    if nanoseconds < 1_000.0 {
        format!("{nanoseconds:.1} ns")
    } else {
        format!("{:.2} µs", nanoseconds / 1_000.0)
    }
}

/// With a comma between each three digits.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, beside: Option<&str>, time: f64, instructions: u64) -> Row {
        Row {
            operation: Operation {
                name: name.to_owned(),
                repeat: 1,
                beside: beside.map(str::to_owned),
            },
            time: [time, time],
            cost: Cost {
                instructions,
                allocations: 0,
            },
        }
    }

    fn table() -> Table {
        Table::new(vec![
            row("a/x", None, 500.0, 2_000),
            row("a/y", None, 1.0, 20),
            row("peer:b/x", Some("a/x"), 2_500.0, 12_345),
        ])
    }

    #[test]
    fn peers_follow_ours_with_their_ratio() {
        assert_eq!(
            table().markdown(),
            "| operation | time | fastest | instructions | allocations | time ÷ ours | \
             instructions ÷ ours |\n\
             |---|---:|---:|---:|---:|---:|---:|\n\
             | a/x | 500.0 ns | 500.0 ns | 2,000 | 0 |  |  |\n\
             | peer:b/x | 2.50 µs | 2.50 µs | 12,345 | 0 | 5.0 | 6.2 |\n\
             | a/y | 1.0 ns | 1.0 ns | 20 | 0 |  |  |\n"
        );
    }

    #[test]
    fn columns_are_aligned() {
        let text = table().aligned();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("a/x        500.0 ns  500.0 ns         2,000"));
        assert!(lines[2].starts_with("peer:b/x    2.50 µs   2.50 µs        12,345"));
    }

    #[test]
    fn peer_without_ours_in_the_selection_has_no_ratio() {
        let table = Table::new(vec![row("peer:b/x", Some("a/x"), 1.0, 1)]);
        assert!(table.markdown().ends_with("| 1.0 ns | 1 | 0 |  |  |\n"));
    }

    #[test]
    fn digits_are_grouped() {
        let texts = [0, 12, 123, 1_234, 123_456, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
