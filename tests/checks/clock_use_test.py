"""Deadlines and durations are computed on the monotonic clock: see proto/support/steady_time.h.

The wall clock steps when somebody sets it. Who reads it, or waits by it, stands in ALLOWED with
the reason. The timed waits of abseil's mutex wait by the wall clock in the version that we use.
SteadyTime alone reads std::chrono's monotonic clock, so that there is one kind of time.
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else __file__).resolve()
FOLDERS = ("client", "kernel_templates/launch", "proto/support", "server", "tuner")
SUFFIXES = (".c", ".cc", ".h")

REFUSED = re.compile(
    r"\bsteady_clock\b|"
    r"\babsl::Now\(|\babsl::GetCurrentTimeNanos\(|\bsystem_clock::now\(|\bgettimeofday\(|"
    r"\bCLOCK_REALTIME\b|\bstd::time\(|\b\w*(?:Wait|Await|LockWhen|ReaderLockWhen|"
    r"WaitForNotification)With(?:Timeout|Deadline)\(")

STORED = "a time that is stored"
SHOWN = "a time that is shown"

# (file, what it uses): why.
ALLOWED = {
    ("client/cli/commands/command_bench.cc", "std::time("): SHOWN,
    ("proto/support/steady_time.h", "steady_clock"): "it is what SteadyTime is made of",
    ("tuner/search/clock.h", "absl::Now("): STORED,
    ("tuner/store/database/sqlite_store.cc", "absl::Now("): "the name of a file that is put aside",
}


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)


def uses(text):
    """(line, what) of each use of a clock that is refused."""
    text = without_comments(text)
    return [(text.count("\n", 0, match.start()) + 1, match.group())
            for match in REFUSED.finditer(text)]


def uses_in_tree(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SUFFIXES:
                continue
            for line, what in uses(path.read_text(encoding="utf-8")):
                yield path.relative_to(root).as_posix(), line, what


class ClockUseTest(unittest.TestCase):
    def test_nothing_but_what_is_allowed_uses_another_clock(self):
        wrong = [f"{path}:{line}: {what}" for path, line, what in uses_in_tree(ROOT)
                 if (path, what) not in ALLOWED]
        self.assertEqual(wrong, [], "use SteadyTime, SteadyMutex or SteadyEvent, or say in "
                                    f"{__file__} why not")

    def test_the_list_names_nothing_that_is_gone(self):
        found = {(path, what) for path, _, what in uses_in_tree(ROOT)}
        self.assertEqual(sorted(set(ALLOWED) - found), [])

    def test_waits_and_readings_are_found(self):
        for text in ("t = absl::Now();", "mutex_.AwaitWithTimeout(c, d)", "cv.WaitWithDeadline(&m, t)",
                     "gate.WaitForNotificationWithTimeout(d)", "std::chrono::system_clock::now()",
                     "mutex_.LockWhenWithTimeout(c, d)", "std::chrono::steady_clock::now()",
                     "using Clock = std::chrono::steady_clock;"):
            self.assertEqual(len(uses(text)), 1, text)

    def test_comments_and_steady_times_are_not(self):
        self.assertEqual(uses("// absl::Now() steps\n/* absl::Now() */ SteadyTime::Now();"), [])
        self.assertEqual(uses("// by the steady_clock\nFakeClock::Now();"), [])


if __name__ == "__main__":
    unittest.main()
