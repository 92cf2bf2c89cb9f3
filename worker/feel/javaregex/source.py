r"""A cursor over the characters of a pattern, with `\Q..\E` and comments mode resolved."""

from __future__ import annotations

from .syntax import BadPattern

_WHITE_SPACE = " \t\n\v\f\r"
_LINE_ENDS = "\n\r\u0085\u2028\u2029"


class Source:
    """Hands out characters one by one. The methods ending in `raw` do not skip comments."""

    def __init__(self, text: str) -> None:
        self.index = 0
        self.comments = False
        self._characters, self._quoted = _unquote(text)

    def bad(self, message: str) -> BadPattern:
        """A failure that names the current place."""
        return BadPattern(f"{message} near index {self.index}")

    def at_end(self) -> bool:
        """Whether nothing but white space and comments is left."""
        self._skip_comments()
        return self.index >= len(self._characters)

    def is_quoted(self) -> bool:
        """Whether the next character stands for itself."""
        self._skip_comments()
        return self.index < len(self._characters) and self._quoted[self.index]

    def peek(self) -> str:
        """The next character, or an empty text at the end."""
        self._skip_comments()
        return self.peek_raw()

    def peek_raw(self, ahead: int = 0) -> str:
        """The character that many places ahead, or an empty text."""
        index = self.index + ahead
        return self._characters[index] if index < len(self._characters) else ""

    def next(self) -> str:
        """Take the next character."""
        self._skip_comments()
        return self.next_raw()

    def next_raw(self) -> str:
        """Take the character at the cursor."""
        if self.index >= len(self._characters):
            raise self.bad("Unexpected end of the pattern")
        self.index += 1
        return self._characters[self.index - 1]

    def take(self, character: str) -> bool:
        """Take the character if it is the next one and not quoted."""
        self._skip_comments()
        return self.take_raw(character)

    def take_raw(self, character: str) -> bool:
        """Take the character if it stands at the cursor."""
        if self.peek_raw() == character and not self._quoted[self.index]:
            self.index += 1
            return True
        return False

    def take_all(self, text: str) -> bool:
        """Take the whole text if it stands at the cursor."""
        end = self.index + len(text)
        if "".join(self._characters[self.index : end]) == text:
            self.index = end
            return True
        return False

    def take_while(self, allowed: str, limit: int = 20) -> str:
        """Take at most `limit` of the allowed characters."""
        start = self.index
        while self.index - start < limit and self.peek_raw() and self.peek_raw() in allowed:
            self.index += 1
        return "".join(self._characters[start : self.index])

    def take_until(self, end: str) -> str | None:
        """Take everything up to `end` and `end` itself; None if it does not come."""
        start = self.index
        while self.index < len(self._characters):
            self.index += 1
            if self._characters[self.index - 1] == end:
                return "".join(self._characters[start : self.index - 1])
        return None

    def _skip_comments(self) -> None:
        if not self.comments:
            return
        while self.index < len(self._characters) and not self._quoted[self.index]:
            character = self._characters[self.index]
            if character == "#":
                while self.index < len(self._characters) and self._characters[self.index] not in _LINE_ENDS:
                    self.index += 1
            elif character in _WHITE_SPACE:
                self.index += 1
            else:
                return


def _unquote(text: str) -> tuple[list[str], list[bool]]:
    r"""The characters, and for each whether it stood between `\Q` and `\E`."""
    characters: list[str] = []
    quoted: list[bool] = []
    index = 0
    while index < len(text):
        if text.startswith("\\Q", index):
            end = text.find("\\E", index + 2)
            part = text[index + 2 :] if end < 0 else text[index + 2 : end]
            characters.extend(part)
            quoted.extend([True] * len(part))
            index = len(text) if end < 0 else end + 2
        else:
            # A backslash takes the next character with it, so that `\\Q` is no quote.
            size = 2 if text[index] == "\\" else 1
            part = text[index : index + size]
            characters.extend(part)
            quoted.extend([False] * len(part))
            index += size
    return characters, quoted
