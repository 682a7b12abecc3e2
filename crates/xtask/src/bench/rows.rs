//! Files of rows: a name and two figures, with tabs between, and comments.

use std::collections::BTreeSet;

use crate::failure::{Failure, Result};

/// A figure, or `-` for none.
pub(crate) type Figure = Option<u64>;

/// The rows of a file of this name, in its order.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<(String, [Figure; 2])>> {
    let mut names = BTreeSet::new();
    let mut rows = Vec::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let (name, figures) = row(line).ok_or_else(|| {
            Failure::new(format!(
                "{file}: a row is name, instructions and allocations with tabs between: {line}"
            ))
        })?;
        if !names.insert(name) {
            return Err(Failure::new(format!("{file}: {name} has two rows")));
        }
        rows.push((name.to_owned(), figures));
    }
    Ok(rows)
}

fn row(line: &str) -> Option<(&str, [Figure; 2])> {
    let words: Vec<&str> = line.split('\t').collect();
    let [name, instructions, allocations] = words[..] else {
        return None;
    };
    Some((name, [figure(instructions)?, figure(allocations)?]))
}

fn figure(word: &str) -> Option<Figure> {
    if word == "-" {
        return Some(None);
    }
    word.parse().ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_no_rows() {
        let rows = read("f", "# a comment\n\na/x\t12\t0\nb/y\t-\t3\n").unwrap();
        assert_eq!(
            rows,
            [
                ("a/x".to_owned(), [Some(12), Some(0)]),
                ("b/y".to_owned(), [None, Some(3)])
            ]
        );
    }

    #[test]
    fn malformed_row_is_named_with_its_file() {
        for line in [
            "a/x",
            "a/x\t1",
            "a/x\t1\t2\t3",
            "a/x 1 2",
            "a/x\t1\t-2",
            "a/x\t\t0",
        ] {
            let error = read("f.tsv", line).expect_err(line).to_string();
            assert!(error.starts_with("f.tsv: "), "{error}");
            assert!(error.ends_with(line), "{error}");
        }
    }

    #[test]
    fn name_with_two_rows_is_an_error() {
        assert_eq!(
            read("f.tsv", "a/x\t1\t0\na/x\t2\t0\n"),
            Err(Failure::new("f.tsv: a/x has two rows"))
        );
    }
}
