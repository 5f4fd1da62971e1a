"""Writes mutants into a Rust source, each behind a switch: `mutant_switch::on(17)` is true where mutant 17 is switched on.

A mutant has several forms, the best one first. Where the compiler refuses one, `next_form` gives the next:
  bound    operands are evaluated once, and both variants use their values; a body begins with an early return
  copied   both variants are written out, each with the operands' text
  marked   no switch: the body of the mutant's function only records that it was reached
  absent   nothing is written
Comments around what was written (`/*M17<*/ … /*>M17*/` one mutant's variant, `/*S3<*/ … /*>S3*/` the whole place) say whose a
compiler error is.
"""
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Callable

import tree_sitter_rust
from tree_sitter import Language, Node, Parser

BOUND, COPIED, MARKED, ABSENT, PLAIN = "bound", "copied", "marked", "absent", "plain"
COMPARISONS = {b"==", b"!=", b"<", b">", b"<=", b">="}
PARSER = Parser(Language(tree_sitter_rust.language()))
MARK = re.compile(rb"/\*(?:([MS])(\d+)<|>([MS])(\d+))\*/")

SWITCH = """\
//! Which mutant is switched on, and which ones were reached. Written by scripts/mutants into its copy of the tree.
#![allow(clippy::all, clippy::disallowed_methods, missing_docs)]
use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
static STATE: OnceLock<(usize, Option<File>)> = OnceLock::new();

pub fn on(number: usize) -> bool {
    let (active, log) = STATE.get_or_init(|| {
        let active = std::env::var("MUTANT_ACTIVE").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
        let path = std::env::var_os("MUTANTS_REACHED");
        (active, path.and_then(|path| File::options().append(true).create(true).open(path).ok()))
    });
    if let Some(mut log) = log.as_ref().filter(|_| !REACHED[number].swap(true, Ordering::Relaxed)) {
        let _ = log.write_all(format!("{number}\\n").as_bytes());
    }
    *active == number
}
"""


@dataclass(frozen=True)
class Mutant:
    """A mutant as cargo-mutants lists it. Its range is in bytes of the file."""
    number: int
    name: str
    file: str
    genre: str
    start: int
    end: int
    replacement: str
    function: str
    returns: str


@dataclass
class Place:
    """A range of a source that is rewritten, with all the mutants in it. `write` is given what renders a range inside it."""
    start: int
    end: int
    rank: int
    mutants: list[Mutant]
    write: Callable[[Callable[[int, int], bytes]], bytes]
    key: int = field(default=0)


def next_form(mutant: Mutant, form: str) -> str:
    if form == BOUND and mutant.genre in ("BinaryOperator", "UnaryOperator"):
        return COPIED
    return MARKED if form in (BOUND, COPIED) else ABSENT


def write_switches(source: bytes, mutants: list[Mutant], forms: dict[int, str], crate: str) -> bytes:
    """The source with its mutants in it, each in its form."""
    return Writer(source, mutants, forms, crate).render()


class Writer:
    def __init__(self, source: bytes, mutants: list[Mutant], forms: dict[int, str], crate: str):
        self.source, self.forms, self.crate = source, forms, crate
        self.tree = PARSER.parse(source)
        self.places = self.find_places(mutants)

    def find_places(self, mutants: list[Mutant]) -> list[Place]:
        """Groups the mutants by the place that they change; those that have no place there are only marked."""
        found: dict[tuple[int, int, int], Place] = {}
        for mutant in mutants:
            form = self.forms.get(mutant.number, BOUND)
            place = self.place_of(mutant, form)
            while place is None and form != ABSENT:
                self.forms[mutant.number] = form = MARKED if form in (BOUND, COPIED) else ABSENT
                place = self.place_of(mutant, form)
            if place is not None:
                found.setdefault((place.start, place.end, place.rank), place).mutants.append(mutant)
        places = sorted(found.values(), key=lambda place: (place.start, -place.end, place.rank))
        for key, place in enumerate(places):
            place.key = key
        return places

    def place_of(self, mutant: Mutant, form: str) -> Place | None:
        if form == ABSENT:
            return None
        if form == PLAIN:
            return Place(mutant.start, mutant.end, 0, [], lambda _: mutant.replacement.encode() + b" /* mutated */ ")
        if form == MARKED:
            return self.mark(mutant)
        find = {"FnValue": self.body, "BinaryOperator": self.operator, "UnaryOperator": self.unary, "MatchArm": self.arm,
                "MatchArmGuard": self.arm, "StructField": self.struct_field}.get(mutant.genre)
        return find(mutant, form) if find else None

    def node(self, mutant: Mutant, *types: str) -> Node | None:
        """The innermost node of these types around the mutant."""
        node = self.tree.root_node.descendant_for_byte_range(mutant.start, max(mutant.start, mutant.end - 1))
        while node is not None and node.type not in types:
            node = node.parent
        return node

    def on(self, mutant: Mutant) -> bytes:
        return f"{self.crate}::mutant_switch::on({mutant.number})".encode()

    def choose(self, mutants: list[Mutant], variant: Callable[[bytes], bytes], original: bytes) -> bytes:
        """`if on(1) { variant } else if on(2) { variant } else { original }`."""
        arms = [b"if %b { %b } else " % (self.on(mutant), own(mutant, variant(mutant.replacement.encode()))) for mutant in mutants]
        return b"".join(arms) + b"{ " + variant(original) + b" }"

    # The kinds of places.

    def mark(self, mutant: Mutant) -> Place | None:
        node = self.node(mutant, "function_item")
        body = node.child_by_field_name("body") if node else None
        if body is None:
            return None
        place = Place(body.start_byte + 1, body.start_byte + 1, 1, [], lambda _: b"")
        place.write = lambda _: b" " + b" ".join(own(mutant, b"let _ = %b;" % self.on(mutant)) for mutant in place.mutants)
        return place

    def body(self, mutant: Mutant, _form: str) -> Place | None:
        node = self.tree.root_node.descendant_for_byte_range(mutant.start, mutant.end)
        while node is not None and node.type != "function_item":
            node = node.parent
        body = node.child_by_field_name("body") if node else None
        if body is None:
            return None
        place = Place(body.start_byte + 1, body.start_byte + 1, 0, [], lambda _: b"")

        def write(_) -> bytes:
            returns = [b"if %b { %b }" % (self.on(mutant), own(mutant, b"return %b;" % (mutant.replacement.encode() or b"()")))
                       for mutant in place.mutants]
            return b" " + b" ".join(returns)
        place.write = write
        return place

    def operator(self, mutant: Mutant, _form: str) -> Place | None:
        token = self.tree.root_node.descendant_for_byte_range(mutant.start, mutant.end)
        node = token.parent if token else None
        if node is None or node.type not in ("binary_expression", "compound_assignment_expr"):
            return None
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        original = node.child_by_field_name("operator").text
        place = Place(node.start_byte, node.end_byte, 1, [], lambda _: b"")

        def write(render) -> bytes:
            operands = render(left.start_byte, left.end_byte), render(right.start_byte, right.end_byte)
            if any(self.forms.get(mutant.number) == COPIED for mutant in place.mutants):
                return b"(" + self.choose(place.mutants, lambda op: b"%b %b %b" % (operands[0], op, operands[1]), original) + b")"
            return self.bound(place.mutants, node.type, original, operands)
        place.write = write
        return place

    def bound(self, mutants: list[Mutant], kind: str, original: bytes, operands: tuple[bytes, bytes]) -> bytes:
        left, right = operands
        replacements = {mutant.replacement for mutant in mutants}
        if kind == "compound_assignment_expr":
            choice = self.choose(mutants, lambda op: b"%b %b mutant_r;" % (left, op), original)
            return b"(match (%b) { mutant_r => { %b } })" % (right, choice)
        if original in (b"&&", b"||") and replacements <= {"&&", "||"}:
            test = b"!=" if original == b"&&" else b"=="
            ons = b" | ".join(own(mutant, self.on(mutant)) for mutant in mutants)
            return b"({ let mutant_l: bool = %b; if mutant_l %b (%b) { %b } else { mutant_l } })" % (left, test, ons, right)
        if original in (b"&&", b"||"):
            return b"(" + self.choose(mutants, lambda op: b"%b %b %b" % (left, op, right), original) + b")"
        choice = self.choose(mutants, lambda op: b"mutant_l %b mutant_r" % op, original)
        borrow = b"&" if original in COMPARISONS else b""
        return b"(match (%b(%b), %b(%b)) { (mutant_l, mutant_r) => { %b } })" % (borrow, left, borrow, right, choice)

    def unary(self, mutant: Mutant, form: str) -> Place | None:
        node = self.node(mutant, "unary_expression")
        if node is None or node.start_byte != mutant.start or mutant.replacement.strip():
            return None
        operand, sign = node.child(node.child_count - 1), node.child(0).text
        place = Place(node.start_byte, node.end_byte, 1, [], lambda _: b"")

        def write(render) -> bytes:
            value = render(operand.start_byte, operand.end_byte)
            if form == COPIED:
                return b"(" + self.choose(place.mutants, lambda op: op.strip() + value, sign) + b")"
            choice = self.choose(place.mutants, lambda op: op.strip() + b"mutant_v", sign)
            return b"(match (%b) { mutant_v => { %b } })" % (value, choice)
        place.write = write
        return place

    def arm(self, mutant: Mutant, _form: str) -> Place | None:
        """Deletion of an arm is a guard that is never true; what replaces a guard stands before it."""
        node = self.node(mutant, "match_arm")
        pattern = node.child_by_field_name("pattern") if node else None
        if pattern is None:
            return None
        guard = pattern.child_by_field_name("condition")
        if guard is not None and guard.type in ("let_chain", "let_condition"):
            return None
        start, end = (guard.start_byte, guard.end_byte) if guard else (pattern.end_byte, pattern.end_byte)
        place = Place(start, end, 0, [], lambda _: b"")

        def write(render) -> bytes:
            written = b"(%b)" % render(start, end) if guard else b""
            for mutant in place.mutants:
                test = own(mutant, (b"" if mutant.replacement == "true" else b"!") + self.on(mutant))
                joined = b"%b || %b" if mutant.replacement == "true" else b"%b && %b"
                written = b"(%b)" % (joined % (test, written)) if written else test
            return written if guard else b" if " + written
        place.write = write
        return place

    def struct_field(self, mutant: Mutant, _form: str) -> Place | None:
        """Without the field, the struct takes the base's."""
        node = self.node(mutant, "field_initializer", "shorthand_field_initializer")
        base = next((child for child in node.parent.children if child.type == "base_field_initializer"), None) if node else None
        if base is None or node.start_byte < mutant.start:
            return None
        shorthand = node.type == "shorthand_field_initializer"
        name = (node.text if shorthand else node.child_by_field_name("field").text).strip()
        value = None if shorthand else node.child_by_field_name("value")
        others = self.source[base.start_byte + 2:base.end_byte]
        place = Place(node.start_byte, node.end_byte, 0, [], lambda _: b"")

        def write(render) -> bytes:
            original = render(value.start_byte, value.end_byte) if value else name
            of_base = own(mutant, b"(%b).%b" % (others, name))
            return b"%b: if %b { %b } else { %b }" % (name, self.on(mutant), of_base, original)
        place.write = write
        return place

    # Writing it out.

    def render(self) -> bytes:
        return self.text(0, len(self.source), 0)

    def text(self, start: int, end: int, first: int) -> bytes:
        """A range of the source with the places in it, from the place with the key `first` on."""
        parts, position = [], start
        for place in self.places[first:]:
            if place.start > end:
                break
            if place.start < position or place.end > end:
                continue
            parts.append(self.source[position:place.start])
            written = place.write(lambda low, high, key=place.key: self.text(low, high, key + 1))
            parts.append(b"/*S%d<*/%b/*>S%d*/" % (place.key, written, place.key))
            position = place.end
        return b"".join(parts) + self.source[position:end]


def own(mutant: Mutant, text: bytes) -> bytes:
    return b"/*M%d<*/%b/*>M%d*/" % (mutant.number, text, mutant.number)


def in_let_chain(source: bytes, mutant: Mutant) -> bool:
    """Whether it joins conditions of which one is a `let`, which nothing but `&&` can."""
    token = PARSER.parse(source).root_node.descendant_for_byte_range(mutant.start, mutant.end)
    return token is not None and token.parent is not None and token.parent.type == "let_chain"


class Marks:
    """Whose the ranges of a written source are."""

    def __init__(self, written: bytes):
        self.starts: list[int] = []
        self.open: list[tuple[tuple[str, int], ...]] = []
        self.members: dict[int, set[int]] = {}
        stack: list[tuple[str, int]] = []
        for mark in MARK.finditer(written):
            if mark[1]:
                stack.append((mark[1].decode(), int(mark[2])))
                if mark[1] == b"M":
                    place = next((number for kind, number in reversed(stack) if kind == "S"), -1)
                    self.members.setdefault(place, set()).add(int(mark[2]))
            else:
                stack.pop()
            self.starts.append(mark.start())
            self.open.append(tuple(stack))

    def at(self, offset: int) -> tuple[set[int], bool]:
        """The mutants that an error at this offset belongs to, and whether it is one mutant's own variant."""
        index = bisect_right(self.starts, offset) - 1
        stack = self.open[index] if index >= 0 else ()
        if not stack:
            return set(), False
        kind, number = stack[-1]
        return ({number}, True) if kind == "M" else (self.members.get(number, set()), False)

    def between(self, start: int, end: int) -> set[int]:
        found: set[int] = set()
        for position, stack in zip(self.starts, self.open):
            if start <= position < end:
                found |= {number for kind, number in stack if kind == "M"}
        return found
