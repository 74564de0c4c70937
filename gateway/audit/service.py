"""What the gateway that runs says of itself, asked at its page."""

import json
import urllib.error
import urllib.request

from gateway.running import is_running
from gateway.settings import Settings, WebSettings

from .finding import Finding, ok, problem, warning

__all__ = ["audit_service"]

ANSWER_LIMIT_S = 5.0


def audit_service(settings: Settings) -> Finding:
    """Return whether it runs, and whether it can take and keep records."""
    if not is_running(settings.journal):
        return ok("gateway", "does not run now")
    if settings.web is None or settings.web.port == 0:
        return ok("gateway", "runs; it has no page at which it could be asked")
    address = f"http://{settings.web.host}:{settings.web.port}/readyz"
    try:
        hindrances, remarks = _ask(address, settings.web)
    except (OSError, ValueError, KeyError) as error:
        advice = "is it another program that listens there? See its log"
        return warning("gateway", f"runs, and {address} does not answer as it should: {error}", advice)
    if hindrances:
        return problem("gateway", f"runs, and cannot take records: {'; '.join(hindrances)}", "see its log")
    if remarks:
        return warning("gateway", f"runs, and takes records; {'; '.join(remarks)}", "correct the file, and reload")
    return ok("gateway", "runs, and takes records")


def _ask(address: str, web: WebSettings) -> tuple[list[str], list[str]]:
    """Return what hinders it, and what it remarks."""
    token = web.token_file.read_text().strip() if web.token_file else ""
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
            body = answer.read()
    except urllib.error.HTTPError as answer:  # 503 with the reasons
        body = answer.read()
    said = json.loads(body)
    return list(said["hindrances"]), list(said["remarks"])
