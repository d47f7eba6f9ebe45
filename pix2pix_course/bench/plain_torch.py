"""pix2pix in plain PyTorch: the same networks and the same order of updates, to measure against."""

from collections.abc import Callable

import torch
from torch import nn

from pix2pix_course.config import Config
from pix2pix_course.generators import widths_of


def normal(layer: nn.Module) -> None:
    """The paper's start of a layer's weights."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


class UNet(nn.Module):
    """`generators.unet`; images are (batch, 3, height, width)."""

    def __init__(self, image_size: int, filters: int):
        super().__init__()
        widths = widths_of(image_size, filters)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, channels in enumerate(widths):
            before = widths[level - 1] if level else 3
            convolution = nn.Conv2d(before, channels, 4, 2, 1, bias=False)
            is_plain = level in (0, len(widths) - 1)
            norm = nn.Identity() if is_plain else nn.BatchNorm2d(channels)
            self.down.append(nn.Sequential(convolution, norm))
        inputs = widths[-1]
        for block, channels in enumerate(reversed(widths[:-1])):
            layers = [nn.ConvTranspose2d(inputs, channels, 4, 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(channels), *([nn.Dropout(0.5)] if block < 3 else [])]
            self.up.append(nn.Sequential(*layers))
            inputs = 2 * channels
        self.last = nn.ConvTranspose2d(inputs, 3, 4, 2, 1)
        self.apply(normal)

    def forward(self, x):
        """Condition → image, both in [-1, 1]."""
        features = []
        for level, block in enumerate(self.down):
            x = block(nn.functional.leaky_relu(x, 0.2) if level else x)
            features.append(x)
        features.pop()
        for block in self.up:
            x = torch.cat([block(nn.functional.relu(x)), features.pop()], dim=1)
        return torch.tanh(self.last(nn.functional.relu(x)))


def patchgan(strided_layers: int, filters: int) -> nn.Module:
    """`discriminators.patchgan` of condition and image, which are concatenated."""
    layers, inputs = [], 6
    for level in range(strided_layers + 1):
        channels, stride = filters * min(2**level, 8), 2 if level < strided_layers else 1
        layers += [nn.Conv2d(inputs, channels, 4, stride, 1, bias=level == 0)]
        layers += [nn.BatchNorm2d(channels)] if level else []
        layers += [nn.LeakyReLU(0.2)]
        inputs = channels
    return nn.Sequential(*layers, nn.Conv2d(inputs, 1, 4, 1, 1)).apply(normal)


def torch_step(
    config: Config, device: str = "cpu", fused: bool = False, compiled: bool = False
) -> Callable:
    """(condition, target) → losses of G and D; networks and optimizers are made here."""
    generator = UNet(config.image_size, config.generator_filters).to(device)
    discriminator = patchgan(config.discriminator_layers, config.discriminator_filters).to(device)
    adams = [
        torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999), fused=fused)
        for network in (generator, discriminator)
    ]
    if compiled:
        generator, discriminator = torch.compile(generator), torch.compile(discriminator)
    entropy = nn.functional.binary_cross_entropy_with_logits

    def judge(condition, image, is_real: float):
        logits = discriminator(torch.cat([condition, image], dim=1))
        return entropy(logits, torch.full_like(logits, is_real))

    def step(condition, target):
        generated = generator(condition)
        fake = judge(condition, generated.detach(), 0.0)
        d_loss = (judge(condition, target, 1.0) + fake) / 2
        adams[1].zero_grad()
        d_loss.backward()
        adams[1].step()
        gan = judge(condition, generated, 1.0)
        g_loss = gan + 100 * (target - generated).abs().mean()
        adams[0].zero_grad()
        g_loss.backward()
        adams[0].step()
        return g_loss.detach(), d_loss.detach()

    return step
