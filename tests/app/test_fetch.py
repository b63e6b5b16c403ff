"""The installer asks where pip is configured to ask, whatever installs in the end."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kernel.settings import APP_ROOT

SAID = r"""
:env:.cert='/certificates/of-the-company.pem'
:env:.disable-pip-version-check='1'
download.find-links='/not/asked/when/installing'
global.extra-index-url='\nfile:///mirror/one/simple\nfile:///mirror/two/simple'
global.index-url='file:///mirror/main/simple'
install.trusted-host='mirror.example'
"""


@pytest.fixture
def fetch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch", APP_ROOT / "infra" / "fetch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _pip_that_says(folder: Path, text: str) -> list[str]:
    script = folder / "pip.py"
    script.write_text(f"print({text!r})", encoding="utf-8")
    return [sys.executable, str(script)]


def test_uv_asks_every_place_that_pip_would_ask_when_it_installs(fetch: ModuleType, tmp_path: Path) -> None:
    options, environment = fetch._places_of(_pip_that_says(tmp_path, SAID))
    asked = list(zip(options[::2], options[1::2], strict=True))
    assert asked == [
        ("--index", "file:///mirror/one/simple"),
        ("--index", "file:///mirror/two/simple"),
        ("--default-index", "file:///mirror/main/simple"),
        ("--allow-insecure-host", "mirror.example"),
    ]
    assert environment["SSL_CERT_FILE"] == "/certificates/of-the-company.pem"


def test_without_a_configuration_uv_asks_where_it_asks_by_itself(fetch: ModuleType, tmp_path: Path) -> None:
    options, environment = fetch._places_of(_pip_that_says(tmp_path, ""))
    assert options == []
    assert "SSL_CERT_FILE" not in environment


def test_a_company_that_allows_no_index_is_obeyed(fetch: ModuleType, tmp_path: Path) -> None:
    said = "global.no-index='true'\nglobal.find-links='/srv/wheels /srv/more'"
    options, _environment = fetch._places_of(_pip_that_says(tmp_path, said))
    assert options == ["--no-index", "--find-links", "/srv/wheels", "--find-links", "/srv/more"]
