"""The stored data of languages is what the libraries say that it comes from."""

from __future__ import annotations

import re

import pytest

from atlas_assets import language


def test_names_of_languages_and_territories_are_those_of_the_cldr() -> None:
    babel = pytest.importorskip("babel")
    english = babel.Locale("en")
    assert (language.language("ara"), language.language("pt-BR"), language.language("xx1")) == (
        *("Arabic", "Portuguese", None),
    )
    assert (language.territory("DE"), language.territory("deu"), language.territory("??")) == (
        *("Germany", "Germany", None),
    )
    for code, name in english.territories.items():
        assert language.territory(code) == name
    wrong = {
        code
        for code, name in english.languages.items()
        if re.fullmatch("[a-z]{2,3}", code) and language.language(code) != name
    }
    assert wrong == {"sh", "tl", "tw"}  # which the CLDR calls by their newer codes


def test_the_words_that_say_nothing_are_those_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    assert language.english_stop_words() == ENGLISH_STOP_WORDS
