//! The command line: see `drywire --help`.

fn main() -> std::process::ExitCode {
    drywire::cli::main()
}
