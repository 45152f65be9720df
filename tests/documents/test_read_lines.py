"""A line by hand and a document by its serializer: both take the same, and refuse the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from documents import strict_json
from documents.api.shapes import NewTextIn
from documents.errors import DocumentError
from documents.lines import read_text

TEXT = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="a", min_size=499, max_size=502),
    st.text(alphabet="ü", min_size=999, max_size=1002),
)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10)
)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
LINE = st.fixed_dictionaries(
    {},
    optional={
        "content": st.one_of(TEXT, ANYTHING),
        "title": st.one_of(TEXT, ANYTHING),
        "source": st.one_of(TEXT, ANYTHING),
        "metadata": st.one_of(st.dictionaries(st.text(max_size=5), ANYTHING, max_size=4), ANYTHING),
        "other": PLAIN,
    },
)


def by_hand(said: Any) -> dict[str, Any] | None:
    try:
        label, content = read_text(said)
    except DocumentError:
        return None
    return {
        "content": content,
        "title": label.title,
        "source": label.source,
        "metadata": label.metadata,
    }


def by_serializer(said: Any) -> dict[str, Any] | None:
    checked = NewTextIn(data=said)
    try:
        checked.is_valid(raise_exception=True)
    except ValidationError:
        return None
    # 0 bytes are refused where the document is kept.
    return dict(checked.validated_data) if checked.validated_data["content"] else None


@given(said=st.one_of(LINE, ANYTHING))
def test_both_take_the_same(said: Any) -> None:
    assert by_hand(said) == by_serializer(said)


def parsed(read: Any, raw: bytes) -> Any:
    try:
        return json.dumps(read(raw))
    except DocumentError as error:
        return error.code


@given(said=LINE, style=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
def test_the_quick_way_to_read_json_reads_the_same(said: Any, style: tuple[str, str]) -> None:
    raw = json.dumps(said, separators=style, ensure_ascii=bool(len(style[0]) % 2)).encode(
        errors="surrogatepass"
    )
    assert parsed(strict_json.loads_flat, raw) == parsed(strict_json.loads, raw)


TRICKY = [
    b'{"a": 1, "a": 2}',
    b'{"a": 1, "a" : 2}',
    b'{"a": 1, "\\u0061": 2}',
    b'{"a": {"b": 1, "b": 2}}',
    b'{"a": {"b": 1, "b"\t\r\n:2}, "c": 1}',
    b'{"a": "x\\":y", "a": 1}',
    b'{"a": "\\": \\":", "b": "\\\\"}',
    b'{"\\": ": 1, "\\": ": 2}',
    b'{"a\\\\": 1, "a\\\\": 2}',
    b'{"a": {"b": 1, "b": 2, "c\\\\": 3}}',
    b'{"a": ": ", "b": "\\": 1, \\"b\\": 2"}',
    b'{"a": "He said: \\"yes\\": twice", "a": 1}',
    b'{"a": 18446744073709551616}',
    b'{"a": {"b": -9223372036854775809}}',
    b'{"a": 1e400}',
    b'{"a": "\\u0000"}',
    b'{"a": "\\\\u0000"}',
    b'{"a\\u0000": 1}',
    b'{"a": "\\ud83d\\ude00"}',
    b'{"a": "\\ud83d"}',
    b'\xef\xbb\xbf{"a": 1}',
    b'{"a": [[[{"b": 1, "b": 2}]]]}',
    b'{"a": NaN}',
    b"",
    b"nul",
]


@pytest.mark.parametrize("raw", TRICKY)
def test_no_trick_gets_past_the_quick_way(raw: bytes) -> None:
    assert parsed(strict_json.loads_flat, raw) == parsed(strict_json.loads, raw)
