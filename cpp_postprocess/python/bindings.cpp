// movenet._postprocess: the C decoder for NumPy arrays. Copies nothing, and holds no lock while it decodes.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "movenet/postprocess.h"

namespace py = pybind11;

namespace {

std::string shape_text(const py::array& array) {
    std::string text = "[";
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
        text += (axis ? ", " : "") + std::to_string(array.shape(axis));
    }
    return text + "]";
}

std::string describe(const py::array& array) {
    return std::string(py::str(array.dtype())) + " " + shape_text(array);
}

// The array's floats, or a ValueError: what cannot be read in place is refused, not converted.
const float* read_floats(const py::array& array, const char* name) {
    if (!py::dtype::of<float>().equal(array.dtype())) {
        throw py::value_error(std::string(name) + ": expected dtype float32, got " + describe(array));
    }
    constexpr int in_place = py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if ((array.flags() & in_place) != in_place) {
        throw py::value_error(std::string(name) + ": expected a C-contiguous, aligned array, got one with gaps (" +
                              describe(array) + ")");
    }
    return static_cast<const float*>(array.data());
}

movenet_sizes read_sizes(const py::array& heatmap) {
    if (heatmap.ndim() != 3 || heatmap.shape(1) != heatmap.shape(2)) {
        throw py::value_error("heatmap: expected shape [K, G, G], got " + shape_text(heatmap));
    }
    if (heatmap.shape(0) < 1 || heatmap.shape(0) > MOVENET_MAX_KEYPOINTS) {
        throw py::value_error(std::string("heatmap: ") + movenet_status_message(MOVENET_BAD_KEYPOINTS) + ", got " +
                              shape_text(heatmap));
    }
    if (heatmap.shape(1) < 1 || heatmap.shape(1) > MOVENET_MAX_GRID) {
        throw py::value_error(std::string("heatmap: ") + movenet_status_message(MOVENET_BAD_GRID) + ", got " +
                              shape_text(heatmap));
    }
    return {static_cast<int32_t>(heatmap.shape(0)), static_cast<int32_t>(heatmap.shape(1))};
}

bool has_grid(const py::array& array, py::ssize_t channels, py::ssize_t grid) {
    return array.ndim() == 3 && array.shape(0) == channels && array.shape(1) == grid && array.shape(2) == grid;
}

bool is_plain_grid(const py::array& array, py::ssize_t grid) {
    return array.ndim() == 2 && array.shape(0) == grid && array.shape(1) == grid;
}

void check_shape(bool fits, const char* name, const char* form, movenet_sizes sizes, const py::array& array) {
    if (!fits) {
        throw py::value_error(std::string(name) + ": expected shape " + form +
                              " with K = " + std::to_string(sizes.keypoints) +
                              " and G = " + std::to_string(sizes.grid) + " as in heatmap, got " + shape_text(array));
    }
}

py::array_t<float> decode(const py::array& heatmap, const py::array& center, const py::array& reg,
                          const py::array& offset) {
    const float* heatmap_data = read_floats(heatmap, "heatmap");
    const float* center_data = read_floats(center, "center");
    const float* reg_data = read_floats(reg, "reg");
    const float* offset_data = read_floats(offset, "offset");

    const movenet_sizes sizes = read_sizes(heatmap);
    const bool center_fits = is_plain_grid(center, sizes.grid) || has_grid(center, 1, sizes.grid);
    check_shape(center_fits, "center", "[G, G] or [1, G, G]", sizes, center);
    check_shape(has_grid(reg, 2 * sizes.keypoints, sizes.grid), "reg", "[2K, G, G]", sizes, reg);
    check_shape(has_grid(offset, 2 * sizes.keypoints, sizes.grid), "offset", "[2K, G, G]", sizes, offset);

    py::array_t<float> points({static_cast<py::ssize_t>(sizes.keypoints), static_cast<py::ssize_t>(3)});
    float* points_data = points.mutable_data();
    movenet_status status;
    {
        const py::gil_scoped_release unlocked;
        status = movenet_decode(sizes, heatmap_data, center_data, reg_data, offset_data, points_data);
    }
    if (status != MOVENET_OK) {
        throw py::value_error(movenet_status_message(status));
    }
    return points;
}

}  // namespace

PYBIND11_MODULE(_postprocess, module) {
    module.doc() = "The compiled decoder; use movenet.decoding.decode.";
    module.def("decode", &decode, py::arg("heatmap").noconvert(), py::arg("center").noconvert(),
               py::arg("reg").noconvert(), py::arg("offset").noconvert(),
               "float32 [K, 3] (x, y in 0..1 of the input square, score) of one image's maps: C-contiguous float32\n"
               "heatmap [K, G, G], center [G, G] or [1, G, G], reg [2K, G, G], offset [2K, G, G].\n\n"
               "Raises ValueError for any other shape, dtype or layout.");
}
