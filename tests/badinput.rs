//! Bad input: a clear message with place and help, the right exit code, and never a panic.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const BAD: i32 = 2;
const FAILED: i32 = 1;

/// What the program did.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// Its message has all of these.
    fn says(&self, words: &[&str]) -> &Ran {
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in:\n{}", self.err);
        }
        self
    }

    fn is(&self, code: i32) -> &Ran {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

fn start(folder: &Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_drywire"))
        .current_dir(folder)
        .args(args)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Runs the program to its end, whatever it is given; it must not have panicked.
fn drywire(folder: &Path, args: &[&str]) -> Ran {
    let mut child = start(folder, args);
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("its messages are text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked") && !out.contains("panicked"), "{args:?}: {err}");
    Ran { code: output.status.code().expect("an exit code, not a signal"), out, err }
}

/// A scenario that is sound.
const SOUND: &str = r#"title = "Sound"
about = "Nothing is wrong here."

[hosts]
client = "10.0.0.1"
server = "10.0.0.2"

[links]
wire = { joins = ["client", "server"], delay = "5 ms" }

[run]
steps = [
  { server = "listen", port = 80 },
  { client = "connect", to = "server:80" },
  { server = "accept" },
]
"#;

/// A folder with one file, `x.toml`.
fn with(text: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("x.toml"), text).expect("the file is written");
    folder
}

/// Runs and checks the sound scenario after a replacement: both must take it for bad input, and say so.
fn refused(from: &str, to: &str, words: &[&str]) {
    assert!(SOUND.contains(from), "{from}");
    let folder = with(SOUND.replacen(from, to, 1));
    for command in ["run", "check"] {
        let ran = drywire(folder.path(), &[command, "x.toml"]);
        ran.is(BAD).says(words).says(&["x.toml:", "help: "]);
    }
}

#[test]
fn the_sound_scenario_is_sound() {
    let folder = with(SOUND);
    drywire(folder.path(), &["check", "x.toml"]).is(0);
    assert!(drywire(folder.path(), &["run", "x.toml"]).is(0).out.contains("ESTABLISHED"));
}

#[test]
fn files_that_are_none() {
    let folder = with(SOUND);
    fs::create_dir(folder.path().join("folder.toml")).unwrap();
    for command in ["run", "check"] {
        drywire(folder.path(), &[command, "y.toml"]).is(BAD).says(&["no such file", "y.toml", "did you mean x.toml?"]);
        drywire(folder.path(), &[command, "no/such/folder/x.toml"]).is(BAD).says(&["no such file"]);
        drywire(folder.path(), &[command, ""]).is(BAD);
    }
    drywire(folder.path(), &["run", "folder.toml"]).is(BAD).says(&["is a folder"]);
    drywire(folder.path(), &["run", "x.toml/y.toml"]).is(BAD);
}

#[test]
fn toml_that_is_broken() {
    refused("title = \"Sound\"", "title = \"Sound", &[":1:"]);
    refused("[hosts]", "[hosts", &[":4:"]);
    refused("delay = \"5 ms\"", "delay = ", &[":9:"]);
    refused("server = \"10.0.0.2\"", "client = \"10.0.0.2\"", &[":6:", "client"]);
}

#[test]
fn keys_that_are_unknown_get_a_suggestion() {
    refused("delay =", "dealy =", &["dealy", ":9:", "did you mean `delay`?"]);
    refused("[links]", "[linkz]", &["linkz", "did you mean `links`?"]);
    refused("port = 80", "prot = 80", &["did you mean `port`?"]);
    refused("\"listen\"", "\"lisen\"", &["did you mean `listen`?"]);
    refused("joins = [\"client\"", "joins = [\"clent\"", &["clent", "did you mean `client`?"]);
}

#[test]
fn values_that_cannot_be() {
    refused("\"5 ms\"", "\"-5 ms\"", &[":9:", "-5 ms"]);
    refused("\"5 ms\"", "\"5 parsecs\"", &[":9:", "parsecs"]);
    refused("\"5 ms\"", "5.5", &[":9:"]);
    refused("\"5 ms\"", "\"99999999999999999999 s\"", &[":9:"]);
    refused("port = 80", "port = 70000", &["70000"]);
    refused("port = 80", "port = -1", &["-1"]);
    refused("\"10.0.0.1\"", "\"10.0.0.256\"", &["10.0.0.256", ":5:"]);
    refused("\"10.0.0.2\"", "\"10.0.0.1\"", &["10.0.0.1", ":6:"]);
}

#[test]
fn steps_that_nobody_can_do() {
    refused("{ client = \"connect\"", "{ clinet = \"connect\"", &["clinet", "did you mean `client`?", ":14:"]);
    refused("\"server:80\"", "\"srever:80\"", &["srever"]);
    refused("\"server:80\"", "\"server\"", &["server"]);
}

#[test]
fn a_scenario_that_never_ends_ends_at_a_limit() {
    let endless = SOUND.replace("[run]", "[limits]\nevents = 5\n\n[run]");
    let folder = with(&endless);
    let ran = drywire(folder.path(), &["run", "x.toml"]);
    ran.is(FAILED).says(&["limit of 5 events", "--seed 0"]);
    assert!(ran.out.contains("event-limit"), "{}", ran.out);
    let checked = drywire(folder.path(), &["check", "x.toml"]);
    assert!(checked.is(FAILED).out.contains("5 events"), "{}", checked.out);
    let whatever = endless
        .replace("80\" }", "80\", expect = \"anything\" }")
        .replace("accept\" }", "accept\", expect = \"anything\" }");
    let asked = format!("{whatever}\n[expect]\nending = \"event-limit\"\n");
    drywire(with(asked).path(), &["check", "x.toml"]).is(0);
    let patient = SOUND.replace("[run]", "[limits]\ntime = \"7 ms\"\n\n[run]");
    let ran = drywire(with(patient).path(), &["run", "x.toml"]);
    assert!(ran.is(FAILED).out.contains("time-limit"), "{}", ran.out);
    let slow = SOUND.replace("[run]", "[limits]\ntime = \"10 min\"\n\n[run]").replace("\"5 ms\"", "\"11 min\"");
    drywire(with(slow).path(), &["run", "x.toml"]).is(FAILED).says(&["limit of 10 min of virtual time"]);
}

#[test]
fn ten_thousand_errors_are_counted_and_few_are_shown() {
    let line = |n: u32| format!("  {{ nobody{n} = \"listne\", prot = -{n} }},\n");
    let steps: String = (0..10_000).map(line).collect();
    let folder = with(SOUND.replace("steps = [\n", &format!("steps = [\n{steps}")));
    let ran = drywire(folder.path(), &["run", "x.toml"]);
    ran.is(BAD).says(&["nobody0", "more"]);
    assert!(ran.err.lines().count() < 500, "{} lines", ran.err.lines().count());
    let keys: String = (0..10_000).map(|n| format!("key{n} = {n}\n")).collect();
    let ran = drywire(with(format!("{keys}{SOUND}")).path(), &["run", "x.toml"]);
    ran.is(BAD).says(&["key0", "more"]);
    let broken: String = (0..10_000).map(|n| format!("= {n}\n")).collect();
    drywire(with(broken).path(), &["run", "x.toml"]).is(BAD);
}

#[test]
fn bytes_that_are_no_scenario() {
    for text in [&b""[..], b"\n\n\n", b"# nothing\n", b"\0\0\0\0", b"{", b"{\"format\":1}", b"[]", b"\xef\xbb\xbf"] {
        for command in ["run", "check"] {
            let ran = drywire(with(text).path(), &[command, "x.toml"]);
            ran.is(BAD);
            assert!(!ran.err.is_empty());
        }
    }
    let latin: Vec<u8> = SOUND.bytes().map(|byte| if byte == b'u' { 0xfc } else { byte }).collect();
    drywire(with(latin).path(), &["run", "x.toml"]).is(BAD).says(&["not UTF-8", "byte 12"]);
}

#[test]
fn a_huge_file_is_read_to_its_end() {
    let huge = format!("# {}\n{SOUND}", "x".repeat(12 << 20));
    drywire(with(huge).path(), &["run", "x.toml", "--format", "path"]).is(0);
    let deep = format!("a = {}", "[".repeat(200_000));
    drywire(with(deep).path(), &["run", "x.toml"]).is(BAD);
    let dotted = format!("{} = 1\n", vec!["a"; 50_000].join("."));
    drywire(with(dotted).path(), &["run", "x.toml"]).is(BAD);
}

#[test]
fn a_file_with_nothing_in_it_says_what_a_scenario_needs() {
    let ran = drywire(with("").path(), &["run", "x.toml"]);
    ran.is(BAD).says(&["error: x.toml: a scenario needs `hosts`", "help: as in hosts = { name = \"10.0.0.1/24\" }"]);
    assert_eq!(ran.err.lines().count(), 2, "no empty frame: {}", ran.err);
}

#[test]
fn saved_traces_are_of_one_run_and_for_the_judge() {
    let folder = with(SOUND);
    drywire(folder.path(), &["run", "x.toml", "--format", "json", "-o", "one.jsonl"]).is(0);
    assert!(drywire(folder.path(), &["check", "one.jsonl"]).is(0).out.contains("judge only"));
    drywire(folder.path(), &["run", "x.toml", "x.toml", "--format", "json", "-o", "two.jsonl"]).is(0);
    let ran = drywire(folder.path(), &["run", "two.jsonl"]);
    ran.is(BAD).says(&["two.jsonl: line ", "the header of another run", "help: a saved trace is of one run"]);
}

/// Numbers as large as they can be: what is read is never counted past its end, nor written out as often as it says.
#[test]
fn saved_numbers_may_be_as_large_as_they_can_be() {
    let lossy = SOUND.replace("[run]", "[[faults]]\ndrop = \"SYN\"\nfrom = \"client\"\nnth = 1\n\n[run]");
    let folder = with(lossy);
    drywire(folder.path(), &["run", "x.toml", "--format", "json", "-o", "x.jsonl"]).is(0);
    let saved = fs::read_to_string(folder.path().join("x.jsonl")).unwrap();
    let long = saved.replace("\"after\":1000000000}", "\"after\":18446744073709551615}");
    assert_ne!(saved, long);
    fs::write(folder.path().join("long.jsonl"), long).unwrap();
    for form in ["text", "path", "json"] {
        drywire(folder.path(), &["run", "long.jsonl", "--format", form]);
    }
    let most = u64::MAX;
    let path = format!("path      sound\n\nclient  client.1   diverges: gap | RFC 9293 3.4 x{most}\n");
    fs::write(folder.path().join("one.path"), path.replace(&format!(" x{most}"), "")).unwrap();
    fs::write(folder.path().join("many.path"), path).unwrap();
    drywire(folder.path(), &["diff", "one.path", "many.path"]).is(FAILED);
    let again = format!("+0  client  seg>  client.1  [0,1)' ACK x{most} over=1\n");
    let text = format!("trace     1\n\n{again}{again}");
    fs::write(folder.path().join("many.txt"), text).unwrap();
    drywire(folder.path(), &["diff", "many.txt", "many.txt"]).is(0);
}

#[test]
fn output_that_has_no_place() {
    let folder = with(SOUND);
    fs::create_dir(folder.path().join("folder")).unwrap();
    for out in ["folder", "no/such/folder.txt", "x.toml/trace.txt", ""] {
        for format in ["text", "pcapng"] {
            drywire(folder.path(), &["run", "x.toml", "--format", format, "-o", out]).is(BAD);
        }
    }
    drywire(folder.path(), &["run", "x.toml", "-o", "folder"]).is(BAD).says(&["folder cannot be written"]);
    let names: Vec<String> = entries(folder.path());
    assert_eq!(names, ["folder", "x.toml"], "nothing is left beside");
    assert_eq!(fs::read_to_string(folder.path().join("x.toml")).unwrap(), SOUND);
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn output_of_a_program_that_is_killed_is_whole_or_not_there() {
    let folder = with(SOUND);
    let path = folder.path().join("trace.txt");
    fs::write(&path, "the old one").unwrap();
    // Its second input never comes to an end, so it is killed with its first one done.
    let mut child = start(folder.path(), &["run", "x.toml", "-", "-o", "trace.txt"]);
    child.stdin.as_mut().unwrap().write_all(SOUND.as_bytes()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "the old one");
    // And one that is killed at any moment of a long output.
    let long = SOUND.replace("{ server = \"accept\" },", LONG);
    fs::write(folder.path().join("x.toml"), long).unwrap();
    let args = ["run", "x.toml", "--format", "json", "--bytes", "-o", "trace.txt"];
    drywire(folder.path(), &args).is(0);
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 100_000, "{} bytes", whole.len());
    for pause in 0..12_u32 {
        let mut child = start(folder.path(), &args);
        // A pause that is no clock's: so many starts of another program.
        (0..pause / 2).for_each(|_| drop(drywire(folder.path(), &["--version"])));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(fs::read(&path).unwrap() == whole, "half an output after pause {pause}");
    }
}

const LONG: &str = r#"{ server = "accept" },
  { client = "send", bytes = 60000 },
  { server = "recv", whole = 60000 },"#;

#[test]
fn replacements_that_cannot_be_made() {
    let folder = with(SOUND);
    let set = |set: &str| drywire(folder.path(), &["run", "x.toml", "--set", set]);
    set("links.wire.delay=80 ms").is(0);
    set("links.wire.delay=-80 ms").is(BAD).says(&["[--set:1:18]", "links.wire.delay=-80 ms", "like \"50 ms\""]);
    let check = |set: &str| drywire(folder.path(), &["check", "x.toml", "--set", set]);
    check("links.wire.delay=80 ms").is(0);
    check("links.wire.dealy=80 ms").is(BAD).says(&["[--set:1:12]", "did you mean `delay`?"]);
    check("limits.events=5").is(FAILED);
    set("links.wire.dealy=80 ms").is(BAD).says(&["dealy"]);
    set("links.wier.delay=80 ms").is(BAD).says(&["wier"]);
    set("run.steps.99.port=1").is(BAD).says(&["99"]);
    set("links.wire.delay").is(BAD);
    set("=80 ms").is(BAD);
    set("").is(BAD);
    set("links..delay=80 ms").is(BAD);
    let many = "a.".repeat(10_000) + "a=1";
    set(&many).is(BAD);
}

#[test]
fn arguments_that_are_unknown() {
    let folder = with(SOUND);
    drywire(folder.path(), &["run", "x.toml", "--format", "gif"]).is(BAD).says(&["gif", "pcapng"]);
    drywire(folder.path(), &["graph", "tcp", "--format", "gif"]).is(BAD).says(&["gif", "mermaid"]);
    drywire(folder.path(), &["check", "x.toml", "--format", "yaml"]).is(BAD).says(&["yaml", "junit"]);
    drywire(folder.path(), &["rum", "x.toml"]).is(BAD).says(&["run"]);
    drywire(folder.path(), &["run", "x.toml", "--host", "clinet"]).is(BAD).says(&["clinet", "client"]);
    drywire(folder.path(), &["run", "x.toml", "--seed", "99999999999999999999"]).is(BAD);
}

#[test]
fn one_bad_scenario_does_not_hide_the_others() {
    let folder = with(SOUND);
    fs::write(folder.path().join("y.toml"), "nothing = 1\n").unwrap();
    let ran = drywire(folder.path(), &["check", "y.toml", "x.toml"]);
    ran.is(BAD).says(&["nothing"]);
    assert!(ran.out.contains("1 ok") && ran.out.contains("1 could not be read"), "{}", ran.out);
}

#[test]
fn a_saved_trace_without_its_end_is_refused() {
    let folder = with(SOUND);
    let whole = drywire(folder.path(), &["run", "x.toml", "--format", "json"]).out;
    let lines: Vec<&str> = whole.lines().collect();
    fs::write(folder.path().join("torn.jsonl"), lines[..lines.len() / 2].join("\n") + "\n").unwrap();
    let commands: [&[&str]; 6] = [
        &["check", "torn.jsonl"],
        &["run", "torn.jsonl"],
        &["graph", "tcp", "--run", "torn.jsonl"],
        &["why", "torn.jsonl", "1"],
        &["diff", "torn.jsonl", "x.toml"],
        &["measure", "torn.jsonl"],
    ];
    for command in commands {
        drywire(folder.path(), command).is(BAD).says(&["torn.jsonl", "has no end", "help: save the whole of it again"]);
    }
    let narrowed = drywire(folder.path(), &["run", "x.toml", "--format", "json", "--layer", "tcp"]).out;
    fs::write(folder.path().join("narrowed.jsonl"), narrowed).unwrap();
    drywire(folder.path(), &["run", "narrowed.jsonl"]).is(BAD).says(&["narrowed when it was saved"]);
}

#[test]
fn what_is_too_large_is_no_scenario_and_errors_without_end_are_counted() {
    let folder = with("#".repeat((16 << 20) + 1));
    for command in ["run", "check"] {
        drywire(folder.path(), &[command, "x.toml"]).is(BAD).says(&["x.toml is too large", "16 MiB"]);
    }
    let hosts: String = (0..15_050).map(|host| format!("h{host} = \"10.0.0.300\"\n")).collect();
    let folder = with(format!("{}\n[hosts]\n{hosts}", SOUND.split("\n[hosts]").next().unwrap()));
    drywire(folder.path(), &["run", "x.toml"]).is(BAD).says(&["and more than 29980 more errors"]);
}

#[test]
fn a_fault_that_befalls_nothing_and_answers_that_nobody_asks_for_are_told_of() {
    let fault = "[[faults]]\ndrop = \"SYN\"\nnth = 7\n\n[run]";
    let folder = with(SOUND.replacen("[run]", fault, 1));
    let told = "x.toml: fault 1 { drop = \"SYN\", nth = [7] } befell no packet";
    drywire(folder.path(), &["run", "x.toml"]).is(0).says(&["note: ", told]);
    let checked = drywire(folder.path(), &["check", "x.toml"]);
    assert!(checked.is(0).out.contains(told), "{checked:#?}");
    let ran = drywire(folder.path(), &["run", "x.toml", "--choices", "0,1,0"]);
    ran.is(0).says(&["x.toml: --choices gives 3 answers, and the run asked 0 times"]);
    let folder = with(SOUND);
    assert_eq!(drywire(folder.path(), &["run", "x.toml"]).is(0).err, "");
}

#[test]
fn words_of_the_command_line_say_what_would_be_right() {
    let folder = with(SOUND);
    let ran = |args: &[&str], words: &[&str]| drywire(folder.path(), args).is(BAD).says(words).code;
    for seed in ["abc", "-1", "9223372036854775808"] {
        ran(&["run", "x.toml", "--seed", seed], &["a seed is a whole number from 0 to 9223372036854775807"]);
    }
    ran(&["run", "x.toml", "--choices", "x"], &["as in `0,1,0`"]);
    ran(&["diff", "-", "-"], &["standard input holds one run"]);
    ran(&["run", "-"], &["standard input is empty", "help: "]);
    ran(&["run", "x.toml", "-o", "no/x"], &["no/x cannot be written", "no folder no", "help: make the folder first"]);
    ran(&["new", "no/x"], &["no/x.toml cannot be written", "no folder no", "help: make the folder first"]);
}
