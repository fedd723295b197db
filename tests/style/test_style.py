#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""Holds the project's files to the house style: what a script can see of it.

Each rule is a function from (path, text) to a list of (line, complaint).  Each
has an entry in PLANTED with a text that it must complain about, so that a rule
that stopped working is noticed.  test_style.py FILE... checks these files only.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import unittest

ROOT = os.path.abspath(os.environ.get("PK_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "..", "..")))

LINE_COLUMNS = 120
FILE_LINES = 700
FUNCTION_LINES = 60
FUNCTION_LINES_MEDIAN = 10

CODE_FOLDERS = ("include", "modules", "tests", "conf.d", "debian", ".ci")
CODE_SUFFIXES = (".c", ".h", ".def", ".ym", ".py", ".sh", ".conf")
CODE_FILES = ("GNUmakefile", "Makefile.am", "tests/tests.am", "configure.ac", ".ci/debian", ".ci/run", "tests/run-test",
              "debian/install-packages", "debian/tests/life", "debian/tests/relay")
# What makes lists, and what runs before there is one.
UNLISTED = ("Makefile.am", "tests/tests.am", "configure.ac", ".ci/debian", ".ci/run")
GENERATED = re.compile(r"port-knock-grammar\.[chy]$")
MAKEFILES = re.compile(r"(^|/)(GNUmakefile|Makefile\.am|tests\.am)$")

ENGINE = ("modules/scan/", "modules/dialects/", "modules/engine/")
SCANNERS = ("modules/scan/", "modules/dialects/")


def is_c(path):
    return path.endswith((".c", ".h"))


def list_files():
    paths = [path for path in CODE_FILES if os.path.exists(os.path.join(ROOT, path))]
    for top in CODE_FOLDERS:
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                if name.endswith(CODE_SUFFIXES) and "/data/" not in path and not GENERATED.search(path):
                    paths.append(path)
    return sorted(set(paths))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", newline="") as file:
        return file.read()


def without_comments(text, strings=False):
    """C text with comments, and strings unless asked for, made blank; every line stays where it is."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/" or not strings:
            return re.sub(r"[^\n]", " ", token)
        return token

    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def functions(text):
    """(name, first line, static, body lines) of each function; relies on GNU braces, which clang-format holds."""
    lines = without_comments(text).split("\n")
    i = 0
    while i < len(lines):
        if lines[i] == "{" and i and lines[i - 1].rstrip().endswith(")"):
            head = i - 1
            while head and not re.match(r"\w+ *\(", lines[head]):
                head -= 1
            end = lines.index("}", i) if "}" in lines[i:] else len(lines)
            name = re.match(r"\w*", lines[head]).group(0)
            yield name, head + 1, "static" in lines[head - 1], lines[i + 1 : end]
            i = end
        i += 1


def find(pattern, text):
    return [(text.count("\n", 0, match.start()) + 1, match) for match in re.finditer(pattern, text, re.M)]


def calls(words, text, complaint):
    pattern = r"(?<![\w.>])(%s) *\(" % "|".join(words.split())
    return [(line, complaint % match.group(1)) for line, match in find(pattern, without_comments(text))]


# ---- every file ---------------------------------------------------------------


def blanks_and_tabs(path, text):
    found = [(line, "trailing blank") for line, _ in find(r"[ \t\r]+$", text)]
    if not MAKEFILES.search(path):
        found += [(line, "tab") for line, _ in find(r"\t", text)]
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        found.append((text.count("\n"), "a file ends with exactly one line end"))
    return found


def long_lines(path, text):
    return [(line, f"over {LINE_COLUMNS} columns") for line, _ in find(r"^.{%d,}$" % (LINE_COLUMNS + 1), text)]


def long_files(path, text):
    lines = text.count("\n")
    return [(lines, f"{lines} lines, over {FILE_LINES}")] if lines > FILE_LINES else []


def licence(path, text):
    head = "\n".join(text.split("\n")[:4])
    if not text or path.endswith(".conf") and path.startswith("tests/"):
        return []
    if "SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception" not in head or "Copyright (c)" not in head:
        return [(1, "no SPDX and copyright lines at the top")]
    return []


def foreign_paths(path, text):
    return [(line, "a path of one machine") for line, _ in find(r"(?<![\w.$}/-])/(work|home|root)/", text)]


# ---- C ------------------------------------------------------------------------


def line_comments(path, text):
    return [(line, "// comment") for line, _ in find("//", without_comments(text))] if is_c(path) else []


def long_functions(path, text):
    if not is_c(path):
        return []
    return [
        (line, f"{name}() has {len(body)} lines, over {FUNCTION_LINES}")
        for name, line, _, body in functions(text)
        if len(body) > FUNCTION_LINES
    ]


def function_names(path, text):
    if not path.startswith("modules/") or not path.endswith(".c"):
        return []
    found = []
    for name, line, static, _ in functions(text):
        if static and not name.startswith("_"):
            found.append((line, f"static {name}() must begin with _"))
        if not static and not re.match(r"(pk_|port_knock_|main$)", name):
            found.append((line, f"{name}() is neither static nor called pk_..."))
    return found


def include_guards(path, text):
    if not path.endswith(".h"):
        return []
    return [] if re.search(r"^#ifndef (\w+_H_INCLUDED)\n#define \1\n", text, re.M) else [(1, "no X_H_INCLUDED guard")]


def control_flow_in_macros(path, text):
    if not is_c(path):
        return []
    found = []
    for line, match in find(r"^#define (?:.*\\\n)*.*$", without_comments(text)):
        body = match.group(0)
        if re.search(r"\b(return|goto|break|continue)\b", body) or body.count("{") != body.count("}"):
            found.append((line, "a macro that hides control flow"))
    return found


def unsafe_text_functions(path, text):
    if not path.startswith("modules/") or not is_c(path):
        return []
    words = "strchr strrchr strstr strcasestr strtok strtok_r atoi atol atoll sscanf gets strcpy strcat sprintf alloca"
    found = calls(words, text, "%s() relies on a NUL or knows no bounds")
    if path.startswith(SCANNERS) and path != "modules/scan/slice.h":
        words = """strlen strcmp strncmp strcasecmp strncasecmp strspn strcspn strpbrk strtol strtoul strtoll strtoull
                   strtod g_ascii_strtoll g_ascii_strtoull g_ascii_strtod g_str_has_prefix g_str_has_suffix g_strdup
                   g_strsplit"""
        found += calls(words, text, "%s() on log text relies on a NUL")
    return found


def noise(path, text):
    """Nothing below the hosts logs or stops the process; what scans log text does not even assert."""
    if not path.startswith(ENGINE) or not is_c(path):
        return []
    words = """printf fprintf puts fputs perror syslog abort exit _exit g_print g_printerr g_log g_error g_critical
               g_warning g_message g_info g_debug"""
    found = calls(words, text, "%s() below the hosts")
    if path.startswith(SCANNERS):
        found += calls(r"assert g_assert\w* g_return_if_fail g_return_val_if_fail", text, "%s() is reached by log text")
    return found


CLOCKS = r"""time gettimeofday clock_gettime clock g_get_real_time g_get_monotonic_time g_get_current_time g_timer_new
             g_date_time_new_now\w* cached_g_current_time\w* get_cached_realtime\w* localtime localtime_r"""


def clocks(path, text):
    if is_c(path) and path.startswith(ENGINE + ("tests/scan/", "tests/engine/")):
        return calls(CLOCKS, text, "%s(): time is an argument")
    return []


def sleeping_tests(path, text):
    if path.startswith("tests/") and path.endswith(".c") and not path.startswith("tests/bench/"):
        return calls("sleep usleep nanosleep g_usleep", text, "%s() in a test: pass time in")
    return []


def locks(path, text):
    if not path.startswith("modules/") or path == "modules/engine/table.c" or not is_c(path):
        return []
    words = r"g_mutex_\w+ g_rec_mutex_\w+ g_rw_lock_\w+ g_cond_\w+ pthread_\w+ G_LOCK\w* G_TRYLOCK"
    return calls(words, text, "%s(): only the table knows a lock")


def unbounded_tables(path, text):
    if not path.startswith(ENGINE) or not is_c(path):
        return []
    return calls(r"g_hash_table_new\w* g_tree_new\w*", text, "%s(): a table without capacity and eviction")


def switch_over_vendors(path, text):
    if not path.startswith("modules/") or not is_c(path):
        return []
    pattern = r"switch \(.*(vendor|dialect)|[=!]= *&pk_dialect_\w+|strn?(case)?cmp\(.*(vendor|dialect)"
    return [(line, "behaviour chosen by vendor") for line, _ in find(pattern, without_comments(text))]


# syslog-ng's registration takes these as writable
WRITABLE = ("modules/syslog-ng/port-knock-parser.c", "modules/syslog-ng/port-knock-plugin.c")


def process_wide_state(path, text):
    if not path.startswith("modules/") or not is_c(path) or path in WRITABLE:
        return []
    found = []
    pattern = r"^ *static (?!inline\b|__thread\b)([^(={;\n]*?)(?:\[[^\]]*\])*\s*[=;{].*$"
    for line, match in find(pattern, without_comments(text)):
        declaration = match.group(1)
        pointee, star, pointer = declaration.rpartition("*")
        if not re.search(r"\bconst\b", pointer if star else declaration):
            found.append((line, "process-wide state that can change"))
    return found


def dropped_messages(path, text):
    if not path.startswith("modules/syslog-ng/") or not path.endswith(".c"):
        return []
    return [
        (line, "process() that returns FALSE drops its user's message")
        for name, line, _, body in functions(text)
        if re.fullmatch(r"_(port_knock_)?(parser_)?process", name) and re.search(r"return FALSE", "\n".join(body))
    ]


RULES = {
    blanks_and_tabs: ("modules/x.c", "int a; \n"),
    long_lines: ("tests/x.py", "#" * 121 + "\n"),
    long_files: ("modules/x.c", "\n" * 701),
    licence: ("modules/x.c", "/* nothing */\n"),
    foreign_paths: ("tests/x.sh", "cd " + "/work" + "/main\n"),
    line_comments: ("modules/x.c", "int a; // why\n"),
    long_functions: ("modules/x.c", "int\nf(void)\n{\n" + "  a();\n" * 61 + "}\n"),
    function_names: ("modules/x.c", "static int\nhelp(int a,\n     int b)\n{\n}\n"),
    include_guards: ("modules/x.h", "#ifndef X_H\n#define X_H\n#endif\n"),
    control_flow_in_macros: ("modules/x.c", "#define CHECK(x) \\\n  if (!(x)) \\\n    return FALSE\n"),
    unsafe_text_functions: ("modules/engine/x.c", "  a = strchr(text, 'x');\n"),
    noise: ("modules/engine/x.c", '  g_warning("odd line");\n'),
    clocks: ("modules/engine/x.c", "  now = time(NULL);\n"),
    sleeping_tests: ("tests/cli/test_x.c", "  g_usleep(10);\n"),
    locks: ("modules/engine/engine.c", "  g_mutex_lock(&lock);\n"),
    unbounded_tables: ("modules/engine/x.c", "  t = g_hash_table_new(NULL, NULL);\n"),
    switch_over_vendors: ("modules/engine/x.c", "  switch (event->dialect)\n"),
    process_wide_state: ("modules/engine/x.c", "static gint counter;\n"),
    dropped_messages: ("modules/syslog-ng/x.c", "static gboolean\n_process(int a)\n{\n  return FALSE;\n}\n"),
}

# More that must be seen, and what must not.
PLANTED = [
    (blanks_and_tabs, "modules/x.c", "\tint a;\n", True),
    (blanks_and_tabs, "Makefile.am", "all:\n\ttrue\n", False),
    (line_comments, "modules/x.c", 'a = "http://192.0.2.1/"; /* see http://192.0.2.1/ */\n', False),
    (long_functions, "modules/x.c", "struct a\n{\n" + "  int a;\n" * 61 + "};\n", False),
    (function_names, "modules/x.c", "gint\nhelp(void)\n{\n}\n", True),
    (function_names, "modules/x.c", "static gint\n_help(void)\n{\n}\n\ngint\npk_x(void)\n{\n}\n", False),
    (unsafe_text_functions, "modules/scan/x.c", "  n = strlen(text);\n", True),
    (unsafe_text_functions, "modules/scan/x.c", "  /* not strlen(text) */\n", False),
    (noise, "modules/cli/x.c", '  g_printerr("hello");\n', False),
    (noise, "modules/scan/x.c", "  g_assert(a);\n", True),
    (clocks, "modules/engine/x.c", "  usec = self->clock.time (event);\n  event->time(1);\n", False),
    (locks, "modules/engine/table.c", "  g_mutex_lock(&lock);\n", False),
    (process_wide_state, "modules/x.c", "static const gchar *const names[] = {\n", False),
    (process_wide_state, "modules/x.c", "static const gchar *names[] = {\n", True),
    (process_wide_state, "modules/x.c", "static const struct\n{\n  gint a;\n} rows[] = { 1 };\n", False),
    (process_wide_state, "modules/x.c", "static void _f(gint a);\nstatic inline gint\n_g(void)\n", False),
    (process_wide_state, "modules/x.c", "gint\nf(void)\n{\n  static gint calls = 0;\n", True),
    (dropped_messages, "modules/syslog-ng/x.c", "static gboolean\n_init(int a)\n{\n  return FALSE;\n}\n", False),
]


class TheRulesWork(unittest.TestCase):
    def test_each_rule_sees_what_was_planted_for_it(self):
        for rule, (path, text) in RULES.items():
            with self.subTest(rule.__name__):
                self.assertTrue(rule(path, text))

    def test_each_rule_leaves_the_rest_alone(self):
        for rule, path, text, seen in PLANTED:
            with self.subTest(rule.__name__, text=text):
                self.assertEqual(bool(rule(path, text)), seen)


class TheFiles(unittest.TestCase):
    paths = None

    @classmethod
    def setUpClass(cls):
        cls.texts = {path: read(path) for path in cls.paths or list_files()}

    def _report(self, complaints):
        if complaints:
            self.fail("\n" + "\n".join(complaints))

    def test_there_are_files(self):
        self.assertTrue(any(path.endswith(".c") for path in self.texts))

    def test_functions_are_short(self):
        lengths = [
            len(body)
            for path, text in self.texts.items()
            if path.startswith("modules/") and is_c(path)
            for _, _, _, body in functions(text)
        ]
        if not self.paths:
            self.assertLess(statistics.median(lengths), FUNCTION_LINES_MEDIAN)

    def test_each_prototype_has_a_definition(self):
        if self.paths:
            self.skipTest("only for all files")
        defined = {
            name
            for path, text in self.texts.items()
            if path.startswith("modules/") and is_c(path)
            for name in [name for name, _, _, _ in functions(text)]
            + [quark + "_quark" for quark in re.findall(r"^G_DEFINE_QUARK\([\w -]+, (\w+)\)", text, re.M)]
        }
        complaints = []
        for path, text in self.texts.items():
            if path.endswith(".h") and path.startswith(("include/", "modules/")):
                prototypes = r"^(?![#\s]|static\b|typedef\b)[\w \t]*?[ *](pk_\w+)\("
                for line, match in find(prototypes, without_comments(text)):
                    if match.group(1) not in defined:
                        complaints.append(f"{path}:{line}: {match.group(1)}() has no definition")
        self._report(complaints)

    def test_each_file_is_in_the_makefile(self):
        makefile = read("Makefile.am") + read("tests/tests.am")
        listed = set(re.findall(r"[\w./-]+", makefile))
        complaints = []
        for path in self.texts:
            folder = os.path.dirname(path)
            known = {path, folder, os.path.splitext(path)[0], path.replace("port-knock-grammar", "$(GRAMMAR)")}
            if path not in UNLISTED and not known & listed:
                complaints.append(f"{path} is not in Makefile.am")
        self._report(complaints)

    def test_c_is_formatted_as_clang_format_14_does(self):
        tool = shutil.which("clang-format-14")
        if not tool:
            self.skipTest("clang-format-14 is not installed")
        paths = [path for path in self.texts if is_c(path)]
        done = subprocess.run(
            [tool, "--dry-run", "--Werror", "--ferror-limit=1", *paths], cwd=ROOT, capture_output=True, text=True
        )
        self._report(re.findall(r"^.*error: .*$", done.stderr, re.M) or [done.stderr] * (done.returncode != 0))


def _add_test(rule):
    def test(self):
        self._report(
            [
                f"{path}:{line}: {complaint}"
                for path, text in self.texts.items()
                for line, complaint in sorted(set(rule(path, text)))
            ]
        )

    setattr(TheFiles, f"test_{rule.__name__}", test)


for _rule in RULES:
    _add_test(_rule)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        TheFiles.paths = [os.path.relpath(os.path.abspath(path), ROOT) for path in sys.argv[1:]]
        del sys.argv[1:]
    unittest.main()
