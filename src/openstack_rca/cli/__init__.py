"""The command line: parse, call the service layer, print."""

from openstack_rca.cli.main import main

__all__ = ["main"]
