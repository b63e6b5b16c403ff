"""The official notice of days off: read as it is published, entered by a person, and missed before the year begins."""

from __future__ import annotations

from datetime import date, time

import pytest
from chinese_calendar import constants

from kernel.calendars import preset_calendar
from kernel.clock import fixed_clock, moment_on
from tenants.queries import work_calendar
from tenants.settings.notice import read_notice
from tests.support.companies import TestCompany

OF_2026 = """国务院办公厅关于2026年部分节假日安排的通知
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
2025年11月4日"""
#: As one of 2027 might read; ours, for no such notice is known.
OF_2027 = """2027-01-01 to 2027-01-03 off. 2027-02-05 to 2027-02-11 off; 2027-01-30, 2027-02-14 work.
2027-04-03 to 2027-04-05 off. 2027-05-01 to 2027-05-05 off; 2027-04-25, 2027-05-08 work. 2027-06-09 off.
2027-09-15 off. 2027-10-01 to 2027-10-07 off; 2027-09-26, 2027-10-09 work."""


def test_the_notice_of_2026_as_published_gives_the_days_of_the_package() -> None:
    found = read_notice(OF_2026, 2026)
    assert set(found.off) == {day for day in constants.holidays if day.year == 2026}
    assert set(found.working) == {day for day in constants.workdays if day.year == 2026}


@pytest.mark.parametrize(
    ("text", "year", "sentence"),
    [
        (OF_2026, 2027, "weekday"),
        (OF_2026.replace("10月1日（周四）", "10月4日"), 2026, "statute"),
        ("1月1日放假", 2027, "statute"),
        ("2月30日放假", 2027, "no calendar"),
        (OF_2027 + "\n2027-11-10 work.", 2027, "Saturday"),
        (OF_2027 + "\n2027-11-10 to 2027-12-30 off.", 2027, "span"),
    ],
)
def test_what_cannot_be_the_notice_of_that_year_says_why(text: str, year: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_notice(text, year)


def test_the_first_of_october_2027_is_no_working_day_before_any_notice() -> None:
    calendar = preset_calendar("CN")
    assert not calendar.published(2027)
    for day in ("01-01", "02-05", "02-08", "04-05", "05-01", "06-09", "09-15", "10-01"):
        assert not calendar.is_working_day(date.fromisoformat(f"2027-{day}")), day
    assert calendar.is_working_day(date(2027, 10, 4)), "a swap waits for the notice"
    assert not calendar.is_working_day(date(2027, 10, 9)), "and so does its Saturday"


@pytest.mark.parametrize(
    ("today", "year"),
    [(date(2026, 10, 31), None), (date(2026, 11, 1), 2027), (date(2026, 12, 31), 2027), (date(2027, 3, 1), 2027)],
)
def test_the_notice_is_missed_from_november_before_the_year_begins(today: date, year: int | None) -> None:
    assert preset_calendar("CN").missing_notice(today) == year
    assert preset_calendar("MON-FRI").missing_notice(today) is None


def test_a_person_enters_the_notice_and_the_warning_goes(company: TestCompany) -> None:
    client = company.client("admin")
    with fixed_clock(moment_on(date(2026, 11, 30), "Asia/Shanghai", time(10))):
        assert "2027" in client.get(company.url("/settings/notices")).text
        assert company.url("/settings/notices") in client.get(company.url("/")).text
        wrong = client.post(
            company.url("/settings/notices"), data={"year": "2027", "text": OF_2026, "source": "gov.cn", "version": "0"}
        )
        assert wrong.status_code == 422
        assert "腊月二十八" in wrong.text, "what was typed stays"
        data = {"year": "2027", "text": OF_2027, "source": "gov.cn", "version": "0"}
        assert client.post(company.url("/settings/notices"), data=data).status_code == 303
        assert company.url("/settings/notices") not in client.get(company.url("/")).text
        assert "gov.cn" in client.get(company.url("/settings/notices")).text
    with company.reading() as db:
        calendar = work_calendar(db, company.tenant_id)
    assert calendar.published(2027)
    assert not calendar.is_working_day(date(2027, 10, 4))
    assert calendar.is_working_day(date(2027, 10, 9))


def test_a_day_of_the_companys_own_wins_over_the_notice(company: TestCompany) -> None:
    client = company.client("admin")
    client.post(
        company.url("/settings/notices"), data={"year": "2027", "text": OF_2027, "source": "gov.cn", "version": "0"}
    )
    client.post(company.url("/settings/days"), data={"on": "2027-10-09", "working": "false", "reason": "盘点"})
    with company.reading() as db:
        assert not work_calendar(db, company.tenant_id).is_working_day(date(2027, 10, 9))
    client.post(company.url("/settings/days/remove"), data={"on": "2027-10-09"})
    with company.reading() as db:
        assert work_calendar(db, company.tenant_id).is_working_day(date(2027, 10, 9))


def test_the_notice_is_for_those_who_may_change_settings(company: TestCompany) -> None:
    client = company.client("accountant")
    assert client.get(company.url("/settings/notices")).status_code == 403
    data = {"year": "2027", "text": OF_2027, "source": "gov.cn", "version": "0"}
    assert client.post(company.url("/settings/notices"), data=data).status_code == 403
