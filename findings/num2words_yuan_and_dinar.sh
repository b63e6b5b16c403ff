#!/usr/bin/env bash
# num2words 0.5.14, amounts in words as they stand on a contract or a bill. CNY 1,234.50 is "cinquante jiaos" in French and the
# like in Spanish, Dutch and Catalan: fifty jiao are five yuan, the words mean 1,239. Arabic writes riyals and halalas for yuan,
# yen and Hong Kong dollars, without an error. A Kuwaiti dinar has 1,000 fils: the words of 1.234 are "veintitrés fils" (23) in
# Spanish, so a tenth of it is left. Output seen: jiao in fr, es, nl, ca; riyal for CNY, JPY and HKD in ar; 23 fils of 234.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check num2words==0.5.14
"$folder/env/bin/python" - <<'PY'
from decimal import Decimal
from importlib.metadata import version

from num2words import num2words


def words(amount, currency, lang):
    return num2words(Decimal(amount), to="currency", currency=currency, lang=lang)


yuan = {lang: words("1234.50", "CNY", lang) for lang in ("fr", "es", "nl", "ca", "de", "it")}
riyal = {currency: words("50", currency, "ar") for currency in ("CNY", "JPY", "HKD", "SAR")}
dinar = words("1.234", "KWD", "es")
print("num2words", version("num2words"))
print(*yuan.values(), *riyal.values(), dinar, sep="\n")
assert [lang for lang, text in yuan.items() if "jiao" in text] == ["fr", "es", "nl", "ca"], "the small unit has changed"
assert all("fen" in yuan[lang].lower() for lang in ("de", "it"))
assert len(set(riyal.values())) == 1 and "ريال" in riyal["SAR"], "the currencies have changed"
assert dinar == "un dinar con veintitrés fils", "the fils have changed"
PY
