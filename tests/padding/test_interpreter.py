import warnings

import pytest

from pppkit.padding import Padding
from pppkit.padding.interpreter import OUR_HOOK

SAID = "Using `torch.compile(module)` when there are global hooks on modules (e.g., ...)"


@pytest.mark.parametrize("text, hidden", [(SAID, True), ("Using `torch.compile(module)` is slow", False)])
def test_a_warning_about_our_hook_is_hidden_while_it_is_there(text, hidden):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warnings.filters.insert(0, OUR_HOOK)
        warnings.warn(text, stacklevel=2)
        with Padding("zeros"), Padding("reflect"):
            warnings.warn(text, stacklevel=2)
        warnings.warn(text, stacklevel=2)
    assert len(said) == (2 if hidden else 3)
