//! Text in lines of at most 120 characters.

const WIDTH: usize = 120;

/// The text, each line behind a prefix; lines that are too long go on in the next one.
pub fn wrap(text: &str, prefix: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut row = prefix.to_string();
        for word in line.split(' ') {
            if row.len() > prefix.len() && row.chars().count() + 1 + word.chars().count() > WIDTH {
                out.push_str(&format!("{row}\n"));
                row = prefix.to_string();
            }
            row.push_str(if row.len() > prefix.len() { " " } else { "" });
            row.push_str(word);
        }
        out.push_str(&format!("{}\n", row.trim_end()));
    }
    out
}

/// `head`, the items with commas between them, and `tail`: on one line, or with the items on lines of their own.
pub fn list(indent: &str, head: &str, items: &[String], tail: &str, last_comma: &str) -> String {
    let joined = items.join(", ");
    if indent.len() + head.len() + joined.len() + tail.len() <= WIDTH {
        return format!("{indent}{head}{joined}{tail}\n");
    }
    let items: Vec<_> = items.iter().map(|item| format!("{indent}    {item}")).collect();
    format!("{indent}{head}\n{}{last_comma}\n{indent}{tail}\n", items.join(",\n"))
}
