#!/usr/bin/env python3
"""Writes the manual page and the completions of a program, out of what it says of itself.

    deploy/deb/manual.py PROGRAM OUT     writes OUT/aurix.1 and OUT/aurix.bash
"""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import commands  # noqa: E402

SETTINGS = "Settings (each is also an environment variable):"
EXAMPLES = re.compile(r"^(The first steps|Examples?):$", re.MULTILINE)


def escaped(text):
    """Text as roff shows it."""
    return "\n".join(
        ("\\&" if line[:1] in (".", "'") else "") + line.replace("\\", "\\e").replace("-", "\\-") for line in text.splitlines()
    )


def block(text):
    return f".nf\n{escaped(text.strip(chr(10)))}\n.fi\n"


def without_settings(text):
    """A command's help without the settings, which the page has once, and what follows them."""
    own, _, rest = text.partition(SETTINGS)
    examples = EXAMPLES.search(rest)
    return own.rstrip() + "\n" + ("\n" + rest[examples.start():] if examples else "")


def manual(root, version):
    settings = EXAMPLES.split(root.text.partition(SETTINGS)[2])[0]
    parts = [
        f'.TH AURIX 1 "" "aurix {version}" "User Commands"\n',
        ".SH NAME\naurix \\- joins a paid click with the chat that follows it\n",
        ".SH SYNOPSIS\n.B aurix\n[\\fIOPTIONS\\fR] [\\fICOMMAND\\fR]\n",
        ".SH DESCRIPTION\n" + block(without_settings(root.text)),
        ".SH COMMANDS\n",
    ]
    for command in list(root.all())[1:]:
        parts.append(f".SS \"aurix {escaped(' '.join(command.words))}\"\n" + block(without_settings(command.text)))
    parts += [
        ".SH SETTINGS\nEach is a flag and an environment variable; the service reads them from\n.IR /etc/aurix/aurix.env .\n",
        block(settings),
        ".SH FILES\n.TP\n.I /etc/aurix/aurix.env\nSettings of the service.\n.TP\n.I /var/lib/aurix\n"
        "The SQLite database, the generated secret key, and spooled clicks.\n",
        ".SH SEE ALSO\n.BR aurix\\-admin (8),\n.BR systemctl (1)\n",
    ]
    return "".join(parts)


def completions(root):
    """A completion for bash: subcommands and options by the words before the cursor."""
    lines = [
        "# bash completion for aurix",
        "_aurix() {",
        '    local word words="" index',
        "    for ((index = 1; index < COMP_CWORD; index++)); do",
        '        word=${COMP_WORDS[index]}',
        '        [[ $word == -* ]] || words+="${words:+ }$word"',
        "    done",
        '    local offered=""',
        '    while :; do',
        '        case $words in',
    ]
    for command in root.all():
        offered = " ".join([*command.subcommands, *sorted(command.options)])
        lines.append(f"            {chr(34)}{' '.join(command.words)}{chr(34)}) offered=\"{offered}\"; break ;;")
    lines += [
        "        esac",
        # Values of options are no subcommands: without the last word it may be one.
        '        [[ $words == *" "* ]] && words=${words% *} || words=""',
        "    done",
        '    mapfile -t COMPREPLY < <(compgen -W "$offered" -- "${COMP_WORDS[COMP_CWORD]}")',
        "}",
        "complete -o default -F _aurix aurix aurix-admin",
    ]
    return "\n".join(lines) + "\n"


def main():
    program, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    root = commands.read(str(program))
    out.mkdir(parents=True, exist_ok=True)
    (out / "aurix.1").write_text(manual(root, version))
    (out / "aurix.bash").write_text(completions(root))


if __name__ == "__main__":
    main()
