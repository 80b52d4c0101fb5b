"""Every test runs torch on one thread: the suite runs on several processes, and results do not depend on it."""

import pytest
import torch


def pytest_collection_modifyitems(items):
    """What builds the core takes as long as hundreds of others; begun last, it would leave all but one idle."""
    items.sort(key=lambda item: item.path.name != "test_core.py")


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)
