"""What shuts a submission in. Each wall is tried before it is trusted (`attempts`), and each has a test of its own.

    namespaces   Linux, where `unshare` may make them: a file system of `view` alone, read-only; no network, no other
                 process, no privileges. The program `unshare` has put this process into new namespaces.
    user         root becomes nobody, where there are no namespaces: what belongs to others cannot be changed.
    landlock     Linux 5.13: files outside `view` cannot be opened, none can be written; from 6.7 on no TCP, from 6.12
                 on no signals and no sockets of other processes. What needs no opening (times, modes) it leaves alone.
    hook         everywhere: Python's audit hook says in words what an exercise may not do. Code in C can go round it.

`view`: the folders and files that a submission may read, which are Python's own and NumPy's.
"""

import contextlib
import ctypes
import os
import socket
import struct
import sys
from collections.abc import Callable, Set
from typing import Any

NOBODY = 65534
AT_FDCWD = -100


def _check(result: int) -> int:
    """Raise what a C function has left in errno."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _c() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _no_new_privileges() -> None:
    set_no_new_privs = 38
    _check(_c().prctl(set_no_new_privs, 1, 0, 0, 0))


def namespaces(view: list[str]) -> None:
    """Leave the file system for a new one that holds `view` and nothing else, read-only; then drop all privileges."""
    bind_recursively, detach = 4096 | 16384, 2
    new = "/proc"  # any folder that is no part of the view
    c = _c()
    _check(c.mount(b"none", new.encode(), b"tmpfs", 0, b"mode=755"))
    for path in view:
        place = new + path
        os.makedirs(place if os.path.isdir(path) else os.path.dirname(place), exist_ok=True)
        if not os.path.isdir(path):
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
        _check(c.mount(os.fsencode(path), os.fsencode(place), None, bind_recursively, None))
    os.chdir(new)
    _check(c.pivot_root(b".", b"."))
    _check(c.umount2(b".", detach))
    os.chdir("/")
    mount_setattr, recursively, read_only_no_suid_no_dev = 442, 0x8000, 1 | 2 | 4
    attributes = struct.pack("=4Q", read_only_no_suid_no_dev, 0, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    _check(c.syscall(mount_setattr, AT_FDCWD, b"/", recursively, attributes, size))
    _no_new_privileges()
    _check(c.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24)))  # version 3 of the call, this process; no capability


def user(view: list[str]) -> None:
    """Become nobody."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    _no_new_privileges()


def landlock(view: list[str]) -> None:
    """Allow reading `view`, and refuse every other use of files that this kernel's Landlock knows."""
    create, add, restrict, path_beneath = 444, 445, 446, 1
    read_file, read_folder = 1 << 2, 1 << 3
    c = _c()
    version = _check(c.syscall(create, None, ctypes.c_size_t(0), 1))
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    asked = [rights, *([3] if version >= 4 else []), *([3] if version >= 6 else [])]  # files; TCP; sockets and signals
    attributes = struct.pack(f"={len(asked)}Q", *asked)
    rules = _check(c.syscall(create, attributes, ctypes.c_size_t(len(attributes)), 0))
    around = {os.path.dirname(path): read_folder for path in view}  # Python looks for a module by listing its folder
    inside = {path: read_file | (read_folder if os.path.isdir(path) else 0) for path in view}
    for path, allowed in {**around, **inside}.items():
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        _check(c.syscall(add, rules, path_beneath, struct.pack("=Qi", allowed, place), 0))
        os.close(place)
    _no_new_privileges()
    _check(c.syscall(restrict, rules, 0))
    os.close(rules)


REFUSED = {
    "os.system": "start programs",
    "os.fork": "start processes",
    "os.forkpty": "start processes",
    "os.kill": "send signals",
    "os.killpg": "send signals",
    "os.setxattr": "change files",
    "os.removexattr": "change files",
    "os.utime": "change files",
    "gc.get_objects": "look through the memory",
    "gc.get_referrers": "look through the memory",
    "gc.get_referents": "look through the memory",
    "sys.setprofile": "change how it is watched",
}
REFUSED_FAMILIES = {
    "socket.": "use the network",
    "subprocess.": "start programs",
    "os.exec": "start programs",
    "os.spawn": "start programs",
    "os.posix_spawn": "start programs",
    "os.startfile": "start programs",
    "ctypes.": "call C functions",
    "sqlite3.": "open databases",
    **dict.fromkeys(
        ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.ch", "shutil."),
        "change files",
    ),
}
REFUSED_MODULES = {  # what they do, no audit hook is told
    "_posixsubprocess": "start programs",
    "_ctypes": "call C functions",
    "readline": "use files behind Python's back",
    "_dbm": "open databases",
    "_gdbm": "open databases",
}


def hook(view: list[str], watchers: Callable[[object], bool] = lambda code: False) -> None:
    """From now on, say no to what no exercise needs: the network, processes, writing files, reading outside the view.

    An audit hook cannot be removed, but code in C need not ask it. It stops accidents and simple cheating.

    Args:
        watchers: whether a function's code may set the profile function.
    """
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def refused(event: str, args: tuple[Any, ...]) -> str:
        if event == "import":
            return REFUSED_MODULES.get(args[0].rpartition(".")[2], "")
        if event == "open":
            path, mode, flags = args
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & writing:
                return "write files"
            return "" if seen(path) else "read files"
        if event in ("os.listdir", "os.scandir"):
            return "" if seen(args[0], around) else "read folders"
        if event == "sys.setprofile" and watchers(sys._getframe(2).f_code):
            return ""
        return REFUSED.get(event) or next((w for f, w in REFUSED_FAMILIES.items() if event.startswith(f)), "")

    def ask(event: str, args: tuple[Any, ...]) -> None:
        what = refused(event, args)
        if what and event == "import":  # whoever can do without the module goes on
            raise ModuleNotFoundError(f"an exercise may not {what}")
        if what:
            raise PermissionError(f"an exercise may not {what}")

    def seen(path: object, as_well: Set[str] = frozenset()) -> bool:
        if not isinstance(path, (str, bytes)):
            return isinstance(path, int)  # what is open already
        place = os.path.realpath(os.fsdecode(path))
        return place in as_well or any(place == one or place.startswith(one + os.sep) for one in real)

    real = [os.path.realpath(path) for path in view]
    around = {os.path.dirname(path) for path in real}  # Python looks for a module by listing its folder
    sys.addaudithook(ask)


WALLS: dict[str, Callable[[list[str]], None]] = {"namespaces": namespaces, "landlock": landlock, "user": user}


def limit(memory: int, seconds: int) -> None:
    """Limit this process's memory (bytes), processor time and files, where the system knows such limits."""
    try:
        import resource
    except ImportError:  # Windows: only the parent's clock limits it
        return
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": seconds, "RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0}
    for name, most in limits.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):  # a system that knows it in name only
            resource.setrlimit(getattr(resource, name), (most, most))


# --------------------------------------------------------------------------------- what the walls are tried with


def attempts(folder: str, port: int, parent: int) -> dict[str, bool]:
    """Try to do harm; returns for each kind of harm whether the walls stopped it. Run without the hook.

    Args:
        folder: holds a file named secret. port: of 127.0.0.1, where someone listens. parent: a process that lives.
    """
    secret, other = os.path.join(folder, "secret"), os.path.join(folder, "other")

    def read() -> object:
        with open(secret, "rb") as file:
            return file.read(1)

    def write() -> object:
        with open(other, "wb") as file:
            return file.write(b"x")

    def move() -> None:
        os.rename(secret, secret + "2")
        os.rename(secret + "2", secret)

    def memory() -> object:
        with open(f"/proc/{parent}/mem", "rb"):
            return None

    def tcp() -> None:
        with socket.socket() as caller:
            caller.connect(("127.0.0.1", port))

    def udp() -> object:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            return sender.sendto(b"x", ("127.0.0.1", port))

    def signal() -> None:
        if parent == os.getpid():  # a number of another namespace
            raise ProcessLookupError
        os.kill(parent, 0)

    tried: dict[str, Callable[[], object]] = {
        "read": read,
        "list": lambda: os.listdir(folder),
        "write": write,
        "empty": lambda: os.truncate(secret, 0),
        "mode": lambda: os.chmod(secret, 0o600),
        "time": lambda: os.utime(secret, (1, 1)),
        "link": lambda: os.link(secret, other + "2"),
        "move": move,
        "delete": lambda: os.remove(secret),
        "program": lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}),
        "memory": memory,
        "tcp": tcp,
        "udp": udp,
        "signal": signal,
    }
    stopped = {}
    for name, attempt in tried.items():
        try:
            attempt()
            stopped[name] = False
        except OSError:
            stopped[name] = True
    return stopped
