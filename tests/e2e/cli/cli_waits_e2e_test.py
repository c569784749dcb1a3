"""How the command waits, ends and starts its daemon, with real daemons and no GPU."""

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

from cli_support import Place, await_line, kill

BIN_DIR = sys.argv.pop(1)
TARGET = ("--target", "h100-sxm")
FEW = ("--max-candidates", "2")
SUITE = "a,nt,256,256,128\nb,nn,384,256,128\nc,tn,128,512,64\nd,nt,192,256,64\ne,nt,64,64,64\n"


def gemm(m, n, k):
    return ("gemm", "--m", m, "--n", n, "--k", k)


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.fsencode(path))
    return connection


def process_behind(path):
    """The process that listens on a socket."""
    with connect(path) as connection:
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("iii", peer)[0]


class WaitsTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(BIN_DIR)
        self.addCleanup(self.place.close)
        self.socket = self.place.cache / "tilewrightd.sock"

    def timed(self, *arguments):
        begin = time.monotonic()
        done = self.place.run(*arguments)
        return done, time.monotonic() - begin

    def assert_error(self, done, code, reason, text=""):
        self.assertEqual(done.returncode, code, done.stderr)
        errors = [line for line in done.stderr.splitlines() if "tilewright: error: " in line]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertTrue(errors[0].endswith(f"[{reason}]"), errors[0])
        self.assertIn(text, errors[0])

    def serve(self, *flags):
        """A daemon of the test's own with `flags`, and the path of its log."""
        log = self.place.folder / "serve.log"
        with open(log, "a") as out:
            daemon = subprocess.Popen(
                [self.place.bin_dir / "tilewrightd", *map(str, flags)],
                env={**self.place.environment, "TILEWRIGHT_IDLE_TIMEOUT": "0"},
                stdout=out,
                stderr=out,
            )
        self.place.daemons.append(daemon)
        await_line(log, " serves ", daemon)
        return daemon, log

    # Waits.

    def test_a_frozen_daemon_is_said_by_the_deadline(self):
        daemon = self.place.serve()
        daemon.send_signal(signal.SIGSTOP)
        self.addCleanup(daemon.send_signal, signal.SIGCONT)
        done, seconds = self.timed("get", *gemm(64, 64, 64), *TARGET, "--deadline", "2s")
        self.assert_error(done, 4, "DAEMON_FROZEN", f"kill -CONT {daemon.pid}")
        self.assertLess(seconds, 3)
        done, seconds = self.timed("list", "--connect-timeout", "500ms")
        self.assert_error(done, 4, "DAEMON_FROZEN", "is frozen")
        self.assertLess(seconds, 1.5)

    def test_a_daemon_that_freezes_during_a_call_is_said_by_the_deadline(self):
        daemon = self.place.serve()
        waiting = self.place.start(
            "get", *gemm(4096, 4096, 4096), *TARGET, "--mode", "wait_tuned", "--deadline", "4s"
        )
        time.sleep(1.5)
        daemon.send_signal(signal.SIGSTOP)
        self.addCleanup(daemon.send_signal, signal.SIGCONT)
        begin = time.monotonic()
        out, err = waiting.communicate(timeout=30)
        if waiting.returncode == 0:
            self.skipTest("the tuning was done before the daemon was stopped")
        self.assertLess(time.monotonic() - begin, 4)
        self.assertEqual(waiting.returncode, 4, err)
        self.assertIn("DAEMON_FROZEN", err)

    def test_a_daemon_that_freezes_during_a_tuning_is_not_waited_for_without_an_end(self):
        daemon = self.place.serve()
        tuning = self.place.start("tune", *gemm(4096, 4096, 4096), *TARGET)
        self.assertIn("%", tuning.stderr.readline())
        daemon.send_signal(signal.SIGSTOP)
        self.addCleanup(daemon.send_signal, signal.SIGCONT)
        begin = time.monotonic()
        out, err = tuning.communicate(timeout=90)
        self.assertLess(time.monotonic() - begin, 40)
        self.assertEqual(tuning.returncode, 4, err)
        self.assertIn("DAEMON_FROZEN", err)

    def interrupt_frozen(self, command, silence=0.0, progress="%"):
        """Interrupts `command` `silence` seconds after its daemon froze; exit code, err, seconds.

        The daemon freezes once the command has shown `progress`.
        """
        daemon = self.place.serve()
        process = self.place.start(*command)
        while progress not in process.stderr.readline():
            self.assertIsNone(process.poll())
        daemon.send_signal(signal.SIGSTOP)
        time.sleep(silence)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        seconds = time.monotonic() - begin
        kill(daemon)
        return process.returncode, err, seconds

    def test_an_interrupt_does_not_wait_for_a_frozen_daemon(self):
        code, err, seconds = self.interrupt_frozen(("tune", *gemm(4096, 4096, 4096), *TARGET))
        self.assertLess(seconds, 3, err)
        self.assertEqual(code, 130, err)
        self.assertRegex(err, r"error: interrupted, and the daemon may go on .* \[DAEMON_FROZEN\]")

    def test_an_interrupt_does_not_wait_for_who_asks_a_frozen_daemon(self):
        # Past the silence after which the daemon is asked for a greeting.
        code, err, seconds = self.interrupt_frozen(
            ("tune", *gemm(4096, 4096, 4096), *TARGET), silence=6.5
        )
        self.assertLess(seconds, 3, err)
        self.assertEqual(code, 130, err)

    def test_an_interrupt_of_a_sweep_does_not_wait_for_a_frozen_daemon(self):
        suite = self.place.folder / "suite.csv"
        suite.write_text(SUITE)
        for command in (("sweep", suite, *TARGET), ("bench", "--suite", suite, *TARGET)):
            with self.subTest(command=command[0]):
                code, err, seconds = self.interrupt_frozen(command)
                self.assertLess(seconds, 3, err)
                self.assertEqual(code, 130, err)
                self.assertIn("interrupted", err)

    def test_an_interrupted_bench_of_a_frozen_daemon_keeps_its_rows(self):
        suite = self.place.folder / "suite.csv"
        suite.write_text("a,nt,64,64,64\nb,nt,4096,4096,4096\nc,nt,4096,4096,2048\n")
        report = self.place.folder / "report.json"
        code, err, _ = self.interrupt_frozen(
            ("bench", "--suite", suite, *TARGET, *FEW, "--json", report), progress="1/3"
        )
        self.assertEqual(code, 130, err)
        # The second may be done before the daemon freezes.
        names = [row["name"] for row in json.loads(report.read_text())["results"]]
        self.assertIn(names, (["a"], ["a", "b"]))
        self.assertIn(f"interrupted after {len(names)} of 3", err)

    def test_a_second_interrupt_ends_at_once(self):
        daemon = self.place.serve()
        process = self.place.start("tune", *gemm(4096, 4096, 4096), *TARGET)
        self.assertIn("%", process.stderr.readline())
        daemon.send_signal(signal.SIGSTOP)
        self.addCleanup(daemon.send_signal, signal.SIGCONT)
        # Two signals of one kind may be taken as one; of these both wait to be taken.
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        # After one interrupt, a second or two later, it ends with a word about the daemon.
        self.assertNotIn("interrupted", err)

    def test_a_held_start_lock_is_waited_for_and_said(self):
        self.place.cache.mkdir(mode=0o750)
        with open(self.place.cache / "start.lock", "w") as lock:
            lock.write("4242\n")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            done, seconds = self.timed("list", "--connect-timeout", "2s")
            self.assert_error(done, 4, "START_LOCK_HELD", "process 4242")
            self.assertIn("waiting for process 4242", done.stderr)
            self.assertLess(seconds, 4)

    def test_a_full_limit_of_connections_is_said(self):
        self.serve("--max-connections-per-user", 1)
        with connect(self.socket):
            done, seconds = self.timed("list", "--no-start", "--connect-timeout", "2s")
            self.assert_error(done, 1, "TOO_MANY_CONNECTIONS", "max_connections_per_user")
            self.assertLess(seconds, 8)

    def test_a_user_that_may_not_connect_is_told(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        self.serve()
        self.place.folder.chmod(0o755)
        command = [self.place.bin_dir / "tilewright", "list", "--no-start", "--socket", self.socket]

        def as_nobody():
            return subprocess.run(
                command, env=self.place.environment, capture_output=True, text=True, user=65534,
                group=65534, extra_groups=[], timeout=60,
            )

        try:
            as_nobody()
        except PermissionError:
            self.skipTest("the build is in a folder that others may not enter")
        self.assert_error(as_nobody(), 1, "SOCKET_NOT_PERMITTED", "permissions")
        self.place.cache.chmod(0o755)
        self.socket.chmod(0o666)
        self.assert_error(as_nobody(), 1, "USER_NOT_PERMITTED", "this is user 65534")

    # Signals, and what is stopped in the midst of its work.

    def test_signals_that_end_nothing(self):
        daemon, _ = self.serve()
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
                       signal.SIGPIPE):
            daemon.send_signal(number)
        time.sleep(0.5)
        self.assertIsNone(daemon.poll())
        self.assertTrue(self.place.is_listening())

    def test_a_hangup_reads_the_configuration_and_opens_the_log_anew(self):
        config = self.place.folder / "daemon.toml"
        log = self.place.folder / "daemon.log"
        config.write_text(f'log_file = "{log}"\nlog_level = "info"\n')
        self.place.cache.mkdir(mode=0o750)
        daemon = subprocess.Popen(
            [self.place.bin_dir / "tilewrightd", "--config", config],
            env={**self.place.environment, "TILEWRIGHT_IDLE_TIMEOUT": ""},
        )
        self.place.daemons.append(daemon)

        await_line(log, " serves ", daemon)
        old = log.with_suffix(".1")
        log.rename(old)
        daemon.send_signal(signal.SIGHUP)
        await_line(log, "reload:", daemon)
        self.assertNotIn("reload:", old.read_text())
        # What is wrong changes nothing and is said.
        config.write_text("log_level = 3\n")
        daemon.send_signal(signal.SIGHUP)
        await_line(log, "the configuration stays as it was", daemon)
        config.write_text(f'log_file = "{log}"\nidle_timeout = "300ms"\n')
        daemon.send_signal(signal.SIGHUP)
        self.assertEqual(daemon.wait(timeout=20), 0)
        self.assertIn("nothing to do for 300ms", log.read_text())

    def start_sweep(self, *flags):
        suite = self.place.folder / "suite.csv"
        suite.write_text(SUITE)
        return self.place.start("sweep", suite, *TARGET, *FEW, "--json", *flags)

    def test_a_sweep_that_is_interrupted_and_asked_for_at_once_goes_on(self):
        self.place.serve()
        first = self.start_sweep()
        first.stdout.readline()
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)
        self.assertEqual(first.returncode, 130)
        second = self.start_sweep()
        out, err = second.communicate(timeout=120)
        self.assertEqual(second.returncode, 0, err)
        summary = json.loads(out.splitlines()[-1])
        self.assertEqual((summary["state"], summary["done"]), ("succeeded", 5))

    def test_a_sweep_whose_daemon_is_stopped_says_how_to_go_on(self):
        daemon = self.place.serve()
        sweep = self.start_sweep()
        sweep.stdout.readline()
        daemon.terminate()
        out, err = sweep.communicate(timeout=60)
        self.assertEqual(sweep.returncode, 4, err)
        self.assertRegex(err, r"tilewright: error: .*run the same command again to continue \[[A-Z_]+\]")
        daemon.wait(timeout=60)
        self.place.serve()
        again = self.start_sweep()
        out, err = again.communicate(timeout=120)
        self.assertEqual(again.returncode, 0, err)

    # Output.

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.place.serve()
        self.assertEqual(
            self.place.run("tune", *gemm(64, 64, 64), *TARGET, *FEW).returncode, 0
        )
        for arguments in (("list",), ("list", "--json"), ("devices",), ("devices", "--json"),
                          ("--help",), ("tune", "--help"), ("--version",), ("version",),
                          ("version", "--json"), ("completion", "bash"), ("serve", "--help"),
                          ("serve", "--version"), ("tune", "gemm", "--json")):
            command = [self.place.bin_dir / "tilewright", *arguments]
            for name, redirect in (("full", ">/dev/full"), ("closed", ">&-")):
                with self.subTest(arguments=arguments, output=name):
                    done = subprocess.run(
                        ["sh", "-c", f'exec "$@" {redirect}', "sh", *command],
                        env=self.place.environment, stderr=subprocess.PIPE, text=True, timeout=60,
                    )
                    self.assertNotIn(done.returncode, (0, None), done.stderr)
                    self.assertIn("could not be written", done.stderr)
        done = self.place.run("get", *gemm(64, 64, 64), *TARGET, "-o", "/dev/full")
        self.assert_error(done, 1, "WRITE_FAILED", "No space left on device")
        done = self.place.run("export", "-o", "/dev/full")
        self.assertEqual(done.returncode, 1, done.stderr)

    # Paths.

    def test_any_byte_may_be_in_the_cache_directory(self):
        for name in ("a#b", "a?b", "100%25", "a,b", "a b", "a\udcff", "a'b"):
            with self.subTest(name=name):
                cache = self.place.folder / name
                self.place.environment["TILEWRIGHT_CACHE_DIR"] = str(cache)
                done = self.place.run("list")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue((cache / "tilewrightd.log").exists())
        # Not the directory that "%25" stands for in an address.
        self.place.environment["TILEWRIGHT_CACHE_DIR"] = str(self.place.folder / "50%")
        self.assertEqual(self.place.run("list").returncode, 0)
        self.place.environment["TILEWRIGHT_CACHE_DIR"] = str(self.place.folder / "50%25")
        self.assert_error(self.place.run("list", "--no-start"), 4, "DAEMON_UNREACHABLE")
        self.place.environment["TILEWRIGHT_CACHE_DIR"] = str(self.place.folder / ("d" * 120))
        self.assert_error(self.place.run("list"), 2, "SOCKET_PATH_TOO_LONG", "--socket")

    # The daemon that a command starts.

    def test_a_started_daemon_has_nothing_of_the_command(self):
        self.place.environment["TILEWRIGHT_IDLE_TIMEOUT"] = "3s"
        self.place.environment["SECRET_TOKEN"] = "x"
        self.place.environment["XDG_DATA_HOME"] = "/x"
        reader, writer = os.pipe()

        def encumber():
            os.umask(0)
            os.nice(5)
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})

        cpus = len(os.sched_getaffinity(0))
        command = self.place.start("list", pass_fds=(writer,), preexec_fn=encumber)
        out, err = command.communicate(timeout=60)
        self.assertEqual(command.returncode, 0, err)
        daemon = pathlib.Path("/proc") / str(process_behind(self.socket))
        links = set()
        for link in (daemon / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # The daemon has closed it meanwhile.
                links.add(os.readlink(link))
        self.assertNotIn(f"pipe:[{os.fstat(writer).st_ino}]", links)
        # A pipeline behind the command ends with the command.
        os.close(writer)
        self.assertEqual(os.read(reader, 1), b"")
        os.close(reader)
        status = dict(
            line.split(":\t", 1) for line in (daemon / "status").read_text().splitlines()
            if ":\t" in line
        )
        self.assertEqual(status["Umask"].strip(), "0027")
        allowed = bin(int(status["Cpus_allowed"].replace(",", ""), 16)).count("1")
        self.assertGreaterEqual(allowed, cpus)
        environment = dict(
            entry.split("=", 1)
            for entry in (daemon / "environ").read_bytes().decode().split("\0") if entry
        )
        self.assertNotIn("SECRET_TOKEN", environment)
        self.assertEqual(environment["XDG_DATA_HOME"], "/x")
        self.assertEqual(environment["PATH"], self.place.environment["PATH"])
        if os.geteuid() == 0:
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, int(daemon.name)), 0)
        # SIGTERM, which the command had blocked, ends it.
        self.assertEqual(self.place.cache.stat().st_mode & 0o777, 0o750)
        os.kill(int(daemon.name), signal.SIGTERM)
        deadline = time.monotonic() + 20
        while self.socket.exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_a_named_nvrtc_that_is_unusable_is_an_error_and_a_late_correction_is_explained(self):
        self.place.environment["TILEWRIGHT_IDLE_TIMEOUT"] = "30s"
        right = self.place.environment.get("TILEWRIGHT_NVRTC")
        self.place.environment["TILEWRIGHT_NVRTC"] = "/nowhere/libnvrtc.so"
        done = self.place.run("tune", *gemm(64, 64, 64), *TARGET, *FEW)
        self.assert_error(done, 4, "NVRTC_NOT_FOUND", "TILEWRIGHT_NVRTC names /nowhere")
        self.assertNotIn("another environment", done.stderr)
        if right is None:
            del self.place.environment["TILEWRIGHT_NVRTC"]
        else:
            self.place.environment["TILEWRIGHT_NVRTC"] = right
        done = self.place.run("tune", *gemm(64, 64, 64), *TARGET, *FEW)
        daemon = process_behind(self.socket)
        self.assert_error(done, 4, "NVRTC_NOT_FOUND",
                          "TILEWRIGHT_NVRTC is '/nowhere/libnvrtc.so' there and")
        self.assertIn(f"kill {daemon}", done.stderr)
        os.kill(daemon, signal.SIGTERM)
        while self.socket.exists():
            time.sleep(0.05)
        done = self.place.run("tune", *gemm(64, 64, 64), *TARGET, *FEW)
        os.kill(process_behind(self.socket), signal.SIGTERM)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
