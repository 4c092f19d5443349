#!/usr/bin/python3
"""Enforces how the project is laid out: which folder may include which, what the money path must not do, how long a
function may be, and the few house rules that no compiler checks.

    test_structure.py DIR          prints each breach as path:line: reason; exit status 1 when there is one
    test_structure.py --self-test  plants every breach in a small project of its own and fails unless each is found
"""

import collections
import os
import re
import subprocess
import sys
import unittest

# The table of the architecture: a folder may include itself and these.
MAY_INCLUDE = {
    "core": set(),
    "meter": {"core"},
    "market": {"core"},
    "controller": {"core", "meter", "market"},
    "sim": {"core", "meter", "market", "controller"},
    "ui": {"core"},
    "programs": {"core", "meter", "market", "controller", "sim"},
    "tests": {"core", "meter", "market", "controller", "sim", "ui", "programs"},
}
# Everything the market is computed with. Nothing here reads, prints, waits, draws lots or depends on a locale.
MARKET_HEADERS = set(
    "algorithm array bit cassert chrono compare concepts cstddef cstdint cstdlib deque functional initializer_list "
    "iterator limits map memory numeric optional queue ranges set span stack string string_view tuple type_traits "
    "utility variant vector".split()
)
FLOATING = (r"\b(float|double)\b", "a floating-point type on the money path")
ANY_CLOCK = (r"\b\w+_clock\s*::\s*now\b|\bCLOCK_\w+\b|\bclock_gettime\b", "the money path looks at a clock")
MARKET_BANS = [
    FLOATING,
    ANY_CLOCK,
    (r"\bunordered_\w+|\bstd\s*::\s*hash\b", "an unordered container: its order differs between machines"),
    (r"\bstd\s*::\s*(jthread|thread|mutex|\w+_mutex|async|atomic\w*|future|promise)\b|\bpthread_\w+|\bthread_local\b",
     "a thread or its tools in the market"),
    (r"\b(s?rand|rand_r|random|drand48)\s*\(|\brandom_device\b|\bmt19937\w*", "randomness in the market"),
    (r"\b(setlocale|localeconv)\b|\bstd\s*::\s*locale\b", "the market depends on a locale"),
    (r"\bmem(cpy|move|cmp)\b|\breinterpret_cast\b|\bbit_cast\b", "the bytes of an object; write it field by field"),
    (r"\bstd\s*::\s*(cout|cerr|clog|cin|[io]?fstream|[io]?stringstream)\b|\b(f|s|sn)?printf\s*\(|\bf?puts\s*\(|\bfopen\b",
     "input or output in the market"),
]
CORE_BANS = [FLOATING, ANY_CLOCK]
WALL_CLOCK = (
    r"\b(system|utc|tai|file|high_resolution)_clock\s*::\s*now\b|\bCLOCK_REALTIME\w*|\bgettimeofday\b|\btimespec_get\b"
    r"|(?<![\w.>:])(?:std\s*::\s*|::\s*)?time\s*\(\s*(nullptr|NULL|0|&\s*\w+)\s*\)"
    r"|\bQ(Date)?Time\s*::\s*current\w*|\bQDate\s*::\s*currentDate\b",
    "looks at the time of day; only controller/system_clock.cpp does",
)
CLOCK_FILE = "controller/system_clock.cpp"
MACHINE_PATH = re.compile(r"(?<![\w.$}*)])/(work|home|root)/")
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"]) + r")\b")
VAGUE_NAME = re.compile(r"^(utils?|helpers?|misc|common|stuff)\.")
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

Breach = collections.namedtuple("Breach", "path line reason")


def blank(match):
    """The same text with everything but its line ends blanked, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


TOKENS = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")'
    r"""|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<char>(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+')""",
    re.DOTALL,
)


def code_only(text):
    """C++ without its comments and the insides of its literals; quoted includes stay."""

    def replace(match):
        if match.lastgroup == "comment" or match.group("comment"):
            return blank(match)
        line_start = text.rfind("\n", 0, match.start()) + 1
        if re.match(r"\s*#\s*include", text[line_start : match.start()]):
            return match.group(0)
        inside = blank(match)
        return '"' + inside[1:-1] + '"'

    return TOKENS.sub(replace, text)


class Project:
    """The files of a project: what git would commit, or everything where there is no git."""

    def __init__(self, root):
        self.root = root
        self.texts = {}
        for path in sorted(self._paths()):
            try:
                with open(os.path.join(root, path), encoding="utf-8") as file:
                    self.texts[path] = file.read()
            except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
                continue  # a binary file, or one deleted but not yet committed
        self.code = {path: code_only(text) for path, text in self.texts.items() if path.endswith((".cpp", ".hpp"))}
        self.includes = {path: list(self._includes(code)) for path, code in self.code.items()}

    def _paths(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            listed = subprocess.run(
                ["git", "-c", "safe.directory=*", "-C", self.root, "ls-files", "-z", "-co", "--exclude-standard"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            if listed.returncode == 0:
                return [path for path in listed.stdout.decode().split("\0") if path]
        found = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in {".git", "build", "node_modules", "__pycache__"}]
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in files]
        return found

    @staticmethod
    def _includes(code):
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', code, re.MULTILINE):
            yield code.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2)


def folder_of(path):
    return path.split("/")[0]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def include_directions(project):
    """Folders include only what the table allows, by the path from the top."""
    for path, includes in project.includes.items():
        folder = folder_of(path)
        allowed = MAY_INCLUDE.get(folder)
        if allowed is None:
            yield Breach(path, 1, f"the folder {folder}/ is not in the table of folders")
            continue
        for line, quoted, name in includes:
            target = folder_of(name)
            if not quoted:
                if target in MAY_INCLUDE and "/" in name:
                    yield Breach(path, line, f"<{name}> is ours: write it in quotes")
            elif name not in project.texts and not name.endswith(".moc"):
                yield Breach(path, line, f'"{name}" is no file of this project by its path from the top')
            elif target != folder and target not in allowed and not name.endswith(".moc"):
                yield Breach(path, line, f"{folder}/ may not include {target}/")


def money_path(project):
    """The market computes the same everywhere, from its arguments alone; only one file looks at the time of day."""
    for path, code in project.code.items():
        folder = folder_of(path)
        bans = {"market": MARKET_BANS, "core": CORE_BANS}.get(folder, [])
        if folder != "tests" and path != CLOCK_FILE and folder not in {"market", "core"}:
            bans = [WALL_CLOCK]
        elif folder in {"market", "core"}:
            bans = bans + [WALL_CLOCK]
        for pattern, reason in bans:
            for match in re.finditer(pattern, code):
                yield Breach(path, line_of(code, match.start()), f"{reason}: {match.group(0).strip()}")
        if folder == "market":
            for line, quoted, name in project.includes[path]:
                if not quoted and name not in MARKET_HEADERS:
                    yield Breach(path, line, f"<{name}> is not among the headers the market is computed with")


def header_habits(project):
    """Headers are guarded, a source includes its own header first, no file is named after nothing."""
    for path, includes in project.includes.items():
        if path.endswith(".hpp") and not re.search(r"^#pragma once$", project.code[path], re.MULTILINE):
            yield Breach(path, 1, "no #pragma once")
        own = path[: -len(".cpp")] + ".hpp"
        if path.endswith(".cpp") and own in project.texts and (not includes or includes[0][2] != own):
            yield Breach(path, includes[0][0] if includes else 1, f'the first include is not "{own}"')
        if VAGUE_NAME.match(os.path.basename(path)):
            yield Breach(path, 1, "the name does not say what the file holds")


def circles(project):
    """No header includes itself by a detour."""
    state = {}

    def visit(path, trail):
        state[path] = "open"
        for line, quoted, name in project.includes[path]:
            if not quoted or name not in project.includes:
                continue
            if state.get(name) == "open":
                yield Breach(path, line, "includes run in a circle: " + " -> ".join(trail[trail.index(name) :] + [name]))
            elif name not in state:
                yield from visit(name, trail + [name])
        state[path] = "done"

    for path in project.includes:
        if path.endswith(".hpp") and path not in state:
            yield from visit(path, [path])


SCOPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:inline\s+)?(?:extern\b|namespace\b|class\b|struct\b|union\b|enum\b)", re.DOTALL)
NOT_A_FUNCTION = re.compile(r"^(?:if|for|while|switch|do|else|try|catch)\b")


def functions(code):
    """The functions of a file as (first line, lines), by matching braces. Lambdas count with what holds them."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, code, flags=re.MULTILINE)
    start = 0  # of the statement that the next brace belongs to
    open_scopes = []
    depth = 0  # braces inside the function
    first = 0
    for match in re.finditer(r"[{};]", code):
        at, token = match.start(), match.group(0)
        if depth:
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0:
                if re.match(r"\s*[,{]", code[at + 1 :]):
                    continue  # a member's initialiser in a constructor: its body follows
                if first:
                    yield first, line_of(code, at) - first + 1
                start = at + 1
            continue
        if token == "{":
            head = re.sub(r"^(?:\s*(?:public|private|protected|signals|slots)\s*:)+", "", code[start:at]).strip()
            if SCOPE.match(head) and not re.search(r"\)\s*(?:const|noexcept|override|final|->.*)?\s*$", head):
                open_scopes.append(at)
                start = at + 1
                continue
            depth = 1
            is_function = "(" in head and not NOT_A_FUNCTION.match(head)
            first = line_of(code, code.index(head, start)) if is_function and head else 0
        else:
            if token == "}" and open_scopes:
                open_scopes.pop()
            start = at + 1


def sizes(project):
    """One screen a function, one idea a file."""
    for path, code in project.code.items():
        for first, lines in functions(code):
            if lines > FUNCTION_LINES_MAX:
                yield Breach(path, first, f"a function of {lines} lines; {FUNCTION_LINES_MAX} are one screen")
    for path, text in project.texts.items():
        lines = text.count("\n")
        if path.endswith((".cpp", ".hpp", ".py")) and lines > FILE_LINES_MAX:
            yield Breach(path, lines, f"a file of {lines} lines; {FILE_LINES_MAX} at most")


def tests_mirror(project):
    """Whatever the money is computed with is named by a test, and every source is built."""
    tested = {name for path, includes in project.includes.items() if path.startswith("tests/") and path.endswith(".cpp")
              for _, quoted, name in includes if quoted}
    for path in project.code:
        folder, name = os.path.split(path)
        own = path[: -len(".cpp")] + ".hpp"
        if path.endswith(".cpp") and folder_of(path) in {"core", "market"} and own not in tested:
            yield Breach(path, 1, f'no test includes "{own}"')
        if path.endswith(".cpp"):
            recipe = ""
            while folder and not recipe:
                recipe = project.texts.get(f"{folder}/CMakeLists.txt", "")
                folder = os.path.dirname(folder)
            if not re.search(r"(?<!\w)" + re.escape(name) + r"\b", recipe) and "GLOB" not in recipe:
                yield Breach(path, 1, "no CMakeLists.txt builds this file")


def no_leftovers(project):
    """No path of somebody's machine, no note to oneself."""
    for path, text in project.texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line):
                yield Breach(path, number, "a path of one machine: " + line.strip()[:80])
            if UNFINISHED.search(line):
                yield Breach(path, number, "a note to oneself; do it or file it: " + line.strip()[:80])


RULES = [include_directions, money_path, header_habits, circles, sizes, tests_mirror, no_leftovers]


def breaches(root):
    project = Project(root)
    return sorted(breach for rule in RULES for breach in rule(project))


def main(arguments):
    if arguments == ["--self-test"]:
        from planted_breaches import PlantedBreaches  # beside this file

        suite = unittest.defaultTestLoader.loadTestsFromTestCase(PlantedBreaches)
        return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
    if len(arguments) != 1 or not os.path.isdir(arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    found = breaches(arguments[0])
    for breach in found:
        print(f"{breach.path}:{breach.line}: {breach.reason}")
    print(f"{len(found)} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
