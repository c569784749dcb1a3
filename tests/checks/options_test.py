"""The build can be configured without its tests, and for the client alone.

Packages that such a build does not need are hidden from it, as if they were not installed.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else __file__).resolve()

TESTS = {"client_test", "lookup_bench", "tilewright_gpu_tests"}
SERVICE = {"tilewright", "tilewrightd"}
CLIENT = {"tilewright_c", "tilewright_client_shared"}


class Build:
    """A folder that was configured with `options`, without the packages in `hidden` and the modules
    of pkg-config in `hidden_modules`."""

    def __init__(self, folder, options, hidden, hidden_modules):
        self.folder = folder / "build"
        shown = folder / "pkgconfig"
        shown.mkdir()
        for where in output("pkg-config", "--variable=pc_path", "pkg-config").strip().split(":"):
            for module in pathlib.Path(where).glob("*.pc"):
                if module.stem not in hidden_modules and not (shown / module.name).exists():
                    (shown / module.name).symlink_to(module)
        command = ["env", f"PKG_CONFIG_LIBDIR={shown}", "cmake", "-S", ROOT, "-B", self.folder,
                   "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", *(f"-D{option}" for option in options),
                   *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in hidden)]
        self.done = subprocess.run([str(word) for word in command], capture_output=True, text=True)

    def targets(self):
        listed = output("ninja", "-C", self.folder, "-t", "targets", "all")
        return set(re.findall(r"^(\w+): phony$", listed, re.M))

    def installed_programs(self):
        script = (self.folder / "cmake_install.cmake").read_text(encoding="utf-8")
        return set(re.findall(r'TYPE EXECUTABLE FILES "[^"]*/bin/(\w+)"', script))


def output(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=True).stdout


class OptionsTest(unittest.TestCase):
    def configure(self, options, hidden, hidden_modules=()):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Build(pathlib.Path(folder.name), options, hidden, hidden_modules)

    def test_without_tests(self):
        build = self.configure(["TILEWRIGHT_BUILD_TESTS=OFF"], ["GTest", "Python3"])
        self.assertEqual(build.done.returncode, 0, build.done.stderr)
        self.assertEqual(build.targets() & (TESTS | SERVICE | CLIENT), SERVICE | CLIENT)
        self.assertEqual(build.installed_programs(), SERVICE)

    def test_client_only(self):
        build = self.configure(["TILEWRIGHT_CLIENT_ONLY=ON"],
                               ["GTest", "Python3", "SQLiteCpp", "prometheus-cpp", "spdlog"],
                               ["libzstd", "sqlite3"])
        self.assertEqual(build.done.returncode, 0, build.done.stderr)
        self.assertEqual(build.targets() & (TESTS | SERVICE | CLIENT), CLIENT)
        self.assertEqual(build.installed_programs(), set())

    def test_what_is_hidden_is_not_found(self):
        build = self.configure([], ["GTest"])
        self.assertNotEqual(build.done.returncode, 0)
        self.assertIn("GTest", build.done.stderr)
        build = self.configure([], [], ["libzstd"])
        self.assertNotEqual(build.done.returncode, 0)
        self.assertIn("libzstd", build.done.stderr + build.done.stdout)


if __name__ == "__main__":
    unittest.main()
