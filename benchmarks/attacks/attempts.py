"""The attempts: name -> the body of a function of a toolbox, and what stands before all of them."""

SECRET = "a-planted-secret-4711"
REACHED = "REACHED"
DOCUMENTED = ("sizes and dates of files outside", "whether a file outside exists", "where a link outside points")
"""Attempts that no mechanism in use contains: Landlock does not limit what is asked about a file, only its contents."""

HEAD = """
import ctypes, gc, io, json, os, resource, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, threading, time
import numpy
import pandas
import pyarrow
import pyarrow.csv
import pyarrow.fs

OUTSIDE, HOST, PORT, UNIX, ABSTRACT, HERE = SETTINGS
SECRET_FILE = OUTSIDE + "/secret.txt"
TMP = os.environ["TMPDIR"]
libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    libc.syscall.restype = ctypes.c_long
    returned = libc.syscall(ctypes.c_long(number), *arguments)
    if returned < 0:
        raise OSError(ctypes.get_errno(), "system call")
    return returned


def connected(made):
    made.sendall(b"hello")
    return made


def descriptors():
    return [int(each) for each in os.listdir("/proc/self/fd") if int(each) > 2]
"""

ATTEMPTS: dict[str, str] = {
    # reading, by the standard library
    "read a file outside": "return open(SECRET_FILE).read()",
    "read by os.open": "return os.read(os.open(SECRET_FILE, os.O_RDONLY), 99).decode()",
    "read by io.FileIO": "return io.FileIO(SECRET_FILE).read().decode()",
    "read through ..": "return open(HERE + '/../outside/secret.txt').read()",
    "read through a link": "os.symlink(SECRET_FILE, TMP + '/link'); return open(TMP + '/link').read()",
    "read through a hard link": "os.link(SECRET_FILE, TMP + '/hard'); return open(TMP + '/hard').read()",
    "read relative to a folder outside": (
        "folder = os.open(OUTSIDE, os.O_PATH); return os.read(os.open('secret.txt', os.O_RDONLY, dir_fd=folder), 99).decode()"
    ),
    "read an O_PATH descriptor again": (
        "one = os.open(SECRET_FILE, os.O_PATH); return open(f'/proc/self/fd/{one}').read()"
    ),
    "read after changing the folder": "os.chdir(OUTSIDE); return open('secret.txt').read()",
    "read through the file system's root": "return open('/proc/self/root' + SECRET_FILE).read()",
    "read through the host's root": "return open(f'/proc/{HOST}/root' + SECRET_FILE).read()",
    "the host's environment": "return 'REACHED' + open(f'/proc/{HOST}/environ').read()",
    "the host's command": "return 'REACHED' + open(f'/proc/{HOST}/cmdline').read()",
    "the host's memory": "return 'REACHED' + str(os.open(f'/proc/{HOST}/mem', os.O_RDONLY))",
    "the host's open files": "return 'REACHED' + str(os.listdir(f'/proc/{HOST}/fd'))",
    "the host's folder": "return 'REACHED' + os.readlink(f'/proc/{HOST}/cwd')",
    "users of the system": "return 'REACHED' + open('/etc/passwd').read()",
    "list a folder outside": "return 'REACHED' + str(os.listdir(OUTSIDE))",
    "scan a folder outside": "return 'REACHED' + str([each.name for each in os.scandir(OUTSIDE)])",
    "list processes": "return 'REACHED' + str([each for each in os.listdir('/proc') if each.isdigit()])",
    "copy a file outside": "return open(shutil.copyfile(SECRET_FILE, TMP + '/copy')).read()",
    "map a file outside": "import mmap; return bytes(mmap.mmap(os.open(SECRET_FILE, os.O_RDONLY), 0, prot=1)).decode()",
    "import from outside": "import importlib; sys.path.insert(0, OUTSIDE); return importlib.import_module('planted').VALUE",
    "a database outside": "return str(sqlite3.connect(OUTSIDE + '/data.db').execute('select * from t').fetchall())",
    "a database outside by its address": (
        "return str(sqlite3.connect('file:' + OUTSIDE + '/data.db?mode=ro', uri=True).execute('select * from t').fetchall())"
    ),
    "attach a database outside": (
        "c = sqlite3.connect(':memory:'); c.execute('attach ? as o', [OUTSIDE + '/data.db']); "
        "return str(c.execute('select * from o.t').fetchall())"
    ),
    "the environment": "return str(dict(os.environ)) + open('/proc/self/environ').read()",
    "objects in memory": "return str([each for each in gc.get_objects() if isinstance(each, dict) and 'HF_TOKEN' in each])",
    # reading, by libraries and system calls
    "read by NumPy": "return bytes(numpy.fromfile(SECRET_FILE, dtype='u1')).decode()",
    "map by NumPy": "return bytes(numpy.memmap(SECRET_FILE, dtype='u1', mode='r')).decode()",
    "read by pandas": "return str(pandas.read_csv(SECRET_FILE).columns)",
    "read by Arrow": "return pyarrow.OSFile(SECRET_FILE).read().decode()",
    "map by Arrow": "return pyarrow.memory_map(SECRET_FILE).read().decode()",
    "read CSV by Arrow": "return str(pyarrow.csv.read_csv(SECRET_FILE).column_names)",
    "the host's environment by Arrow": "return 'REACHED' + str(pyarrow.OSFile(f'/proc/{HOST}/environ'))",
    "list by Arrow": (
        "return 'REACHED' + str(pyarrow.fs.LocalFileSystem().get_file_info(pyarrow.fs.FileSelector(OUTSIDE)))"
    ),
    "read by libc": (
        "one = libc.open(SECRET_FILE.encode(), 0); data = ctypes.create_string_buffer(99); libc.read(one, data, 99); "
        "return data.value.decode()"
    ),
    "read by openat2": "how = (ctypes.c_uint64 * 3)(); return 'REACHED' + str(call(437, -100, SECRET_FILE.encode(), how, 24))",
    "a file by its handle": "handle = ctypes.create_string_buffer((128).to_bytes(4, 'little'), 200); return 'REACHED' + str(call(303, -100, b'/', handle, bytes(8), 0))",
    # writing
    "write a file outside": "open(SECRET_FILE, 'w').write('x'); return 'REACHED'",
    "append to a file outside": "open(SECRET_FILE, 'a').write('x'); return 'REACHED'",
    "make a file outside": "open(OUTSIDE + '/new', 'x').close(); return 'REACHED'",
    "write into the toolbox's folder": "open(HERE + '/new.py', 'w').write('x'); return 'REACHED'",
    "empty a file outside": "os.truncate(SECRET_FILE, 0); return 'REACHED'",
    "remove a file outside": "os.remove(SECRET_FILE); return 'REACHED'",
    "rename a file outside": "os.rename(SECRET_FILE, OUTSIDE + '/other'); return 'REACHED'",
    "move a file out": "os.rename(SECRET_FILE, TMP + '/mine'); return open(TMP + '/mine').read()",
    "move a file over one outside": "open(TMP + '/a', 'w').close(); os.replace(TMP + '/a', SECRET_FILE); return 'REACHED'",
    "make a folder outside": "os.mkdir(OUTSIDE + '/folder'); return 'REACHED'",
    "remove a folder outside": "shutil.rmtree(OUTSIDE); return 'REACHED'",
    "link from outside": "os.symlink('/etc', OUTSIDE + '/link'); return 'REACHED'",
    "make a FIFO outside": "os.mkfifo(OUTSIDE + '/fifo'); return 'REACHED'",
    "make a node outside": "os.mknod(OUTSIDE + '/node'); return 'REACHED'",
    "change dates outside": "os.utime(SECRET_FILE, (1, 1)); return 'REACHED'",
    "change the mode outside": "os.chmod(SECRET_FILE, 0o777); return 'REACHED'",
    "change the owner outside": "os.chown(SECRET_FILE, os.getuid(), os.getgid()); return 'REACHED'",
    "set an attribute outside": "os.setxattr(SECRET_FILE, 'user.x', b'1'); return 'REACHED'",
    "make a database outside": "sqlite3.connect(OUTSIDE + '/new.db').execute('create table t(a)'); return 'REACHED'",
    "copy a database outside": "sqlite3.connect(':memory:').execute('vacuum into ?', [OUTSIDE + '/new.db']); return 'REACHED'",
    "write by NumPy": "numpy.arange(3).tofile(SECRET_FILE); return 'REACHED'",
    "write by pandas": "pandas.DataFrame({'a': [1]}).to_csv(SECRET_FILE); return 'REACHED'",
    "write by Arrow": "pyarrow.OSFile(SECRET_FILE, 'w').write(b'x'); return 'REACHED'",
    "empty by Arrow": "pyarrow.fs.LocalFileSystem().open_output_stream(SECRET_FILE).close(); return 'REACHED'",
    "delete by Arrow": "pyarrow.fs.LocalFileSystem().delete_file(SECRET_FILE); return 'REACHED'",
    "delete a folder by Arrow": "pyarrow.fs.LocalFileSystem().delete_dir_contents(OUTSIDE); return 'REACHED'",
    "move by Arrow": "pyarrow.fs.LocalFileSystem().move(SECRET_FILE, OUTSIDE + '/moved'); return 'REACHED'",
    "unlink by libc": "return 'REACHED' if libc.unlink(SECRET_FILE.encode()) == 0 else ''",
    "truncate by libc": "return 'REACHED' if libc.truncate(SECRET_FILE.encode(), 0) == 0 else ''",
    "dates by a system call": "call(280, -100, SECRET_FILE.encode(), None, 0); return 'REACHED'",
    "shared memory": "open('/dev/shm/planted', 'w').write('x'); return 'REACHED'",
    "the host's score for memory": "open(f'/proc/{HOST}/oom_score_adj', 'w').write('1000'); return 'REACHED'",
    "a very large file": (
        "file = open(TMP + '/large', 'wb'); [file.write(bytes(1 << 20)) for _ in range(100)]; file.flush(); return 'REACHED'"
    ),
    # programs and processes
    "a shell": "return 'REACHED' if os.system('true') == 0 else ''",
    "a program by subprocess": "return 'REACHED' + subprocess.check_output(['id'], text=True)",
    "a program by _posixsubprocess": (
        "import _posixsubprocess as p; one, two = os.pipe(); return 'REACHED' + str(p.fork_exec([b'/bin/true'], [b'/bin/true'], "
        "True, (), None, None, -1, -1, -1, -1, -1, -1, one, two, False, False, 0, None, None, None, -1, None, False))"
    ),
    "a program by posix_spawn": "return 'REACHED' + str(os.posix_spawn('/bin/true', ['true'], {}))",
    "another program in its place": "os.execv('/bin/sleep', ['sleep', '30'])",
    "fork": "one = os.fork(); return 'REACHED' if one else os._exit(0)",
    "a child that lives on": (
        "one = libc.fork()\n    if one == 0:\n        libc.setsid(); time.sleep(30); os._exit(0)\n    return 'REACHED' if one > 0 else ''"
    ),
    "fork by a system call": "return 'REACHED' + str(call(57))",
    "clone by a system call": "return 'REACHED' + str(call(56, 17, None, None, None, None))",
    "clone3 by a system call": "return 'REACHED' + str(call(435, (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17), 88))",
    "a terminal": "import pty; return 'REACHED' + str(pty.fork())",
    "a process by multiprocessing": (
        "import multiprocessing as m; p = m.get_context('fork').Process(target=print); p.start(); return 'REACHED'"
    ),
    "a pool of processes": (
        "from concurrent.futures import ProcessPoolExecutor as P\n    with P(1) as pool:\n        return 'REACHED' + str(list(pool.map(str, [1])))"
    ),
    "a file in memory as a program": "one = os.memfd_create('x', 0); os.write(one, b'#!/bin/sleep 30\\n'); os.execve(one, ['x'], {})",
    # signals and other processes
    "signal the host": "os.kill(HOST, signal.SIGUSR1); return 'REACHED'",
    "signal its group": "os.killpg(os.getpgid(HOST), signal.SIGUSR1); return 'REACHED'",
    "signal by a process descriptor": "signal.pidfd_send_signal(os.pidfd_open(HOST), signal.SIGUSR1); return 'REACHED'",
    "signal by libc": "return 'REACHED' if libc.kill(HOST, 10) == 0 else ''",
    "signal a thread": "call(234, HOST, HOST, 10); return 'REACHED'",
    "queue a signal": "import struct; call(129, HOST, 10, struct.pack('iii', 10, 0, -1) + bytes(116)); return 'REACHED'",
    "signal by a file's owner": (
        "import fcntl; a, b = socket.socketpair(); fcntl.fcntl(a, fcntl.F_SETOWN, HOST); fcntl.fcntl(a, 10, 10); "
        "fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC); b.send(b'x'); time.sleep(0.1); return ''"
    ),
    "trace the host": "call(101, 16, HOST, None, None); return 'REACHED'",
    "the host's memory by a system call": (
        "data = ctypes.create_string_buffer(8); pair = (ctypes.c_uint64 * 2)(ctypes.addressof(data), 8); "
        "there = (ctypes.c_uint64 * 2)(id(int), 8); return 'REACHED' + str(call(310, HOST, pair, 1, there, 1, 0))"
    ),
    "the host's open file": "return 'REACHED' + str(call(438, call(434, HOST, 0), 0, 0))",
    "the host's priority": "os.setpriority(os.PRIO_PROCESS, HOST, 19); return 'REACHED'",
    "the host's processors": "os.sched_setaffinity(HOST, {0}); return 'REACHED'",
    "the host's limits": "resource.prlimit(HOST, resource.RLIMIT_NOFILE, (8, 8)); return 'REACHED'",
    "its own limits": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); return 'REACHED'",
    "its own limits by a system call": "call(160, 9, (ctypes.c_uint64 * 2)(2**63, 2**63)); return 'REACHED'",
    "much memory": "return 'REACHED' + str(len(bytearray(4 << 30)))",
    "many open files": "return 'REACHED' + str(len([os.open('/dev/zero', os.O_RDONLY) for _ in range(200)]))",
    "leave its group": "os.setsid(); return 'REACHED'",
    # network
    "TCP": "connected(socket.create_connection(('127.0.0.1', PORT), 1)); return 'REACHED'",
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT)); return 'REACHED'",
    "TCP by asyncio": "import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', PORT)); return 'REACHED'",
    "HTTP by urllib": "import urllib.request as u; u.urlopen(f'http://127.0.0.1:{PORT}/', timeout=1); return 'REACHED'",
    "HTTP by http.client": "import http.client as h; h.HTTPConnection('127.0.0.1', PORT).connect(); return 'REACHED'",
    "HTTP by pandas": "pandas.read_csv(f'http://127.0.0.1:{PORT}/'); return 'REACHED'",
    "names": "return 'REACHED' + str(socket.getaddrinfo('localhost', 80))",
    "listen": "socket.create_server(('127.0.0.1', 0)); return 'REACHED'",
    "a Unix socket": "a = socket.socket(socket.AF_UNIX); a.connect(UNIX); connected(a); return 'REACHED'",
    "an abstract Unix socket": "a = socket.socket(socket.AF_UNIX); a.connect('\\0' + ABSTRACT); connected(a); return 'REACHED'",
    "TCP by system calls": (
        "import struct; s = call(41, 2, 1, 0); call(42, s, struct.pack('<H', 2) + struct.pack('>H', PORT) + bytes([127, 0, 0, 1]) + "
        "bytes(8), 16); return 'REACHED'"
    ),
    "a Unix socket by system calls": (
        "import struct; s = call(41, 1, 1, 0); a = struct.pack('<H', 1) + UNIX.encode() + bytes(1); call(42, s, a, len(a)); "
        "return 'REACHED'"
    ),
    "a packet socket": "call(41, 17, 3, 768); return 'REACHED'",
    "netlink": "call(41, 16, 3, 0); return 'REACHED'",
    # the kernel
    "io_uring": "call(425, 8, bytes(120)); return 'REACHED'",
    "a namespace": "call(272, 0x10000000); return 'REACHED'",
    "mount": "call(165, b'none', TMP.encode(), b'tmpfs', 0, None); return 'REACHED'",
    "another root": "os.chroot(TMP); return 'REACHED'",
    "BPF": "call(321, 0, bytes(120), 120); return 'REACHED'",
    "userfaultfd": "call(323, 1); return 'REACHED'",
    "keys": "call(250, 0, -3, 0); return 'REACHED'",
    "performance events": "call(298, bytes(128), 0, -1, -1, 0); return 'REACHED'",
    "System V shared memory": "call(29, 4711, 4096, 0o1666); return 'REACHED'",
    "a message queue": "call(240, b'planted', 0o102, 0o666, None); return 'REACHED'",
    "32-bit numbers": "call(0x40000000 + 57); return 'REACHED'",
    # the worker's own pipe and time
    "noise on the pipe": "[os.write(each, b'noise' * 40) for each in descriptors()]; return ''",
    "a huge announcement": "[os.write(each, b'\\xff' * 8) for each in descriptors()]; time.sleep(30)",
    "a slow reply": (
        "for each in descriptors():\n        try: os.write(each, (1000).to_bytes(8, 'little'))\n        except OSError: pass\n"
        "    while True:\n        time.sleep(0.05)\n        for each in descriptors():\n            try: os.write(each, b' ')\n"
        "            except OSError: pass"
    ),
    "an old reply": (
        "data = json.dumps({'number': 0, 'result': {'call': None, 'content': 'REACHED'}, 'answer': None, 'last': None}).encode()\n"
        "    for each in descriptors():\n        try: os.write(each, len(data).to_bytes(8, 'little') + data)\n"
        "        except OSError: pass\n    return ''"
    ),
    "close the pipe": "[os.close(each) for each in descriptors()]; return 'REACHED'",
    "never return": "while True: pass",
    "never return, and ignore alarms": (
        "signal.signal(signal.SIGALRM, signal.SIG_IGN); signal.setitimer(signal.ITIMER_REAL, 0)\n    while True: pass"
    ),
    # what is not contained
    "sizes and dates of files outside": "return 'REACHED' + str(os.stat(SECRET_FILE).st_size)",
    "whether a file outside exists": "return 'REACHED' if os.path.exists(SECRET_FILE) else ''",
    "where a link outside points": "return 'REACHED' + os.readlink(OUTSIDE + '/pointer')",
}
