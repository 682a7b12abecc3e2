//! `cargo xtask test` from its beginning to its end, however it ends: the real program in a
//! made-up workspace, in which this binary plays the server and the tests.

#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod roles;
#[cfg(unix)]
mod stage;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    if roles::play() {
        return std::process::ExitCode::SUCCESS;
    }
    let arguments = libtest_mimic::Arguments::from_args();
    libtest_mimic::run(&arguments, cases::all()).exit_code()
}

#[cfg(not(unix))]
fn main() {}
