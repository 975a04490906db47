"""The papers' networks at any width, every torchvision model, and the layers of interest of each."""

from .blurpool import BlurPool, blur, blurred
from .checkpoints import from_checkpoint, load, save, saved
from .cifar_resnet import CifarResNet
from .classifiers import VGG19
from .entries import LAYERS_OF_INTEREST, MODELS, TITLES, Entry, register
from .picanet import VGG16SOD
from .registry import PAPER_MODELS, build, default_layers
from .vgg_fcn import VGGFCN
from .weights import load_weights

__all__ = [
    "LAYERS_OF_INTEREST",
    "MODELS",
    "PAPER_MODELS",
    "TITLES",
    "VGG16SOD",
    "VGG19",
    "VGGFCN",
    "BlurPool",
    "CifarResNet",
    "Entry",
    "blur",
    "blurred",
    "build",
    "default_layers",
    "from_checkpoint",
    "load",
    "load_weights",
    "register",
    "save",
    "saved",
]
