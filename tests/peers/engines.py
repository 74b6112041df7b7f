"""The engines: where their Python is, which models and work they can do, and their processes."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Failure(Exception):
    """What the user is told when a part cannot run."""


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


def python_of(engine):
    """That of the environment that run.sh made for this engine."""
    return os.path.join(ROOT, "build", "peers-venv", engine, "bin", "python")


def run(command, **options):
    """Runs a command to its end; its errors become a Failure."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                            **options)
    if result.returncode != 0:
        said = last_line(result.stderr.decode("utf-8", "replace"))
        raise Failure("%s ended with %d: %s" % (" ".join(command[:3]), result.returncode, said))
    return result.stdout


class Worker:
    """A process with one engine and one model (worker.py)."""

    def __init__(self, engine, threads, arguments, log):
        self.engine = engine
        self.log = log
        command = [python_of(engine), "-B", os.path.join(HERE, "worker.py"), engine, str(threads)]
        command += ["%s=%s" % pair for pair in arguments.items()]
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        held = environment.get("CT2_FORCE_CPU_ISA")
        if held:  # CTranslate2's own kernels heed it; those libraries multiply most matrices
            environment.setdefault("MKL_ENABLE_INSTRUCTIONS", held)
            environment.setdefault("ONEDNN_MAX_CPU_ISA", held)
        environment.setdefault("TOLKA_LIBRARY", os.path.join(ROOT, "build", "libtolka.so.0"))
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                                            stdout=subprocess.PIPE, stderr=errors, env=environment)
        try:
            self.about = self.read()
        except Failure:
            self.close()
            raise

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise Failure("%s: %s" % (self.engine, last_line(file.read())))
        return json.loads(line)

    def translate(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it says why, and read() that it does
        return self.read()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:  # interrupted in the midst of work
            self.process.kill()
            self.process.wait()


class Peer:
    """What an engine beside tolka can do."""

    def __init__(self, name, models, types, max_beam=64, long=False):
        self.name = name
        self.models = models
        self.types = types
        self.max_beam = max_beam
        self.long = long  # can it generate less than the source has?

    def can(self, model, row):
        is_long = row.source_length is not None
        return (model in self.models and row.type in self.types and row.beam <= self.max_beam
                and (self.long or not is_long))

    def ways(self, threads):
        """Further arguments: with several threads the better way counts."""
        if self.name == "ctranslate2" and threads > 1:
            return [{}, {"spread": "yes"}]
        return [{}]


PEERS = [
    Peer("ctranslate2", ("shipped", "opus", "m2m100"), ("int8", "f32"), long=True),
    Peer("slimt", ("student",), ("int8",), max_beam=1),
    Peer("marian", ("opus", "m2m100", "student"), ("int8", "f32")),
    Peer("pytorch", ("shipped", "opus"), ("f32",), long=True),
]
