"""Small cases, one for each number of the table of weights, whose outcome changes when that number is halved or doubled."""

from weight_answers import Case
from weight_cases_evidence import EVIDENCE
from weight_cases_judgement import JUDGEMENT

CASES: dict[str, Case] = EVIDENCE | JUDGEMENT
