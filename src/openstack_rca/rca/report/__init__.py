"""What is told: the report's data model, its sentences, its masking. May touch ``judgement`` and what lies below it."""

from openstack_rca.plain_text import LINE_LIMIT, one_line, shorten
from openstack_rca.rca.report.activity import COLUMNS, activity, plotted
from openstack_rca.rca.report.deployed import deployment_of, with_fitting_checks
from openstack_rca.rca.report.failed_requests import failed_journeys, failed_requests
from openstack_rca.rca.report.narrative import build_cause, causal_chain, missing, ruled_out, summary, timeline
from openstack_rca.rca.report.report import (
    REPORT_ID_LENGTH,
    REPORT_SCHEMA_VERSION,
    ActivityRow,
    Cause,
    ConfidencePart,
    Episode,
    EvidenceItem,
    FileSummary,
    Fingerprint,
    Hop,
    ModelUsed,
    Report,
    RequestPath,
    RequestStep,
    RuledOut,
    SimilarIncident,
    StoryPicture,
    TimelineEntry,
    Window,
)
from openstack_rca.rca.report.sanitise import markdown_cell, markdown_code, markdown_fence, markdown_prose, mask_secrets
from openstack_rca.rca.report.story_pictures import story_pictures
from openstack_rca.rca.report.unexplained import unexplained
