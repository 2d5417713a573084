"""Validation of the tables and Datasets."""


class DataError(ValueError):
    """A table or file is not what it should be; the message says what, where, and which rows."""
