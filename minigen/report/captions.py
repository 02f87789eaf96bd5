"""Texts in files of sound: a WAV can hold a comment, and a MIDI file texts; other programs show both.

    WAV     RIFF size "WAVE", then chunks: name, size (uint32), content filled up to an even length
            "LIST" size "INFO" "ICMT" size text 0                       the comment, in UTF-8: here a text a line
    MIDI    "MThd" 6 ..., then tracks: "MTrk", size (big-endian), events
            0 FF 01 size text                                           a text event at the beginning of a track

Sources: Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft 1991), chapter 2; Standard MIDI
Files 1.0 (MIDI Manufacturers Association 1988).
"""

import struct
from collections.abc import Iterator, Mapping

LENGTH = 2000  # of a text
MOST = 64  # texts that are read


def captioned(content: bytes, texts: Mapping[str, str]) -> bytes:
    """The content of a WAV or MIDI file with texts, by name, besides those that it has."""
    lines = [_line(f"{name}: {text}") for name, text in texts.items()]
    if content[:4] == b"MThd":
        head, track = content[:14], content[22:]  # the first track's texts stand before all else
        events = b"".join(_text_event(line.encode("utf-8", "replace")) for line in lines)
        (size,) = struct.unpack(">I", content[18:22])
        return head + b"MTrk" + struct.pack(">I", size + len(events)) + events + track
    had = [f"{name}: {text}" for name, text in captions(content).items()]
    comment = "\n".join([*had, *lines]).encode("utf-8", "replace") + b"\0"
    others = b"".join(_chunk(name, part) for name, part in _chunks(content) if name != b"LIST")
    return _chunk(b"RIFF", b"WAVE" + others + _chunk(b"LIST", b"INFO" + _chunk(b"ICMT", comment)))


def captions(content: bytes) -> dict[str, str]:
    """The texts of a WAV or MIDI file, by name; of one that is damaged, those that can be read."""
    if content[:4] == b"MThd":
        lines = list(_texts_of_midi(content))
    else:
        lines = []
        for name, part in _chunks(content):
            if name == b"LIST" and part[:4] == b"INFO":
                for field, text in _chunks(b"RIFF\0\0\0\0" + part):
                    lines += text.rstrip(b"\0").decode("utf-8", "replace").split("\n") if field == b"ICMT" else []
    found = [_line(line).partition(": ") for line in lines[:MOST]]
    return {name if colon else "Text": text if colon else name for name, colon, text in found}


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk after the first twelve bytes."""
    at = 12
    while at + 8 <= len(content):
        (size,) = struct.unpack_from("<I", content, at + 4)
        yield content[at : at + 4], content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _text_event(text: bytes) -> bytes:
    """A text of less than 2^14 bytes, its length in groups of seven bits."""
    size = bytes([0x80 | len(text) >> 7, len(text) & 0x7F]) if len(text) >> 7 else bytes([len(text)])
    return b"\0\xff\x01" + size + text


def _texts_of_midi(content: bytes) -> Iterator[str]:
    """The text events that the first track begins with."""
    at = 22
    while content[at : at + 3] == b"\0\xff\x01":
        at, size = at + 3, 0
        while at < len(content):
            byte, at = content[at], at + 1
            size = size << 7 | byte & 0x7F
            if byte < 0x80 or size > len(content):
                break
        yield content[at : at + size].decode("utf-8", "replace")
        at += size


def _line(text: str) -> str:
    """A text of one line, which a terminal shows and does not obey."""
    return "".join(c if c.isprintable() else "?" for c in text[:LENGTH])
