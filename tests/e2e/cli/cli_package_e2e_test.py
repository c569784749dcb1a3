"""Installs into a folder, moves it, and builds and runs the client's example against it."""

import os
import pathlib
import subprocess
import sys
import unittest

from cli_support import Place

BUILD_DIR, EXAMPLE_DIR = sys.argv.pop(1), sys.argv.pop(1)


def run(*command, **options):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    # CMake says so if the tree would hide libraries of the distribution from the program.
    assert "CMake Warning" not in done.stderr, f"{command}:\n{done.stderr}"
    return done.stdout


class PackageTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(".")
        self.addCleanup(self.place.close)
        first = self.place.folder / "first"
        self.prefix = self.place.folder / "prefix"
        run("cmake", "--install", BUILD_DIR, "--prefix", first)
        first.rename(self.prefix)
        self.place.bin_dir = self.prefix / "bin"

    def test_the_example_builds_and_runs(self):
        build = self.place.folder / "build"
        run("cmake", "-S", EXAMPLE_DIR, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        self.place.serve()
        plan = run(build / "launch_gemm", env=self.place.environment)
        self.assertIn("PREDICTED", plan)
        self.assertIn("entry_symbol", plan)
        self.assertIn("sm_89", run(build / "show_plan", "l4", env=self.place.environment))

        flags = run(
            "pkg-config", "--cflags", "--libs", "tilewright",
            env={**os.environ, "PKG_CONFIG_PATH": str(self.prefix / "lib" / "pkgconfig")},
        ).split()
        program = self.place.folder / "show_plan"
        source = pathlib.Path(EXAMPLE_DIR) / "show_plan.c"
        run("cc", "-std=c11", "-o", program, source, *flags, f"-Wl,-rpath,{self.prefix}/lib")
        self.assertIn("sm_90a", run(program, env=self.place.environment))

    def test_it_carries_its_licence_and_the_notices_of_what_it_carries(self):
        folder = self.prefix / "share" / "doc" / "tilewright"
        self.assertIn("Apache License", (folder / "LICENSE").read_text())
        root = pathlib.Path(__file__).resolve().parents[3]
        self.assertEqual((folder / "NOTICE").read_text(), (root / "NOTICE").read_text())
        run(root / "scripts" / "generate_notice", "--check", self.prefix)

    # The same libraries are in the system, so everything runs without a search path too.
    def test_the_tree_uses_the_libraries_that_it_carries(self):
        carried = (self.prefix / "lib" / "tilewright").resolve()
        names = {path.name for path in carried.iterdir()}
        used = set()
        for program in ("bin/tilewrightd", "lib/libtilewright.so", "lib/libtilewright_client.so"):
            for line in run("ldd", self.prefix / program).splitlines():
                name, _, place = line.strip().partition(" => ")
                if name not in names:
                    continue
                self.assertEqual(pathlib.Path(place.split()[0]).parent.resolve(), carried, program)
                used.add(name.partition(".")[0])
        self.assertLessEqual({"libprotobuf", "libgrpc"}, used)

    def test_only_the_interface_is_exported(self):
        symbols = run("nm", "-D", "--defined-only", self.prefix / "lib" / "libtilewright.so")
        names = {line.split()[-1].split("@")[0] for line in symbols.splitlines()}
        self.assertIn("tilewright_kernel_launch", names)
        self.assertEqual({n for n in names if not n.startswith(("tilewright_", "TILEWRIGHT_"))},
                         set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
