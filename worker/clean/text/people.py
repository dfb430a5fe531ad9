"""Split a text such as a byline into the names of people, or recognise that it has none."""

import re

# These are matched in texts with single spaces: with `\s+`, a run of spaces takes quadratic time.
_BETWEEN = re.compile(r" ?[,;/|·•&] ?| (and|with|und|et|y|e|и|avec|con|com|mit|с) ", re.I)
_OF_ONE_NAME = frozenset(("y", "e"))
# A place may follow the name: "Ann Lee in Paris".
_WORKPLACE = re.compile(r" (?:in|from|aus|à|en|a|em|in|da|в|из) [^\W\d_a-zа-я].*")
_PARTICLES = frozenset(
    "al bin da das de del della den der di do dos du el ibn la le ten ter van von y zu zum".split()
)
_WORD = re.compile(r"[^\W\d_][^\W\d_.’'`-]*(?:[.’'`-][^\W\d_]*)*")
_INITIAL = re.compile(r"\b[^\W\d_]\. ?$")
# Chinese, Japanese and Korean bylines: "记者 王小明", "文/王小明", "山田太郎 記者", "홍길동 기자".
_HAN = "[\u3400-\u4dbf\u4e00-\u9fff\u3005]"
_CJK_NAME = f"(?:{_HAN}{{2,4}}(?:·{_HAN}{{1,6}})?|[\uac00-\ud7af]{{2,4}})"
_CJK_JOINT = r"(?:[ \u3000]?[、，,/／;；&和与與及][ \u3000]?|[ \u3000])"
_CJK_NAMES = rf"(?!报道|報道|摄影|編輯|编辑|来源){_CJK_NAME}(?:{_CJK_JOINT}{_CJK_NAME}){{0,5}}"
_CJK_LABEL = (
    r"(?:(?:[\u4e00-\u9fff]{2,8}(?:社|网|報|报))?(?:本[报報刊网網]|特约|特約|见习|見習|实习|實習)?"
    r"(?:记者|記者|作者|撰文|编译|編譯|執筆|取材|通讯员)|文|글)"
)
_CJK_AFTER = "(?:记者|記者|報道|报道|撰文|文|기자|특파원|편집위원|논설위원)"
_CJK_BYLINE = re.compile(
    rf"[（(【]?(?:{_CJK_LABEL}[ \u3000]?[:：/／|｜＝=・]?[ \u3000]?(?P<after>{_CJK_NAMES})"
    rf"|(?P<before>{_CJK_NAMES})[ \u3000]?{_CJK_AFTER})"
    r"[ \u3000]?(?:报道|報道|发自\S{0,8}|摄影报道)?[)）】]?"
)
_CJK_PLAIN = re.compile(_CJK_NAME)
_CJK_BETWEEN = re.compile("[ \u3000]*[、，,/／;；&和与與及][ \u3000]*|[ \u3000]+")
_CJK_LIST = re.compile("[ \u3000]?[、，][ \u3000]?")  # marks that only stand between names
_CJK_VERBS = ("报道", "報道", "摄影", "攝影")
_MAX_SPACED_CHARS = 5
_MAX_CJK_CHARS = 60
_MAX_WORDS = 5
_MAX_CHARS = 60  # of one name


def people(text: str) -> tuple[str, ...]:
    """Return the names of people in a text such as a byline, each once: two for "Ann Lee and Bo
    Chen".

    Returns () if any part of the text can't be the name of a person or an agency.
    """
    text = " ".join(text.split()).strip(" ()[]")
    parts = [_bare(_WORKPLACE.sub("", part)) for part in _split(text)]
    names = tuple(dict.fromkeys(part for part in parts if part))
    return names if all(map(is_name, names)) else ()


def _split(text: str) -> list[str]:
    """Split a list of names; "José Ortega y Gasset" is one name, as "Gasset" is no full name."""
    first, *others = _BETWEEN.split(text)
    names = [first]
    for joint, part in zip(others[::2], others[1::2], strict=True):
        if joint and joint.lower() in _OF_ONE_NAME and " " in names[-1] and " " not in part.strip():
            names[-1] += f" {joint} {part}"
        else:
            names.append(part)
    return names


def cjk_names(text: str) -> tuple[str, ...]:
    """Return the names in a Chinese, Japanese or Korean byline: "王小明" for "记者 王小明".

    A text that is only one such name is returned as the name, and a list of such names as its
    names. Any other text gives ().
    """
    if text.isascii() or len(text) > _MAX_CJK_CHARS:
        return ()
    text = text.strip()
    if byline := _CJK_BYLINE.fullmatch(text):
        listed = byline["after"] or byline["before"]
        names = [name for name in _CJK_BETWEEN.split(listed) if not name.endswith(_CJK_VERBS)]
        # "山田 太郎 記者" is one name, "王小明 李四" are two.
        if byline["before"] and len(names) == 2 and len(listed) <= _MAX_SPACED_CHARS:
            return (listed,)
        return tuple(dict.fromkeys(name for name in names if name))
    names = _CJK_LIST.split(text)
    return tuple(dict.fromkeys(names)) if all(map(_CJK_PLAIN.fullmatch, names)) else ()


def _bare(part: str) -> str:
    """Remove marks and spaces around a name, except the dot of an initial: "Ann L."."""
    bare = part.strip(" .:")
    return f"{bare}." if _INITIAL.search(part) else bare


def is_name(text: str) -> bool:
    """Whether a text may be the name of a person: each word begins with a capital, or is a particle
    such as "van" or "de la"."""
    words = text.split()
    if not 0 < len(words) <= _MAX_WORDS or len(text) > _MAX_CHARS:
        return False
    if words[0].lower() in _PARTICLES and len(words) == 1:
        return False
    return words[-1][:1].isupper() and all(map(_of_name, words))


def _of_name(word: str) -> bool:
    if word in _PARTICLES:
        return True
    return word[0].isupper() and _WORD.fullmatch(word) is not None
