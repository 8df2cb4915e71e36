"""Tracing that a program does not ask for itself: on a laptop, what is not traced cannot be seen.

`Tracing` turns X-Ray on where a program says nothing of it, and runs functions under ADOT's wrapper script,
as the layer and its variable do on AWS.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.engine.registration import Registration, State

_FUNCTION = "aws:lambda/function:Function"
_STAGE = "aws:apigateway/stage:Stage"
_DEPLOYMENT = "aws:apigateway/deployment:Deployment"
_STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
_SETTINGS = {
    _FUNCTION: "tracingConfig",
    _STAGE: "xrayTracingEnabled",
    _STATE_MACHINE: "tracingConfiguration",
}

_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
_SCRIPT = "/opt/otel-instrument"
_LAYER = "arn:aws:lambda:{region}:615299751070:layer:AWSOpenTelemetryDistroPython:{version}"
_MOST_LAYERS = 5
_LAYER_VERSION = 26
"""Of most regions; AWS lists them all in https://aws-otel.github.io/docs/getting-started/lambda/lambda-python."""


class Tracing:
    """What becomes of the tracing of one program's resources; they come from several threads at once.

    With `instruments` Python functions run under ADOT's wrapper script, unless they have one of their own.
    """

    def __init__(self, *, instruments: bool = False) -> None:
        self._instruments = instruments
        self._instrumented: dict[str, list[str]] = {}
        self._is_said = self._is_traceable = False
        self._untraced: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def prepared(self, type_: str, inputs: Mapping[str, Any], region: str) -> dict[str, Any]:
        """Return a resource's inputs, those of a Python function with what instruments it."""
        with self._lock:
            self._is_said |= type_ in _SETTINGS and inputs.get(_SETTINGS[type_]) is not None
        if not (self._instruments and type_ == _FUNCTION and _can_be_wrapped(inputs)):
            return dict(inputs)
        layer = _LAYER.format(region=region, version=_LAYER_VERSION)
        variables = {**((inputs.get("environment") or {}).get("variables") or {}), _WRAPPER: _SCRIPT}
        return {
            **inputs,
            "layers": [*(inputs.get("layers") or ()), layer],
            "environment": {"variables": variables},
            "tracingConfig": {"mode": "Active"},
        }

    def stands(self, registration: Registration, state: State) -> None:
        """Take note of a resource that exists, since now or from an earlier run."""
        r = registration
        self._is_traceable |= r.type in _SETTINGS
        layers = r.inputs.get("layers") or () if self._instruments and r.type == _FUNCTION else ()
        if (layer := _LAYER.format(region=r.region, version=_LAYER_VERSION)) in layers:
            with self._lock:
                self._instrumented.setdefault(layer, []).append(str(state["name"]))

    def created(self, registration: Registration, state: State) -> None:
        """Take note of a resource that was made, or changed."""
        r = registration
        calls: dict[str, Callable[[], object]] = {
            _FUNCTION: lambda: r.client("lambda").update_function_configuration(
                FunctionName=state["name"], TracingConfig={"Mode": "Active"}
            ),
            _STAGE: lambda: _trace_stage(r),
            _STATE_MACHINE: lambda: r.client("stepfunctions").update_state_machine(
                stateMachineArn=state["arn"], tracingConfiguration={"enabled": True}
            ),
        }
        if r.inputs.get("stageName"):  # a deployment that makes its stage, as `pulumi_aws` 6 allows
            calls[_DEPLOYMENT] = calls[_STAGE]
        if r.type in calls:
            with self._lock:
                self._untraced.append(calls[r.type])

    def finish(self) -> list[str]:
        """Turn X-Ray on for all, if the program says nothing of it; returns what the user should know."""
        told = []
        if self._is_traceable and not self._is_said:
            for turn_on in self._untraced:
                turn_on()
            told.append(
                "the program says nothing of X-Ray, so all of it is traced here; on AWS its functions need "
                'tracing_config={"mode": "Active"}, its REST stages xray_tracing_enabled=True, its state '
                'machines tracing_configuration={"enabled": True}'
            )
        told += [
            f"{', '.join(sorted(names))}: under ADOT's wrapper script here; on AWS with "
            f'layers=["{layer}"] and environment={{"variables": {{"{_WRAPPER}": "{_SCRIPT}"}}}}'
            for layer, names in sorted(self._instrumented.items())
        ]
        return told


def _trace_stage(r: Registration) -> None:
    r.client("apigateway").update_stage(
        restApiId=r.inputs["restApi"],
        stageName=r.inputs["stageName"],
        patchOperations=[{"op": "replace", "path": "/tracingEnabled", "value": "true"}],
    )


def _can_be_wrapped(inputs: Mapping[str, Any]) -> bool:
    """Tell whether a function is Python's, without wrapper script and ADOT's layer, and has room for that."""
    variables = (inputs.get("environment") or {}).get("variables") or {}
    layers = [str(layer) for layer in inputs.get("layers") or ()]
    is_python = str(inputs.get("runtime") or "").startswith("python3.")
    has_adot = any("AWSOpenTelemetry" in arn for arn in layers)
    return is_python and _WRAPPER not in variables and not has_adot and len(layers) < _MOST_LAYERS
