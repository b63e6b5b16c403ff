"""Defines the input of the questionnaire."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from ar.customers.file.survey.questions import CODES
from kernel.i18n import mark
from kernel.inputs import EditInput

ANSWER_MAX = 1000
UNKNOWN_QUESTION = mark("There is no such question.")
Answer = Annotated[str, StringConstraints(strip_whitespace=True, max_length=ANSWER_MAX)]


class AnswerQuestionnaire(EditInput):
    """Answers the questionnaire anew: question code → answer; what is not answered is left out."""

    answers: dict[str, Answer]

    @field_validator("answers")
    @classmethod
    def _known(cls, answers: dict[str, str]) -> dict[str, str]:
        if not answers.keys() <= set(CODES):
            raise PydanticCustomError("unknown_question", UNKNOWN_QUESTION)
        return {code: answers[code] for code in CODES if answers.get(code)}
