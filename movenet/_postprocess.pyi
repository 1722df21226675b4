import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32] | NDArray[np.float16]

def decode(
    heatmap: _Floats, center: _Floats, reg: _Floats, offset: _Floats, values: str = "any"
) -> NDArray[np.float32]: ...
