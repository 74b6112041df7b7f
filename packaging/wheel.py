"""Packs the library, tolka.py and the model that ships into a wheel: python3 packaging/wheel.py BUILD
[--into FOLDER]. Libraries that are not on every Linux (SentencePiece, ICU, MD4C) travel with it if
patchelf is here, which tells libtolka to look beside itself; without it, the wheel needs the system's.
The same files give the same wheel."""

import argparse
import base64
import hashlib
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = "tolka-en-de-fr.gguf"
# What every Linux has, and what has to be the system's own.
SYSTEM = re.compile(r"^(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so)")
TEXTS = {"LICENSE": ROOT / "LICENSE", "MODEL.md": ROOT / "models/pretrained/README.md"}


def version():
    header = (ROOT / "engine/tolka.h").read_text()
    return re.search(r'#define TOLKA_VERSION "(.*)"', header)[1]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(library):
    """Libraries that travel with it: name and place of each."""
    found = re.findall(r"(\S+) => (/\S+)", run("ldd", str(library)))
    return {name: path for name, path in found if not SYSTEM.match(name)}


def copy_libraries(library, folder):
    """The library and what it needs, each of which looks beside itself."""
    copied = [shutil.copy(library, folder / "libtolka.so.0")]
    others = needed(library)
    run("strip", "--strip-unneeded", copied[0])
    if not shutil.which("patchelf"):
        print("wheel: no patchelf: the wheel needs", *sorted(others), "of the system",
              file=sys.stderr)
        return
    copied += [shutil.copy(path, folder / name) for name, path in others.items()]
    for path in copied:
        run("patchelf", "--set-rpath", "$ORIGIN", str(path))


def licences(folder, names):
    """Debian keeps what may be done with each library."""
    for name in names:
        owner = subprocess.run(["dpkg", "-S", "*/" + name], capture_output=True, text=True)
        package = owner.stdout.split(":")[0]
        copyright = pathlib.Path("/usr/share/doc", package, "copyright")
        if package and copyright.exists():
            shutil.copy(copyright, folder / f"{package}-copyright.txt")


def gather(build, folder):
    package = folder / "tolka"
    package.mkdir()
    shutil.copy(ROOT / "examples/tolka.py", package / "__init__.py")
    (package / "py.typed").touch()
    shutil.copy(ROOT / "models/pretrained" / MODEL, package / MODEL)
    copy_libraries(build / "libtolka.so", package)
    info = folder / f"tolka-{version()}.dist-info"
    (info / "licenses").mkdir(parents=True)
    for name, path in TEXTS.items():
        shutil.copy(path, info / "licenses" / name)
    licences(info / "licenses", [path.name for path in package.glob("lib*.so*")])
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: tolka\nVersion: {version()}\n"
        "Summary: Runs trained encoder-decoder transformers: translation and text-to-text\n"
        "License: MIT; the model CC BY 4.0\nRequires-Python: >=3.9\n"
        "Provides-Extra: arrays\nRequires-Dist: numpy; extra == 'arrays'\n")
    (info / "WHEEL").write_text(
        f"Wheel-Version: 1.0\nGenerator: tolka\nRoot-Is-Purelib: false\nTag: {tag()}\n")
    return info


def tag():
    return f"py3-none-linux_{platform.machine()}"


def digest(path):
    found = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def pack(folder, info, into):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    lines = [f"{name},sha256={digest(path)},{path.stat().st_size}\n"
             for name, path in zip(names, files)]
    record = info / "RECORD"
    record_name = record.relative_to(folder).as_posix()
    record.write_text("".join(lines) + f"{record_name},,\n")
    into.mkdir(parents=True, exist_ok=True)
    wheel = into / f"tolka-{version()}-{tag()}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in zip(names + [record_name], files + [record]):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if ".so" in name else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return wheel


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--into", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        info = gather(arguments.build, folder)
        wheel = pack(folder, info, arguments.into or arguments.build)
    print(f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB")


main()
