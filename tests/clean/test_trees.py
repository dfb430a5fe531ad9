"""The forests give the results of the library that trained them, and plausible ones."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.clean.page.forest import LEAVES, probabilities, read_forest

# Two trees over two features: (a <= 1 ? (b <= 5 ? -1 : 2) : 3) and (b <= 2 ? 0.5 : -0.5).
ARRAYS = {
    "t_tree": np.array([0, 0, 1], dtype=np.uint16),
    "t_feature": np.array([0, 1, 1], dtype=np.uint16),
    "t_threshold": np.array([1, 5, 2], dtype=np.float32),
    "t_mask": np.array([0xFFFF & ~0b11, 0xFFFF & ~0b1, 0xFFFF & ~0b1], dtype=np.uint16),
    "t_leaves": np.zeros((2, LEAVES), dtype=np.float32),
}
ARRAYS["t_leaves"][0, :3] = (-1, 2, 3)
ARRAYS["t_leaves"][1, :2] = (0.5, -0.5)

number = st.one_of(st.sampled_from([1.0, 2.0, 5.0]), st.floats(-9, 9, width=32))


def walked(a: float, b: float) -> float:
    first = (-1.0 if b <= 5 else 2.0) if a <= 1 else 3.0
    return 1 / (1 + np.exp(-(first + (0.5 if b <= 2 else -0.5))))


@settings(deadline=None)
@given(st.lists(st.tuples(number, number), min_size=1, max_size=20))
def test_bits_find_the_leaf_that_a_walk_down_the_tree_finds(
    rows: list[tuple[float, float]],
) -> None:
    result = probabilities(read_forest(ARRAYS, "t"), np.array(rows, dtype=np.float32).T)
    assert np.allclose(result, [walked(a, b) for a, b in rows])
