//! Text as GitHub's Markdown, where names and messages are data: a table named `a|b` must not open a column, and nothing
//! may become a link, a mention or HTML.

/// Longest piece of data that is shown whole, in characters.
const LONGEST: usize = 400;

/// A name or a command, as code, also inside a table.
pub(super) fn code(text: &str) -> String {
    let text = shortened(text);
    let breaks_a_span = |c: char| matches!(c, '`' | '|' | '\\') || c.is_control();
    if !text.is_empty() && text.trim() == text && !text.contains(breaks_a_span) {
        return format!("`{text}`");
    }
    format!("<code>{}</code>", escaped(&text))
}

/// A message on one line, also inside a table; what stands in backticks is code.
pub(super) fn prose(text: &str) -> String {
    let text = shortened(text);
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        // Somebody's name holds a backtick: no telling what is code.
        return escaped(&text);
    }
    let piece = |(index, piece): (usize, &&str)| match index % 2 {
        0 => escaped(piece),
        _ => code(piece),
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// A block of code that a person copies; its fence is longer than any in it.
pub(super) fn block(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}sh\n{}\n{fence}\n", text.trim_end())
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Characters that mean something to Markdown or HTML as references, which never do; line ends as blanks.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            c if c.is_whitespace() || c.is_control() => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$'
            | '@' | '&' | '!' => {
                escaped.push_str(&format!("&#{};", u32::from(character)));
            }
            // `https://` would become a link.
            ':' if escaped.ends_with("http") || escaped.ends_with("https") => {
                escaped.push_str("&#58;");
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_cell() {
        for (name, shown) in [
            ("users", "`users`"),
            ("a|b", "<code>a&#124;b</code>"),
            ("a`b\nc", "<code>a&#96;b c</code>"),
            ("<img>", "`<img>`"),
            ("", "<code></code>"),
            ("a\\", "<code>a&#92;</code>"),
        ] {
            assert_eq!(code(name), shown);
        }
    }

    #[test]
    fn messages_keep_their_code_and_nothing_else() {
        for (text, shown) in [
            ("2 rows of `users` are gone", "2 rows of `users` are gone"),
            (
                "@ada **bold** [x](y)",
                "&#64;ada &#42;&#42;bold&#42;&#42; &#91;x&#93;(y)",
            ),
            ("a\n| b |\n", "a &#124; b &#124;"),
            ("`a|b` is odd", "<code>a&#124;b</code> is odd"),
            ("one ` only", "one &#96; only"),
            ("at https://x", "at https&#58;//x"),
        ] {
            assert_eq!(prose(text), shown);
        }
        assert!(prose(&"x".repeat(5_000)).chars().count() == LONGEST + 1);
    }

    #[test]
    fn a_block_holds_what_looks_like_its_end() {
        assert_eq!(block("a"), "```sh\na\n```\n");
        assert_eq!(block("a\n```\n::b"), "````sh\na\n```\n::b\n````\n");
    }
}
