//! Figures as benches print them: lines of columns.

/// The columns of each line, the bench's name left out.
pub(crate) type Lines = Vec<Vec<String>>;

/// The rows of a table with these columns.
pub(super) fn table(lines: &[Vec<String>]) -> String {
    lines.iter().map(|columns| format!("| {} |\n", columns.join(" | "))).collect()
}

/// What is left of the lines that begin with these words.
pub(super) fn lines_of(lines: &[Vec<String>], words: &[&str]) -> Lines {
    let begins = |columns: &&Vec<String>| columns.iter().zip(words).all(|(column, word)| column == word);
    lines.iter().filter(begins).map(|columns| columns[words.len()..].to_vec()).collect()
}

/// The figure in a column.
pub(super) fn figure(columns: &[String], place: usize) -> f64 {
    columns[place].parse().expect("a bench prints numbers as such")
}

/// The first column of each line, and the figure in another.
pub(super) fn subjects(lines: &[Vec<String>], place: usize) -> Vec<(&str, f64)> {
    lines.iter().map(|columns| (columns[0].as_str(), figure(columns, place))).collect()
}
