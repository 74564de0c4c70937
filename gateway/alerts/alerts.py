"""Alerts as one part of the gateway: what turns flags into them, and what sends them."""

from collections.abc import Callable, Sequence

from gateway.alerts.channel import Message
from gateway.alerts.channels import make_channels
from gateway.alerts.courier import Courier
from gateway.alerts.entries import Dispatch
from gateway.alerts.herald import Herald
from gateway.alerts.letters import Letters
from gateway.alerts.rounds import Rounds
from gateway.alerts.settings import AlertSettings
from gateway.journal import Journal
from gateway.worker import Worker
from rivergauge.basin import Basin, Contact

__all__ = ["Alerts"]


class Alerts:
    """The alerts of a basin; without contacts its herald tells nobody anything.

    `workers` are started and stopped with those of the gateway; `herald` is for the stage that makes flags.
    """

    def __init__(
        self,
        basin: Basin,
        gateway: str,
        settings: AlertSettings,
        journal: Journal,
        now_ms: Callable[[], int],
        answers_for: Callable[[str], bool] = lambda _station: True,
    ) -> None:
        self._journal = journal
        self._letters = Letters(basin, gateway)
        self._couriers = [
            Courier(recipient, channel, self._writer(contact), journal, now_ms, answers_for)
            for recipient, (contact, channel) in make_channels(basin, settings, now_ms).items()
        ]
        self.herald = Herald(basin, now_ms, self._wake)
        rounds = Rounds(basin.alerts, f"{basin.code}/{gateway}", journal, now_ms, self._wake)
        self.workers: Sequence[Worker] = [*self._couriers, rounds]

    def _wake(self) -> None:
        for courier in self._couriers:
            courier.wake()

    def _writer(self, contact: Contact) -> Callable[[Dispatch], Message]:
        def write(dispatch: Dispatch) -> Message:
            refused = self._journal.alerts.refused(dispatch.alert.id)
            return self._letters.write(dispatch, contact, self._peak_quality(dispatch), refused)

        return write

    def _peak_quality(self, dispatch: Dispatch) -> int | None:
        """Return the quality of what the flag's peak was observed as, None where that is not known any longer."""
        flag = dispatch.alert.flag
        if flag is None:
            return None
        seen = self._journal.seen(flag.station, flag.variable, flag.peak_at_ms - 1)
        return seen[0].quality if seen and seen[0].at_ms == flag.peak_at_ms else None
