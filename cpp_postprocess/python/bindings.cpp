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

movenet_type read_type(const py::array& array, const char* name) {
    const py::dtype dtype = array.dtype();
    const char order = dtype.byteorder();
    if (dtype.kind() == 'f' && (order == '=' || order == '|')) {
        if (dtype.itemsize() == 4) {
            return MOVENET_FLOAT32;
        }
        if (dtype.itemsize() == 2) {
            return MOVENET_FLOAT16;
        }
    }
    throw py::value_error(std::string(name) + ": expected dtype float32 or float16, got " + describe(array));
}

// A [channels, G, G] or [G, G] array where it lies, or a ValueError: what cannot be read in place is not converted.
movenet_tensor read_tensor(const py::array& array, const char* name) {
    movenet_tensor tensor{};
    tensor.type = read_type(array, name);
    const py::ssize_t axes = array.ndim(), size = array.itemsize();
    if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) {
        throw py::value_error(std::string(name) + ": expected an aligned array, got another one (" + describe(array) +
                              ")");
    }
    tensor.data = array.data();
    tensor.channel_step = axes == 3 ? array.strides(0) / size : 0;
    tensor.row_step = axes >= 2 ? array.strides(axes - 2) / size : 0;
    tensor.column_step = axes >= 2 ? array.strides(axes - 1) / size : 0;
    return tensor;
}

void check_heatmap(const py::array& heatmap) {
    if (heatmap.ndim() != 3 || heatmap.shape(1) != heatmap.shape(2)) {
        throw py::value_error("heatmap: expected shape [K, G, G], got " + shape_text(heatmap));
    }
    const auto refuse = [&](movenet_status status) {
        throw py::value_error(std::string("heatmap: ") + movenet_status_message(status) + ", got " +
                              shape_text(heatmap));
    };
    if (heatmap.shape(0) < 1 || heatmap.shape(0) > MOVENET_MAX_KEYPOINTS) {
        refuse(MOVENET_BAD_KEYPOINTS);
    }
    if (heatmap.shape(1) < 1 || heatmap.shape(1) > MOVENET_MAX_GRID) {
        refuse(MOVENET_BAD_GRID);
    }
}

bool has_grid(const py::array& array, py::ssize_t channels, py::ssize_t grid) {
    return array.ndim() == 3 && array.shape(0) == channels && array.shape(1) == grid && array.shape(2) == grid;
}

bool is_plain_grid(const py::array& array, py::ssize_t grid) {
    return array.ndim() == 2 && array.shape(0) == grid && array.shape(1) == grid;
}

void check_shape(bool fits, const char* name, const char* form, const movenet_heads& heads, const py::array& array) {
    if (!fits) {
        throw py::value_error(std::string(name) + ": expected shape " + form +
                              " with K = " + std::to_string(heads.keypoints) +
                              " and G = " + std::to_string(heads.grid) + " as in heatmap, got " + shape_text(array));
    }
}

movenet_values read_values(const std::string& name) {
    if (name == "any") {
        return MOVENET_ANY;
    }
    if (name == "probabilities") {
        return MOVENET_PROBABILITIES;
    }
    if (name == "logits") {
        return MOVENET_LOGITS;
    }
    throw py::value_error("unknown values '" + name + "'; known: any, probabilities, logits");
}

py::array_t<float> decode(const py::array& heatmap, const py::array& center, const py::array& reg,
                          const py::array& offset, const std::string& values) {
    movenet_heads heads{};
    heads.images = 1;
    heads.values = read_values(values);
    heads.heatmap = read_tensor(heatmap, "heatmap");
    heads.center = read_tensor(center, "center");
    heads.reg = read_tensor(reg, "reg");
    heads.offset = read_tensor(offset, "offset");

    check_heatmap(heatmap);
    heads.keypoints = static_cast<int32_t>(heatmap.shape(0));
    heads.grid = static_cast<int32_t>(heatmap.shape(1));
    const bool center_fits = is_plain_grid(center, heads.grid) || has_grid(center, 1, heads.grid);
    check_shape(center_fits, "center", "[G, G] or [1, G, G]", heads, center);
    check_shape(has_grid(reg, 2 * heads.keypoints, heads.grid), "reg", "[2K, G, G]", heads, reg);
    check_shape(has_grid(offset, 2 * heads.keypoints, heads.grid), "offset", "[2K, G, G]", heads, offset);

    py::array_t<float> points({static_cast<py::ssize_t>(heads.keypoints), static_cast<py::ssize_t>(3)});
    float* points_data = points.mutable_data();
    movenet_status status;
    {
        const py::gil_scoped_release unlocked;
        status = movenet_decode(&heads, points_data);
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
               py::arg("reg").noconvert(), py::arg("offset").noconvert(), py::arg("values") = "any",
               "float32 [K, 3] (x, y in 0..1 of the input square, score) of one image's heads: aligned float32 or\n"
               "float16 heatmap [K, G, G], center [G, G] or [1, G, G], reg [2K, G, G], offset [2K, G, G].\n\n"
               "Raises ValueError for any other shape or dtype, or for unaligned memory.");
}
