"""Adam; with TensorFlow by its own kernel, which passes over the numbers once, not ten times."""

import keras

Adam = keras.optimizers.Adam

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    class Adam(keras.optimizers.Adam):
        """Keras' Adam, equal but for rounding, with the same state; for dense gradients."""

        def update_step(self, gradient, variable, learning_rate):
            """Move one weight; as Keras calls it."""
            index = self._get_variable_index(variable)
            step = tf.cast(self.iterations + 1, tf.float32)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                beta1_power=tf.pow(self.beta_1, step),
                beta2_power=tf.pow(self.beta_2, step),
                lr=learning_rate,
                beta1=self.beta_1,
                beta2=self.beta_2,
                epsilon=self.epsilon,
                grad=gradient,
            )
