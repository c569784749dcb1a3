"""Files of a target that is marked UNITY define no name twice in anonymous namespaces.

A release build compiles several of them at once, other builds one by one: they would not notice.
Functions may share a name if their parameters differ.
"""
import collections
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else __file__).resolve()
FOLDERS = ("client", "kernel_templates", "proto", "server", "tuner")

MARKED = re.compile(r"tilewright_library\(\s*\w+\s+UNITY\b([^()]*)\)")
ANONYMOUS = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.S | re.M)
# Definitions begin at the left edge.
TYPE = re.compile(r"^(?:(?:struct|class|enum class|enum) (\w+)|using (\w+) =)", re.M)
VALUE = re.compile(r"^(?!using|return)\w[\w:<>,&* ]*[ &*](\w+)(?:\[\w*\])*(?: =|\{|;)", re.M)
FUNCTION = re.compile(r"^\w[\w:<>,&* ]*[ &*](\w+)\(([^()]*(?:\([^()]*\)[^()]*)*)\) (?:\{|noexcept)",
                      re.M)


def parameter_types(text):
    """The parameters of a function, without their names."""
    parts, depth = [""], 0
    for letter in re.sub(r"\s+", " ", text):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return ",".join(re.sub(r"(?<=[ &*])\w+$", "", part.strip()).strip() for part in parts)


def definitions(text):
    found = set()
    for inside in ANONYMOUS.findall(text):
        found |= {a or b for a, b in TYPE.findall(inside)}
        functions = FUNCTION.findall(inside)
        found |= {f"{name}({parameter_types(parameters)})" for name, parameters in functions}
        found |= set(VALUE.findall(inside))
    return found


def marked_targets():
    """The sources of each."""
    for folder in FOLDERS:
        for cmake in sorted((ROOT / folder).rglob("CMakeLists.txt")):
            for body in MARKED.findall(cmake.read_text(encoding="utf-8")):
                named = re.findall(r"\b[\w/]+\.cc\b", body)
                yield [cmake.parent / name for name in named] or sorted(cmake.parent.glob("*.cc"))


class UnityTest(unittest.TestCase):
    def test_no_name_has_two_definitions(self):
        wrong = []
        targets = list(marked_targets())
        self.assertGreater(len(targets), 10)
        for sources in targets:
            files = collections.defaultdict(list)
            for source in sources:
                for name in definitions(source.read_text(encoding="utf-8")):
                    files[name].append(source.relative_to(ROOT).as_posix())
            wrong += [f"{name}: {' and '.join(where)}"
                      for name, where in files.items() if len(where) > 1]
        self.assertEqual(wrong, [])

    def test_definitions_are_found(self):
        text = """
namespace {

constexpr int kLimit = 3;
const char* const kNames[] = {"a"};
struct Flags {
  int inner = 0;
};
using Json = nlohmann::json;

std::string Text(const std::map<int, int>& values, absl::Duration time) {
  const int local = 1;
  return "";
}

std::mutex global;

}  // namespace

int Other() { return 0; }
"""
        self.assertEqual(definitions(text),
                         {"kLimit", "kNames", "Flags", "Json", "global",
                          "Text(const std::map<int, int>&,absl::Duration)"})


if __name__ == "__main__":
    unittest.main()
