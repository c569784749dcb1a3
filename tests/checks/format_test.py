"""C++, C and CUDA files are as clang-format leaves them, by .clang-format."""
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else __file__).resolve()
FOLDERS = ("client", "kernel_templates", "proto", "server", "tests", "tuner")
SUFFIXES = (".c", ".cc", ".cuh", ".h")


class FormatTest(unittest.TestCase):
    def test_files_are_formatted(self):
        tool = shutil.which("clang-format")
        self.assertIsNotNone(tool, "clang-format is not installed: run scripts/setup")
        files = [str(path) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))
                 if path.suffix in SUFFIXES]
        self.assertGreater(len(files), 500)
        result = subprocess.run([tool, "--dry-run", "-Werror", *files], cwd=ROOT,
                                capture_output=True, text=True)
        wrong = sorted({line.split(":")[0] for line in result.stderr.splitlines()
                        if "error:" in line})
        self.assertEqual(wrong, [], "run: clang-format -i " + " ".join(wrong))
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
