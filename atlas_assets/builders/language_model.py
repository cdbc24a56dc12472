"""A language model asked for the names of regions: within a budget, never twice the same, and nothing fails by it."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.spec.regions import LanguageModelSpec
from atlas_assets.stages.regions.naming.asked import Answer, Question

SECONDS = 60  # that one answer may take
GIVEN_UP = 3  # failures one after another, and nothing more is asked
MOST_TOKENS = 30  # of an answer


def ask(
    model: LanguageModelSpec,
    instruction: str,
    questions: Sequence[Question],
    *,
    progress: Callable[[float, str], None],
    cache: Path | None = None,
) -> list[Answer]:
    """An answer to each question; those that were asked before are not asked again.

    Where the server does not answer, or not as chat completions do, the answer says why. Raises AtlasError where the
    variable that should hold the key is not set.
    """
    folder = cache or project.cache_folder() / "region_names"
    key = _key(model)
    known = {question: _kept(folder, model, instruction, question) for question in questions}
    new = sum(text is None for text in known.values())
    letters = sum(len(instruction) + len(question.text) for question in questions if known[question] is None)
    told = f"{new} names, {len(questions) - new} are known (about {letters // 4:,} tokens)"
    progress(0.7, f"asking {model.model} for {told}")
    answers, failed = [], 0
    for question in questions:
        if (text := known[question]) is not None:
            answers.append(Answer(question, text))
            continue
        if failed >= GIVEN_UP:
            answers.append(Answer(question, None, f"not asked, since {GIVEN_UP} questions before it had no answer"))
            continue
        try:
            text = _asked(model, instruction, question, key)
        except (OSError, ValueError, LookupError, TypeError) as error:
            failed += 1
            answers.append(Answer(question, None, f"no answer: {error}"))
            continue
        failed = 0
        _keep(folder, model, instruction, question, text)
        answers.append(Answer(question, text))
    if lost := sum(answer.text is None for answer in answers):
        why = next(answer.why_not for answer in answers if answer.text is None)
        progress(0.9, f"{model.url}: {lost} of {len(answers)} names were not given ({why}); they stay as they were")
    return answers


def _key(model: LanguageModelSpec) -> str | None:
    if model.key_from is None:
        return None
    if not (key := os.environ.get(model.key_from)):
        raise AtlasError(
            f"The environment variable {model.key_from}, which regions.llm.key_from names, is not set. Set it to the "
            "key of the server, or delete key_from where it needs none."
        )
    return key


def _asked(model: LanguageModelSpec, instruction: str, question: Question, key: str | None) -> str:
    body = {
        "model": model.model,
        "temperature": 0,
        "max_tokens": MOST_TOKENS,
        "messages": _messages(instruction, question),
    }
    request = urllib.request.Request(
        model.url.rstrip("/") + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {}),
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # http or https: the spec takes no other
        answered = json.load(response)
    return str(answered["choices"][0]["message"]["content"])


def _messages(instruction: str, question: Question) -> list[dict[str, str]]:
    return [{"role": "system", "content": instruction}, {"role": "user", "content": question.text}]


def _file(folder: Path, model: LanguageModelSpec, instruction: str, question: Question) -> Path:
    asked = json.dumps([model.url, model.model, _messages(instruction, question)], ensure_ascii=False)
    return folder / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"


def _kept(folder: Path, model: LanguageModelSpec, instruction: str, question: Question) -> str | None:
    try:
        return str(json.loads(_file(folder, model, instruction, question).read_text(encoding="utf-8"))["answer"])
    except (OSError, ValueError, LookupError):
        return None


def _keep(folder: Path, model: LanguageModelSpec, instruction: str, question: Question, answer: str) -> None:
    file = _file(folder, model, instruction, question)
    folder.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps({"answer": answer}, ensure_ascii=False), encoding="utf-8")
    os.replace(draft, file)
