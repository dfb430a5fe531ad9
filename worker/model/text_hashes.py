"""The fingerprint of an article: the hashes of its text, by which it is compared with others, and
how they are packed into bytes for the store."""

import struct
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

_SETS = ("shingles", "opening", "vocabulary", "title", "figures")
_FORMAT = 2  # of packed fingerprints
_HEAD = struct.Struct("<BII7I")  # format, words, scale, lengths of the parts
SKETCH_VERSION = 2  # increased when the same text gets another sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Hashes of an article's text, by which it is compared with other articles to find copies.

    `content_hash` is equal for unchanged articles, `text_hash` for articles with equal words, and
    `words` is the number of words. The fields of type bytes are sets of hashes: `shingles` of the
    word sequences of the text, `opening` of those at its beginning, `vocabulary` of its words,
    `title` of the words of its title, and `figures` of its numbers. The more hashes two articles
    have in common, the more similar they are. Of a long text only one shingle in `scale` is kept.

    `sketch` has the few hashes by which the similarity index finds the article, and
    `sketch_version` says how they were chosen. Hashes of `alternates`, the first ones first, take
    the place of those that earlier articles have already. `former_sketch` has those that the former
    release would choose, because the index may still have articles registered by them; it is not
    stored. `day` is the day of publication, and `version` that of the code that made the hashes.
    """

    content_hash: str  # of the cleaned title and text: equal means unchanged
    text_hash: str  # of the words only: equal means an exact copy
    words: int
    sketch: tuple[int, ...] = ()  # a few of the 64-bit shingle hashes, ascending
    sketch_version: int = 1
    alternates: tuple[int, ...] = ()  # further shingle hashes, the most useful first
    former_sketch: tuple[int, ...] = field(default=(), compare=False)
    scale: int = 1  # only shingles with a hash below 2**64 / scale are kept
    shingles: bytes = b""
    opening: bytes = b""  # the shingles of the start of the text
    vocabulary: bytes = b""  # content words of the text
    title: bytes = b""  # content words of the title
    figures: bytes = b""  # two uint32 for each figure: of the words around it, and of the figure
    day: str = ""  # ISO day of publication, "" when unknown
    version: str = ""

    def packed(self) -> bytes:
        """Return the fingerprint as bytes for the store, from which unpacked() makes it again."""
        texts = f"{self.day}\n{self.version}".encode("ascii")
        sketch = struct.pack(f"<{len(self.sketch)}Q", *self.sketch)
        parts = (texts, sketch, *(getattr(self, name) for name in _SETS))
        head = _HEAD.pack(_FORMAT, self.words, self.scale, *map(len, parts))
        # Last, where workers of the versions before don't look.
        alternates = struct.pack(f"<{len(self.alternates)}Q", *self.alternates)
        end = bytes((self.sketch_version,)) + alternates
        hashes = bytes.fromhex(self.content_hash + self.text_hash)
        return b"".join((head, hashes, *parts, end))

    @classmethod
    def unpacked(cls, data: bytes | None) -> "Fingerprint | None":
        """Make the fingerprint (hashes of an article's text) from the bytes that packed() returned.

        Returns None when there are no bytes, or another release packed them in another format.
        """
        if not data or data[0] != _FORMAT:
            return None
        _, words, scale, *lengths = _HEAD.unpack_from(data)
        hashes = data[_HEAD.size : _HEAD.size + 32].hex()
        offsets = list(accumulate(lengths, initial=_HEAD.size + 32))
        texts, sketch, *sets = (data[start:end] for start, end in pairwise(offsets))
        day, version = texts.decode("ascii").split("\n")
        end = data[offsets[-1] :]
        return cls(
            content_hash=hashes[:32],
            text_hash=hashes[32:],
            words=words,
            scale=scale,
            sketch=struct.unpack(f"<{len(sketch) // 8}Q", sketch),
            sketch_version=end[0] if end else 1,
            alternates=struct.unpack_from(f"<{len(end) // 8}Q", end, 1) if len(end) > 8 else (),
            shingles=sets[0],
            opening=sets[1],
            vocabulary=sets[2],
            title=sets[3],
            figures=sets[4],
            day=day,
            version=version,
        )
