"""One analysis: a case passes through named stages, and its report is told. May touch every other room of ``rca``."""

from openstack_rca.rca.engine.case import PARTS, AnalysisRequest, Case, Omitted
from openstack_rca.rca.engine.pipeline import ABLATIONS, Keeper, investigate
from openstack_rca.rca.engine.repeating import RepeatableInvestigation
from openstack_rca.rca.engine.stages import STAGES
from openstack_rca.rca.engine.telling import build_report
