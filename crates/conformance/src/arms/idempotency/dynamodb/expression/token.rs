use super::super::fault::Fault;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a word of the grammar, an alias with its `#` or a placeholder with its `:`.
    Word(String),
    /// Anything else, such as `(` or `<=`.
    Mark(&'static str),
}

const MARKS: [&str; 11] = ["<>", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = is_part(first) || matches!(first, '#' | ':');
        let length = if begins {
            let end = rest[1..].find(|c| !is_part(c));
            let length = end.map_or(rest.len(), |end| end + 1);
            tokens.push(Token::Word(rest[..length].to_owned()));
            length
        } else {
            let mark = MARKS.into_iter().find(|mark| rest.starts_with(mark));
            let mark = mark.ok_or_else(|| {
                Fault::validation(format!("Invalid expression: syntax error at {first}"))
            })?;
            tokens.push(Token::Mark(mark));
            mark.len()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}
