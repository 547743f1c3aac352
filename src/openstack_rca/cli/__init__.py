"""The command line: parse, call the service layer, print."""

try:
    from openstack_rca.cli.main import main
except KeyboardInterrupt:
    # Ctrl-C while the libraries of the command line are loaded: what ``main`` does from then on.
    raise SystemExit(130) from None

__all__ = ["main"]
