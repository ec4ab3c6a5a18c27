//! Figures as a table: a row for each figure, a column for each run; turned round where the runs are too many for that.

use super::{Column, labels};
use crate::view::measure::Figure;
use unicode_width::UnicodeWidthStr;

/// The table is to be readable at so many columns.
const WIDTH: usize = 100;

/// The table. Where no figures were named (`short`), those that say nothing of any run are left out.
pub(super) fn text(figures: &[Figure], columns: &[Column], short: bool) -> String {
    if columns.is_empty() {
        return "no connection was asked for, so there is no end to measure\n".to_owned();
    }
    let says = |at: &usize| columns.iter().any(|column| column.values[*at].is_some_and(|value| value > 0));
    let rows: Vec<usize> = (0..figures.len()).filter(|at| !short || says(at)).collect();
    let (common, labels): (Vec<_>, Vec<_>) =
        labels(columns).into_iter().partition(|(_, values)| values.windows(2).all(|pair| pair[0] == pair[1]));
    let mut out = String::new();
    let width = common.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    for (name, values) in &common {
        let value = values.first().map_or("", String::as_str);
        out.push_str(&format!("{name}{}  {}\n", " ".repeat(width - name.width()), plain(value)));
    }
    out.push('\n');
    let mut grid: Vec<Vec<String>> = labels
        .into_iter()
        .map(|(name, values)| core::iter::once(name).chain(values.iter().map(|value| plain(value))).collect())
        .collect();
    grid.extend(rows.iter().map(|&at| row(&figures[at], at, columns)));
    out.push_str(&laid_out(&grid));
    let left_out = figures.len() - rows.len();
    if left_out > 0 {
        out.push_str(&format!(
            "\n{left_out} figures that are 0 or have no value here are left out; csv and json have them\n"
        ));
    }
    out
}

fn row(figure: &Figure, at: usize, columns: &[Column]) -> Vec<String> {
    let value = |column: &Column| column.values[at].map_or_else(|| "-".to_owned(), |value| value.to_string());
    core::iter::once(figure.name.clone()).chain(columns.iter().map(value)).collect()
}

/// Without what a terminal would take for more than text.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The grid as it is if that fits, else turned round if that fits, else in parts below each other.
fn laid_out(grid: &[Vec<String>]) -> String {
    if width(grid) <= WIDTH {
        return drawn(grid);
    }
    let turned: Vec<Vec<String>> =
        (0..grid.first().map_or(0, Vec::len)).map(|at| grid.iter().map(|row| row[at].clone()).collect()).collect();
    if width(&turned) <= WIDTH {
        return drawn(&turned);
    }
    let mut parts = Vec::new();
    let mut next = 1;
    while next < grid.first().map_or(0, Vec::len) {
        let part = |upto: usize| -> Vec<Vec<String>> {
            grid.iter().map(|row| core::iter::once(&row[0]).chain(&row[next..upto]).cloned().collect()).collect()
        };
        let fits = (next + 1..=grid[0].len()).rev().find(|upto| width(&part(*upto)) <= WIDTH);
        let upto = fits.unwrap_or(next + 1);
        parts.push(drawn(&part(upto)));
        next = upto;
    }
    let hint = "the runs do not fit side by side: fewer --figures turn the table round, csv has a row for each run\n";
    parts.join("\n") + "\n" + hint
}

fn widths(grid: &[Vec<String>]) -> Vec<usize> {
    let columns = grid.first().map_or(0, Vec::len);
    (0..columns).map(|at| grid.iter().map(|row| row[at].width()).max().unwrap_or(0)).collect()
}

fn width(grid: &[Vec<String>]) -> usize {
    let widths = widths(grid);
    widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
}

/// The first column begins at the left, the others end at the right.
fn drawn(grid: &[Vec<String>]) -> String {
    let widths = widths(grid);
    let mut out = String::new();
    for row in grid {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let room = " ".repeat(width - cell.width());
            line.push_str(&if at == 0 { format!("{cell}{room}") } else { format!("  {room}{cell}") });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
