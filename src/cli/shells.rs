//! `aurix completions` and `aurix man`: what shells and `man` know of the commands.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use serde_json::json;

use super::output::{Output, ReaderGone};
use super::settings;

/// What the manual page of the program has at its end.
const END: &str = "\
.SH ENVIRONMENT
.TP
.B AURIX_SERVER, AURIX_TOKEN, AURIX_PROFILE, AURIX_CA
What counts where the option of that name is not given.
.PP
Every setting has a variable of its own: see
.BR aurix\\-settings (1).
.SH FILES
.TP
.I $XDG_CONFIG_HOME/aurix/profiles.json
What `aurix login` stored; ~/.config/aurix where XDG_CONFIG_HOME is not set.
.TP
.I /etc/aurix/aurix.env
Settings of the service, as the Debian package installs it.
.TP
.I /var/lib/aurix
Its data: the SQLite database, the generated secret key, and spooled clicks.
.SH SEE ALSO
.BR aurix\\-settings (1),
.BR aurix\\-admin (8),
.BR systemctl (1)
";

#[derive(Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: ShellName,
}

/// A shell, as a command names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ShellName {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
    /// PowerShell.
    #[value(name = "powershell")]
    PowerShell,
    /// Elvish.
    Elvish,
}

impl From<ShellName> for Shell {
    fn from(name: ShellName) -> Self {
        match name {
            ShellName::Bash => Self::Bash,
            ShellName::Zsh => Self::Zsh,
            ShellName::Fish => Self::Fish,
            ShellName::PowerShell => Self::PowerShell,
            ShellName::Elvish => Self::Elvish,
        }
    }
}

#[derive(Args)]
pub struct Manual {
    /// The folder that the pages are written to: aurix.1, aurix-serve.1, …
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// `aurix completions`
pub fn complete(Completions { shell }: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(Shell::from(*shell), &mut super::command_of_shells(), "aurix", &mut script);
    let mut out = std::io::stdout().lock();
    match out.write_all(&script).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        written => Ok(written?),
    }
}

/// `aurix man`
pub fn write_manual(Manual { out }: &Manual, output: &Output) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    write_pages(&command, "aurix", out, &mut pages)?;
    output.print(&json!({"pages": pages}), || format!("{} pages are in {}.", pages.len(), out.display()))
}

/// Writes the page of a command and those of the commands below it.
fn write_pages(command: &clap::Command, name: &str, folder: &Path, pages: &mut Vec<String>) -> anyhow::Result<()> {
    let file = format!("{name}.1");
    let mut page = Vec::new();
    let source = concat!("aurix ", env!("CARGO_PKG_VERSION"));
    let manual = Man::new(command.clone()).title(name.to_uppercase()).source(source).manual("User Commands");
    if name == "aurix-settings" {
        // The list has lines of its own, which paragraphs would lose.
        manual.render_title(&mut page)?;
        manual.render_name_section(&mut page)?;
        manual.render_synopsis_section(&mut page)?;
        page.extend_from_slice(b".SH DESCRIPTION\n.nf\n");
        page.extend_from_slice(escaped(&settings::text()).as_bytes());
        page.extend_from_slice(b"\n.fi\n");
    } else {
        manual.render(&mut page)?;
    }
    if name == "aurix" {
        page.extend_from_slice(END.as_bytes());
    }
    std::fs::write(folder.join(&file), page).with_context(|| format!("cannot write {file} in {}", folder.display()))?;
    pages.push(file);
    for below in command.get_subcommands() {
        write_pages(below, &format!("{name}-{}", below.get_name()), folder, pages)?;
    }
    Ok(())
}

/// Text as roff shows it.
fn escaped(text: &str) -> String {
    let line = |line: &str| {
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        format!("{guard}{}", line.replace('\\', "\\e").replace('-', "\\-"))
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
