"""All forms, in the order in which they are asked whether a file is one of theirs."""

from __future__ import annotations

from atlas_assets.sources.forms import (
    annotated,
    arrays,
    baskets,
    columnar,
    databases,
    graphs,
    json_documents,
    labels,
    matrices,
    neighbours,
    pickles,
    separated,
    wide,
    word_vectors,
    workbooks,
)
from atlas_assets.sources.forms.form import Form, Given, Head, Options, Pieces, Role
from atlas_assets.sources.forms.unread import is_posing
from atlas_assets.sources.forms.unread import is_unread as is_unread
from atlas_assets.sources.forms.unread import refuse as refuse

FORMS: tuple[Form, ...] = (
    columnar.FORM,
    arrays.FORM,
    workbooks.FORM,
    *databases.FORMS,
    annotated.FORM,
    pickles.FORM,
    matrices.FORM,
    *graphs.FORMS,
    *json_documents.FORMS,
    *word_vectors.FORMS,
    wide.FORM,
    neighbours.FORM,
    separated.FORM,
    baskets.FORM,
)
"""``labels`` is not among them: nothing but what it stands beside tells such a file."""
SUFFIXES = frozenset(suffix for form in FORMS for suffix in form.suffixes)
TABLE = "table"  # as ``source.form``: rows and columns, whatever they look like
READABLE = (
    "a CSV, JSON or Parquet file, or another of the forms in docs/files.md "
    f"({', '.join(sorted({suffix for form in FORMS for suffix in form.suffixes[:1]}))}), also packed"
)


def recognise(head: Head, role: Role, options: Options) -> Form | None:
    """The form of a file: the one that is named, or the first that knows its beginning; None for a plain one.

    A file that is of a form whose files cannot be ``role`` is of that form all the same: reading it says so.
    """
    if options.form == TABLE:
        return None
    if options.n_rows is not None and labels.FORM.recognises(head, role):
        return labels.FORM
    if options.form is not None:
        return next((form for form in FORMS if form.name == options.form), None)
    return None if is_posing(head) else next((form for form in FORMS if form.recognises(head, role)), None)


def to_be_named(name: str | None) -> str | None:
    """The form ``name``, if its files could be taken for another one, so that a spec should name it."""
    return next((form.name for form in FORMS if form.name == name and form.says), None)


def read(form: Form, given: Given) -> Pieces:
    """The pieces of a file of ``form``; raises DataError for a role that it cannot have."""
    if given.role not in form.gives:
        options = {
            "collections": "--interactions",
            "edges": "--edges",
            "vectors": "--vectors",
            "entities": "--entities",
        }
        raise given.wrong(
            f"is {form.title}",
            expected=f"a file with {given.role}",
            remedy=f"Give it as {' or '.join(options[role] for role in options if role in form.gives)}.",
        )
    return form.read(given)
