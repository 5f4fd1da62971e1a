//! `aurix completions`, `aurix man`, and what the help has.

use std::process::{Command, Output};

use crate::support::{fresh_folder, skip::skip};

fn runs(words: &[&str]) -> Output {
    let output =
        Command::new(env!("CARGO_BIN_EXE_aurix")).args(words).env_clear().output().expect("the program starts");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn printed(words: &[&str]) -> String {
    String::from_utf8(runs(words).stdout).expect("UTF-8")
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn bash_completes_commands_and_options() {
    if !has("bash") {
        return skip("bash is not installed");
    }
    let folder = fresh_folder();
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("aurix.bash");
    std::fs::write(&file, printed(&["completions", "bash"])).expect("a file");
    let completed = |words: &[&str]| {
        let script = "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                      _aurix aurix \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
        let output = Command::new("bash").arg("-c").arg(script).arg(&file).args(words).output().expect("bash starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(completed(&["aurix", "chan"]), ["channel"]);
    assert_eq!(completed(&["aurix", "webhook", "template", "pre"]), ["preview"]);
    assert_eq!(completed(&["aurix", "webhook", "add", "--u"]), ["--url"]);
    assert_eq!(completed(&["aurix", "serve", "--lis"]), ["--listen"]);
    assert_eq!(completed(&["aurix", "project", "list", "--serv"]), ["--server"]);
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn every_shell_gets_a_script() {
    for (shell, part) in [
        ("zsh", "#compdef aurix"),
        ("fish", "complete -c aurix"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let script = printed(&["completions", shell]);
        assert!(script.contains(part) && script.contains("webhook"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page_that_renders() {
    let folder = fresh_folder();
    let written = printed(&["man", "--out", folder.to_str().expect("UTF-8"), "--json"]);
    let written: serde_json::Value = serde_json::from_str(&written).expect("JSON");
    let pages: Vec<String> = serde_json::from_value(written["pages"].clone()).expect("names");
    assert!(pages.len() > 70 && pages.iter().any(|page| page == "aurix-webhook-template-set.1"), "{pages:?}");
    let read = |page: &str| std::fs::read_to_string(folder.join(page)).expect("a page");
    for page in &pages {
        let text = read(page);
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
        assert!(!text.contains("\\-\\-llm\\-base\\-url") || page == "aurix-settings.1", "{page} lists the settings");
    }
    assert!(read("aurix.1").contains(".SH FILES"));
    if has("man") {
        for page in ["aurix.1", "aurix-webhook-add.1", "aurix-settings.1"] {
            let output = Command::new("man")
                .arg("-l")
                .arg(folder.join(page))
                .env("MANPAGER", "cat")
                .env("LC_ALL", "C.UTF-8")
                .env("MANWIDTH", "120")
                .output();
            let output = output.expect("man starts");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success() && output.stderr.is_empty() && text.contains("NAME"), "{page}: {output:?}");
        }
    } else {
        skip("man is not installed");
    }
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn the_help_of_a_command_has_its_own_options_and_the_settings_stand_in_one_place() {
    let help = printed(&["webhook", "add", "--help"]);
    assert!(!help.contains("AURIX_LISTEN") && !help.contains("--llm-base-url"), "{help}");
    let (own, every) =
        (help.find("--url <URL>").expect("its own"), help.find("Every command takes:").expect("a heading"));
    assert!(own < every && help[every..].contains("--server <URL>") && help[every..].contains("--json"), "{help}");
    let settings = printed(&["help", "settings"]);
    for setting in aurix::config::settings() {
        assert!(settings.contains(&setting.variable) && settings.contains(&setting.flag), "{}", setting.flag);
    }
    assert!(printed(&["settings"]).contains("[default: 75s]"));
    let list: serde_json::Value = serde_json::from_str(&printed(&["settings", "--json"])).expect("JSON");
    assert_eq!(list["settings"].as_array().map(Vec::len), Some(aurix::config::settings().len()));
}
