"""The order of the tests."""


def pytest_collection_modifyitems(items):
    """Put files with slow tests first, so that two workers (``pytest -n 2``) end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
