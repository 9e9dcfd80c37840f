"""Ids and luck as `kernel.ids.derive` and `guard.paper.draw` make them: BLAKE2b (RFC 7693) of 16 bytes, compiled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from memesnipe.research.lane.jit import jit, jit_apart

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Word = Any
"""uint64, once it is compiled."""
BLOCK = 128
HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_IV = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ], dtype=np.uint64,
)  # fmt: skip
_SIGMA = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ], dtype=np.uint64,
)  # fmt: skip
"""Unsigned, as an index: a signed one would be looked at for being negative, 192 times a block."""
_OF_16_BYTES = np.uint64(0x01010000 ^ 16)
_ALL = np.uint64(2**64 - 1)
_MASK_32 = np.uint64(2**32 - 1)


@jit
def _turned(word: Word, by: int) -> Word:
    return (word >> np.uint64(by)) | (word << np.uint64(64 - by))


@jit
def _mixed(a: Word, b: Word, c: Word, d: Word, x: Word, y: Word) -> tuple[Word, Word, Word, Word]:
    a = a + b + x
    d = _turned(d ^ a, 32)
    c = c + d
    b = _turned(b ^ c, 24)
    a = a + b + y
    d = _turned(d ^ a, 16)
    c = c + d
    return a, _turned(b ^ c, 63), c, d


@jit_apart
def blake2b(words: Words, length: int) -> tuple[Word, Word]:
    """Return the digest of the first `length` bytes as two little-endian words; bytes after them, to the block's end, must be 0.

    The last eight words are its room to compute in: nothing is ever allocated.
    """
    state = words[words.shape[0] - 8 :]
    for place in range(8):
        state[place] = _IV[place]
    state[0] ^= _OF_16_BYTES
    blocks = max(1, (length + BLOCK - 1) // BLOCK)
    for block in range(blocks):
        last = block == blocks - 1
        _compress(state, words[block * 16 : block * 16 + 16], np.uint64(length if last else (block + 1) * BLOCK), last)
    return state[0], state[1]


@jit
def _compress(state: Words, m: Words, counted: Word, last: bool) -> None:
    v0, v1, v2, v3, v4, v5, v6, v7 = state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]
    v8, v9, v10, v11, v12, v13, v14, v15 = _IV[0], _IV[1], _IV[2], _IV[3], _IV[4] ^ counted, _IV[5], _IV[6], _IV[7]
    if last:
        v14 = v14 ^ _ALL
    for r in range(12):
        s = _SIGMA[r]
        v0, v4, v8, v12 = _mixed(v0, v4, v8, v12, m[s[0]], m[s[1]])
        v1, v5, v9, v13 = _mixed(v1, v5, v9, v13, m[s[2]], m[s[3]])
        v2, v6, v10, v14 = _mixed(v2, v6, v10, v14, m[s[4]], m[s[5]])
        v3, v7, v11, v15 = _mixed(v3, v7, v11, v15, m[s[6]], m[s[7]])
        v0, v5, v10, v15 = _mixed(v0, v5, v10, v15, m[s[8]], m[s[9]])
        v1, v6, v11, v12 = _mixed(v1, v6, v11, v12, m[s[10]], m[s[11]])
        v2, v7, v8, v13 = _mixed(v2, v7, v8, v13, m[s[12]], m[s[13]])
        v3, v4, v9, v14 = _mixed(v3, v4, v9, v14, m[s[14]], m[s[15]])
    state[0] ^= v0 ^ v8
    state[1] ^= v1 ^ v9
    state[2] ^= v2 ^ v10
    state[3] ^= v3 ^ v11
    state[4] ^= v4 ^ v12
    state[5] ^= v5 ^ v13
    state[6] ^= v6 ^ v14
    state[7] ^= v7 ^ v15


@jit
def put(text: Bytes, at: int, part: Bytes, size: int) -> int:
    """Write the first `size` bytes of a part and their number before them, as `derive` does; return the place after it."""
    text[at], text[at + 1], text[at + 2], text[at + 3] = 0, 0, size >> 8, size & 255
    for place in range(size):
        text[at + 4 + place] = part[place]
    return at + 4 + size


@jit
def put_number(text: Bytes, at: int, number: int) -> int:
    """Write a number that is not negative in decimal, with its length before it."""
    digits, rest = 1, number // 10
    while rest:
        digits, rest = digits + 1, rest // 10
    text[at], text[at + 1], text[at + 2], text[at + 3] = 0, 0, 0, digits
    for place in range(digits):
        text[at + 3 + digits - place] = 48 + number % 10
        number //= 10
    return at + 4 + digits


@jit
def put_hex(text: Bytes, at: int, low: Word, high: Word) -> int:
    """Write an id, which is a digest's 32 hex digits, with its length before it."""
    text[at], text[at + 1], text[at + 2], text[at + 3] = 0, 0, 0, 32
    for place in range(8):
        one, two = np.int64((low >> np.uint64(8 * place)) & np.uint64(255)), np.int64((high >> np.uint64(8 * place)) & np.uint64(255))
        text[at + 4 + 2 * place], text[at + 5 + 2 * place] = HEX[one >> 4], HEX[one & 15]
        text[at + 20 + 2 * place], text[at + 21 + 2 * place] = HEX[two >> 4], HEX[two & 15]
    return at + 36


@jit
def finish(text: Bytes, words: Words, length: int) -> tuple[Word, Word]:
    """Return the digest of what was written, after clearing the rest of its last block."""
    end = (length + BLOCK - 1) // BLOCK * BLOCK
    for place in range(length, end):
        text[place] = 0
    return blake2b(words, length)


@jit_apart
def luck(low: Word, high: Word, within: int) -> tuple[Word, Word]:
    """Return (number % within, number // within % 10_000) of the number that a digest's hex digits spell."""
    rest, share, carry = np.uint64(0), np.uint64(0), np.uint64(2**32 % 10_000)
    width, whole = np.uint64(within), np.uint64(10_000)
    for place in range(4):
        word = _swapped(low if place < 2 else high)
        part = (word >> np.uint64(32)) if place % 2 == 0 else (word & _MASK_32)
        now = (rest << np.uint64(32)) | part
        share = (share * carry + now // width) % whole
        rest = now % width
    return np.int64(rest), np.int64(share)


@jit
def _swapped(word: Word) -> Word:
    """Turn a word's bytes round."""
    word = ((word & np.uint64(0x00FF00FF00FF00FF)) << np.uint64(8)) | ((word >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF))
    word = ((word & np.uint64(0x0000FFFF0000FFFF)) << np.uint64(16)) | ((word >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF))
    return (word << np.uint64(32)) | (word >> np.uint64(32))
