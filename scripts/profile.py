"""Reads what scripts/profile has recorded.

`profile.py stacks` makes folded stacks readable: short names, and no frames that say nothing.
`profile.py costs DIR` prints a table of instructions per operation from callgrind's files.
`profile.py aims FILE…` prints what was got beside what is aimed at, from what `aurix-bench --json` printed on each engine.
`profile.py pages FILE…` prints what each page of the console takes, from what `aurix-bench pages --json` printed on each engine.
`profile.py put NAME` puts its input between the marks of that name in docs/performance.md.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

# Names.

# Frames that only pass on a call.
EMPTY = re.compile(
    r"^(<?core::(ops|pin|panic|future|option|result|iter|slice)|<?alloc::boxed|<?std::(panic|sys::|thread|rt)|__rust_|_?_rust_try"
    r"|<?futures_util::future|<F as futures|<?tokio::(task::coop|loom|task::task_local)"
    r"|<?tokio::runtime::(blocking|context|coop|task|scheduler::multi_thread::worker::(run|Context::run$|Context::run_task))"
    r"|<?axum::(boxed|util|routing|handler)|<?tower|<F as axum|<?tracing::instrument|<?scoped_tls|\[unknown\]"
    r"|__libc_start|start_thread|clone3|_start$|main$|entry_SYSCALL|do_syscall_64|x64_sys_call|__x64_sys|asm_|sysvec_"
    r"|PostmasterMain|ServerLoop|\[)"
)
# Frames of the kernel that are shown below each call of it.
KERNEL_FRAMES_MAX = 3


def demangled(name):
    """A legacy symbol of Rust's as a path; another name as it is."""
    found = re.match(r"^_ZN(.*)E(\.llvm\.\d+)?$", name)
    if not found:
        return name
    rest, parts = found[1], []
    while number := re.match(r"\d+", rest):
        end = number.end() + int(number[0])
        parts.append(re.sub(r"^_(?=\$)", "", rest[number.end() : end]))
        rest = rest[end:]
    text = "::".join(part for part in parts if not re.fullmatch(r"h[0-9a-f]{16}", part)).replace("..", "::")
    for code, sign in (("$LT$", "<"), ("$GT$", ">"), ("$RF$", "&"), ("$BP$", "*"), ("$C$", ","), ("$LP$", "("), ("$RP$", ")")):
        text = text.replace(code, sign)
    text = re.sub(r"\$u([0-9a-f]+)\$", lambda code: chr(int(code[1], 16)), text)
    return text


def without_parameters(name):
    """`<A<B> as C>::d::<E>` becomes `A::d`, and `<A as C>::d` with a capital type that says nothing `C::d`."""
    if name.startswith("<"):
        depth = middle = 0
        for at, sign in enumerate(name):
            depth += (sign in "<(") - (sign in ">)" and name[at - 1] != "-")
            if depth == 1 and name.startswith(" as ", at):
                middle = at
            if depth == 0:
                break
        types = [name[1 : middle or at], name[middle + 4 : at] if middle else ""]
        is_letter = types[1] and re.fullmatch(r"&?(mut )?[A-Z]\w?", types[0])
        name = re.sub(r"^(impl .* for )?&?(mut )?(dyn )?", "", types[1] if is_letter else types[0]) + name[at + 1 :]
    while (shorter := re.sub(r"(::)?<[^<>]*>", "", name)) != name:
        name = shorter
    return name


def short(name):
    """A name as the picture shows it."""
    name = without_parameters(demangled(name.removesuffix("_[k]")))
    name = re.sub(r"(::\{\{closure\}\})+", "", name)
    name = re.sub(r"::h[0-9a-f]{16}|\.llvm\.\d+|\.constprop\.\d+|\.isra\.\d+|\.part\.\d+|\.cold", "", name)
    parts = name.split("::")
    if len(parts) > 3:
        parts = [parts[0], *parts[-2:]]
    return "::".join(parts)


def stacks():
    """Reads folded stacks and prints them with short names."""
    folded = defaultdict(int)
    for line in sys.stdin:
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        names, kernel_frames = [], 0
        for frame in frames:
            if EMPTY.match(demangled(frame)):
                continue
            kernel_frames += frame.endswith("_[k]")
            if kernel_frames > KERNEL_FRAMES_MAX:
                break
            name = short(frame)
            if not names or names[-1] != name:
                names.append(name)
        # Threads of one kind are one: tokio-rt-worker, aurix-writer, postgres.
        thread = re.sub(r"[-_/:]?\d+$", "", thread)
        folded[";".join([thread, *names])] += int(count)
    for stack, count in sorted(folded.items()):
        print(stack, count)


# Costs.

# What a function belongs to, by the first rule that its name or file meets; the frame that is nearest decides, so that
# copying and memory count for whoever asked for them.
PARTS = [
    ("SQLite: commit", r"^(sqlite3VdbeHalt|vdbeCommit|sqlite3PagerCommit|walCheckpoint|sqlite3WalCheckpoint|sqlite3WalFrames|pagerWalFrames)", None),
    ("SQLite: statements", r"^(sqlite3|rusqlite|<?rusqlite|hashlink)", r"sqlite3\.c|rusqlite|libsqlite3"),
    ("signing", r"^<?(sha2|hmac|digest|block_buffer|base64|aws_lc|ring|aurix::domain::signature|hex|crypto_common|subtle)", r"/(sha2|hmac|digest|base64|ring|aws-lc)"),
    ("reading and writing JSON and URLs", r"^<?(serde|serde_json|serde_core|url|form_urlencoded|percent_encoding|serde_urlencoded|idna|ryu|itoa)(::|$)", r"/(serde\w*|url|form_urlencoded|percent-encoding|itoa|zmij)-"),
    ("HTTP", r"^<?(hyper|hyper_util|axum|axum_core|http|http_body|http_body_util|httparse|httpdate|tower|tower_http|matchit|h2|headers|mio|socket2|tokio::net|tokio::io|bytes|tokio_util)(::|$)", r"/(hyper|axum|http|httparse|tower|matchit|mio|socket2|bytes)[-\w]*-\d"),
    ("HTTP", r"^<?aurix::(http|net)(::|$)", r"src/(http|net)/"),
    ("threads and waking", r"^<?(tokio|parking_lot|futures_util|futures_core|futures_channel|crossbeam)(::|$)", r"/(tokio|futures-\w+|parking_lot\w*)-\d"),
    ("SQLite: statements", r"^<?aurix::db::(sqlite|value|Conn|Tx)", r"src/db/(sqlite|value)"),
    ("domain, use cases and store", r"aurix::", r"(^|/)src/(domain|clicks|conversations|deliveries|projects|maintenance|store|worker|outbound|core|engines|notifier|cache|db|channels|agent|llm|serve|config)"),
]
ORDER = ["HTTP", "reading and writing JSON and URLs", "domain, use cases and store", "SQLite: statements", "SQLite: commit", "signing", "threads and waking", "the rest"]
RULES = [(part, re.compile(name), re.compile(file) if file else None) for part, name, file in PARTS]

# What the operations of a run are, by a function that stands in the stack.
OPERATIONS = {
    "deliver": [
        ("claim", re.compile(r"aurix::deliveries::claim::|store::deliveries::(claim|waiting)|store::events::contents")),
        ("settle", re.compile(r"SettleDeliveries|deliveries::attempt::settle|store::deliveries::(settle|log_attempts)")),
        ("send", re.compile(r"aurix::(net|outbound)|deliveries::(attempt::attempt|dispatcher::deliver|endpoint::)|domain::signature|hyper")),
    ]
}


class Callgrind:
    """A file of callgrind's whose functions are named with all their callers."""

    def __init__(self, path):
        self.names, self.stacks = {}, defaultdict(int)
        file = function = None
        skip = False
        for line in path.open(encoding="utf-8", errors="replace"):
            line = line.rstrip("\n")
            if line[:3] in ("fl=", "fi=", "fe="):
                file = self.name("file", line[3:])
            elif line.startswith("fn="):
                function = self.name("function", line[3:])
            elif line.startswith(("cfn=", "cob=", "cfi=", "cfl=", "ob=")):
                kind, _, rest = line.partition("=")
                self.name({"cfn": "function", "cob": "object", "ob": "object"}.get(kind, "file"), rest)
            elif line.startswith("calls="):
                skip = True
            elif line[:1].isdigit() or line[:1] in "+-*":
                position_and_cost = line.split()
                if not skip and len(position_and_cost) > 1:
                    self.stacks[function, file] += int(position_and_cost[1])
                skip = False

    def name(self, kind, text):
        found = re.match(r"^\((\d+)\)(?: (.*))?$", text)
        if not found:
            return text
        if found[2] is not None:
            self.names[kind, found[1]] = found[2]
        return self.names.get((kind, found[1]), "?")


def frames(function):
    """The frames of a name, the nearest first."""
    names = re.split(r"'(?=[\w<(_.?]|0x|$)", function)
    return [demangled(name) for name in names if not name.isdigit()]


def part_of(stack, file):
    for at, name in enumerate(stack):
        for part, by_name, by_file in RULES:
            if by_name.search(name) or (at == 0 and by_file and by_file.search(file or "")):
                if part == "SQLite: statements" and any(RULES[0][1].match(caller) for caller in stack):
                    return "SQLite: commit"
                return part
    return "the rest"


def operation_of(what, stack):
    text = "\n".join(stack)
    for operation, pattern in OPERATIONS.get(what, []):
        if pattern.search(text):
            return operation
    return "shared" if what in OPERATIONS else what


def costs(folder):
    """Prints the table."""
    table = defaultdict(lambda: defaultdict(float))
    for what in ("click", "deliver", "list"):
        found = json.loads((folder / f"{what}.json").read_text())
        operations = found[what]["operations"] if what != "list" else sum(found["list"][page]["operations"] for page in ("page_1", "page_deep"))
        files = [path for path in folder.glob(f"{what}.*.out*") if path.stat().st_size > 10_000]
        for path in files:
            for (function, file), count in Callgrind(path).stacks.items():
                stack = frames(function)
                table[operation_of(what, stack)][part_of(stack, file)] += count / operations
    columns = ["click", "claim", "send", "settle", "shared", "list"]
    heads = {"shared": "shared by these three", "list": "list, a page of 50"}
    print("| instructions, in thousands | " + " | ".join(heads.get(column, column) for column in columns) + " |")
    print("| --- " * (len(columns) + 1) + "|")
    for part in ORDER:
        print(f"| {part} | " + " | ".join(thousands(table[column][part]) for column in columns) + " |")
    print("| **in all** | " + " | ".join(f"**{thousands(sum(table[column].values()))}**" for column in columns) + " |")


def thousands(count):
    return f"{count / 1000:.1f}" if count >= 50 else ""


# Aims.

# What it is, where it stands in the bench's object, a factor for people's units, digits, and the most or least on SQLite and
# on PostgreSQL.
AIMS = [
    ("CPU of a durable click, µs", "click/cpu_us_per_operation", 1, 0, "≤", 80, 300),
    ("CPU of an event accepted and delivered, µs", "end_to_end/full_speed/cpu_us_per_operation", 1, 0, "≤", 200, 500),
    ("clicks, of bare rows", "click/ceilings/bare_rows/ratio", 1, 2, "≥", 0.7, 0.7),
    ("deliveries, of bare posts", "deliver/ceilings/bare_posts/ratio", 1, 2, "≥", 0.7, 0.7),
    ("from click to receipt at 500 a second, p99, ms", "end_to_end/received_us/p99", 1e-3, 1, "≤", 10, 10),
    ("page 10,000 of {list/rows:,} leads, of page 1", "list/p50_ratio", 1, 2, "≤", 2, 2),
    ("1,000,000 leads streamed, MB a second", "list/stream/mb_per_second", 1, 0, "≥", 50, 50),
    ("memory while they are, MB", "list/stream/rss_bytes/most", 1e-6, 0, "", None, None),
    ("memory idle, MB", "idle_rss_bytes", 1e-6, 0, "≤", 30, 30),
    ("memory with {slow/waiting:,} deliveries waiting, MB", "slow/rss_bytes/most", 1e-6, 0, "≤", 150, 150),
    ("healthy p99 beside dead webhooks, of quiet", "slow/p99_ratio", 1, 2, "≤", 2, 2),
    ("healthy p50 beside a flooded slow webhook, of quiet", "flood/p50_ratio", 1, 2, "≤", 2, 2),
    ("disk of an event with its delivery, body included, bytes", "end_to_end/event_with_delivery_bytes", 1, 0, "≤", 1000, 1000),
    ("the same where all had waited at once, bytes", "disk/event_with_delivery_bytes", 1, 0, "", None, None),
    ("1,000 webhooks have one event after, s", "fan_out/all_have_it_us/p50", 1e-6, 2, "", None, None),
    ("start to ready, ms", "start_ms", 1, 0, "≤", 100, 100),
    ("the program, MB", "binary_bytes", 1e-6, 1, "≤", 25, 25),
    ("clicks a second", "click/per_second", 1, 0, "", None, None),
    ("deliveries a second", "deliver/per_second", 1, 0, "", None, None),
    ("accepted and delivered a second", "end_to_end/full_speed/per_second", 1, 0, "", None, None),
    ("messages a second", "message/per_second", 1, 0, "", None, None),
]


def at(found, path):
    for name in path.split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def aims(files):
    """Prints the table. Later files add to what earlier ones of the same engine have."""
    engines = defaultdict(dict)
    for file in files:
        found = json.loads(Path(file).read_text())
        engines[found["engine"]].update(found)
    print("| | " + " | ".join(f"{engine} | aim" for engine in ("SQLite", "PostgreSQL")) + " |")
    print("| --- " * 5 + "|")
    for name, path, factor, digits, sign, *most in AIMS:
        sizes = [at(engines[engine], size) for size in re.findall(r"{([\w/]+)", name) for engine in engines]
        name = re.sub(r"{.*?}", f"{next((size for size in sizes if size), 0):,}", name)
        cells = []
        for engine, aim in zip(("sqlite", "postgres"), most):
            got = at(engines[engine], path)
            text = "" if got is None else f"{got * factor:,.{digits}f}"
            shown = 0 if got is None else round(got * factor, digits)
            met = got is None or aim is None or (shown <= aim if sign == "≤" else shown >= aim)
            cells += [text if met else f"**{text}**", "" if aim is None else f"{sign} {aim}"]
        print(f"| {name} | " + " | ".join(cells) + " |")
    nodes = at(engines["postgres"], "nodes/by_count") or []
    if nodes:
        print("\n| processes on one PostgreSQL | clicks a second | deliveries a second |\n| --- | --- | --- |")
    for node in nodes:
        print(f"| {node['nodes']} | {node['click']['per_second']:,.0f} | {node['deliver']['per_second']:,.0f} |")


# Pages.

PAGE_MS_MAX = 50


def pages(files):
    """Prints the tables: pages, then files."""
    found = {one["engine"]: one for one in (json.loads(Path(file).read_text()) for file in files)}
    sqlite, postgres = (found.get(engine, {"pages": [], "files": []}) for engine in ("sqlite", "postgres"))
    print("| page | p50, ms | p95, ms | CPU, ms | cold, ms | KB | elements | of bare | PostgreSQL: p50 | p95 | CPU |")
    print("| --- " * 11 + "|")
    on_postgres = {page["name"]: page for page in postgres["pages"]}
    for page in sqlite["pages"]:
        other = on_postgres.get(page["name"], {})
        cells = [milliseconds(page, "p50_ms"), aimed(page), milliseconds(page, "cpu_ms"), milliseconds(page, "cold_ms")]
        cells += [f"{page['bytes'] / 1000:.1f}", f"{page['elements']:,}", f"{page['ratio']:.0f}"]
        cells += [milliseconds(other, "p50_ms"), aimed(other), milliseconds(other, "cpu_ms")]
        print(f"| {page['name']} | " + " | ".join(cells) + " |")
    print("\n| file | first row, ms | rows a second | CPU of a row, µs | PostgreSQL: first row | rows a second | CPU of a row |")
    print("| --- " * 7 + "|")
    on_postgres = {file["name"]: file for file in postgres["files"]}
    for file in sqlite["files"]:
        cells = [f"{file['name']}, {file['rows']:,} rows"]
        for one in (file, on_postgres.get(file["name"], {})):
            cells += [milliseconds(one, "first_row_ms"), f"{one['rows_per_second']:,.0f}" if one else "", f"{one['cpu_us_per_row']:.0f}" if one else ""]
        print("| " + " | ".join(cells) + " |")


def milliseconds(page, name):
    return "" if page.get(name) is None else f"{page[name]:.1f}"


def aimed(page):
    text = milliseconds(page, "p95_ms")
    return f"**{text}**" if text and page["p95_ms"] > PAGE_MS_MAX else text


def put(name):
    """Replaces what stands between two comments."""
    page = Path(__file__).parent.parent / "docs" / "performance.md"
    text, new = page.read_text(), sys.stdin.read().strip()
    page.write_text(re.sub(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", lambda marks: f"{marks[1]}{new}\n{marks[2]}", text, flags=re.S))


if __name__ == "__main__":
    if sys.argv[1:] == ["stacks"]:
        stacks()
    elif len(sys.argv) == 3 and sys.argv[1] == "costs":
        costs(Path(sys.argv[2]))
    elif len(sys.argv) > 2 and sys.argv[1] == "aims":
        aims(sys.argv[2:])
    elif len(sys.argv) > 2 and sys.argv[1] == "pages":
        pages(sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] == "put":
        put(sys.argv[2])
    else:
        sys.exit(__doc__)
