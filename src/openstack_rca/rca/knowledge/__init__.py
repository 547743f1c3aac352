"""What is known before any log is read: signatures, the dependency graph, checks. May touch ``vocabulary`` only."""

from typing import TYPE_CHECKING

from openstack_rca.faces import later

if TYPE_CHECKING:
    from openstack_rca.rca.knowledge.catalogue import TEXT_LIMIT, Catalogue, event_text, load_catalogue, own_signatures
    from openstack_rca.rca.knowledge.checks import concrete_checks
    from openstack_rca.rca.knowledge.deployments import Deployment, recognised_deployment
    from openstack_rca.rca.knowledge.linting import lint_catalogue
    from openstack_rca.rca.knowledge.literals import required_literals
    from openstack_rca.rca.knowledge.named_objects import PLACEHOLDER, Told, with_names
    from openstack_rca.rca.knowledge.remembering import RememberingCatalogue
    from openstack_rca.rca.knowledge.signature import LOGGER, Signature, speaker
    from openstack_rca.rca.knowledge.topology import GUEST, HOST, NETWORK, STORAGE, Topology, load_topology
    from openstack_rca.rca.knowledge.typed_commands import fitted_check
else:
    __getattr__ = later(__name__)
