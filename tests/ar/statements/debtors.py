"""The debtor that most tests of statements and portal write to."""

from __future__ import annotations

from uuid import UUID

from tests.support.world import World


def xinsheng(
    world: World,
    number: str = "0001",
    *,
    name: str = "深圳鑫晟电子有限公司",
    language: str = "zh_CN",
    contact_name: str = "李娜",
    contact_email: str | None = "lina@xinsheng.example",
    owner_email: str | None = None,
) -> UUID:
    """Makes a customer at net 30 days whose one contact gets the statements (none when `contact_email` is None)."""
    return world.customer(
        number,
        name,
        owner_email=owner_email,
        contact_name=contact_name if contact_email else None,
        contact_email=contact_email,
        term_days=30,
        language=language,
    )
