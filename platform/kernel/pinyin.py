"""Sort keys for names in Chinese and in Latin letters.

Invariant: the dictionary of phrases (重庆 is chong qing, not zhong qing) takes some 50 MB, so it is loaded when the
first Chinese name is sorted, not by every process that starts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

#: Places that the dictionary reads by the commonest sound of each character (`findings/pypinyin_names_of_places.sh`).
_PLACES: Final = {
    "漯河": "luo he",
    "泊头": "bo tou",
    "什邡": "shi fang",
    "珲春": "hun chun",
    "涡阳": "guo yang",
    "洪洞": "hong tong",
    "繁峙": "fan shi",
    "浚县": "xun xian",
    "单县": "shan xian",
    "筠连": "jun lian",
    "荥经": "ying jing",
    "大城县": "dai cheng xian",
    "六合区": "lu he qu",
    "曾都区": "zeng du qu",
    "朝阳市": "chao yang shi",
    "朝阳县": "chao yang xian",
    "宕昌": "tan chang",
}
#: In a firm's name 长 is "long" (长治, 长丰, 长荣) unless a phrase of the dictionary says otherwise.
_LONG: Final = {ord("长"): "chang,zhang"}


def pinyin_sort_key(name: str) -> str:
    """Returns the name in lower case with its Chinese characters as pinyin, one blank between syllables."""
    if name.isascii():
        return name.lower()
    return " ".join(_reader()(name)).lower()


@cache
def _reader() -> Callable[[str], list[str]]:
    from pypinyin import lazy_pinyin, load_phrases_dict, load_single_dict

    load_single_dict(_LONG)
    load_phrases_dict({place: [[sound] for sound in sounds.split()] for place, sounds in _PLACES.items()})
    return lazy_pinyin
