"""What every unit test shares: small hypothesis examples, so that all take less than a minute."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "unit",
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("unit")
