"""moto's alarms, evaluated: moto keeps metrics and alarms, and never looks from one to the other."""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
from typing import TYPE_CHECKING, Any

from embedded_aws.cloudwatch.evaluation import OPERATORS, Datapoint, Rule, State, Verdict, judge
from embedded_aws.cloudwatch.moto_queues import measure_queues
from embedded_aws.cloudwatch.statistics import Values, is_known, statistic

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.cloudwatch.metrics import Metrics

_LOG = logging.getLogger(__name__)
_OFTEN = 10
_USUALLY = 60
_NEVER_EVALUATED = "Unchecked: "


class Alarms:
    """Publishes metrics to moto's CloudWatch and sets the state of its alarms.

    Alarms are evaluated every minute, those with a shorter period every ten seconds, over whole periods, as
    CloudWatch does. Nothing happens before CloudWatch was used for the first time.
    """

    def __init__(self, moto: MotoAws, metrics: Metrics, clock: Clock, region: str) -> None:
        self._moto = moto
        self._metrics = metrics
        self._clock = clock
        self._region = region
        self._used = False
        self._evaluated = 0.0
        self._warned: set[str] = set()

    def read(self) -> None:
        """Bring moto's metrics and alarms up to date: to be called before anybody reads them."""
        self._used = True
        self._publish()
        self.refresh()

    def _publish(self) -> None:
        measure_queues(self._moto, self._metrics)
        held = self._moto.backend("cloudwatch", self._region).metric_data
        from embedded_aws.cloudwatch.moto_metrics import publish  # noqa: PLC0415 - after moto's settings

        publish(held, self._metrics)

    def refresh(self) -> None:
        """Evaluate the alarms that are due; cheap when none is."""
        now = self._clock()
        if not self._used or now // _OFTEN == self._evaluated // _OFTEN:
            return
        is_minute = now // _USUALLY != self._evaluated // _USUALLY
        self._evaluated = now
        self._publish()
        for backend in self._moto.used_backends("cloudwatch").values():
            for alarm in list(backend.alarms.values()):
                if self._is_known(alarm) and (is_minute or int(alarm.period) < _USUALLY):
                    _evaluate(alarm, list(backend.metric_data), now)

    def _is_known(self, alarm: Any) -> bool:
        name = alarm.statistic or alarm.extended_statistic or ""
        if alarm.metric_name and alarm.comparison_operator in OPERATORS and is_known(name):
            return True
        if alarm.name not in self._warned:
            self._warned.add(alarm.name)
            _LOG.warning(
                "alarm %s is not evaluated: only those of one metric and one threshold are emulated; "
                "set-alarm-state moves it",
                alarm.name,
            )
        return False


def _evaluate(alarm: Any, data: list[Any], now: float) -> None:
    rule = _rule(alarm)
    is_new = alarm.state_reason.startswith(_NEVER_EVALUATED)
    # New alarms begin in INSUFFICIENT_DATA on AWS, and in OK in moto.
    current: State = "INSUFFICIENT_DATA" if is_new else alarm.state_value
    verdict = judge(rule, _datapoints(alarm, rule, data, now), current)
    if is_new or verdict.state != alarm.state_value:
        alarm.update_state(verdict.reason, _reason_data(alarm, verdict, now), verdict.state)


def _rule(alarm: Any) -> Rule:
    periods = int(alarm.evaluation_periods)
    return Rule(
        operator=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        needed=int(alarm.datapoints_to_alarm or periods),
        missing=alarm.treat_missing_data or "missing",
    )


def _datapoints(alarm: Any, rule: Rule, data: list[Any], now: float) -> list[Datapoint]:
    """Return the datapoints of the periods that are over, newest first."""
    from embedded_aws.cloudwatch.moto_metrics import values_of  # noqa: PLC0415 - imports moto

    period = int(alarm.period)
    step = _OFTEN if period < _USUALLY else _USUALLY
    end = now // step * step
    periods: dict[int, list[Values]] = {number: [] for number in range(rule.reach)}
    for at, values in values_of(data, alarm):
        # Newest first; a period holds its beginning and not its end.
        number = math.ceil((end - at) / period) - 1
        if number in periods:
            periods[number].append(values)
    name = alarm.statistic or alarm.extended_statistic
    found = ((end - (number + 1) * period, statistic(name, values)) for number, values in periods.items())
    return [Datapoint(at, value) for at, value in found if value is not None]


def _reason_data(alarm: Any, verdict: Verdict, now: float) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": _iso(now),
            "statistic": alarm.statistic or alarm.extended_statistic,
            "period": int(alarm.period),
            "recentDatapoints": [point.value for point in reversed(verdict.evaluated)],
            "threshold": float(alarm.threshold),
            "evaluatedDatapoints": [
                {"timestamp": _iso(point.at), "value": point.value} for point in verdict.evaluated
            ],
        }
    )


def _iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
