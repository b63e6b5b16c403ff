"""The import contracts hold the walls: each, as pyproject words it, is shown an import that breaks it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from grimp import ImportGraph
from importlinter import configuration
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract

from tests.support.import_contracts import BrokenImport, FacesContract, PlacesContract

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = {
    each["name"]: each
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
}


def _graph(importer: str, imported: str) -> ImportGraph:
    graph = ImportGraph()
    for module in (importer, imported):
        graph.add_module(module)
    graph.add_import(importer=importer, imported=imported)
    return graph


def _contract(kind: type[PlacesContract] | type[FacesContract], name: str) -> PlacesContract | FacesContract:
    options = {key: value for key, value in CONTRACTS[name].items() if key not in ("name", "type")}
    return kind(name=name, session_options={}, contract_options=options)


@pytest.mark.parametrize(
    ("importer", "imported", "is_broken"),
    [
        ("ar.receipts.posting.commands", "flask", True),
        ("ar.ledger.closing.approvals", "werkzeug.datastructures", True),
        ("kernel.mail", "flask", True),
        ("ar.credit.any_new_module", "flask", True),
        ("ar.receipts.posting.routes", "flask", False),
        ("ar.receipts.posting.credit_routes", "flask", False),
        ("tenants.access", "flask", False),
        ("web.forms", "flask", False),
    ],
)
def test_only_routes_and_web_know_http(importer: str, imported: str, is_broken: bool) -> None:
    contract = _contract(PlacesContract, "Only routes and web know HTTP")
    assert contract.broken_imports(_graph(importer, imported)) == [BrokenImport(importer, imported)] * is_broken


@pytest.mark.parametrize(
    ("importer", "imported", "is_broken"),
    [
        ("ar.cases.runs.commands", "ar.ledger.books.posting", True),
        ("ar.bills.commands", "ar.ledger.receivables.settlement.write_offs", True),
        ("ar.portal.queries", "ar.statements.issuing", True),
        ("ar.credit.anything", "ar.bills.queries", True),
        ("ar.cases.runs.commands", "ar.ledger", True),
        ("ar.cases.runs.commands", "ar.ledger.commands", False),
        ("ar.cases.runs.commands", "ar.ledger.rules.aging", False),
        ("ar.ledger.documents.commands", "ar.ledger.books.posting", False),
        ("app.cli.tenant", "ar.ledger.books.posting", False),
    ],
)
def test_a_slice_is_entered_by_its_faces(importer: str, imported: str, is_broken: bool) -> None:
    contract = _contract(FacesContract, "A slice is entered by its faces")
    assert contract.broken_imports(_graph(importer, imported)) == [BrokenImport(importer, imported)] * is_broken


@pytest.mark.parametrize(
    ("back", "is_kept"),
    [
        (("ar.receipts.posting.queries", "ar.receipts.matching.loading"), False),
        (("ar.receipts.bank.queries", "ar.receipts.matching.loading"), False),
        (("ar.receipts.matching.routes", "ar.receipts.bank.files"), True),
    ],
)
def test_rooms_of_a_slice_know_no_circle(back: tuple[str, str], is_kept: bool) -> None:
    """Matching imports posting, which imports the bank: an import back, straight or around, breaks the contract."""
    name = "Rooms of a slice know no circle"
    imports = [
        ("ar.receipts.matching.by_hand", "ar.receipts.posting.commands"),
        ("ar.receipts.posting.routes", "ar.receipts.bank.queries"),
        back,
    ]
    graph = ImportGraph()
    for module in [module for pair in imports for module in pair]:
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            graph.add_module(".".join(parts[:depth]))
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    configuration.configure()
    options = {key: value for key, value in CONTRACTS[name].items() if key not in ("name", "type")}
    contract = AcyclicSiblingsContract(name=name, session_options={}, contract_options=options)
    assert contract.check(graph, verbose=False).kept is is_kept


def test_every_rule_lies_under_the_contract_of_purity() -> None:
    """The places that the contract names are the folders and modules called `rules`, each of them."""
    named = CONTRACTS["Rules are pure"]["source_modules"]
    assert "ar.**.rules" in named
    assert "sqlalchemy" in CONTRACTS["Rules are pure"]["forbidden_modules"]
    elsewhere = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "platform" / "ar").rglob("*rules*.py")
        if path.name != "rules.py" and "rules" not in path.parts
    ]
    assert elsewhere == [
        "platform/ar/ledger/books/posting_rules.py"
    ]  # recipes of entries: tables of accounts, no decision
