"""The stages of an analysis in the order in which a case passes through them; each is one function."""

from openstack_rca.rca.engine.stages import gathering, judging, recording

RECORDING_STAGES = (recording.observe, recording.score, recording.rhythm, recording.awaited, recording.find_the_windows)
"""What is done once, with all that the logs hold."""

FINDING_STAGES = (
    gathering.novelty,
    gathering.gather,
    gathering.look_back,
    gathering.match,
    gathering.accuse,
    gathering.errors,
    gathering.traffic,
    gathering.silence,
    gathering.tasks,
    gathering.answers,
    gathering.steps,
    gathering.cite,
    judging.discount,
    judging.remark,
    judging.attribute,
    judging.infer,
    judging.harm,
    judging.doubt,
)
"""What is done for each stretch of trouble before the words of the question count."""

ANSWERING_STAGES = (judging.weigh, judging.explain, judging.fit, judging.recall, judging.rank, judging.judge)
"""What is done for each stretch of trouble with each question anew."""

WINDOW_STAGES = (*FINDING_STAGES, *ANSWERING_STAGES)
"""What is done for each stretch of trouble."""

STAGES = (*RECORDING_STAGES, *WINDOW_STAGES)
