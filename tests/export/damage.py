"""Damage done to the values of a JSON file."""

import copy

from hypothesis import strategies as st

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["gated", "tanh", "lstm", "LSTM", "1e999", [], {}, 10**400, -1e30, [1] * 300, [[1.0]]]),
    st.lists(st.one_of(st.integers(-2, 9), st.floats(), st.none()), max_size=4),
)
CHANGES = st.lists(st.tuples(st.integers(0, 10**6), st.one_of(ODD, st.just(...))), min_size=1, max_size=3)


def places(value, path=()):
    """Every place within a file, but of long lists only the first."""
    yield path
    rows = (
        value.items() if isinstance(value, dict) else enumerate(value[:8]) if isinstance(value, list) else ()
    )
    for key, item in rows:
        yield from places(item, (*path, key))


def damaged(values: dict, changes: list[tuple[int, object]]) -> dict:
    """The values with others, or nothing (...), at some of their places."""
    values = copy.deepcopy(values)
    for place, value in changes:
        every = [path for path in places(values) if path]
        if not every:
            break
        *path, key = every[place % len(every)]
        holder = values
        for step in path:
            holder = holder[step]
        if value is ...:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(value)  # two changes may bring the same list, and put it into itself
    return values
