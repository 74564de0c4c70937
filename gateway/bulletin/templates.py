"""The one Jinja environment of page and bulletin: everything is escaped, undefined names are errors."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from gateway.times import format_utc

from . import words

__all__ = ["template_environment"]


def template_environment(*packages: str) -> Environment:
    """Return an environment with the templates of the packages and of this one."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, __package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "age": words.format_age,
        "minute": words.format_minute,
        "time": format_utc,
        "figure": words.format_figure,
    }
    environment.globals |= {"quality_words": words.QUALITY_WORDS, "units": words.UNITS}
    return environment
