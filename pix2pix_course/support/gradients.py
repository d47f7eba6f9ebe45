"""The chain rule on each engine, so that a training step is written once; notebook 05.

- `gradients(objective, variables)`: `objective()` → (value, rest); returns value, rest and
  d value / d variable for each variable.
- `with_pullback(forward, variables)`: `forward()` → y; returns y, cut off from what made it, and
  the function that takes d loss / d y to d loss / d variable for each variable.
- `gradient_at(function, x)`: `function(x)` → (value, rest); returns value, rest, d value / d x.

`rest` is whatever else the caller wants to know. `StepModel` puts a step of these under `fit`, and
`gradient` answers a single question.
"""

import typing
import weakref

import keras

ENGINE = keras.backend.backend()

if ENGINE == "tensorflow":
    import tensorflow as tf

    def gradients(objective, variables):
        with tf.GradientTape() as tape:
            value, rest = objective()
        return value, rest, tape.gradient(value, variables)

    def with_pullback(forward, variables):
        with tf.GradientTape() as tape:
            y = forward()
        return y, lambda dy: tape.gradient(y, variables, output_gradients=dy)

    def gradient_at(function, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value, rest = function(x)
        return value, rest, tape.gradient(value, x)

elif ENGINE == "torch":
    import torch

    def gradients(objective, variables):
        with torch.enable_grad():
            value, rest = objective()
        return value, rest, torch.autograd.grad(value, [v.value for v in variables])

    def with_pullback(forward, variables):
        with torch.enable_grad():
            y = forward()
        return y.detach(), lambda dy: torch.autograd.grad(y, [v.value for v in variables], dy)

    def gradient_at(function, x):
        inner = torch.is_grad_enabled()  # inside `gradients`, which will want the derivative of it
        with torch.enable_grad():
            x = x.detach().requires_grad_(True)
            value, rest = function(x)
        return value, rest, torch.autograd.grad(value, x, create_graph=inner)[0]

else:
    import jax
    from keras.src.backend.common.stateless_scope import get_stateless_scope

    class Scope(keras.StatelessScope):
        """Keeps what is assigned in it, and to which variables."""

        variables: typing.ClassVar = weakref.WeakValueDictionary()  # by id

        def add_update(self, update):
            self.variables[id(update[0])] = update[0]
            super().add_update(update)

    # JAX differentiates functions of values only: so each function gets a scope of its own, and
    # the assignments in it are a result among others.
    def pure(function, variables):
        """(values of the variables, arguments) → result, {variable's id: what was assigned}."""
        outer = get_stateless_scope()

        def call(values, *arguments):
            before = dict(outer.state_mapping) if outer else {}
            before |= {id(v): value for v, value in zip(variables, values, strict=True)}
            with Scope() as scope:
                scope.state_mapping = dict(before)
                result = function(*arguments)
            after = scope.state_mapping.items()
            return result, {key: value for key, value in after if value is not before.get(key)}

        return call

    def assign(assigned):
        for key, value in assigned.items():
            Scope.variables[key].assign(value)

    def differentiate(call, at):
        """The value, the rest and the gradient of a pure function."""

        def scalar(at):
            (value, rest), assigned = call(at)
            return value, (rest, assigned)

        (value, (rest, assigned)), gradient = jax.value_and_grad(scalar, has_aux=True)(at)
        assign(assigned)
        return value, rest, gradient

    def gradients(objective, variables):
        return differentiate(pure(objective, variables), [v.value for v in variables])

    def with_pullback(forward, variables):
        call = pure(forward, variables)
        y, pull, assigned = jax.vjp(call, [v.value for v in variables], has_aux=True)
        assign(assigned)
        return y, lambda dy: pull(dy)[0]

    def gradient_at(function, x):
        call = pure(function, [])
        return differentiate(lambda x: call([], x), x)


def gradient(function, at):
    """How a number changes with what it depends on; nothing is moved, no average, no dropout seed.

    `function(at)` is differentiated at a picture or any other array; or `function()` at a list of
    variables, which gives a list. Layers must be built. Returns NumPy arrays of the shapes of `at`.
    """
    with keras.StatelessScope():
        if isinstance(at, list | tuple):
            found = gradients(lambda: (function(), None), at)[2]
            return [keras.ops.convert_to_numpy(each) for each in found]
        at = keras.ops.convert_to_tensor(at)
        return keras.ops.convert_to_numpy(gradient_at(lambda at: (function(at), None), at)[2])


class StepModel(keras.Model):
    """A `keras.Model` that `fit` trains by its method `step(data)`, on any engine."""

    if ENGINE == "tensorflow":

        def train_step(self, data):
            """As `fit` calls it."""
            return self.step(data)

    elif ENGINE == "torch":

        def train_step(self, data):
            """As `fit` calls it."""
            with torch.no_grad():  # what needs a gradient says so
                return self.step(data)

    else:

        def train_step(self, state, data):
            """As `fit` calls it: what was assigned is returned, nothing is changed in place."""
            kinds = (
                self.trainable_variables,
                self.non_trainable_variables,
                self.optimizer.variables,
                self.metrics_variables,
            )
            given = [
                pair
                for variables, values in zip(kinds, state, strict=True)
                for pair in zip(variables, values, strict=True)
            ]
            with keras.StatelessScope(state_mapping=given) as scope:
                logs = self.step(data)
            return logs, tuple([scope.get_current_value(v) for v in kind] for kind in kinds)
