"""The changes that are tried: what stands in a source file, and what is put there instead.

They are what people get wrong: the bound that is off by one, the condition the wrong way round, the
case that was forgotten, the line that was left out."""
import re

SWAPS = {"<": ["<=", ">="], "<=": ["<"], ">": [">=", "<="], ">=": [">"], "==": ["!="],
         "!=": ["=="], "&&": ["||"], "||": ["&&"], "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"],
         "++": ["--"], "+=": ["-="], "-=": ["+="], "|=": ["&="], "%": ["/"]}
WORDS = {"true": "false", "false": "true", "break": "continue", "continue": "break"}
TOKEN = re.compile(r'''
    (?P<skip>/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<op>->|\+\+|--|\+=|-=|\*=|/=|\|=|&=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>!])
  | (?P<number>\b\d+(?:\.\d+)?f?\b(?![.\w]))
  | (?P<word>\b(?:true|false|break|continue|if)\b)
''', re.X | re.S | re.M)
# One on a line of its own: an assignment or a call, and no declaration.
STATEMENT = re.compile(r'^ +(?!for\b|if\b|while\b|switch\b|return\b|else\b|do\b|sizeof\b)'
                       r'[*(]*\w+(?:(?:->|\.)\w+|\[[^]\n]*\])*\)?(?: [-+*/|&]?= |\(|\+\+|--)[^;\n]*;$',
                       re.M)
ENDS_BEFORE = re.compile(r'(?:[;{}:)]|\*/|else)\s*$')


class Change:
    def __init__(self, text, start, end, after):
        self.start, self.end, self.after = start, end, after
        self.number = text.count("\n", 0, start) + 1
        begin = text.rfind("\n", 0, start) + 1
        stop = text.find("\n", end)
        self.line = text[begin:stop].strip()
        self.changed_line = (text[begin:start] + after + text[end:stop]).strip()

    def apply(self, text):
        return text[:self.start] + self.after + text[self.end:]

    def __str__(self):
        return f"{self.line} -> {self.changed_line}"


def is_binary(text, start, end):
    """Blanks on both sides, as clang-format leaves them; a pointer's star has none behind it."""
    return text[start - 1] in " \n" and text[end] in " \n"


def closing(text, opening):
    """Where the parenthesis that opens there is closed."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def never(text, start, end):
    """A condition that is never met."""
    opening = text.find("(", end)
    close = closing(text, opening)
    if "\n" not in text[start:close]:
        yield start, close + 1, f"if (0 && {text[opening:close + 1]})"


def of_token(text, kind, found, start, end):
    if kind == "op" and found == "!":
        yield start, end, ""
    elif kind == "op" and found in SWAPS:
        if found == "++" or is_binary(text, start, end):
            yield from ((start, end, other) for other in SWAPS[found])
    elif kind == "number":
        yield start, end, str(int(found) + 1) if found.isdigit() else f"({found} + 1)"
    elif found == "if":
        yield from never(text, start, end)
    elif kind == "word":
        yield start, end, WORDS[found]


def without_statement(text):
    for match in STATEMENT.finditer(text):
        if ENDS_BEFORE.search(text, 0, match.start()):
            begin = match.start() + len(match.group()) - len(match.group().lstrip())
            yield begin, match.end(), ";"


def changes(text):
    """All of a file's text, in order."""
    found = list(without_statement(text))
    for match in TOKEN.finditer(text):
        found += of_token(text, match.lastgroup, match.group(), match.start(), match.end())
    return [Change(text, *change) for change in sorted(found)]
