"""The plain notation of the library's docstrings, as LaTeX: for the site, where formulas are set as such.

An indented block is a formula if each of its lines has a relation (=, <=, <-, ~, ...) and nothing marks it as code.
Its notation: a product is written by a space, an index by `_`, a power by `^`; Greek letters by their names, |x| and
||x|| for norms, <x, y> for the inner product, dL/dx for the partial derivative, <- for assignment, three spaces between
formulas in a row or before a remark in parentheses.
"""

import re

RELATION = re.compile(r":=|=:|~=|<=|>=|<-|->|(?<![<>~=:])=(?!=)|~")
RELATIONS = {"~=": r"\approx ", "<=": r"\le ", ">=": r"\ge ", "<-": r"\leftarrow ", "->": r"\to ", "~": r"\sim "}
THAN = {"<": r"\lt ", ">": r"\gt "}  # with spaces around
GREEK = {"alpha", "beta", "gamma", "delta", "eta", "sigma"}
OPERATORS = tuple(f"\\{name} " for name in ("log", "exp", "sin", "cos", "max", "min", "sum"))
SYMBOLS = (
    {name: f"\\{name} " for name in GREEK}
    | {name[1:-1]: name for name in OPERATORS}
    | {
        "eps": r"\varepsilon ",
        "grad": r"\nabla ",
        "E": r"\mathbb{E}",
    }
)
CODE = re.compile(r"[\"@#]|\('|\w\(\)|^\s*(def|import|from|with|python)\b|\w=\w|[a-z]{2,}( [a-z]{2,}){3}", re.M)
TOKEN = re.compile(
    r"d(?P<above>\w)/d(?P<below>\w(?:_\w+)?(?:\[[^]]*\])?)"
    r"|(?P<one>\b1/\w\b(?!\())"
    r"|(?P<root>sqrt\()"
    r"|(?P<power>\^)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]*)(?:_(?P<index>\{[^}]*\}|[A-Za-z0-9]+(?:_\w+)?(?:,[a-z](?!\w))*))?"
    r"|(?P<dots>\.\.\.)"
    r"|(?P<inner>(?<= )\.(?= ))"
    r"|(?P<than>(?<= )[<>](?= ))"
    r"|(?P<norm>\|\|)"
    r"|(?P<relation>" + RELATION.pattern + r")"
    r"|(?P<open><(?=\S))|(?P<close>(?<=\S)>)"
    r"|(?P<space> +)"
    r"|(?P<other>.)"
)
LABEL = re.compile(r"\w+:")
EXPONENT = re.compile(r"-?(\|[^|]*\||[A-Za-z0-9_]+)")


def closing(text: str, start: int) -> int:
    """The place of the parenthesis that closes the one at `start`."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"a parenthesis is not closed: {text}")


def name(base: str, index: str, called: bool) -> str:
    """A letter, a Greek letter, a word; with its index."""
    if index == "hat":
        return rf"\hat{{{base}}}"
    digits = re.fullmatch(r"([A-Za-z]|alpha|beta)(\d+)", base)
    if digits:
        base, index = digits[1], digits[2] + ("," + index if index else "")
    word = len(base) > 1 and base not in SYMBOLS
    if (word or base in ("max", "min")) and len(index) > 1 and index[0] != "{":  # max_norm: one name of two words
        base, index, word = base + r"\_" + index.replace("_", r"\_"), "", True
    if base == "N" and called and not index:
        shown = r"\mathcal{N}"
    elif base == "argmin":
        shown = r"\operatorname*{argmin}"
    elif base in SYMBOLS:
        shown = SYMBOLS[base]
    else:
        shown = rf"\mathrm{{{base}}}" if word else base
    if not index:
        return shown
    if index[0] == "{":
        return f"{shown}_{{{latex(index[1:-1])}}}"
    letters = base in GREEK or base == "sum" or len(index) == 1 or index[0].isdigit() or "," in index
    return f"{shown}_{{{index}}}" if letters else rf"{shown}_{{\mathrm{{{index}}}}}"


def latex(text: str) -> str:
    """One formula."""
    parts: list[str] = []
    place = 0
    while place < len(text):
        found = TOKEN.match(text, place)
        assert found
        place = found.end()
        kind = found.lastgroup
        if found["above"]:
            parts.append(rf"\frac{{\partial {found['above']}}}{{\partial {latex(found['below'])}}}")
        elif kind == "one":
            parts.append(rf"\tfrac{{1}}{{{found[0][2:]}}}")
        elif kind == "root":
            end = closing(text, place - 1)
            parts.append(rf"\sqrt{{{latex(text[place:end])}}}")
            place = end + 1
        elif kind == "power":
            if text[place] == "(":
                end = closing(text, place)
                exponent, place = text[place + 1 : end], end + 1
            else:
                exponent = EXPONENT.match(text, place)[0]  # type: ignore[index]
                place += len(exponent)
            parts.append(r"^{\top}" if exponent == "T" else f"^{{{latex(exponent)}}}")
        elif found["name"]:
            parts.append(name(found["name"], found["index"] or "", text[place : place + 1] == "("))
        elif kind == "space":
            before, after = text[: found.start()][-1:], text[place : place + 1]
            product = (before.isalnum() or before in ")]}|") and (after.isalnum() or after in "([|<")
            than = text[place : place + 2] in ("< ", "> ")
            spaced = not product or than or RELATION.match(text, place) or parts[-1].startswith(OPERATORS)
            parts.append(" " if spaced else r"\,")
        else:
            special = {
                "than": THAN.get(found[0], ""),
                "dots": r"\ldots ",
                "inner": r"\cdot ",
                "norm": r"\Vert ",
                "open": r"\langle ",
                "close": r"\rangle ",
            }
            parts.append(special.get(kind or "", RELATIONS.get(found[0], found[0])))
    return "".join(parts)


def segments(line: str) -> list[str]:
    """The formulas and remarks of a line: three spaces lie between them, unless these only align a relation."""
    return re.split(r"(?<![=~<>:-]) {3,}(?![=~<>:])|(?<=,) {2,}|(?<=\w:) {2,}", line.strip())


def cell(segment: str) -> str:
    """A formula with its first relation as the column, or a remark."""
    relation = RELATION.search(segment)
    if segment[0] == "(" and segment[-1] == ")":
        return rf"&\text{{{segment}}}"
    if LABEL.fullmatch(segment):
        return rf"\text{{{segment}}}&"
    if not relation:
        return "&" + latex(segment)
    sign = RELATIONS.get(relation[0], relation[0])
    return f"{latex(segment[: relation.start()].rstrip())} &{sign}{latex(segment[relation.end() :].lstrip())}"


def row(line: str) -> str:
    """A line of an aligned formula."""
    return r" &\qquad ".join(cell(segment) for segment in segments(line))


def is_formula(block: str) -> bool:
    """Whether an indented block is one: its lines are formulas or words between them, and none looks like code."""
    lines = [segments(line) for line in block.splitlines()]
    related = [RELATION.search(line[LABEL.fullmatch(line[0]) is not None and len(line) > 1]) for line in lines]
    worded = [len(line) == 1 and re.fullmatch("[A-Za-z ]+", line[0]) for line in lines]
    return related[0] and all(map(any, zip(related, worded, strict=True))) and not CODE.search(block)


def prose(text: str) -> str:
    """Text with the signs of formulas in it kept from being read as Markdown: a < b, a * b."""
    pieces = re.split(r"(`+[^`]*`+)", text)
    for i in range(0, len(pieces), 2):
        pieces[i] = pieces[i].replace("<", "&lt;")
        pieces[i] = re.sub(r"(?<![\w*])(\*\w(?:[^*\n]*\w)?\*)(?![\w*])|\*", lambda m: m[1] or r"\*", pieces[i])
    return "".join(pieces)


def markdown(docstring: str) -> str:
    """A docstring with its formulas as LaTeX between dollars; blocks of code and tables stay what they are."""
    pieces = re.split(r"((?:(?<=\n\n)|^)(?: {4,}.*\n?)+)", docstring)
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            pieces[i] = prose(piece)
        elif is_formula(piece.strip("\n")):
            rows = " \\\\\n".join(row(line) for line in piece.strip().splitlines())
            pieces[i] = f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$\n"
    return "".join(pieces)
