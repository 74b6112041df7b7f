"""tolka.py (MORTAL_REAL), but the first process that has translated the line in the file "line" of
MORTAL_FOLDER is killed then with the program that started it, a Java machine of Spark's."""

import importlib.util
import os
import pathlib
import signal
import sys
import time

FOLDER = pathlib.Path(os.environ["MORTAL_FOLDER"])
LINE = (FOLDER / "line").read_text().rstrip("\n")

_spec = importlib.util.spec_from_file_location("real_tolka", os.environ["MORTAL_REAL"])
_real = importlib.util.module_from_spec(_spec)
sys.modules["real_tolka"] = _real
_spec.loader.exec_module(_real)
Model = _real.Model


def java_machine():
    process = os.getpid()
    while pathlib.Path(f"/proc/{process}/comm").read_text() != "java\n":
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        process = int(status.split("PPid:")[1].split()[0])
    return process


_translate_all = _real.Translator.translate_all


def translate_all(self, texts, prefixes=None):
    results = _translate_all(self, texts, prefixes)
    if LINE in texts and not (FOLDER / "died").exists():
        (FOLDER / "died").mkdir()
        os.kill(java_machine(), signal.SIGKILL)
        time.sleep(60)
    return results


_real.Translator.translate_all = translate_all
