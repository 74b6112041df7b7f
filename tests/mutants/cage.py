#!/usr/bin/env python3
"""Runs a program that may do anything: cage.py SECONDS GIGABYTES COMMAND...

It writes nowhere but below the current directory, in a /tmp and a /dev/shm of its own, and to terminals
and the harmless devices; it takes no more than SECONDS of processor time and GIGABYTES of memory a process (0:
no limit), and leaves no process behind. It needs a Linux with user namespaces and Landlock (5.13)."""
import ctypes
import os
import resource
import struct
import sys

WRITE_FILE, REFER, TRUNCATE = 1 << 1, 1 << 13, 1 << 14
MAKE_AND_REMOVE = 0b111111111 << 4
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PLACES = ["/tmp", "/dev/shm"]
DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts"]


def places():
    return [path for path in PLACES if os.path.isdir(path)]


def namespaces(command):
    """The command with places of its own, in a room that is swept when its first process is gone."""
    enter = ["unshare", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child",
             "--mount-proc"]
    mounts = "".join(f"mount -t tmpfs -o size=1g tmpfs {path} && " for path in places())
    return enter + ["sh", "-c", mounts + '"$@"; exit $?', "sh"] + command


def call(libc, *arguments):
    result = libc.syscall(*arguments)
    if result < 0:
        sys.exit(f"cage: {os.strerror(ctypes.get_errno())}: no Landlock here?")
    return result


def write_only_below(folders, devices):
    libc = ctypes.CDLL(None, use_errno=True)
    version = call(libc, CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    on_files = WRITE_FILE | (TRUNCATE if version >= 3 else 0)
    rights = on_files | MAKE_AND_REMOVE | (REFER if version >= 2 else 0)
    rules = call(libc, CREATE_RULESET, struct.pack("Q", rights), ctypes.c_size_t(8), 0)
    for path in folders + devices:
        beneath = os.open(path, os.O_PATH)
        allowed = rights if path in folders else on_files
        call(libc, ADD_RULE, rules, 1, struct.pack("=Qi", allowed, beneath), 0)
        os.close(beneath)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges: what Landlock asks for
    call(libc, RESTRICT_SELF, rules, 0)


def limit(seconds, gigabytes):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if gigabytes:
        resource.setrlimit(resource.RLIMIT_AS, (gigabytes << 30, gigabytes << 30))


def main():
    seconds, gigabytes, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    write_only_below([".", *places()], [path for path in DEVICES if os.path.exists(path)])
    limit(seconds, gigabytes)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
