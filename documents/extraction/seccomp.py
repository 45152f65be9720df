"""A filter in the kernel that refuses the system calls which reading a document never needs.

It refuses by name what reaches out (the network, other processes, other programs) or changes
a file, and lets everything else pass, so that it does not depend on what an interpreter or a
C library of some version calls besides.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Iterator
from functools import cache

# The numbers of each system call: on x86_64, and on aarch64, which never had some of them.
# To receive is not among them: what was never connected has nothing to receive.
_REFUSED: dict[str, tuple[int, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "connect": (42, 203),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvmmsg": (299, 243),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setpgid": (109, 154),
    "setsid": (112, 157),
    "setpriority": (141, 140),
    "setrlimit": (160, 164),
    "personality": (135, 92),
    "creat": (85, None),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rmdir": (84, None),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
}
# A filter cannot look behind their pointers. The C library takes this answer for an old
# kernel's, and comes back with clone and openat.
_UNKNOWN: dict[str, tuple[int, int | None]] = {"clone3": (435, 435), "openat2": (437, 437)}

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CLONE_THREAD = 0x00010000
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP = 1, 22
_SECCOMP_MODE_FILTER = 2

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW = (_RETURN, 0, 0, 0x7FFF0000)
_REFUSE, _SAY_UNKNOWN = ((_RETURN, 0, 0, 0x00050000 | code) for code in (errno.EPERM, errno.ENOSYS))
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

Instruction = tuple[int, int, int, int]

_LIBC = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """This kernel, or this machine, has no such filter."""


def refuse_what_reading_never_needs() -> None:
    """For this process from now on. Needs no_new_privs. Raises Unavailable."""
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        raise Unavailable(f"seccomp (no filter for {machine})")
    program = _for_all(machine) + _packed(_for_this_process(machine))
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    if _LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0):
        raise Unavailable(f"seccomp ({os.strerror(ctypes.get_errno())})")


def prepare() -> None:
    """What is the same for every child, done before there is one."""
    if os.uname().machine in _ARCHITECTURES:
        _for_all(os.uname().machine)


@cache
def _for_all(machine: str) -> bytes:
    return _packed(_refusals(machine))


def _packed(instructions: Iterable[Instruction]) -> bytes:
    return b"".join(struct.pack("HBBI", *each) for each in instructions)


def _refusals(machine: str) -> Iterator[Instruction]:
    column, architecture = _ARCHITECTURES[machine]
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, architecture
    yield _REFUSE  # another set of numbers, as of 32-bit programs
    yield _LOAD, 0, 0, _NUMBER
    yield _AT_LEAST, 0, 1, _X32_BIT
    yield _REFUSE
    for calls, verdict in ((_REFUSED, _REFUSE), (_UNKNOWN, _SAY_UNKNOWN)):
        for numbers in calls.values():
            yield from _if_number(numbers[column], verdict)
    for numbers, tests in _by_arguments():
        yield from _if_number(numbers[column], *tests)


def _for_this_process(machine: str) -> Iterator[Instruction]:
    column, _ = _ARCHITECTURES[machine]
    for numbers in ((62, 129), (234, 131)):  # kill and tgkill: itself, as abort does
        tests = _if_argument(0, _EQUAL, os.getpid(), then=_ALLOW, otherwise=_REFUSE)
        yield from _if_number(numbers[column], *tests)
    yield _ALLOW


def _if_number(number: int | None, *then: Instruction) -> Iterator[Instruction]:
    if number is not None:
        yield _EQUAL, 0, len(then), number
        yield from then


def _by_arguments() -> Iterator[tuple[tuple[int, int | None], list[Instruction]]]:
    """What some arguments make harmless: the numbers, and a verdict over the arguments."""
    refused_if, allowed_if = (_REFUSE, _ALLOW), (_ALLOW, _REFUSE)
    for numbers, argument, test, value, (then, otherwise) in (
        ((2, None), 1, _ANY_BIT, _WRITING, refused_if),  # open
        ((257, 56), 2, _ANY_BIT, _WRITING, refused_if),  # openat
        ((56, 220), 0, _ANY_BIT, _CLONE_THREAD, allowed_if),  # clone: a thread may be
        ((157, 167), 0, _EQUAL, _PR_SET_PDEATHSIG, refused_if),  # prctl
    ):
        yield numbers, _if_argument(argument, test, value, then=then, otherwise=otherwise)
    yield (302, 261), _if_null(2)  # prlimit64: to ask is free, to set is not


def _if_argument(
    argument: int, test: int, value: int, *, then: Instruction, otherwise: Instruction
) -> list[Instruction]:
    return [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), (test, 0, 1, value), then, otherwise]


def _if_null(argument: int) -> list[Instruction]:
    """A pointer is two words to a filter, the lower one first."""
    low, high = _ARGUMENTS + 8 * argument, _ARGUMENTS + 8 * argument + 4
    return [
        (_LOAD, 0, 0, low),
        (_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, high),
        (_EQUAL, 0, 1, 0),
        _ALLOW,
        _REFUSE,
    ]
