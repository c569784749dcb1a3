"""Which files the command writes to and reads from, with real daemons and no GPU."""

import json
import os
import subprocess
import sys
import threading
import time
import unittest

from cli_support import Place

BIN_DIR = sys.argv.pop(1)
TARGET = ("--target", "h100-sxm")
FEW = ("--max-candidates", "2")
SUITE = "a,nt,256,256,128\n"


def gemm(m, n, k):
    return ("gemm", "--m", m, "--n", n, "--k", k)


class FilesTest(unittest.TestCase):
    def setUp(self):
        self.place = self.make_place()

    def make_place(self):
        place = Place(BIN_DIR)
        self.addCleanup(place.close)
        return place

    def tune(self, place, m):
        done = place.run("tune", *gemm(m, 64, 64), *TARGET, *FEW)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_error(self, done, code, reason, *texts):
        self.assertEqual(done.returncode, code, done.stderr)
        errors = [line for line in done.stderr.splitlines() if "tilewright: error: " in line]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertTrue(errors[0].endswith(f"[{reason}]"), errors[0])
        for text in texts:
            self.assertIn(str(text), errors[0])

    # Files that are written.

    def test_the_daemons_own_files_are_not_written_over(self):
        self.place.serve()
        self.tune(self.place, 64)
        self.assertEqual(self.place.run("export", "-o", self.place.folder / "b.twb").returncode, 0)
        cache = self.place.cache
        own = ["tilewright.db", "tilewright.db-wal", "tilewright.db-shm", "tilewrightd.lock",
               "signing.key", "tilewrightd.sock", "start.lock", "tilewright.db.schema-1"]
        paths = [cache / name for name in own]
        link = self.place.folder / "link"
        link.symlink_to(cache / "tilewright.db")
        hard = self.place.folder / "hard"
        os.link(cache / "tilewright.db-wal", hard)
        folder = self.place.folder / "folder"
        folder.symlink_to(cache)
        paths += [link, hard, folder / "tilewrightd.lock", f"{cache}/../cache/./signing.key",
                  os.path.relpath(cache / "tilewright.db")]
        before = {path: os.lstat(path).st_ino for path in paths if os.path.lexists(path)}
        suite = self.place.folder / "suite.csv"
        suite.write_text(SUITE)
        for path in paths:
            for command in (("export", "-o", path), ("backup", path),
                            ("get", *gemm(64, 64, 64), *TARGET, "-o", path),
                            ("bench", "--suite", suite, "--json", path, *TARGET, *FEW)):
                with self.subTest(command=command[0], path=path):
                    done = self.place.run(*command)
                    self.assert_error(done, 2, "DAEMON_FILE", f"{path}: is tilewrightd's own file")
        for path, inode in before.items():
            self.assertEqual(os.lstat(path).st_ino, inode, path)
        self.assertEqual(self.place.run("list").returncode, 0)
        # What is not the daemon's may lie there, and be written again.
        for _ in range(2):
            self.assertEqual(self.place.run("backup", cache / "mine.twb").returncode, 0)

    def test_a_first_command_does_not_write_over_the_database_of_the_daemon_it_starts(self):
        database = self.place.cache / "tilewright.db"
        self.assertFalse(self.place.cache.exists())
        done = self.place.run("get", *gemm(64, 64, 64), *TARGET, "-o", database)
        self.assert_error(done, 2, "DAEMON_FILE", f"{database}: is tilewrightd's own file")
        self.assertFalse(database.exists(), "a daemon was started")

    def test_a_backup_takes_no_log_of_an_older_database_with_it(self):
        """A restore applied the log that lay beside the file, and found the backup damaged."""
        self.place.serve()
        self.tune(self.place, 64)
        backup = self.place.folder / "old.db"
        for suffix in ("", "-wal"):
            (self.place.folder / f"old.db{suffix}").write_bytes(
                (self.place.cache / f"tilewright.db{suffix}").read_bytes())
        self.tune(self.place, 128)
        self.assertEqual(self.place.run("backup", backup).returncode, 0)
        self.assertEqual(sorted(path.name for path in self.place.folder.glob("old.db*")),
                         ["old.db"])
        done = self.make_place().run("restore", backup)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_files_of_a_daemon_that_is_known_by_its_socket_are_its_own(self):
        other = self.make_place()
        other.serve()
        self.tune(other, 64)
        socket = other.cache / "tilewrightd.sock"
        for name in ("tilewright.db", "tilewrightd.sock"):
            done = self.place.run("export", "--socket", socket, "-o", other.cache / name)
            self.assert_error(done, 2, "DAEMON_FILE", other.cache / name)

    def test_a_log_is_not_written_into_the_database(self):
        self.tune(self.place, 64)
        database = self.place.cache / "tilewright.db"
        done = subprocess.run(
            [self.place.bin_dir / "tilewrightd", "--idle-timeout", "1s", "--log-file", database],
            env=self.place.environment, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(f"log_file {database}: is the daemon's own file", done.stderr)

    # What an export leaves out, and what is stored and not served.

    def test_what_is_not_trusted_any_more_is_marked_and_said_to_be_left_out(self):
        self.place.serve()
        self.tune(self.place, 64)
        self.tune(self.place, 128)
        bundle = self.place.folder / "b.twb"
        summary = self.place.json("export", "-o", bundle)
        # Problems that differ in shape alone share kernels.
        self.assertEqual((summary["winners"], summary["kernels"]), (2, 1))
        self.assertEqual(set(summary["left_out"].values()), {0})
        self.assertIn("It has 2 winners and 1 kernel.",
                      self.place.run("export", "-o", bundle).stdout)
        signer = self.place.json("key", "show")["signer"]

        other = self.make_place()
        other.serve()
        for command in (("trust", "add", signer, "--name", "sender"), ("import", bundle)):
            done = other.run(*command)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("NOT TRUSTED", other.run("list").stdout)
        self.assertEqual(other.run("trust", "remove", "sender").returncode, 0)
        listed = other.run("list")
        self.assertEqual(listed.stdout.count("NOT TRUSTED"), 3, listed.stdout)
        self.assertIn("stored and not served", listed.stdout)
        done = other.run("export", "-o", bundle)
        self.assert_error(done, 3, "NO_WINNER", "left out 2 winners",
                          "2 whose signer is not trusted")
        self.tune(other, 192)
        rows = [json.loads(line) for line in other.run("list", "--json").stdout.splitlines()]
        self.assertEqual([row["distrusted"] for row in rows], [False, True, True])
        exported = other.json("export", "-o", bundle)
        self.assertEqual(exported["winners"], 1)
        self.assertEqual(exported["left_out"]["signer_not_trusted"], 2)
        self.assertIn("Left out 2 winners: 2 whose signer is not trusted",
                      other.run("export", "-o", bundle).stdout)
        self.assertEqual(other.run("trust", "add", signer, "--name", "sender").returncode, 0)
        self.assertNotIn("NOT TRUSTED", other.run("list").stdout)

    # Files that are read.

    def reading(self, path):
        """Every command that reads a file which the person names."""
        return (("sweep", path, *TARGET, *FEW), ("bench", "--suite", path, *TARGET, *FEW),
                ("import", path), ("import", "--dry-run", path), ("bundle", "inspect", path),
                ("restore", path))

    def test_what_is_no_file_or_has_no_end_is_said_and_not_read_on(self):
        folder = self.place.folder / "folder"
        folder.mkdir()
        huge = self.place.folder / "huge"
        with open(huge, "wb") as out:
            out.truncate(1 << 42)
        for path in ("/dev/zero", "/dev/urandom", folder, huge):
            for command in self.reading(path):
                with self.subTest(command=command[0], path=path):
                    begin = time.monotonic()
                    process = self.place.start(*command)
                    try:
                        _, err = process.communicate(timeout=20)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.communicate()
                        self.fail("it reads on and on")
                    self.assertLess(time.monotonic() - begin, 10)
                    self.assertNotIn(process.returncode, (0, 130), err)
                    self.assertRegex(err, rf"tilewright: error: {path}: .* \[[A-Z_]+\]")

    def test_a_named_pipe_is_waited_for_and_read(self):
        pipe = self.place.folder / "pipe"
        os.mkfifo(pipe)
        begin = time.monotonic()
        done = self.place.run("sweep", pipe, *TARGET, *FEW, timeout=30)
        self.assert_error(done, 3, "FILE_NOT_READABLE", f"{pipe}: cannot be read: no program writes")
        self.assertLess(time.monotonic() - begin, 10)

        def write_late():
            time.sleep(1)
            with open(pipe, "w") as out:
                out.write(SUITE[:5])
                out.flush()
                time.sleep(1)
                out.write(SUITE[5:])

        writer = threading.Thread(target=write_late)
        writer.start()
        done = self.place.run("sweep", pipe, *TARGET, *FEW, "--json")
        writer.join()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout.splitlines()[-1])["total"], 1)

    def test_pipes_of_a_shell_are_read(self):
        suite = self.place.folder / "suite.csv"
        suite.write_text(SUITE)
        tool = self.place.bin_dir / "tilewright"
        for line in (f"'{tool}' sweep <(sleep 1; cat '{suite}') --target h100-sxm",
                     f"cat '{suite}' | '{tool}' sweep /dev/stdin --target h100-sxm",
                     f"'{tool}' sweep /dev/stdin --target h100-sxm < '{suite}'"):
            with self.subTest(line=line):
                done = subprocess.run(["bash", "-c", line], env=self.place.environment,
                                      capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_configuration_without_an_end_is_not_read_on(self):
        for path in ("/dev/zero", self.place.folder):
            begin = time.monotonic()
            done = self.place.run("serve", "--config", path, timeout=30)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{path}: ", done.stderr)
            self.assertLess(time.monotonic() - begin, 10)

    def test_a_configuration_from_a_silent_pipe_is_not_waited_for_without_an_end(self):
        pipe = self.place.folder / "pipe"
        os.mkfifo(pipe)
        writer = os.open(pipe, os.O_RDWR)
        self.addCleanup(os.close, writer)
        done = self.place.run("serve", "--config", pipe, timeout=30)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(f"{pipe}: cannot be read: it does not end in time", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
