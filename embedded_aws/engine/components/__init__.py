"""Components whose own implementation is a program beside Pulumi's engine: what they would have made.

The classes that a program imports only describe the inputs; what is made of them a plugin in another
language does, which the embedded AWS has not.
https://www.pulumi.com/docs/iac/concepts/resources/components/#multi-language-component
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from embedded_aws.engine.components import apigateway
from embedded_aws.engine.components.component import Component
from embedded_aws.engine.registration import State

COMPONENTS: Mapping[str, Callable[[Component], State]] = apigateway.COMPONENTS
"""Which function makes which type of component; it returns the component's outputs."""
