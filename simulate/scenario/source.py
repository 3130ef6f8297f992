"""YAML text to a tree of values that know their line and column.

Scalars follow the YAML 1.2 core schema, so that ``1e-3`` is a number, ``no``, ``on`` and ``12:30``
are texts and ``0o17`` is 15; in addition ``2023-09-15`` is a date. Keys are always texts, as
written. Refused, each with one clear message: duplicate keys, merge keys, tags, a second document,
keys that are not plain texts, and anything too deep or too large, such as a chain of aliases that
would unfold without end.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from pathlib import Path as FilePath

import yaml

from simulate.errors import Problem, ScenarioError
from simulate.scenario.tree import Block, Entry, Items, Leaf, Mark, Node, Scalar

LARGEST_FILE = 1_000_000  # bytes
DEEPEST = 40  # levels of nesting
MOST_NODES = 50_000  # values, with aliases unfolded

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_INT = re.compile(r"[-+]?[0-9]+")
_INT_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_NUMBER_OR_DATE = re.compile(rf"{_FLOAT.pattern}|{_INT_BASE.pattern}|{_DATE.pattern}")
_LONGEST_INT = 20  # digits, enough for a 64-bit seed; longer ones are slips of the pen


def refuse(mark: Mark, message: str, *, key: str = "", hint: str = "") -> ScenarioError:
    """Make an error of a single problem."""
    return ScenarioError([Problem(mark.file, mark.line, mark.column, key, message, hint)])


def beside(file: str, name: str) -> str:
    """Path of a file named inside another one, seen from the directory of that one."""
    return os.path.normpath(FilePath(file).parent / name)


def named_at(mark: Mark, name: str) -> FilePath:
    """Path of what a scenario names, seen from the file that does so.

    What is named on the command line is seen from where the user stands.
    """
    return FilePath(name if mark.line is None else beside(mark.file, name))


def read_file(path: str) -> Block:
    """Read one scenario file.

    Parameters
    ----------
    path
        The file as the user named it; messages repeat it.

    Raises
    ------
    ScenarioError
        If there is no such file, it cannot be read as UTF-8 text or as YAML, or it does not hold
        a block of keys.
    """
    mark = Mark(path)
    file = FilePath(path)
    try:
        if file.is_dir():
            raise refuse(mark, "this is a directory", hint="Name a scenario file inside it")
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise refuse(mark, f"the file is larger than {LARGEST_FILE:,} bytes")
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise refuse(mark, "there is no such file") from None
    except UnicodeDecodeError as error:
        raise refuse(
            mark, f"the file is not UTF-8 text (byte {error.start + 1})", hint="Save it as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refuse(mark, f"the file cannot be read: {reason}") from None
    node = read_text(text, file=path)
    if isinstance(node, Block):
        return node
    if isinstance(node, Leaf) and node.value is None:
        raise refuse(mark, "the file is empty", hint="Copy a scenario to start from")
    raise refuse(node.mark, "a scenario is a block of keys, such as name: my_trial")


def read_text(text: str, *, file: str) -> Node:
    """Read YAML text; an empty one is a `Leaf` of None.

    Raises
    ------
    ScenarioError
        If the text is not YAML, or uses what this module's header says is refused.
    """
    try:
        return _Builder(yaml.parse(text, Loader=yaml.SafeLoader), file).document()
    except yaml.MarkedYAMLError as error:
        raise refuse(*_broken(error, file)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        name = f"U+{ord(text[error.position]):04X}" if error.position < len(text) else "the end"
        raise refuse(Mark(file, line, column), f"the character {name} may not stand here") from None
    except (yaml.YAMLError, ValueError) as error:
        raise refuse(Mark(file), f"this is not YAML: {error}") from None


def read_value(text: str, *, file: str) -> Node:
    """Read the value of an override, which has no line or column of its own."""
    try:
        return _unplaced(read_text(text, file=file), Mark(file))
    except ScenarioError as error:
        problems = (Problem(file, None, None, p.key, p.message, p.hint) for p in error.problems)
        raise ScenarioError(problems) from None


def _unplaced(node: Node, mark: Mark) -> Node:
    if isinstance(node, Leaf):
        return Leaf(node.value, node.written, mark)
    if isinstance(node, Items):
        return Items(tuple(_unplaced(item, mark) for item in node.nodes), mark)
    entries = {k: Entry(mark, _unplaced(e.node, mark)) for k, e in node.entries.items()}
    return Block(entries, mark)


def _broken(error: yaml.MarkedYAMLError, file: str) -> tuple[Mark, str]:
    where = error.problem_mark or error.context_mark
    mark = Mark(file, where.line + 1, where.column + 1) if where else Mark(file)
    parts = [part for part in (error.context, error.problem) if part]
    message = f"this is not YAML: {', '.join(parts)}"
    if error.problem and "\\t" in error.problem:
        message += " (indent with spaces, not tabs)"
    return mark, message


def _scalar(text: str, mark: Mark) -> Scalar:
    """Give an unquoted scalar its value by the YAML 1.2 core schema, and ISO dates."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text) or _INT_BASE.fullmatch(text):
        if len(text) > _LONGEST_INT:
            raise refuse(mark, f"a whole number may have {_LONGEST_INT} digits at most")
        return int(text, 0) if _INT_BASE.fullmatch(text) else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if special := _SPECIAL.fullmatch(text):
        return float("nan") if special[3] else float(f"{special[1]}inf")
    if _DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise refuse(mark, f"there is no such date (given: {text})") from None
    return text


def _as_written(text: str, *, quoted: bool) -> str:
    """Text of a scalar, with quotes if it would be something else than a text without them."""
    if quoted and (text in _NULL or text in _BOOL or _NUMBER_OR_DATE.fullmatch(text)):
        return f'"{text}"'
    return text


class _Builder:
    """Builds the tree of one document from the parser's events."""

    def __init__(self, events: Iterator[yaml.Event], file: str) -> None:
        self._events = events
        self._file = file
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0
        self._repeated: list[Problem] = []

    def document(self) -> Node:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Leaf(None, "", Mark(self._file, 1, 1))
        node = self._node(next(self._events), 0)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise refuse(self._mark(after), "a second document begins here", hint="Remove the ---")
        if self._repeated:
            raise ScenarioError(self._repeated)
        return node

    def _mark(self, event: yaml.Event) -> Mark:
        start = event.start_mark
        return Mark(self._file, start.line + 1, start.column + 1) if start else Mark(self._file)

    def _grow(self, by: int, mark: Mark) -> None:
        self._count += by
        if self._count > MOST_NODES:
            raise refuse(mark, f"more than {MOST_NODES:,} values, with aliases unfolded")

    def _node(self, event: yaml.Event, depth: int) -> Node:
        mark = self._mark(event)
        before = self._count
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise refuse(mark, f"no anchor &{event.anchor} is finished above this alias")
            node, size = self._anchors[event.anchor]
            self._grow(size, mark)
            return node
        if depth > DEEPEST:
            raise refuse(mark, f"nested more than {DEEPEST} levels deep")
        self._grow(1, mark)
        node = self._fresh(event, depth, mark)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = (node, self._count - before)
        return node

    def _fresh(self, event: yaml.Event, depth: int, mark: Mark) -> Node:
        if getattr(event, "tag", None) is not None:
            raise refuse(mark, f"YAML tags are not used here (given: {getattr(event, 'tag', '')})")
        if isinstance(event, yaml.ScalarEvent):
            self._check_characters(event.value, mark)
            quoted = event.style is not None
            value: Scalar = event.value if quoted else _scalar(event.value, mark)
            return Leaf(value, _as_written(event.value, quoted=quoted), mark)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(tuple(self._items(depth)), mark)
        return self._block(depth, mark)

    def _check_characters(self, text: str, mark: Mark) -> None:
        """Refuse what an escape can smuggle in and no file name or terminal can take."""
        for character in text:
            if character == "\0" or "\ud800" <= character <= "\udfff":
                raise refuse(mark, f"the character U+{ord(character):04X} may not stand here")

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _block(self, depth: int, mark: Mark) -> Block:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, key_mark = self._key(event)
            node = self._node(next(self._events), depth + 1)
            if key in entries:
                first = entries[key].key_mark.line
                text = f"the key {key!r} is given twice (first on line {first})"
                place = (self._file, key_mark.line, key_mark.column)
                self._repeated.append(Problem(*place, key, text))
            else:
                entries[key] = Entry(key_mark, node)
        return Block(entries, mark)

    def _key(self, event: yaml.Event) -> tuple[str, Mark]:
        mark = self._mark(event)
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            raise refuse(mark, "a key must be a plain text")
        self._check_characters(event.value, mark)
        self._grow(1, mark)
        if event.value == "<<" and event.style is None:
            raise refuse(mark, "merge keys (<<) are not used here", hint="Use extends: other.yaml")
        return event.value, mark
