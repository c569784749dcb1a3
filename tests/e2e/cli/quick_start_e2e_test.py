"""README's quick start runs as it is printed: with a GPU where there is one, else without. So do the
commands of docs/api.md.
"""

import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

from cli_support import Place

BIN_DIR = pathlib.Path(sys.argv.pop(1)).resolve()
SOURCE_DIR = pathlib.Path(sys.argv.pop(1)).resolve()


def quick_start():
    """(the paragraph above, the commands) of each block."""
    readme = (SOURCE_DIR / "README.md").read_text()
    section = readme.split("## Quick start\n", 1)[1].split("\n## ", 1)[0]
    blocks = []
    for above, block in re.findall(r"([^\n]+):\n\n```console\n(.*?)```", section, re.DOTALL):
        lines = block.splitlines()
        assert all(line.startswith("$ ") for line in lines), block
        blocks.append((above, [line[2:] for line in lines]))
    return blocks


class QuickStartTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(BIN_DIR)
        self.addCleanup(self.place.close)
        if "CUDA_VISIBLE_DEVICES" not in os.environ:
            self.place.environment.pop("CUDA_VISIBLE_DEVICES", None)
        self.place.environment["TILEWRIGHT_IDLE_TIMEOUT"] = "5s"
        # In the place of the release build that the page names.
        path = self.place.environment["PATH"]
        self.place.environment["PATH"] = f"{BIN_DIR}:{path}"

    def run_line(self, line):
        done = subprocess.run(
            ["bash", "-c", line], env=self.place.environment, cwd=self.place.folder,
            capture_output=True, text=True, timeout=500,
        )
        self.assertEqual(done.returncode, 0, f"$ {line}\n{done.stdout}{done.stderr}")

    def run_server(self, line):
        log = open(self.place.folder / "serve.log", "w")
        server = subprocess.Popen(
            ["bash", "-c", f"exec {line}"], env=self.place.environment, cwd=self.place.folder,
            stdout=log, stderr=log,
        )
        log.close()
        self.place.daemons.append(server)
        deadline = time.monotonic() + 60
        while not self.place.is_listening():
            self.assertIsNone(server.poll(), (self.place.folder / "serve.log").read_text())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_every_command_runs_as_printed(self):
        has_gpu = bool(self.place.json("devices")["devices"])
        blocks = quick_start()
        self.assertGreaterEqual(len(blocks), 6, "the page has another form than this test knows")
        for above, lines in blocks:
            if above == "With a GPU" and not has_gpu:
                continue
            for line in lines:
                with self.subTest(line=line):
                    command = line.split("#")[0].strip()
                    if command.startswith("scripts/"):
                        # It installs and builds: scripts/test runs this test.
                        self.assertTrue(os.access(SOURCE_DIR / command, os.X_OK))
                    elif command.startswith("export PATH"):
                        self.assertIn("build/release/bin", command)
                    elif command == "tilewright serve":
                        # "Once it has ended", says the page.
                        self.wait_until_idle()
                        self.run_server(command)
                    else:
                        self.run_line(line)

    def test_every_command_of_the_api_page_runs_as_printed(self):
        page = (SOURCE_DIR / "docs/api.md").read_text()
        lines = re.findall(r"^\$ (tilewright .*)$", page, re.MULTILINE)
        self.assertGreaterEqual(len(lines), 3, "the page has another form than this test knows")
        for line in lines:
            with self.subTest(line=line):
                self.run_line(line)

    def wait_until_idle(self):
        deadline = time.monotonic() + 60
        while (self.place.cache / "tilewrightd.sock").exists():
            self.assertLess(time.monotonic(), deadline, "the daemon does not end")
            time.sleep(0.2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
