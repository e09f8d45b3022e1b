"""How long to look: `--hypothesis-profile short` or `long`."""

from hypothesis import HealthCheck, settings

# A step takes as long as MongoDB does. A failure prints the steps that repeat it, so nothing is kept for another run.
settings.register_profile(
    "short",
    max_examples=20,
    stateful_step_count=150,
    deadline=None,
    database=None,
    suppress_health_check=[*HealthCheck],
)
# As many steps as hypothesis has choices for in each example: some 1,500.
settings.register_profile("long", settings.get_profile("short"), max_examples=350, stateful_step_count=10_000)
