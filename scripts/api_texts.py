"""For Babel: the texts of the routes' Python files, and what the API reference says of each operation."""

import ast
import io
import re
from collections.abc import Iterator

from babel.messages.extract import extract_python


def extract(file, keywords, comment_tags, options) -> Iterator[tuple]:
    source = file.read()
    yield from extract_python(io.BytesIO(source), keywords, comment_tags, options)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and any(map(_is_operation, node.decorator_list)):
            yield node.lineno, None, _summary(node), []


def _is_operation(decorator: ast.expr) -> bool:
    """Whether it is `@api.validate(…)`, which nearly all routes of the API have, or such a route itself."""
    return ast.unparse(decorator).startswith(("api.validate(", "bp.get('/api/"))


def _summary(node: ast.FunctionDef) -> str:
    """As `cloudchat/openapi.py` has it: the docstring's first paragraph, or the name in words."""
    words = ast.get_docstring(node)
    if words is None:
        return node.name.removeprefix("api_").replace("_", " ").capitalize()
    return " ".join(re.split(r"\n\s*\n", words)[0].split())
