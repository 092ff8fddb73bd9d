"""How alike two pictures are: SSIM of the luma (Wang et al. 2004), 1 is equal."""

from __future__ import annotations

import pyvips

_SIGMA = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: pyvips.Image, other: pyvips.Image) -> float:
    """Mean over all pixels, Gaussian window of sigma 1.5; both of the same size."""
    x, y = (image.colourspace("b-w")[0].cast("float") for image in (one, other))
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x * mean_x, _blur(y * y) - mean_y * mean_y
    covariance = _blur(x * y) - mean_x * mean_y
    top = (mean_x * mean_y * 2 + _C1) * (covariance * 2 + _C2)
    bottom = (mean_x * mean_x + mean_y * mean_y + _C1) * (var_x + var_y + _C2)
    return float((top / bottom).avg())


def _blur(image: pyvips.Image) -> pyvips.Image:
    return image.gaussblur(_SIGMA, precision="float")
