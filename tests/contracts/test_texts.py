"""Every text that people read is in the catalogue, in Indonesian, with its placeholders whole."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po
from flask_babel import force_locale

from blueprints.webchat.texts import chat_texts
from cloudchat import errors
from cloudchat.errors import AppError
from cloudchat.js_texts import js_texts
from cloudchat.messages import SENTENCES

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = ROOT / "translations" / "id" / "LC_MESSAGES" / "messages.po"
KEYWORDS = DEFAULT_KEYWORDS | parse_keywords(["lazy_gettext", "_l", "N_"])  # as scripts/texts has them
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|%%")
CALL = re.compile(r"\bt\(([^(),]*)")  # t("key"), t(on ? "one" : "other"), t(`start.${rest}`)
LITERAL = re.compile(r"""["']([a-z_]+(?:\.[a-z_]+)*)["']""")
OPEN_END = re.compile(r"`([a-z_.]+\.)\$\{")
PAGE_TEXTS = re.compile(r'^  "([a-z_.]+)": _\(', re.MULTILINE)


@cache
def extracted() -> dict[str, str | tuple[str, str]]:
    """What scripts/texts finds in code and templates; the pair of a plural by its first form."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    texts = [text for _file, _line, text, _comments, _context in found]
    return {text if isinstance(text, str) else text[0]: text for text in texts}


@cache
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="id")


def plain(text: str | tuple) -> str:
    return text if isinstance(text, str) else text[0]


def test_every_text_has_its_indonesian_twin():
    """A text that is missing here: run `make texts` and translate it (docs/translating.md)."""
    twins = {plain(item.id) for item in catalogue() if item.id and all(strings(item))}
    assert sorted(set(extracted()) - twins) == []


def strings(item) -> tuple[str, ...]:
    return (item.string,) if isinstance(item.string, str) else item.string


def test_the_catalogue_holds_nothing_else():
    assert sorted({plain(item.id) for item in catalogue() if item.id} - set(extracted())) == []
    assert not catalogue().obsolete


def test_twins_have_the_same_placeholders():
    different = [
        (item.id, item.string)
        for item in catalogue()
        if item.id
        for text in strings(item)
        if placeholders(text) != placeholders(item.id if isinstance(item.id, str) else item.id[1])
    ]
    assert different == []


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def test_nothing_is_guessed_and_nothing_is_broken():
    assert [item.id for item in catalogue() if item.id and item.fuzzy] == []
    assert [(item.id, [str(error) for error in errors]) for item, errors in catalogue().check()] == []


def test_the_header_names_project_and_plural():
    headers = dict(catalogue().mime_headers)
    assert headers["Project-Id-Version"].startswith("CloudChat ")
    assert headers["Plural-Forms"] == "nplurals=1; plural=0;"
    assert headers["Language"] == "id"


def test_no_text_hides_from_the_collector():
    """Babel on Python 3.11 does not look into f-strings, and nobody can translate what is put together."""
    missed = [text for text in called_with() if text not in extracted()]
    assert missed == []


def called_with() -> Iterator[str]:
    for path, call in calls():
        if called(call) in KEYWORDS and call.args:
            first = call.args[0]
            if isinstance(first, ast.Constant):
                yield first.value
            elif isinstance(first, ast.JoinedStr | ast.BinOp):
                yield f"{path.name}:{call.lineno}"


@cache
def calls() -> list[tuple[Path, ast.Call]]:
    """Every call in our code, and the file it stands in."""
    sources = [
        path for folder in ("cloudchat", "blueprints", "admin") for path in (ROOT / folder).rglob("*.py")
    ]
    return [
        (path, node)
        for path in sorted(sources)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


REFUSALS = {
    name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, AppError)
}


def test_every_refusal_has_a_sentence():
    """What services say by a machine word, people read as a sentence of cloudchat/messages.py."""
    assert sorted({word for word in refused_with() if word not in SENTENCES}) == []


def refused_with() -> Iterator[str]:
    for _path, call in calls():
        if called(call) in REFUSALS:
            for keyword in call.keywords:
                if keyword.arg == "code":
                    yield from words(keyword.value)
                elif keyword.arg == "fields" and isinstance(keyword.value, ast.Dict):
                    yield from (word for value in keyword.value.values for word in words(value))


def words(value: ast.expr) -> Iterator[str]:
    for part in ast.walk(value):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


# --- the words of scripts ------------------------------------------------------------------------


def desk_texts() -> set[str]:
    """What js_texts.py gives every page, and what a page brings along in a JSON block of its own."""
    own = set()
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for block in re.findall(r"<script type=\"application/json\".*?</script>", text, re.DOTALL):
            own |= set(PAGE_TEXTS.findall(block))
    return set(js_texts()) | own


PARTS = {
    "desk": (desk_texts, lambda path: "webchat" not in path.parts),
    # The visitor's page has its own words; the modules that it shares with the desk show none.
    "web chat": (lambda: set(chat_texts()), lambda path: "webchat" in path.parts),
}


@pytest.fixture(params=PARTS)
def part(request, app) -> tuple[set[str], list[str]]:
    """The keys of a part of the scripts, and its sources; the visitor's page prints some keys itself."""
    keys, is_of = PARTS[request.param]
    files = [*(ROOT / "static" / "js").rglob("*.js"), *(ROOT / "templates" / "webchat").glob("*.html")]
    sources = [path.read_text(encoding="utf-8") for path in sorted(files) if is_of(path)]
    with app.test_request_context(), force_locale("en"):
        return keys(), sources


def test_scripts_ask_only_for_texts_that_exist(part):
    keys, sources = part
    calls = [call for source in sources for call in CALL.findall(source)]
    asked = {key for call in calls if "`" not in call for key in LITERAL.findall(call)}
    begun = {start for call in calls for start in OPEN_END.findall(call)}
    assert sorted(asked - keys) == []
    assert sorted(start for start in begun if not any(key.startswith(start) for key in keys)) == []


def test_scripts_use_every_text(part):
    keys, sources = part
    named = {key for source in sources for key in LITERAL.findall(source)}
    begun = tuple(start for source in sources for start in OPEN_END.findall(source))
    unused = {key for key in keys if key.removesuffix(".one") not in named and not key.startswith(begun)}
    assert sorted(unused) == []


def test_a_singular_has_its_plural(part):
    keys, _sources = part
    assert sorted(key for key in keys if key.endswith(".one") and key.removesuffix(".one") not in keys) == []
