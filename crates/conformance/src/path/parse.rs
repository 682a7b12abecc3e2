//! Reads paths.

use std::{iter::Peekable, str::Chars};

use super::step::{Step, Wanted};

/// The steps of a path, or what is wrong with it.
pub(super) fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text.chars().peekable();
    let mut wants_name = true;
    while let Some(&next) = rest.peek() {
        match next {
            '[' => {
                rest.next();
                steps.push(bracket(&mut rest)?);
                wants_name = false;
            }
            '.' if !wants_name => {
                rest.next();
                wants_name = true;
            }
            '<' if wants_name => {
                rest.next();
                let inner = name(&mut rest, &['>'])?;
                rest.next().ok_or("a `<` is not closed")?;
                steps.push(Step::NamedIn(self::steps(&inner)?));
                wants_name = false;
            }
            _ if wants_name => {
                let quoted = next == '"';
                let name = name(&mut rest, &['.', '['])?;
                steps.push(match name.as_str() {
                    "*" if !quoted => Step::EveryMember,
                    "**" if !quoted => Step::EveryDepth,
                    _ => Step::Member(name),
                });
                wants_name = false;
            }
            _ => return Err(format!("`{text}`: there is no `.` or `[` before `{next}`")),
        }
    }
    if wants_name {
        return Err(format!("`{text}` ends where a name should stand"));
    }
    Ok(steps)
}

fn bracket(rest: &mut Peekable<Chars<'_>>) -> Result<Step, String> {
    let key = name(rest, &[']', '=', '~'])?;
    match rest.next() {
        Some(']') if key == "*" => Ok(Step::EveryItem),
        Some(']') if key.len() > 1 && key.starts_with('!') => Ok(Step::Where {
            name: key[1..].to_owned(),
            value: None,
            is: false,
        }),
        Some(']') => key
            .parse()
            .map(Step::Item)
            .map_err(|_| format!("`[{key}]` is no place: write [0], [*] or [name=value]")),
        Some('~') => {
            let value = Some(Wanted::Fits(name(rest, &[']'])?));
            rest.next().ok_or("a bracket is not closed")?;
            let (name, is) = (key, true);
            Ok(Step::Where { name, value, is })
        }
        Some('=') => {
            let value = Some(Wanted::Is(name(rest, &[']'])?));
            rest.next().ok_or("a bracket is not closed")?;
            let (name, is) = match key.strip_suffix('!') {
                Some(name) => (name.to_owned(), false),
                None => (key, true),
            };
            Ok(Step::Where { name, value, is })
        }
        _ => Err("a bracket is not closed".to_owned()),
    }
}

/// A name up to one of the marks, or in quotes.
fn name(rest: &mut Peekable<Chars<'_>>, marks: &[char]) -> Result<String, String> {
    let mut name = String::new();
    if rest.next_if_eq(&'"').is_some() {
        loop {
            match rest.next() {
                Some('"') => return Ok(name),
                Some(c) => name.push(c),
                None => return Err("a quote is not closed".to_owned()),
            }
        }
    }
    while let Some(c) = rest.next_if(|c| !marks.contains(c)) {
        name.push(c);
    }
    if name.is_empty() {
        return Err("a name is empty; the empty name is written \"\"".to_owned());
    }
    Ok(name)
}
