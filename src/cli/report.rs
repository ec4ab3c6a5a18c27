//! The outcome of `drywire check` as a table, as JSON, and as JUnit's XML.

use super::check::Row;
use super::draw::{self, Paint, difference};
use super::engine::{Diagnostic, Failure, xml};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

/// The version of the JSON form.
const VERSION: u32 = 1;

/// The table, and below it what is not as it should be.
pub(super) fn text(paint: Paint, rows: &[Row], runs: u32) -> String {
    let mut out = table(paint, rows);
    for row in rows.iter().filter(|row| !row.ok() && row.verdict.is_some()) {
        out.push('\n');
        out.push_str(&details(paint, row));
    }
    out.push_str(&remarks(paint, rows));
    out.push('\n');
    out.push_str(&summary(paint, rows, runs));
    out
}

/// What keeps no scenario from being as it should be, but may not be what was meant.
fn remarks(paint: Paint, rows: &[Row]) -> String {
    let remarks = |row: &Row| -> Vec<String> {
        let idle = row.verdict.iter().flat_map(|verdict| &verdict.idle_faults);
        idle.map(|text| draw::remark(paint, &format!("{}: {text}", row.name))).collect()
    };
    let all: Vec<String> = rows.iter().flat_map(remarks).collect();
    if all.is_empty() { String::new() } else { format!("\n{}", all.concat()) }
}

fn table(paint: Paint, rows: &[Row]) -> String {
    let head = ["scenario", "result", "expectations", "segments", "divergences"].map(str::to_owned);
    let cells: Vec<[String; 5]> = core::iter::once(head).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> =
        (0..5).map(|column| cells.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for (at, row) in cells.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let room = " ".repeat(widths[column] - cell.width());
            let shown = match (at, column, cell.as_str()) {
                (0, ..) => paint.dim(cell),
                (_, 1, "ok") => paint.green(cell),
                (_, 1, _) => paint.red(cell),
                _ => cell.clone(),
            };
            // The numbers of segments stand under each other; everything else begins at the left.
            line.push_str(&if column == 3 { format!("{room}{shown}  ") } else { format!("{shown}{room}  ") });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn cells(row: &Row) -> [String; 5] {
    let Some(verdict) = &row.verdict else {
        return [row.name.clone(), "BAD".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned()];
    };
    let met = verdict.expectations.saturating_sub(verdict.failures.len());
    let divergences = match (verdict.findings.len(), verdict.known.len()) {
        (0, 0) => "-".to_owned(),
        (0, known) => format!("{known} known"),
        (new, 0) => format!("{new} NEW"),
        (new, known) => format!("{known} known, {new} NEW"),
    };
    let result = if row.ok() { "ok" } else { "FAILED" };
    [
        row.name.clone(),
        result.to_owned(),
        if verdict.judged_only { "judge only".to_owned() } else { format!("{met} of {}", verdict.expectations) },
        verdict.segments.to_string(),
        divergences,
    ]
}

/// All that is wrong with one scenario.
fn details(paint: Paint, row: &Row) -> String {
    let Some(verdict) = &row.verdict else { return String::new() };
    let mut parts: Vec<String> = verdict.failures.iter().map(|failure| failed(paint, row, failure)).collect();
    parts.extend(verdict.findings.iter().map(|finding| format!("  {finding}\n")));
    parts.extend(verdict.limit.iter().map(|limit| format!("  {limit}\n")));
    if let Some((run, one, other)) = &row.unsteady {
        let lines = difference(paint, &draw::visible(one), &draw::visible(other));
        parts.push(format!("  run {run} is not byte for byte run 1; the first line that differs:\n{lines}"));
    }
    if !row.again.is_empty() {
        parts.push(format!("  again: {}\n", row.again));
    }
    format!("{} {}\n{}", paint.red("FAILED"), paint.bold(&row.name), parts.join("\n"))
}

fn failed(paint: Paint, row: &Row, failure: &Failure) -> String {
    let (expected, got) = (draw::visible(&failure.expected), draw::visible(&failure.got));
    let lines = difference(paint, &expected, &got);
    if row.text.is_empty() {
        return format!("  {}\n{lines}", failure.message);
    }
    let error = Diagnostic {
        message: failure.message.clone(),
        span: failure.span.clone(),
        label: "expected here".to_owned(),
        help: String::new(),
    };
    draw::diagnostic(paint, &row.name, &draw::visible(&row.text), &error) + &lines
}

fn summary(paint: Paint, rows: &[Row], runs: u32) -> String {
    let count = |wanted: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    let bad = count(&|row| row.verdict.is_none());
    let failed = count(&|row| row.verdict.is_some() && !row.ok());
    let scenarios = if rows.len() == 1 { "scenario" } else { "scenarios" };
    let mut text = format!("{} {scenarios}: {} ok", rows.len(), rows.len() - bad - failed);
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    if bad > 0 {
        text.push_str(&format!(", {bad} could not be read"));
    }
    if runs > 1 {
        text.push_str(&format!("; {runs} runs each"));
    }
    let paint_all = |text: &str| if bad + failed == 0 { paint.green(text) } else { paint.red(text) };
    paint_all(&text) + "\n"
}

/// One JSON object, with a line for each scenario.
pub(super) fn json(rows: &[Row]) -> String {
    let ok = rows.iter().all(Row::ok);
    let rows: Vec<String> = rows.iter().map(|row| format!("  {}", json_row(row))).collect();
    format!("{{\"version\":{VERSION},\"ok\":{ok},\"scenarios\":[\n{}\n]}}\n", rows.join(",\n"))
}

fn json_row(row: &Row) -> Value {
    let Some(verdict) = &row.verdict else {
        return json!({ "sim": row.name, "result": "bad-input" });
    };
    let failures: Vec<Value> = verdict
        .failures
        .iter()
        .map(|failure| {
            let (line, column) = draw::position(&row.text, failure.span.start);
            let (message, expected, got) = (&failure.message, &failure.expected, &failure.got);
            json!({ "message": message, "line": line, "column": column, "expected": expected, "got": got })
        })
        .collect();
    json!({
        "sim": row.name,
        "result": if row.ok() { "ok" } else { "failed" },
        "expectations": verdict.expectations,
        "met": verdict.expectations.saturating_sub(verdict.failures.len()),
        "segments": verdict.segments,
        "records": verdict.records,
        "judged_only": verdict.judged_only,
        "known": verdict.known,
        "idle_faults": verdict.idle_faults,
        "findings": verdict.findings,
        "failures": failures,
        "limit": verdict.limit,
        "again": row.again,
        "differs_in_run": row.unsteady.as_ref().map(|(run, ..)| run),
    })
}

/// JUnit's XML: a test case for each scenario.
pub(super) fn junit(rows: &[Row]) -> String {
    let errors = rows.iter().filter(|row| row.verdict.is_none()).count();
    let failures = rows.iter().filter(|row| !row.ok()).count() - errors;
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"", rows.len());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites name=\"drywire\" {counts}>\n"));
    out.push_str(&format!("  <testsuite name=\"drywire check\" {counts}>\n"));
    for row in rows {
        out.push_str(&junit_row(row));
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn junit_row(row: &Row) -> String {
    let open = format!("    <testcase classname=\"drywire.check\" name=\"{}\"", xml(&row.name));
    let Some(verdict) = &row.verdict else {
        return format!("{open}><error message=\"the scenario cannot be read\"/></testcase>\n");
    };
    if row.ok() {
        return format!("{open}/>\n");
    }
    let first = verdict
        .failures
        .first()
        .map(|failure| failure.message.clone())
        .or_else(|| verdict.findings.first().cloned())
        .or_else(|| verdict.limit.clone())
        .unwrap_or_else(|| "two runs differ".to_owned());
    let text = details(Paint::NONE, row);
    format!("{open}><failure message=\"{}\">{}</failure></testcase>\n", xml(&first), xml(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::engine::Verdict;

    fn rows() -> Vec<Row> {
        let text = "[expect]\nclient = \"CLOSED > LISTEN\"\n".to_owned();
        let failure = Failure {
            message: "client's path is not <as> expected".into(),
            span: 18..35,
            expected: "CLOSED > LISTEN".into(),
            got: "CLOSED > SYN-SENT".into(),
        };
        let fine = Verdict { expectations: 3, segments: 8, known: vec!["rule".into()], ..Verdict::default() };
        let failed = Verdict {
            expectations: 2,
            failures: vec![failure],
            findings: vec!["ack-beyond (RFC 9293 3.10.7.4): …".into()],
            segments: 1_234,
            ..Verdict::default()
        };
        let row = |name: &str, verdict| Row {
            name: name.into(),
            text: text.clone(),
            verdict,
            unsteady: None,
            again: format!("drywire run {name} --seed 0"),
        };
        vec![row("sims/한글.toml", Some(fine)), row("b\u{7}", Some(failed)), row("c", None)]
    }

    #[test]
    fn the_table_and_what_differs() {
        let text = text(Paint::NONE, &rows(), 2);
        let expected = "\
scenario        result  expectations  segments  divergences
sims/한글.toml  ok      3 of 3               8  1 known
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("  expected  CLOSED > LISTEN\n"), "{text}");
        assert!(text.contains("\n  again: drywire run b"), "{text}");
        assert!(text.contains("[b\u{7}:2:10]") || text.contains(":2:10]"), "{text}");
        assert!(text.ends_with("3 scenarios: 1 ok, 1 failed, 1 could not be read; 2 runs each\n"), "{text}");
    }

    #[test]
    fn json_is_json_and_xml_has_no_raw_markup() {
        let value: Value = serde_json::from_str(&json(&rows())).unwrap();
        assert_eq!(value["scenarios"][1]["failures"][0]["line"], 2);
        assert_eq!(value["scenarios"][0]["result"], "ok");
        assert_eq!(value["ok"], false);
        let xml = junit(&rows());
        assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"1\""), "{xml}");
        assert!(xml.contains("not &lt;as&gt; expected") && !xml.contains('\u{7}'), "{xml}");
    }
}
