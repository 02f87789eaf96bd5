"""Reading the few pickled values that CIFAR-10's files hold, without running anything else that a pickle may hold.

A pickle is a program for a machine with a stack, and it may call any function of Python: to load one from somebody
else is to run their program. This machine knows only the instructions that those files need. They build dictionaries,
lists, tuples, texts and integers; a call is only noted down, and nothing is called.

    } ] )      push an empty dictionary, list, tuple        K M J    push an integer of 1, 2, 4 bytes
    (          push a mark                                  U T X    push a text (and C B, of copies made by Python 3)
    q r  h j   keep the top under a number; push it again   e u t    what lies above the mark: into a list, into a
    c R b      name a function; call it; set its state               dictionary, into a tuple

Source: Python's pickletools, which describes each instruction.
"""

import struct
from typing import Any

MOST = 200_000  # instructions; a file of CIFAR-10 has some 40 000
NAMES = {  # what may be named, by the names that Python 2 and 3, NumPy 1 and 2 use
    (b"numpy.core.multiarray", b"_reconstruct"): "array",
    (b"numpy._core.multiarray", b"_reconstruct"): "array",
    (b"numpy", b"ndarray"): "ndarray",
    (b"numpy", b"dtype"): "dtype",
}
MARK = object()
TEXTS = {b"U": "B", b"T": "<i", b"X": "<I", b"C": "B", b"B": "<I"}  # the format of their length
INTEGERS = {b"K": "B", b"M": "<H", b"J": "<i"}
CONSTANTS: dict[bytes, Any] = {b"N": None, b"\x88": True, b"\x89": False}
TUPLES = {b")": 0, b"\x85": 1, b"\x86": 2, b"\x87": 3}


class Note:
    """A call that was not made: the name, the arguments, and the state that the result was to get."""

    __slots__ = ("arguments", "name", "state")

    def __init__(self, name: str, arguments: Any = None) -> None:
        self.name, self.arguments, self.state = name, arguments, None


def read_pickle(content: bytes) -> Any:
    """The value that a pickle of this kind holds; texts are bytes, and calls are Notes.

    Raises:
        ValueError: the pickle is damaged, or holds anything else; says what.
    """
    try:
        return _Machine(content).run()
    except (IndexError, struct.error, AttributeError, TypeError) as error:
        raise ValueError(f"damaged: {error}") from None


class _Machine:
    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0
        self.stack: list[Any] = []
        self.kept: dict[int, Any] = {}

    def take(self, n: int) -> bytes:
        """The next n bytes."""
        if not 0 <= n <= len(self.content) - self.at:
            raise ValueError(f"damaged: ends {n} bytes too early" if n > 0 else "damaged: a negative length")
        self.at += n
        return self.content[self.at - n : self.at]

    def number(self, kind: str) -> int:
        """The next integer, of a format of `struct`."""
        return int(struct.unpack(kind, self.take(struct.calcsize(kind)))[0])

    def line(self) -> bytes:
        """The text up to the next end of a line, which must be near."""
        end = self.content.find(b"\n", self.at, self.at + 100)
        if end < 0:
            raise ValueError("damaged: a name without an end")
        return self.take(end + 1 - self.at)[:-1]

    def since_mark(self) -> list[Any]:
        """What lies above the last mark; the mark is removed too."""
        values = []
        while (value := self.stack.pop()) is not MARK:
            values.append(value)
        return values[::-1]

    def run(self) -> Any:
        for _ in range(MOST):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            self.step(code)
        raise ValueError(f"has more than {MOST} instructions")

    def step(self, code: bytes) -> None:
        stack = self.stack
        if code in INTEGERS:
            stack.append(self.number(INTEGERS[code]))
        elif code in TEXTS:
            stack.append(self.take(self.number(TEXTS[code])))
        elif code in CONSTANTS:
            stack.append(CONSTANTS[code])
        elif code in TUPLES:
            n = TUPLES[code]
            stack.append(tuple(stack.pop() for _ in range(n))[::-1])
        elif code == b"t":
            stack.append(tuple(self.since_mark()))
        elif code in (b"q", b"r"):
            self.kept[self.number("B" if code == b"q" else "<I")] = stack[-1]
        elif code in (b"h", b"j"):
            number = self.number("B" if code == b"h" else "<I")
            if number not in self.kept:
                raise ValueError("damaged: asks for what was not kept")
            stack.append(self.kept[number])
        elif code == b"(":
            stack.append(MARK)
        elif code == b"}":
            stack.append({})
        elif code == b"]":
            stack.append([])
        elif code == b"\x80":
            self.take(1)  # the protocol: 2, or 3 for copies made by Python 3
        else:
            self.combine(code)

    def combine(self, code: bytes) -> None:
        """The instructions that put values into others, and those that name and call."""
        stack = self.stack
        if code in (b"a", b"e"):
            values = [stack.pop()] if code == b"a" else self.since_mark()
            self.top(list).extend(values)
        elif code in (b"s", b"u"):
            values = [stack.pop(), stack.pop()][::-1] if code == b"s" else self.since_mark()
            for key, value in zip(values[::2], values[1::2], strict=True):
                if not isinstance(key, bytes):  # a tuple of tuples of tuples could take forever to hash
                    raise ValueError("has a key that is no text")
                self.top(dict)[key] = value
        elif code == b"c":
            name = self.line(), self.line()
            if name not in NAMES:
                raise ValueError(f"names {b'.'.join(name).decode('ascii', 'replace')!r}, which no data set needs")
            stack.append(NAMES[name])
        elif code == b"R":
            arguments, name = stack.pop(), stack.pop()
            if name not in ("array", "dtype") or not isinstance(arguments, tuple):
                raise ValueError("calls what is no array")
            stack.append(Note(name, arguments))
        elif code == b"b":
            state = stack.pop()
            self.top(Note).state = state
        else:
            raise ValueError(f"has the instruction {code!r}, which no data set needs")

    def top(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise ValueError(f"damaged: a {kind.__name__.lower()} is missing")
        return self.stack[-1]
