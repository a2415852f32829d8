# SPDX-License-Identifier: Apache-2.0
"""PyTorch on the CPU, eager or compiled, each in the form that was measured to be its fastest."""

import time
import warnings

import workload

options = workload.parse_options(compile={"action": "store_true", "help": "torch.compile"})
warnings.filterwarnings("ignore")
begin = time.perf_counter()
import torch  # noqa: E402
from torch import nn  # noqa: E402

import_seconds = time.perf_counter() - begin


def seed():
    layers = []
    for kernel in workload.FIRST_KERNELS:
        dense = nn.Linear(1, 1, bias=False)
        nn.init.constant_(dense.weight, kernel)
        layers += [dense, nn.BatchNorm1d(1, eps=1e-3, momentum=0.5), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def glorot(model):
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model


def mlp_bn():
    layers = []
    for inputs in (784, 256):
        layers += [nn.Linear(inputs, 256, bias=False), nn.BatchNorm1d(256, eps=1e-3, momentum=0.01), nn.ReLU()]
    return glorot(nn.Sequential(*layers, nn.Linear(256, 10)))


def lenet_bn():
    def norm(kind, channels):  # PyTorch's momentum is the weight of the new value
        return kind(channels, eps=1e-5, momentum=0.1)

    layers = []
    for inputs, filters in ((1, 6), (6, 16)):
        layers += [nn.Conv2d(inputs, filters, 5), norm(nn.BatchNorm2d, filters), nn.Sigmoid(), nn.AvgPool2d(2, 2)]
    layers.append(nn.Flatten())
    for inputs, units in ((256, 120), (120, 84)):
        layers += [nn.Linear(inputs, units), norm(nn.BatchNorm1d, units), nn.Sigmoid()]
    return glorot(nn.Sequential(*layers, nn.Linear(84, 10)))


NETWORKS = {"seed": seed, "mlp_bn": mlp_bn, "lenet_bn": lenet_bn}
# Channels last is the faster order for compiled convolutions, and the slower one for eager LeNet.
CHANNELS_LAST = options.compile and options.workload == "lenet_bn"


def to_torch(x):
    """An array [n, height, width, channels] as a tensor of PyTorch's order of extents."""
    x = torch.from_numpy(x)
    if x.dim() < 4:
        return x
    x = x.permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last if CHANNELS_LAST else torch.contiguous_format)


def make_optimizer(model):
    """Fused updates are the fastest on the CPU, but for the smallest network, where a compiled update is."""
    if options.workload == "lenet_bn":
        return torch.optim.SGD(model.parameters(), lr=1.0, fused=True)
    compiled = options.compile and options.workload == "seed"
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-8, fused=not compiled)
    if compiled:
        optimizer.step = torch.compile(optimizer.step)
    return optimizer


def make_train(model):
    model.train()
    optimizer = make_optimizer(model)
    criterion = nn.functional.mse_loss if options.workload == "seed" else nn.functional.cross_entropy

    def compute_loss(x, y):
        return criterion(model(x), y)

    forward = torch.compile(compute_loss) if options.compile else compute_loss

    def train(x, y, look):
        optimizer.zero_grad(set_to_none=True)
        loss = forward(x, y)
        loss.backward()
        optimizer.step()
        return loss.item() if look else None

    return train


def make_infer(model):
    model.eval()
    if options.compile:
        from torch._inductor import config

        config.freezing = True
        model = torch.compile(model)

    def infer(x):
        with torch.no_grad():
            return model(x).numpy()

    return infer


def main():
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    model = NETWORKS[options.workload]()
    if CHANNELS_LAST:
        model = model.to(memory_format=torch.channels_last)
    # In the host's memory both before and after: like Tare's arrays, they are wrapped once.
    batches = [(to_torch(x), torch.from_numpy(y)) for x, y in workload.load_batches(options)]
    work = workload.Work(options, batches, make_train(model), make_infer(model) if not options.training else None)
    peer = "torch.compile" if options.compile else "torch"
    workload.measure(options, peer, torch.__version__, work, import_seconds)


main()
