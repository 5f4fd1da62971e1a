"""What the program says of its commands: read off `--help` and `help settings`, for the tests of the packages and of the docs."""
import re
import subprocess
from pathlib import Path

DEPTH_MAX = 4
SECONDS_MAX = 20
COMMAND = re.compile(r"^  ([a-z][a-z0-9-]*)(?:\s{2,}|$)")
OPTION = re.compile(r"^ {2,6}(?:-[A-Za-z], )?(--[a-z][a-z0-9-]*)(?:[ =\[]|$)|^ {2,6}(-[A-Za-z])(?:,|$)")
VARIABLE = re.compile(r"\[env:\s+([A-Z_0-9]+)")


class Command:
    """A command: the words that call it, its help, its subcommands and its options."""

    def __init__(self, words, text):
        self.words = words
        self.text = text
        self.subcommands = {}
        self.options = set()
        section = ""
        for line in text.splitlines():
            if line and not line[0].isspace():
                section = line
            elif section.startswith("Commands") and (found := COMMAND.match(line)):
                self.subcommands[found[1]] = None
            elif found := OPTION.match(line):
                self.options.add(found[1] or found[2])
        self.subcommands.pop("help", None)
        self.variables = set(VARIABLE.findall(text))

    def find(self, words):
        """The command that these words call, and the words that are left for it."""
        command = self
        for index, word in enumerate(words):
            if word not in command.subcommands:
                return command, words[index:]
            command = command.subcommands[word]
        return command, []

    def all(self):
        yield self
        for command in self.subcommands.values():
            yield from command.all()


def help_of(program, words):
    """What `aurix WORDS --help` prints, at a fixed width and by the name `aurix`, whatever the file is called."""
    done = subprocess.run(
        [program, *words, "--help"], capture_output=True, text=True, timeout=SECONDS_MAX, check=True,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", "LC_ALL": "C.UTF-8"},
    )
    return re.sub(rf"^Usage: {re.escape(Path(program).name)}", "Usage: aurix", done.stdout, flags=re.MULTILINE)


def settings_of(program):
    """Every setting: a command that takes them all."""
    return Command(["settings"], help_of(program, ["settings"]))


def read(program, words=(), settings=None):
    """The tree of commands of a program. Each takes every setting, which the help has in one place."""
    settings = settings or settings_of(program)
    command = Command(list(words), help_of(program, words))
    command.options |= settings.options
    command.variables |= settings.variables
    if len(words) < DEPTH_MAX:
        for name in command.subcommands:
            command.subcommands[name] = read(program, [*words, name], settings)
    return command
