"""YAML as scenarios are written: values, and the place of each."""

import datetime as dt
from pathlib import Path

import pytest

from simulate.scenario.source import read_text
from simulate.scenario.tree import Block, Leaf, Mark, dotted, locate, plain


def value(text: str) -> object:
    data = plain(read_text(f"a: {text}\n", file="f.yaml"))
    assert isinstance(data, dict)
    return data["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # what YAML 1.1 readers get wrong
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("010", 10),
        ("1_000", "1_000"),
        ("=", "="),
        # the core schema
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-7", -7),
        ("0o17", 15),
        ("0xff", 255),
        ("1.", 1.0),
        (".5", 0.5),
        ("+1.5e2", 150.0),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
        ("3+", "3+"),
        ("21 days", "21 days"),
        ('"12"', "12"),
        ("'true'", "true"),
        # and dates
        ("2023-09-15", dt.date(2023, 9, 15)),
        ('"2023-09-15"', "2023-09-15"),
        ("2023-09-15T10:00", "2023-09-15T10:00"),
        # collections
        ("[1, x]", (1, "x")),
        ("{b: [], c: {}}", {"b": (), "c": {}}),
    ],
)
def test_values(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_keys_are_texts_as_written() -> None:
    assert plain(read_text("{0: a, 1+: b, no: c, 1e3: d, ~: e}", file="f")) == {
        "0": "a",
        "1+": "b",
        "no": "c",
        "1e3": "d",
        "~": "e",
    }


def test_every_key_and_value_knows_its_line_and_column() -> None:
    tree = read_text("a: 1\nb:\n  - x\n  - {c: 'é', d:   5}\n", file="f.yaml")
    assert isinstance(tree, Block)
    place = locate(tree, ("b", 1, "d"))
    assert place.key_mark == Mark("f.yaml", 4, 14)
    assert isinstance(place.node, Leaf)
    assert place.node.mark == Mark("f.yaml", 4, 19)
    assert locate(tree, ("b", 0)).key_mark == Mark("f.yaml", 3, 5)
    missing = locate(tree, ("b", 1, "e"))
    assert missing.node is None
    assert missing.key_mark == Mark("f.yaml", 4, 5)


def test_paths_name_list_items() -> None:
    tree = read_text("v: [{name: age, m: 1}, {m: 2}]", file="f")
    assert isinstance(tree, Block)
    assert dotted(tree, ("v", 0, "m")) == "v.age.m"
    assert dotted(tree, ("v", 1, "m")) == "v.1.m"


def test_anchors_may_be_used() -> None:
    text = "a: &days [1, 2]\nb: *days\n"
    assert plain(read_text(text, file="f")) == {"a": (1, 2), "b": (1, 2)}


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    from simulate.scenario.source import read_file

    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert plain(read_file(str(file))) == {"a": 1, "b": 2}
