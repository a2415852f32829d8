# SPDX-License-Identifier: Apache-2.0
"""PyTorch on the CPU, eager or compiled, each in the form that was measured to be its fastest."""

import time
import warnings

import workload

options = workload.parse_options(
    compile={"action": "store_true", "help": "torch.compile"},
    export={"metavar": "FILE", "help": "write the network as an ONNX model, and measure nothing"},
)
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
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.Conv3d)):
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


def conv_norm(rank, inputs, filters, kernel, stride=1):
    """Convolution, padded evenly, and batch normalisation."""
    conv, norm = (nn.Conv2d, nn.BatchNorm2d) if rank == 2 else (nn.Conv3d, nn.BatchNorm3d)
    return [
        conv(inputs, filters, kernel, stride, kernel // 2, bias=False),
        norm(filters, eps=1e-3, momentum=0.01),
    ]


class Residual(nn.Module):
    """relu(branch(x) + shortcut(x)); layers: inputs, filters, kernel and stride of the branch's convolutions."""

    def __init__(self, layers):
        super().__init__()
        branch = []
        for layer in layers:
            branch += [*conv_norm(2, *layer), nn.ReLU(inplace=True)]
        self.branch = nn.Sequential(*branch[:-1])
        inputs, filters, stride = layers[0][0], layers[-1][1], max(layer[3] for layer in layers)
        same = inputs == filters and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*conv_norm(2, inputs, filters, 1, stride))

    def forward(self, x):
        return nn.functional.relu(self.branch(x) + self.shortcut(x), inplace=True)


class Mean(nn.Module):
    """Of every channel."""

    def forward(self, x):
        return x.mean(dim=tuple(range(2, x.dim())))


def resnet20():
    layers, inputs = [*conv_norm(2, 3, 16, 3), nn.ReLU(inplace=True)], 16
    for width in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and width > 16 else 1
            layers.append(Residual([(inputs, width, 3, stride), (width, width, 3, 1)]))
            inputs = width
    return glorot(nn.Sequential(*layers, Mean(), nn.Linear(64, 10)))


def resnet50():
    layers, inputs = [*conv_norm(2, 3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)], 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if block == 0 and width > 64 else 1
            layers.append(
                Residual([(inputs, width, 1, 1), (width, width, 3, stride), (width, 4 * width, 1, 1)])
            )
            inputs = 4 * width
    return glorot(nn.Sequential(*layers, Mean(), nn.Linear(2048, 1000)))


def conv3d():
    layers, inputs = [], 3
    for filters, pool in ((32, (1, 2, 2)), (64, 2), (128, 2)):
        layers += [*conv_norm(3, inputs, filters, 3), nn.ReLU(inplace=True), nn.MaxPool3d(pool, pool)]
        inputs = filters
    return glorot(nn.Sequential(*layers, Mean(), nn.Linear(128, 10)))


def heatmap():
    layers, inputs = [], 1
    for filters, then in (
        (32, nn.MaxPool2d(2)),
        (64, nn.MaxPool2d(2)),
        (128, nn.Upsample(scale_factor=2)),
        (64, nn.Upsample(scale_factor=2)),
        (32, nn.Identity()),
    ):
        layers += [*conv_norm(2, inputs, filters, 3), nn.ReLU(inplace=True), then]
        inputs = filters
    return glorot(nn.Sequential(*layers, nn.Conv2d(32, 1, 3, padding=1)))


NETWORKS = {
    "seed": seed,
    "mlp_bn": mlp_bn,
    "lenet_bn": lenet_bn,
    "resnet20": resnet20,
    "resnet50": resnet50,
    "conv3d": conv3d,
    "heatmap": heatmap,
}
# Channels last is the faster order for convolutions, but for those of eager LeNet.
CHANNELS_LAST = options.workload != "lenet_bn" or options.compile
FORMAT = torch.channels_last_3d if options.network == "conv3d" else torch.channels_last


def to_torch(x):
    """An array [n, ..., channels] as a tensor of PyTorch's order of extents."""
    x = torch.from_numpy(x)
    if x.dim() < 4:
        return x
    x = x.movedim(-1, 1)
    return x.contiguous(memory_format=FORMAT if CHANNELS_LAST else torch.contiguous_format)


def make_optimizer(model):
    """Fused updates are the fastest on the CPU, but for the smallest network, where a compiled update is."""
    if options.workload == "lenet_bn":
        return torch.optim.SGD(model.parameters(), lr=1.0, fused=True)
    if options.network in workload.CLASSES:
        return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
    compiled = options.compile and options.workload == "seed"
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-8, fused=not compiled)
    if compiled:
        optimizer.step = torch.compile(optimizer.step)
    return optimizer


def make_train(model):
    model.train()
    optimizer = make_optimizer(model)
    squared = options.network in ("seed", "heatmap")
    criterion = nn.functional.mse_loss if squared else nn.functional.cross_entropy

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


def bn_alone(x, dy):
    """A training step of batch normalisation alone."""
    channels = x.shape[1]
    x.requires_grad_()
    gamma, beta = torch.ones(channels, requires_grad=True), torch.zeros(channels, requires_grad=True)
    mean, variance = torch.zeros(channels), torch.ones(channels)

    def forward(x, gamma, beta):
        return nn.functional.batch_norm(x, mean, variance, gamma, beta, True, 0.01, 1e-3)

    if options.compile:
        forward = torch.compile(forward)

    def train(batch_x, batch_dy, look):
        return torch.autograd.grad(forward(x, gamma, beta), (x, gamma, beta), dy)[1].mean().item()

    return train


def export(model, x):
    """Batch normalisation is left for the runtime to fold; the batch may have any size."""
    torch.onnx.export(
        model.eval(),
        (x,),
        options.export,
        input_names=["x"],
        output_names=["y"],
        dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
        opset_version=17,
        do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        dynamo=False,
    )


def main():
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    peer = "torch.compile" if options.compile else "torch"
    # In the host's memory both before and after: like Tare's arrays, they are wrapped once.
    batches = [(to_torch(x), to_torch(y)) for x, y in workload.load_batches(options)]
    if options.network.startswith("bn_alone"):
        work = workload.Work(options, batches, bn_alone(*batches[0]))
        return workload.measure(options, peer, torch.__version__, work, import_seconds)
    model = NETWORKS[options.network]()
    if options.export:
        return export(model, batches[0][0].contiguous())
    if CHANNELS_LAST:
        model = model.to(memory_format=FORMAT)
    work = workload.Work(options, batches, make_train(model), make_infer(model) if not options.training else None)
    workload.measure(options, peer, torch.__version__, work, import_seconds)


main()
