"""The self-test of test_structure.py: a clean project has no breach, and every planted one is found where it is."""

import os
import tempfile
import unittest

import test_structure

CLEAN = {
    "core/CMakeLists.txt": "add_library(core STATIC money.cpp)\n",
    "core/money.hpp": "#pragma once\n\n#include <cstdint>\n\n// A double is no money; TIME(0) is no clock.\nint count();\n",
    "core/money.cpp": '#include "core/money.hpp"\n\nint count() { return 1\'000; }\n',
    "market/CMakeLists.txt": "add_library(market STATIC book.cpp)\n",
    "market/book.hpp": '#pragma once\n\n#include <map>\n\n#include "core/money.hpp"\n\nint book();\n',
    "market/book.cpp": '#include "market/book.hpp"\n\nint book() { return sizeof("std::thread time(nullptr) double"); }\n',
    "controller/CMakeLists.txt": "add_library(controller STATIC system_clock.cpp)\n",
    "controller/system_clock.cpp": "#include <chrono>\nauto now() { return std::chrono::system_clock::now(); }\n",
    "tests/CMakeLists.txt": "add_executable(test_all test_all.cpp)\n",
    "tests/test_all.cpp": '#include "core/money.hpp"\n#include "market/book.hpp"\n\nint main() { return book(); }\n',
}


def book(body, includes=""):
    return '#include "market/book.hpp"\n' + includes + "\n" + body + "\n"


class PlantedBreaches(unittest.TestCase):
    def found(self, changes):
        files = {**CLEAN, **changes}
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return test_structure.breaches(root)

    def expect(self, changes, path, line, words):
        found = self.found(changes)
        hits = [breach for breach in found if breach.path == path and breach.line == line and words in breach.reason]
        self.assertTrue(hits, f"expected {path}:{line}: ...{words}..., found {found}")

    def test_a_clean_project_has_no_breach(self):
        self.assertEqual(self.found({}), [])

    def test_folders_include_in_one_direction(self):
        header = "#pragma once\n"
        forbidden = [("core", "market"), ("core", "controller"), ("meter", "market"), ("market", "meter"), ("market", "sim"),
                     ("controller", "sim"), ("controller", "ui"), ("sim", "ui"), ("ui", "market"), ("ui", "controller"),
                     ("programs", "ui"), ("programs", "tests"), ("core", "tests")]
        for source, target in forbidden:
            with self.subTest(source=source, target=target):
                changes = {f"{target}/target.hpp": header, f"{source}/source.hpp": header + f'#include "{target}/target.hpp"\n'}
                self.expect(changes, f"{source}/source.hpp", 2, f"{source}/ may not include {target}/")

    def test_what_the_table_allows_is_allowed(self):
        for source, targets in test_structure.MAY_INCLUDE.items():
            for target in targets | {source}:
                with self.subTest(source=source, target=target):
                    changes = {f"{target}/target.hpp": "#pragma once\n",
                               f"{source}/source.hpp": f'#pragma once\n#include "{target}/target.hpp"\n'}
                    self.assertEqual(self.found(changes), [])

    def test_includes_are_written_from_the_top(self):
        self.expect({"market/book.cpp": book("", '#include "money.hpp"\n')}, "market/book.cpp", 2, "no file of this project")
        self.expect({"market/book.cpp": book("", "#include <core/money.hpp>\n")}, "market/book.cpp", 2, "in quotes")

    def test_an_unknown_folder_is_found(self):
        self.expect({"extra/thing.hpp": "#pragma once\n"}, "extra/thing.hpp", 1, "not in the table")

    def test_the_market_does_only_what_it_may(self):
        for body in ["double x;", "float x;", "long double x;", "std::unordered_map<int, int> x;", "std::hash<int> x;",
                     "std::thread x;", "std::mutex x;", "auto x = std::async(f);", "std::atomic<int> x;", "thread_local int x;",
                     "auto x = std::chrono::steady_clock::now();", "auto x = std::chrono::system_clock::now();",
                     "auto x = std::time(nullptr);", "auto x = time(0);", "int x = rand();", "std::random_device x;",
                     "std::mt19937_64 x;", "auto x = std::locale();", "auto x = setlocale(0, n);", "auto x = std::memcpy(a, b, 3);",
                     "auto x = reinterpret_cast<char*>(p);", 'auto x = printf("");', "auto& x = std::cout;",
                     "std::ifstream x;", "auto x = clock_gettime(CLOCK_MONOTONIC, &t);"]:
            with self.subTest(body=body):
                self.expect({"market/book.cpp": book(body)}, "market/book.cpp", 3, ":")

    def test_the_market_includes_only_what_it_computes_with(self):
        for header in ["iostream", "thread", "unordered_map", "random", "fstream", "cstdio", "ctime", "sys/time.h", "openssl/evp.h"]:
            with self.subTest(header=header):
                self.expect({"market/book.cpp": book("", f"#include <{header}>\n")}, "market/book.cpp", 2, f"<{header}>")

    def test_the_core_has_no_float_and_no_clock(self):
        for body in ["double x;", "auto x = std::chrono::steady_clock::now();"]:
            with self.subTest(body=body):
                self.expect({"core/money.cpp": '#include "core/money.hpp"\n' + body + "\n"}, "core/money.cpp", 2, "money path")

    def test_one_file_looks_at_the_time_of_day(self):
        for folder in ["meter", "controller", "sim", "ui", "programs"]:
            for body in ["std::chrono::system_clock::now()", "std::time(nullptr)", "::time(&t)", "time(NULL)",
                         "clock_gettime(CLOCK_REALTIME, &t)", "gettimeofday(&t, nullptr)", "QDateTime::currentDateTimeUtc()"]:
                with self.subTest(folder=folder, body=body):
                    self.expect({f"{folder}/x.hpp": f"#pragma once\ninline auto x() {{ return {body}; }}\n"}, f"{folder}/x.hpp", 2,
                                "time of day")

    def test_a_timeout_and_a_member_named_time_are_no_time_of_day(self):
        body = "#pragma once\nauto x = std::chrono::steady_clock::now();\nauto y = event.time(0);\n"
        self.assertEqual(self.found({"meter/x.hpp": body}), [])

    def test_headers_are_guarded_and_come_first(self):
        self.expect({"core/money.hpp": "int count();\n"}, "core/money.hpp", 1, "#pragma once")
        source = '#include <map>\n#include "core/money.hpp"\n'
        self.expect({"core/money.cpp": source}, "core/money.cpp", 1, "first include")
        self.expect({"core/utils.hpp": "#pragma once\n"}, "core/utils.hpp", 1, "name")

    def test_a_circle_of_headers_is_found(self):
        changes = {"core/a.hpp": '#pragma once\n#include "core/b.hpp"\n', "core/b.hpp": '#pragma once\n#include "core/c.hpp"\n',
                   "core/c.hpp": '#pragma once\n#include "core/a.hpp"\n'}
        self.expect(changes, "core/c.hpp", 2, "core/a.hpp -> core/b.hpp -> core/c.hpp -> core/a.hpp")

    def test_a_function_is_one_screen_long(self):
        head = '#include "core/money.hpp"\n\nnamespace n {\nclass C {\n public:\n'
        for start in ["int count() {", "C() : x_{1} {", "template <class T>\nstatic int count(T t) {", "auto x = [](int i) {",
                      "TEST_CASE(\"a\") {", "struct Pair count() const {"]:
            lines_of_start = start.count("\n") + 1
            for body, is_too_long in [(70 - lines_of_start - 1, False), (70 - lines_of_start, True)]:
                with self.subTest(start=start, body=body):
                    text = head + start + "\n" + "if (x) { y(); }\n" * body + "}\n};\n}\n"
                    if is_too_long:
                        self.expect({"core/money.cpp": text}, "core/money.cpp", 6, "71 lines")
                    else:
                        self.assertEqual(self.found({"core/money.cpp": text}), [])

    def test_a_file_is_one_idea_long(self):
        self.expect({"core/money.hpp": "#pragma once\n" + "int x;\n" * 600}, "core/money.hpp", 601, "601 lines")

    def test_every_source_of_the_money_path_has_a_test(self):
        changes = {"market/lone.hpp": "#pragma once\n", "market/lone.cpp": '#include "market/lone.hpp"\n',
                   "market/CMakeLists.txt": "add_library(market STATIC book.cpp lone.cpp)\n"}
        self.expect(changes, "market/lone.cpp", 1, "no test includes")

    def test_a_source_that_nothing_builds_is_found(self):
        self.expect({"tests/core/test_lost.cpp": "int x;\n"}, "tests/core/test_lost.cpp", 1, "builds")

    def test_leftovers_are_found(self):
        for folder in ["work", "home", "root"]:
            self.expect({"docs/a.md": "see\n/" + folder + "/someone/file\n"}, "docs/a.md", 2, "one machine")
        for word in ["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"]:
            self.expect({"tools/a": f"# {word}: later\n"}, "tools/a", 1, "note to oneself")

    def test_a_folder_that_is_only_called_so_is_no_machine_path(self):
        self.assertEqual(self.found({"docs/a.md": "GET /v1/root/7, $dir/work/x and network/home/ are fine, mktemp XXXXXX too\n"}), [])


if __name__ == "__main__":
    unittest.main()
