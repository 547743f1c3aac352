"""The stages of an analysis, one a module, in the order in which a case passes through them."""

from openstack_rca.rca.engine.stages.accuse import accuse
from openstack_rca.rca.engine.stages.attribute import attribute
from openstack_rca.rca.engine.stages.clear import clear
from openstack_rca.rca.engine.stages.discount import discount
from openstack_rca.rca.engine.stages.errors import errors
from openstack_rca.rca.engine.stages.explain import explain
from openstack_rca.rca.engine.stages.find_windows import find_the_windows
from openstack_rca.rca.engine.stages.fit import fit
from openstack_rca.rca.engine.stages.gather import gather
from openstack_rca.rca.engine.stages.infer import infer
from openstack_rca.rca.engine.stages.judge import judge
from openstack_rca.rca.engine.stages.look_back import look_back
from openstack_rca.rca.engine.stages.match import match
from openstack_rca.rca.engine.stages.novelty import novelty
from openstack_rca.rca.engine.stages.observe import observe
from openstack_rca.rca.engine.stages.rank import rank
from openstack_rca.rca.engine.stages.recall import recall
from openstack_rca.rca.engine.stages.score import score
from openstack_rca.rca.engine.stages.silence import silence
from openstack_rca.rca.engine.stages.steps import steps
from openstack_rca.rca.engine.stages.traffic import traffic
from openstack_rca.rca.engine.stages.weigh import weigh

RECORDING_STAGES = (observe, score, find_the_windows)
"""What is done once, with all that the logs hold."""

WINDOW_STAGES = (
    gather,
    novelty,
    look_back,
    match,
    accuse,
    errors,
    traffic,
    silence,
    steps,
    clear,
    discount,
    attribute,
    infer,
    weigh,
    explain,
    fit,
    recall,
    rank,
    judge,
)
"""What is done for each stretch of trouble."""

STAGES = (*RECORDING_STAGES, *WINDOW_STAGES)
