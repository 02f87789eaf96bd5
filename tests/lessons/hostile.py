"""What a submission can try: ways to read a file, to look into memory, and to change files, as bodies of functions.

`SECRET` is a file with the answer, in the folder `FOLDER`; `VICTIM` a file of somebody else in `AT`; `PARENT` the
number of the checker's process. A way succeeds if it returns something true (for READS and MEMORY), or does not raise
(for CHANGES).
"""

ANSWER = "(n + 2 * padding - k) // stride + 1"  # what is looked for

READS = {
    "open": "return open(SECRET).read()",
    "path": "return __import__('pathlib').Path(SECRET).read_text()",
    "os_open": "return os.read(os.open(SECRET, os.O_RDONLY), 99)",
    "dir_fd": "at = os.open(FOLDER, os.O_RDONLY); return os.read(os.open('solutions.py', os.O_RDONLY, dir_fd=at), 99)",
    "chdir": "os.chdir(FOLDER); return open('solutions.py').read()",
    "fchdir": "os.fchdir(os.open(FOLDER, os.O_PATH)); return open('solutions.py').read()",
    "a_link_made_now": "os.symlink(SECRET, '/tmp/' + MARK); return open('/tmp/' + MARK).read()",
    "a_hard_link_made_now": "os.link(SECRET, FOLDER + '/linked'); return open(FOLDER + '/linked').read()",
    "linecache": "import linecache; return linecache.getlines(SECRET)",
    "tokenize": "import tokenize; return tokenize.open(SECRET).read()",
    "fileinput": "import fileinput; return list(fileinput.input([SECRET]))",
    "loader": "import importlib.machinery as m; return m.SourceFileLoader('s', SECRET).get_data(SECRET)",
    "runpy": "import runpy; return runpy.run_path(SECRET)",
    "pyc": "import marshal; return marshal.loads(open(PYC, 'rb').read()[16:])",
    "git": "import glob, zlib; return zlib.decompress(open(glob.glob(FOLDER + '/.git/objects/*/*')[0], 'rb').read())",
    "zipimport": "import zipimport; return zipimport.zipimporter(FOLDER + '/course.zip').get_source('solutions')",
    "fromfile": "return np.fromfile(SECRET, np.uint8).any()",
    "memmap": "return np.memmap(SECRET, np.uint8, 'r').any()",
    "genfromtxt": "return np.genfromtxt(SECRET, str, delimiter='\\0', comments=None).size",
    "mmap": "import mmap; return mmap.mmap(os.open(SECRET, os.O_RDONLY), 0, access=mmap.ACCESS_READ)[:9]",
    "sendfile": "r, w = os.pipe(); return os.sendfile(w, os.open(SECRET, os.O_RDONLY), 0, 99)",
    "readline": "import readline; readline.read_history_file(SECRET); return readline.get_history_item(1)",
    "proc_self_root": "return open('/proc/self/root' + SECRET).read()",
    "proc_parent_root": "return open(f'/proc/{PARENT}/root' + SECRET).read()",
    "proc_parent_memory": "return open(f'/proc/{PARENT}/mem', 'rb')",
    "proc_parent_pipes": "return os.listdir(f'/proc/{PARENT}/fd')",
    "names_of_classmates": "return os.listdir(FOLDER)",
    "popen": "return os.popen('cat ' + SECRET).read()",
    "subprocess": "import subprocess; return subprocess.check_output(['cat', SECRET])",
    "posix_spawn": "os.waitpid(os.posix_spawn('/bin/cat', ['cat', SECRET], {}), 0); return True",
    "_posixsubprocess": """
        from _posixsubprocess import fork_exec
        (fail_r, fail_w), (out_r, out_w) = os.pipe(), os.pipe()
        new = (-1,) if sys.version_info >= (3, 11) else ()
        vfork = (True,) if sys.version_info >= (3, 11) else ()
        fork_exec([b'cat', SECRET.encode()], [b'/bin/cat'], True, (fail_w,), None, None, -1, -1, -1, out_w, -1, -1,
                  fail_r, fail_w, False, False, *new, None, None, None, -1, None, *vfork)
        os.close(out_w)
        return os.read(out_r, 99)""",
    "c_open": "c = C(); return c.read(c.open(SECRET.encode(), 0), ctypes.create_string_buffer(99), 99) > 0",
    "c_syscall": "return C().syscall(257, -100, SECRET.encode(), 0) > 0",
    "c_exec": "return C().system(b'cat ' + SECRET.encode() + b' > /dev/null') == 0",
    "c_ptrace": "return C().ptrace(0x4206, PARENT, 0, 0) == 0",
}

MEMORY = {  # these find nothing even without walls: the answer is not in this process
    "frames": """
        frame = sys._getframe()
        while frame:
            if ANSWER in repr(frame.f_locals) + repr({k: v for k, v in frame.f_globals.items() if k != 'ANSWER'}):
                return True
            frame = frame.f_back""",
    "objects": """
        import gc
        found = [o for o in gc.get_objects() if type(o) is type(C) and o.__name__ == 'output_size']
        others = [o for o in found if o.__globals__ is not globals()]
        return any(o(5, 3, 1, 0) == 3 for o in others)""",
    "modules": """
        others = {name: m for name, m in sys.modules.items() if m is not sys.modules[__name__]}
        found = [getattr(m, "output_size", None) for m in others.values()]  # a stand-in has every name
        return any(type(f) is type(C) for f in found) or any(name.startswith("minigen") for name in others)""",
    "importlib": "import minigen.lessons.course as c; return isinstance(c.all_lessons, type(importlib))",
    "descriptors": """
        for fd in range(3, 64):
            try:
                if ANSWER.encode() in os.pread(fd, 1 << 20, 0):
                    return True
            except OSError:
                pass""",
    "environment": "return any('lessons' in value or 'solutions' in value for value in os.environ.values())",
    "siblings": "import inspect; return ANSWER in inspect.getsource(conv_forward)",
}

CHANGES = {
    "write": "open(VICTIM, 'w').write('mine')",
    "new": "open(AT + '/new', 'x')",
    "dir_fd": "os.open('victim', os.O_WRONLY | os.O_TRUNC, dir_fd=os.open(AT, os.O_RDONLY))",
    "truncate": "os.truncate(VICTIM, 0)",
    "remove": "os.remove(VICTIM)",
    "unlink_at": "os.unlink('victim', dir_fd=os.open(AT, os.O_PATH))",
    "rename": "os.rename(VICTIM, AT + '/other')",
    "mkdir": "os.mkdir(AT + '/folder')",
    "symlink": "os.symlink(VICTIM, AT + '/link')",
    "link": "os.link(VICTIM, AT + '/link')",
    "mkfifo": "os.mkfifo(AT + '/pipe')",
    "mknod": "os.mknod(AT + '/node')",
    "rmtree": "import shutil; shutil.rmtree(AT)",
    "copy": "import shutil; shutil.copy(os.__file__, VICTIM)",
    "tempfile": "import tempfile; tempfile.NamedTemporaryFile(dir=AT, delete=False)",
    "anywhere": "open('/tmp/' + MARK, 'w'); os.remove('/tmp/' + MARK)",
    "shared_memory": "open('/dev/shm/' + MARK, 'w'); os.remove('/dev/shm/' + MARK)",
    "here": "open(MARK, 'w'); os.remove(MARK)",
    "logging": "import logging; logging.FileHandler(VICTIM).emit(logging.makeLogRecord({'msg': 'mine'}))",
    "save": "np.save(VICTIM + '.npy', np.zeros(3))",
    "tofile": "np.zeros(3).tofile(VICTIM)",
    "memmap": "np.memmap(VICTIM, np.uint8, 'r+')[0] = 0",
    "zipfile": "import zipfile; zipfile.ZipFile(AT + '/new.zip', 'w').writestr('a', 'b')",
    "profile": "import cProfile; p = cProfile.Profile(); p.runcall(int); p.dump_stats(VICTIM)",
    "dumb_dbm": "import dbm.dumb; dbm.dumb.open(AT + '/new', 'c')['a'] = 'b'",
    "dbm": "import dbm; dbm.open(AT + '/new', 'n')['a'] = 'b'",
    "shelve": "import shelve; shelve.open(AT + '/new')['a'] = 1",
    "sqlite": "import sqlite3; sqlite3.connect(AT + '/new').execute('create table a (b)')",
    "sqlite_attach": """
        import sqlite3
        base = sqlite3.connect(':memory:')
        base.execute('attach ? as x', (AT + '/new',))
        base.execute('create table x.a (b)')""",
    "readline": "import readline; readline.add_history('mine'); readline.write_history_file(VICTIM)",
    "c_open": "c = C(); CHECK(c.open(VICTIM.encode(), os.O_WRONLY | os.O_TRUNC))",
    "c_unlink": "CHECK(C().unlink(VICTIM.encode()))",
    "c_rename": "CHECK(C().rename(VICTIM.encode(), VICTIM.encode() + b'2'))",
    "c_system": "CHECK(-C().system(b'echo mine > ' + VICTIM.encode()))",
    "c_mount": "CHECK(C().mount(b'none', AT.encode(), b'tmpfs', 0, None))",
}
MODES = {  # Landlock alone does not stop these
    "chmod": "os.chmod(VICTIM, 0o777)",
    "chown": "os.chown(VICTIM, os.getuid(), os.getgid())",
    "utime": "os.utime(VICTIM, (1, 1))",
    "c_chmod": "CHECK(C().chmod(VICTIM.encode(), 0o777))",
}


def submission(ways, **names):
    """A submission whose output_size returns the names of the ways that succeeded. names: SECRET and so on."""
    lines = ["import importlib, os, sys", "import numpy as np", "try:", "    import ctypes", "except Exception:"]
    lines += ["    pass", "def C():", "    return ctypes.CDLL(None)", "def CHECK(result):"]
    lines += ["    if result < 0: raise OSError(result)"]
    lines += [f"{name} = {value!r}" for name, value in names.items()]
    lines += [f"ANSWER = {ANSWER[::-1]!r}[::-1]"]  # so that it is not found in this text
    for name, body in ways.items():
        place = f"    global VICTIM, AT; AT = f'{{ROOT}}/{name}'; VICTIM = AT + '/victim'" if "ROOT" in names else ""
        lines += [f"def way_{name}():", place, "    pass", _indented(body)]
    lines += ["def output_size(n, k, stride, padding):", "    succeeded = []"]
    for name in ways:
        lines += ["    try:", f"        found = way_{name}()"]
        lines += [f"        if found or {'ROOT' in names}: succeeded.append({name!r})"]
        lines += ["    except BaseException: pass"]
    return "\n".join([*lines, "    return succeeded"]) + "\n"


def _indented(body):
    lines = body.strip("\n").splitlines()
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join("    " + line[margin:] for line in lines)
