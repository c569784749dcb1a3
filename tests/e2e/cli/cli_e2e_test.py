"""The `tilewright` command as a stranger uses it, with real daemons and no GPU."""

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

from cli_support import Place, await_line, kill

BIN_DIR = sys.argv.pop(1)
TARGET = ("--target", "h100-sxm")
FEW = ("--max-candidates", "2")
SUITE = "a,nt,256,256,128\nb,nn,384,256,128\nc,tn,128,512,64\n"


def gemm(m, n, k):
    return ("gemm", "--m", m, "--n", n, "--k", k)


class CliTest(unittest.TestCase):
    def setUp(self):
        self.place = Place(BIN_DIR)
        self.addCleanup(self.place.close)

    def assert_error(self, done, code, text):
        self.assertEqual(done.returncode, code, done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], r"^tilewright: error: .* \[[A-Z0-9_]+\]$")
        self.assertIn(text, lines[0])

    def test_tune_get_list_and_explain(self):
        tuned = self.place.run("tune", *gemm(512, 384, 256), *TARGET, *FEW)
        self.assertEqual(tuned.returncode, 0, tuned.stderr)
        self.assertIn("PREDICTED", tuned.stdout)
        self.assertIn("~", tuned.stdout)
        self.assertTrue(tuned.stdout.isascii(), "Unicode in a pipe")
        self.assertIn("configs, 2 compiled, 0 measured", tuned.stderr)

        winners = self.place.json("list")
        self.assertEqual(winners["provenance"], "predicted")
        self.assertIsNone(winners["measured_seconds"])
        self.assertGreater(winners["estimated_seconds"], 0)

        explained = self.place.json("explain", *gemm(512, 384, 256), *TARGET)
        self.assertEqual(len(explained["explanation"]["candidates"]), 2)
        self.assertIn("PREDICTED", self.place.run("explain", *gemm(512, 384, 256), *TARGET).stdout)

        cubin = self.place.folder / "kernel.cubin"
        got = self.place.json("get", *gemm(512, 384, 256), *TARGET, "-o", cubin)
        kernel = got["response"]["kernel"]
        self.assertEqual(hashlib.sha256(cubin.read_bytes()).hexdigest(), kernel["content_hash"])
        self.assertEqual(kernel["architecture"], "sm_90a")
        self.assertEqual(got["match"], "predicted")
        again = self.place.json(
            "get", *gemm(512, 384, 256), *TARGET, "--hash", kernel["content_hash"]
        )
        self.assertEqual(again["response"]["kernel"]["content_hash"], kernel["content_hash"])

    def test_the_source_of_a_kernel_is_that_of_its_cubin(self):
        self.place.environment["TILEWRIGHT_KEEP_SOURCES"] = str(self.place.folder / "kept")
        self.place.serve()
        problem = (*gemm(512, 384, 256), *TARGET)
        self.assertEqual(self.place.run("tune", *problem, *FEW).returncode, 0)
        kernel = self.place.json("get", *problem)["response"]["kernel"]
        kept = self.place.folder / "kept" / kernel["content_hash"]
        cubin = kept.with_suffix(".cubin").read_bytes()
        self.assertEqual(hashlib.sha256(cubin).hexdigest(), kernel["content_hash"])

        folder = self.place.folder / "source"
        shown = self.place.json("source", *problem, "--ptx", "-o", folder)
        self.assertEqual(shown["response"]["kernel"]["content_hash"], kernel["content_hash"])
        self.assertEqual(shown["response"]["provenance"], "predicted")
        self.assertEqual((folder / "kernel.cubin").read_bytes(), cubin)
        self.assertIn(".entry tilewright_gemm(", (folder / "kernel.ptx").read_text())
        self.assertTrue((folder / "source.cu").read_text().endswith(
            kept.with_suffix(".cu").read_text().partition("\n")[2]))

        resources = self.place.run("source", *problem, "--resources")
        self.assertRegex(resources.stdout, r"tilewright_gemm +\d+ +\d+ +\d+ B")
        flat = self.place.folder / "flat"
        flat.mkdir()
        (flat / "source.cu").write_text(self.place.run("source", *problem).stdout)
        self.assert_error(
            self.place.run("source", *problem, "--config", "stages=1000"), 2, "HasPipeline"
        )
        nvcc = shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
        if not os.access(nvcc, os.X_OK):
            self.skipTest("no nvcc: nothing is compiled by hand")
        for where, command in ((folder, shown["command"]),
                               (flat, shown["command"].replace(" -I .", ""))):
            done = subprocess.run(command.replace("nvcc", nvcc, 1), shell=True, cwd=where,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue((where / "by_hand.cubin").exists())
        self.assertEqual((folder / "kernel.cubin").read_bytes(), cubin, "nvcc wrote over it")
        done = subprocess.run(
            kept.with_suffix(".cu").read_text().splitlines()[0].partition(": ")[2]
            .replace("nvcc", nvcc, 1), shell=True, cwd=kept.parent, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_unseen_problem_gets_an_answer_at_once(self):
        self.place.serve()
        # Compile workers give way to everything else on a busy machine.
        got = self.place.json("get", *gemm(777, 333, 111), *TARGET, "--deadline", "110s")
        self.assertIsNone(got["measured_seconds"])
        self.assertGreater(got["response"]["kernel"]["cubin"]["bytes"], 1000)

    def test_bad_input_is_one_line(self):
        self.place.serve()
        for arguments, code, text in [
            (("tune", *gemm(0, 1, 1), *TARGET), 2, "--m: "),
            (("tune", *gemm(-5, 1, 1), *TARGET), 2, "--m: "),
            (("tune", *gemm("8k", 1, 1), *TARGET), 2, "plain integer"),
            (("tune", *gemm("1e3", 1, 1), *TARGET), 2, "plain integer"),
            (("tune", *gemm(2**40, 1, 1), *TARGET), 2, "--m: "),
            (("tune", *gemm(2**31 - 1, 2**31 - 1, 2**31 - 1), *TARGET), 2, "gemm"),
            (("tune", *gemm(64, 64, 64), "--layout", "nx", *TARGET), 2, "nn, nt, tn, tt"),
            (("tune", *gemm(64, 64, 64), "--a-type", "float", *TARGET), 2, "fp32, tf32"),
            (("tune", *gemm(64, 64, 64), "--lda", "3", *TARGET), 2, "--lda: "),
            (("tune", *gemm(64, 64, 64), "--bias-type", "bf16", *TARGET), 2, "--bias-type: "),
            (("tune", *gemm(64, 64, 64), "--b-type", "int8", *TARGET), 2, "--b-type: "),
            (("tune", *gemm(64, 64, 64), "--dropout", "1.5", *TARGET), 2, "--dropout: "),
            (("tune", *gemm(64, 64, 64), "--a-type", "fp32", "--d-type", "bf16", *TARGET), 2,
             "NOT_IMPLEMENTED"),
            (("tune", *gemm(64, 64, 64), "--target", "h1000"), 2, "h100-sxm"),
            (("tune", *gemm(64, 64, 64)), 1, "--target"),
            (("get", *gemm(9, 9, 9), *TARGET, "--mode", "cached_only"), 3, "NO_WINNER"),
            (("get", *gemm(9, 9, 9), *TARGET, "--mode", "quick"), 2, "cached_only"),
            (("explain", *gemm(9, 9, 9), *TARGET), 3, "["),
            (("import", "/nowhere/bundle"), 3, "/nowhere/bundle"),
            (("sweep", "/nowhere/suite.csv"), 3, "/nowhere/suite.csv"),
            (("tune", "conv"), 2, "there is no command 'conv'"),
        ]:
            with self.subTest(arguments=arguments):
                self.assert_error(self.place.run(*arguments), code, text)

    def test_errors_are_json_too(self):
        done = self.place.run("tune", *gemm(0, 1, 1), *TARGET, "--json")
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], "INVALID_ARGUMENT")
        self.assertEqual(error["reason"], "OUT_OF_RANGE")
        self.assertEqual(error["field"], "gemm.m")

    def test_several_commands_at_once_share_one_daemon(self):
        processes = [self.place.start("devices", "--json") for _ in range(5)]
        for process in processes:
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, err)
            self.assertIn("profiles", json.loads(out))
        log = await_line(self.place.cache / "tilewrightd.log", " serves ")
        self.assertEqual(log.count(" serves "), 1, log)

    def test_the_daemon_that_was_started_ends_when_idle(self):
        self.assertEqual(self.place.run("list").returncode, 0)
        await_line(self.place.cache / "tilewrightd.log", "stopped")

    def test_a_daemon_that_is_leaving_is_waited_for(self):
        # It serves no longer, and holds the lease for another moment.
        self.assertEqual(self.place.run("list").returncode, 0)
        while (self.place.cache / "tilewrightd.sock").exists():
            time.sleep(0.05)
        with open(self.place.cache / "tilewrightd.lock", "r+") as lease:
            fcntl.flock(lease, fcntl.LOCK_EX)
            command = self.place.start("list")
            time.sleep(1.5)
            self.assertIsNone(command.poll(), "it gave up while the lease was held")
            fcntl.flock(lease, fcntl.LOCK_UN)
        out, err = command.communicate(timeout=60)
        self.assertEqual(command.returncode, 0, err)

    def test_no_start_means_no_start(self):
        self.assert_error(self.place.run("list", "--no-start"), 4, "no tilewrightd answers at")
        self.assertFalse((self.place.cache / "tilewrightd.sock").exists())

    def test_a_daemon_that_cannot_start_says_why(self):
        self.place.environment["TILEWRIGHT_DAEMON"] = "/bin/false"
        self.assert_error(self.place.run("list"), 4, "DAEMON_FAILED")
        self.place.environment["TILEWRIGHT_DAEMON"] = "/nowhere/tilewrightd"
        self.assert_error(self.place.run("list"), 4, "/nowhere/tilewrightd")

    def test_a_second_daemon_on_the_directory_is_refused(self):
        self.place.serve()
        second = self.place.run("serve", "--socket", self.place.folder / "other.sock")
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(str(self.place.cache), second.stderr)

    def test_wrong_flags_of_serve_are_errors_of_usage(self):
        for arguments in (("serve", "--bogus"), ("--json", "serve", "--bogus"),
                          ("serve", "--bogus", "--json"), ("--json", "serve", "--max-queue", "x")):
            with self.subTest(arguments=arguments):
                done = self.place.run(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, r"^tilewrightd: error: .* \[[A-Z0-9_]+\]\n$")
                self.assertIn(arguments[-1] if "x" in arguments else "--bogus", done.stderr)
                if "--json" in arguments:
                    self.assertIn("reason", json.loads(done.stdout)["error"])
                else:
                    self.assertEqual(done.stdout, "")
                    self.assertIn("[USAGE]", done.stderr)

    def test_flags_before_serve_reach_the_daemon(self):
        self.place.serve()
        self.place.environment["TILEWRIGHT_CACHE_DIR"] = str(self.place.folder / "other")
        second = self.place.run("--json", "--cache-dir", self.place.cache, "serve")
        self.assertEqual(second.returncode, 75, second.stderr)
        self.assertEqual(json.loads(second.stdout)["error"]["reason"], "CACHE_IN_USE")
        # The daemon got the flag twice and refused it.
        later = self.place.run("--cache-dir", self.place.folder / "other", "serve", "--cache-dir",
                               self.place.cache)
        self.assertEqual(later.returncode, 75, later.stderr)

    def test_help_of_serve_is_the_daemons(self):
        self.assertEqual(self.place.run("help", "serve").stdout,
                         self.place.run("serve", "--help").stdout)

    def test_bundles_carry_winners_and_a_damaged_one_nothing(self):
        self.assertEqual(
            self.place.run("tune", *gemm(256, 256, 128), *TARGET, *FEW).returncode, 0
        )
        bundle = self.place.folder / "winners.bundle"
        self.assertEqual(self.place.run("export", "-o", bundle).returncode, 0)

        other = Place(BIN_DIR)
        self.addCleanup(other.close)
        damaged = other.folder / "damaged.bundle"
        data = bytearray(bundle.read_bytes())
        data[len(data) // 2] ^= 1
        damaged.write_bytes(data)
        self.assert_error(other.run("import", damaged), 1, "BUNDLE")
        self.assertEqual(other.run("list", "--json").stdout, "")

        # Nobody trusts the sender yet: the refusal says what to run.
        signer = self.place.json("key", "show")["signer"]
        self.assert_error(other.run("import", bundle), 1, f"tilewright trust add {signer}")
        self.assertEqual(other.run("list", "--json").stdout, "")
        seen = other.json("bundle", "inspect", bundle)
        self.assertEqual(seen["signer"]["signer"], signer)
        self.assertFalse(seen["signer"]["trusted"])
        self.assertEqual(seen["winner_count"], 1)
        self.assertIn("Once trusted", other.run("import", "--dry-run", bundle).stdout)
        other.json("trust", "add", signer, "--name", "tuning host")

        imported = other.json("import", bundle)
        self.assertEqual(imported["winners_imported"], 1)
        self.assertEqual(imported["signer_name"], "tuning host")
        self.assertEqual(other.json("list")["provenance"], "imported")
        self.assertIn("tuning host", other.run("trust", "list").stdout)
        # Distrust ends the serving at once; the row stays, and is served again with the trust.
        self.assertEqual(other.json("trust", "remove", "tuning host")["winners"], 1)
        cached = ("get", *gemm(256, 256, 128), *TARGET, "--mode", "cached_only")
        self.assertNotEqual(other.run(*cached).returncode, 0)
        other.json("trust", "add", signer, "--name", "tuning host")
        winner = other.json("list")
        self.assertEqual(winner["provenance"], "imported")
        self.assertIsNone(winner["measured_seconds"])
        got = other.json("get", *gemm(256, 256, 128), *TARGET, "--mode", "cached_only")
        self.assertEqual(got["provenance"], "imported")

    def test_a_restore_that_is_refused_says_why_wherever_the_log_goes(self):
        place = self.place
        backup = place.folder / "backup.db"
        place.environment["TILEWRIGHT_LOG_FILE"] = str(place.folder / "daemon.log")
        daemon = place.serve()
        self.assertEqual(place.json("backup", backup)["file"], str(backup))
        refused = place.run("restore", backup, "--json")
        self.assertEqual(refused.returncode, 4, refused.stderr)
        error = json.loads(refused.stdout)["error"]
        self.assertEqual(error["reason"], "CACHE_IN_USE")
        self.assertIn(f"`kill {daemon.pid}`", refused.stderr)
        daemon.terminate()
        daemon.wait(timeout=30)
        missing = place.run("restore", place.folder / "missing.db")
        self.assert_error(missing, 3, "is no file that can be read [FILE_NOT_READABLE]")
        restored = place.json("restore", backup)
        self.assertEqual(restored["restored"], str(backup))
        self.assertTrue(pathlib.Path(restored["kept"]).is_file())

    def test_a_sweep_goes_on_where_it_was_killed(self):
        suite = self.place.folder / "suite.csv"
        suite.write_text(SUITE)
        command = ("sweep", suite, *TARGET, *FEW, "--json")
        daemon = self.place.serve()
        first = self.place.start(*command)
        done_before = json.loads(first.stdout.readline())
        self.assertEqual(done_before["name"], "a")
        kill(first)
        kill(daemon)

        self.place.serve()
        second = self.place.run(*command)
        self.assertEqual(second.returncode, 0, second.stderr)
        *problems, summary = map(json.loads, second.stdout.splitlines())
        self.assertEqual([problem["name"] for problem in problems], ["a", "b", "c"])
        self.assertEqual((summary["state"], summary["done"]), ("succeeded", 3))
        self.assertEqual(
            problems[0]["winner"]["create_time"], done_before["winner"]["create_time"]
        )
        self.assertIn("3 done before", self.place.run(*command).stderr)

    def test_a_sweep_of_a_bad_file_says_the_line(self):
        suite = self.place.folder / "suite.csv"
        suite.write_text(SUITE + "d,nt,12x,1,1\n")
        self.assert_error(self.place.run("sweep", suite, *TARGET), 2, "suite.csv:4: m: ")

    def test_an_interrupt_ends_a_tuning(self):
        self.place.serve()
        process = self.place.start("tune", *gemm(4096, 4096, 4096), *TARGET)
        self.assertIn("%", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("interrupted", err)

    def test_bench_reports_a_suite(self):
        suite = self.place.folder / "suite.csv"
        suite.write_text(SUITE)
        report_file = self.place.folder / "report.json"
        done = self.place.run("bench", "--suite", suite, "--json", report_file, *TARGET, *FEW)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("PREDICTED", done.stdout)
        report = json.loads(report_file.read_text())
        self.assertEqual([result["name"] for result in report["results"]], ["a", "b", "c"])
        self.assertEqual(report["summary"]["failed"], 0)
        self.assertIsNone(report["results"][0]["templates"])

    def test_completion_completes(self):
        script = self.place.run("completion", "bash").stdout
        for words, expected in [
            (["tilewright", "tu"], "tune"),
            (["tilewright", "tune", "g"], "gemm"),
            (["tilewright", "tune", "gemm", "--max-c"], "--max-candidates"),
            (["tilewright", "tune", "gemm", "--activation", "si"], "silu"),
            (["tilewright", "completion", "fi"], "fish"),
        ]:
            ask = (
                f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}\n"
                '_tilewright; printf "%s " "${COMPREPLY[@]}"'
            )
            out = subprocess.run(["bash", "-c", ask], capture_output=True, text=True).stdout
            self.assertEqual(out.split(), [expected], words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
