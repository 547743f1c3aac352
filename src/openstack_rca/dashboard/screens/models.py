"""Models: the versions, their figures over time, and what can be done with them."""

from openstack_rca.dashboard.frame import draw_page
from openstack_rca.dashboard.versions_view import draw_versions

draw_page(draw_versions)
