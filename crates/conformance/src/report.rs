//! The blocks that are written above the counts.

use std::{
    fmt,
    io::{self, Write},
};

use crate::{attempt::Attempt, case::Case, deviation::Deviation};

/// Longer values are cut: a block fits on a screen.
const MAX_VALUE: usize = 1_000;
const MAX_DIFFERENCE: usize = 300;
const MAX_DIFFERENCES: usize = 8;
const MAX_IDS: usize = 10;

pub(crate) fn failure(out: &mut dyn Write, case: &Case, attempt: &Attempt) -> io::Result<()> {
    block(out, "FAILED", case, attempt)?;
    writeln!(out)
}

pub(crate) fn deviation(
    out: &mut dyn Write,
    case: &Case,
    attempt: &Attempt,
    entries: &[&Deviation],
) -> io::Result<()> {
    block(out, "DEVIATION", case, attempt)?;
    for entry in entries {
        let (number, kind) = (entry.number(), entry.kind());
        writeln!(
            out,
            "  deviation {number}, {kind}: {}",
            one_line(entry.reason())
        )?;
        writeln!(out, "  ours: {}", one_line(entry.ours()))?;
    }
    writeln!(out)
}

/// One line for a case of which there is something to say whatever came of it.
pub(crate) fn remark(out: &mut dyn Write, case: &Case, remark: &str) -> io::Result<()> {
    writeln!(out, "REMARK {} {}: {remark}", case.utility(), case.id())
}

pub(crate) fn stale(out: &mut dyn Write, entry: &Deviation, matched: &[String]) -> io::Result<()> {
    let shown = matched.iter().take(MAX_IDS);
    let shown: Vec<&str> = shown.map(String::as_str).collect();
    let more = matched.len() - shown.len();
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    writeln!(
        out,
        "STALE deviation {} ({}, {}): it matched {} cases and none of them differs: {}{more}",
        entry.number(),
        entry.utility(),
        entry.kind(),
        matched.len(),
        shown.join(", "),
    )?;
    writeln!(out, "  reason: {}\n", one_line(entry.reason()))
}

fn block(out: &mut dyn Write, title: &str, case: &Case, attempt: &Attempt) -> io::Result<()> {
    let (utility, id) = (case.utility(), case.id());
    writeln!(out, "{title} {utility} {id}: {}", one_line(case.note()))?;
    writeln!(out, "  case:     {}:{}", case.file(), case.line())?;
    writeln!(out, "  input:    {}", cut(case.input(), MAX_VALUE))?;
    writeln!(out, "  expected: {}", cut(case.expected(), MAX_VALUE))?;
    match attempt {
        Attempt::Same => {}
        Attempt::Differs(got, differences) => {
            writeln!(out, "  got:      {}", cut(got, MAX_VALUE))?;
            for difference in differences.iter().take(MAX_DIFFERENCES) {
                writeln!(out, "  - {}", cut(difference, MAX_DIFFERENCE))?;
            }
            let more = differences.len().saturating_sub(MAX_DIFFERENCES);
            if more > 0 {
                writeln!(out, "  - and {more} more differences")?;
            }
        }
        Attempt::Refused(refusal) => {
            writeln!(
                out,
                "  got:      nothing, {}",
                one_line(&refusal.to_string())
            )?;
        }
        Attempt::Panicked(message) => {
            writeln!(
                out,
                "  got:      a panic: {}",
                cut(&one_line(message), MAX_VALUE)
            )?;
        }
        Attempt::Hung(limit) => {
            writeln!(out, "  got:      nothing within {} s", limit.as_secs_f32())?;
        }
    }
    Ok(())
}

fn cut(value: &dyn fmt::Display, max: usize) -> String {
    let text = value.to_string();
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_value_is_cut_between_characters_and_tells_its_length() {
        assert_eq!(cut(&"ééé", 3), "ééé");
        assert_eq!(cut(&"éééé", 3), "ééé… (8 bytes)");
    }

    #[test]
    fn reason_of_several_lines_becomes_one() {
        assert_eq!(one_line("a\n  b\tc "), "a b c");
    }
}
