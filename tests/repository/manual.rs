//! The program's command line to its manual page and to the completions of three shells, held to what is committed.
#![cfg(feature = "demo")]

use std::error::Error;
use std::io;
use std::process::{Command, Output};

use clap_complete::{Shell, generate};
use clap_mangen::Man;
use smtp_tls_exporter::cli::command_line;

use crate::shipped::generated::{Outcome, whole};
use crate::{read, root};

const NAME: &str = "smtp-tls-exporter";
const PAGE: &str = "man/smtp-tls-exporter.1";
const BASH: &str = "completions/smtp-tls-exporter.bash";
const ZSH: &str = "completions/_smtp-tls-exporter";
const FISH: &str = "completions/smtp-tls-exporter.fish";
/// When the manual page last changed for its readers.
const DATE: &str = "2026-11-28";

#[test]
fn the_manual_page_is_that_of_the_program_and_has_no_fault() -> Outcome {
    let mut command = command_line();
    command.build();
    let own = Man::new(command.clone())
        .title(NAME)
        .date(DATE)
        .source(format!("{NAME} {}", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let head = part(|to| own.render_title(to))? + &part(|to| own.render_name_section(to))?;
    let (mut synopsis, mut commands) = (String::new(), String::new());
    let subs = command.get_subcommands_mut();
    for sub in subs.filter(|sub| sub.get_name() != "help") {
        let before = if synopsis.is_empty() { "" } else { ".br\n" };
        synopsis += &(before.to_owned() + &usage(sub));
        commands += &section(sub)?;
    }
    let template = read("man/page.roff");
    let comment = |line: &&str| !line.starts_with(".\\\"") || line.split_whitespace().count() == 2;
    let page: String = template
        .lines()
        .filter(comment)
        .map(|line| line.to_owned() + "\n")
        .collect();
    let page = page
        .replace(".\\\" synopsis\n", &synopsis)
        .replace(".\\\" commands\n", &commands);
    let origin = ".\\\" Made by UPDATE=1 cargo test --test repository\n";
    whole(PAGE, &[origin, PRELUDE, &head, &page].concat())?;
    if let Some(linted) = run("mandoc", &["-T", "lint", "-W", "warning", PAGE]) {
        let said = String::from_utf8_lossy(&linted.stdout);
        assert!(linted.status.success(), "{said}");
    }
    Ok(())
}

/// What every part begins with: how an apostrophe is written.
const PRELUDE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// A part of the page as its maker writes it.
fn part(
    render: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<String, Box<dyn Error>> {
    let mut bytes = Vec::new();
    render(&mut bytes)?;
    let text = String::from_utf8(bytes)?;
    let rest = text.strip_prefix(PRELUDE);
    Ok(rest
        .ok_or("the parts of a page begin otherwise now")?
        .to_owned())
}

/// `smtp-tls-exporter check [OPTIONS] [TARGET]...`
fn usage(command: &mut clap::Command) -> String {
    let text = command.render_usage().to_string();
    let words = text.trim_start_matches("Usage: ").trim();
    let name = format!("{NAME} {}", command.get_name());
    let rest = words.strip_prefix(&name).unwrap_or(words);
    let dashes = |text: &str| text.replace('-', "\\-");
    format!("\\fB{}\\fR{}\n", dashes(&name), dashes(rest))
}

/// What a command does, and its options; `--help` is among them everywhere.
fn section(command: &clap::Command) -> Result<String, Box<dyn Error>> {
    let name = command.get_name();
    let about = command.get_about().ok_or("a command says what it does")?;
    let own = command.clone().mut_arg("help", |help| help.hide(true));
    let options = part(|to| Man::new(own).render_options_section(to))?;
    let options = options
        .trim_start_matches(".SH OPTIONS\n")
        .replace(".br\n\n.br\n", ".sp\n");
    Ok(format!(".SS {name}\n{about}.\n{options}"))
}

#[test]
fn the_manual_page_has_every_flag() {
    let page = read(PAGE);
    for sub in command_line().get_subcommands() {
        for flag in sub.get_arguments().filter_map(clap::Arg::get_long) {
            let written = format!("\\-\\-{}", flag.replace('-', "\\-"));
            assert!(page.contains(&written), "{written}");
        }
    }
}

#[test]
fn the_completions_are_those_of_the_program_and_complete() -> Outcome {
    for (shell, file) in [(Shell::Bash, BASH), (Shell::Zsh, ZSH), (Shell::Fish, FISH)] {
        let mut script = Vec::new();
        generate(shell, &mut command_line(), NAME, &mut script);
        // For bash, clap_complete 4.6.11 takes the dashes of the program's name for the ends of commands, in one place
        // of two.
        let script = String::from_utf8(script)?
            .replace("smtp__subcmd__tls__subcmd__exporter", "smtp__tls__exporter");
        whole(file, &script)?;
    }
    for (shell, file) in [("bash", BASH), ("zsh", ZSH), ("fish", FISH)] {
        let Some(parsed) = run(shell, &["-n", file]) else {
            continue;
        };
        assert!(parsed.status.success(), "{shell}: {parsed:?}");
    }
    assert_eq!(completed(&["che"]), ["check"]);
    assert_eq!(completed(&["check", "--ins"]), ["--inside"]);
    assert_eq!(completed(&["collect", "ex"]), ["exim"]);
    assert_eq!(completed(&["--config.c"]), ["--config.check"]);
    let levels = ["debug", "info", "warn", "error"];
    assert_eq!(completed(&["serve", "--log.level", ""]), levels);
    Ok(())
}

/// What bash offers for the last of these words.
fn completed(words: &[&str]) -> Vec<String> {
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let quoted = quoted.join(" ");
    // As bash does it: by the function that the script has registered, with command, word, and word before that.
    let script = format!(
        "set -eu
. {BASH}
COMP_WORDS=({NAME} {quoted})
COMP_CWORD={}
function=$(complete -p {NAME} | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
\"$function\" {NAME} \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\" || true
printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.len()
    );
    let ended = run("bash", &["--noprofile", "--norc", "-c", &script]).expect("bash");
    assert!(ended.status.success(), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stdout);
    said.lines().map(str::to_owned).collect()
}

/// Runs a program in the repository's folder, if it is on this machine.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    let ended = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output();
    match ended {
        Ok(ended) => Some(ended),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            println!("SKIPPED: {program} is not installed");
            None
        }
        Err(why) => panic!("{program}: {why}"),
    }
}
