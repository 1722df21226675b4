import numpy as np
from numpy.typing import NDArray

def decode(
    heatmap: NDArray[np.float32],
    center: NDArray[np.float32],
    reg: NDArray[np.float32],
    offset: NDArray[np.float32],
) -> NDArray[np.float32]: ...
