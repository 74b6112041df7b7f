"""Copies of the sources that are changed, built and run."""
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import cage

PROGRAMS = ["build/tests/check_all", "build/tolka"]
GIGABYTES = 6
# Machines are busy: what does not end is told by its processor time; this is for what waits.
PATIENCE = 20


def tracked():
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    return [name for name in names.stdout.split("\n") if name and os.path.isfile(name)]


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Tree:
    def __init__(self, path, flags, slower=1):
        self.path, self.flags, self.slower = path, flags, slower
        self.said = ""
        self.running = None
        self.program = None

    def within(self, name):
        return os.path.join(self.path, name)

    def write(self, name, content):
        """With the time of now: what was made of other content is made anew."""
        os.makedirs(os.path.dirname(self.within(name)), exist_ok=True)
        with open(self.within(name), "wb") as file:
            file.write(content)

    def begin_as(self, other):
        """With what was built there, which saves the time to build it."""
        if not os.path.exists(self.path):
            shutil.copytree(other, self.path, symlinks=True)

    def copy_sources(self):
        """Whatever a run that was killed has left there."""
        names = tracked()
        for name in names:
            content = read(name)
            if not os.path.exists(self.within(name)) or read(self.within(name)) != content:
                self.write(name, content)
            os.chmod(self.within(name), os.stat(name).st_mode)
        for folder, _, files in os.walk(self.path):
            for file in files:
                name = os.path.relpath(os.path.join(folder, file), self.path)
                if not name.startswith("build/") and name not in names:
                    os.unlink(self.within(name))

    @contextlib.contextmanager
    def changed(self, name, text, original):
        self.write(name, text.encode())
        try:
            yield
        finally:
            self.write(name, original.encode())

    def build(self):
        # A warning would tell of many changes, but it would be no test that does.
        command = ["make", "-j2", "-s", "WARNINGS=-w", *self.flags, *PROGRAMS]
        made = subprocess.run(command, cwd=self.path, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, start_new_session=True)
        self.said = made.stderr[-2000:]
        return made.returncode == 0

    def digest(self):
        """Of the program without what tells lines and versions."""
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run(["strip", "-s", "-R", ".note.gnu.build-id", "-o", file.name,
                            self.within(PROGRAMS[0])], check=True)
            return hashlib.sha256(read(file.name)).digest()

    def remember_program(self):
        self.program = self.digest()

    def is_same_program(self):
        return self.digest() == self.program

    def start(self, suite, log, seconds):
        environment = dict(os.environ, CK_RUN_SUITE=suite, CK_TAP_LOG_FILE_NAME=log, HOME="/tmp",
                           TOLKA="build/tolka", CK_TIMEOUT_MULTIPLIER=str(PATIENCE),
                           ASAN_OPTIONS=f"hard_rss_limit_mb={GIGABYTES << 10}")
        for name in ("TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
            environment.pop(name, None)
        # Sanitizers reserve more addresses than any limit allows; they have one of their own.
        gigabytes = GIGABYTES if not self.flags else 0
        command = [sys.executable, os.path.abspath(cage.__file__), str(seconds * self.slower),
                   str(gigabytes), PROGRAMS[0]]
        return subprocess.Popen(cage.namespaces(command), cwd=self.path, env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, start_new_session=True)

    def failing_test(self, suite, seconds):
        """(the first test of a suite that fails, or None; whether nothing came of it)."""
        log = "build/mutants.tap"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.within(log))
        deadline = time.time() + PATIENCE * seconds * self.slower
        self.running = self.start(suite, log, seconds)
        try:
            return self.follow(self.within(log), deadline)
        finally:
            self.kill()

    def follow(self, log, deadline):
        while True:
            try:
                self.running.wait(0.05)
            except subprocess.TimeoutExpired:
                pass
            lines = read(log).decode("utf-8", "replace").splitlines() if os.path.exists(log) else []
            failed = next((line for line in lines if line.startswith("not ok")), None)
            if failed:
                return failed.split(" - ", 1)[-1], "timeout" in failed or "Killed" in failed
            if self.running.returncode is not None:
                return self.verdict(lines)
            if time.time() > deadline:
                return "the suite does not end", True

    def verdict(self, lines):
        """Of a suite that has ended without a test that failed."""
        if self.running.returncode:
            said = self.running.stderr.read().decode("utf-8", "replace")
            return f"exit status {self.running.returncode} {said[-300:]}", False
        if not any(line.startswith("ok") for line in lines):
            return "no such tests", False
        return None, False

    def kill(self):
        """What runs here now, with all that it has started."""
        if self.running and self.running.returncode is None:
            self.running.kill()
            self.running.wait()
