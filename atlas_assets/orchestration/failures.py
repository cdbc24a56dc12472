"""Errors that people can mend, told as what made a step fail: a sentence, without a traceback and without a retry."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from atlas_assets.errors import AtlasError, of_the_machine


@contextmanager
def told_errors() -> Iterator[None]:
    """Inside, a mistake of the user's is a failure with its message; so is what the machine refuses, as a full disk."""
    try:
        yield
    except dg.Failure:  # told already
        raise
    except Exception as error:
        told = error if isinstance(error, AtlasError) else of_the_machine(error)
        if told is None:
            raise
        raise dg.Failure(str(told), allow_retries=False) from error
