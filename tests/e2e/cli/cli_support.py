"""Runs the tools on a cache directory of their own."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time


class Place:
    """A cache directory, and the environment of every tool that uses it."""

    def __init__(self, bin_dir):
        self.bin_dir = pathlib.Path(bin_dir)
        # Short, as a Unix socket's path is limited.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tw-"))
        self.cache = self.folder / "cache"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TILEWRIGHT_") or name == "TILEWRIGHT_NVRTC"
        }
        self.environment.update(
            TILEWRIGHT_CACHE_DIR=str(self.cache),
            TILEWRIGHT_IDLE_TIMEOUT="1s",
            # Without a GPU everywhere, so that the results are the same.
            CUDA_VISIBLE_DEVICES="",
        )
        self.daemons = []

    def close(self):
        for daemon in self.daemons:
            if daemon.poll() is None:
                daemon.terminate()
                daemon.wait(timeout=30)
        # One that a command started ends when idle, and asking it would keep it busy.
        deadline = time.monotonic() + 30
        while (self.cache / "tilewrightd.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_listening(self):
        return self.run("list", "--no-start", "-q").returncode == 0

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [self.bin_dir / "tilewright", *map(str, arguments)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A path may have any byte.
            errors="surrogateescape",
            **options,
        )

    def run(self, *arguments, timeout=120):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments):
        """The one object that a command prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def serve(self):
        """A daemon of this test's own, which can be killed."""
        log = open(self.folder / "serve.log", "a")
        daemon = subprocess.Popen(
            [self.bin_dir / "tilewright", "serve", "--idle-timeout", "0"],
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        log.close()
        self.daemons.append(daemon)
        deadline = time.monotonic() + 30
        while not self.is_listening():
            assert daemon.poll() is None, (self.folder / "serve.log").read_text()
            assert time.monotonic() < deadline, "the daemon does not listen"
            time.sleep(0.05)
        return daemon


def await_line(log, text, daemon=None):
    """The log once `text` is in it: a daemon may answer before it has written its lines."""
    deadline = time.monotonic() + 30
    while not log.exists() or text not in log.read_text():
        content = log.read_text() if log.exists() else "there is no log"
        assert daemon is None or daemon.poll() is None, content
        assert time.monotonic() < deadline, f"{text!r} is not in the log:\n{content}"
        time.sleep(0.02)
    return log.read_text()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
