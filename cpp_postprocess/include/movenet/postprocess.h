/* Turns the network's four output tensors ("heads") into keypoints: the C interface of the movenet decoder.
 *
 * The heads of N images, for K keypoints on a G x G grid of cells:
 *
 *     heatmap  [N, K, G, G]    how likely each cell is to hold each keypoint
 *     center   [N, 1, G, G]    how likely each cell is to be a person's center
 *     reg      [N, 2K, G, G]   x0, y0, x1, y1, ...: from the center cell to each keypoint, in cells
 *     offset   [N, 2K, G, G]   x0, y0, x1, y1, ...: from the keypoint's cell to its exact place, in cells
 *
 * The rule, of each image; every step in IEEE float32 and in the order written (none fused, none reordered):
 *
 *     reach(dx, dy) = sqrt(dx * dx + dy * dy) + 1.8
 *     1. (cx, cy)   = argmax over cells (x, y) of center(x, y) * (1 / reach(x - G/2, y - G/2))
 *     2. (rx, ry)   = (cx + reg[2k](cx, cy), cy + reg[2k+1](cx, cy))
 *     3. (px, py)   = argmax over cells (x, y) of heatmap[k](x, y) / reach(x - rx, y - ry)
 *     4. point k    = ((px + offset[2k](px, py)) / G, (py + offset[2k+1](px, py)) / G), score heatmap[k](px, py)
 *
 * Of equal cells the first in row-major order wins. Points may lie outside 0..1. NaN and infinities:
 *
 *   - such a cell of heatmap or center is never selected;
 *   - a center map without any finite cell: the middle cell, (G / 2, G / 2) rounded down, is the center;
 *   - such a value of reg or offset is read as 0;
 *   - a heatmap without any finite cell: the point is (rx / G, ry / G), its score 0.
 *
 * So the result is finite whatever comes in.
 */
#ifndef MOVENET_POSTPROCESS_H
#define MOVENET_POSTPROCESS_H

#include <stdint.h>

#ifdef __cplusplus
#define MOVENET_NOEXCEPT noexcept
extern "C" {
#else
#define MOVENET_NOEXCEPT
#endif

/* The largest sizes that movenet_decode takes: no real network goes beyond them. */
#define MOVENET_MAX_KEYPOINTS 4096
#define MOVENET_MAX_GRID 4096

/* How a tensor's numbers are stored. */
typedef enum movenet_type {
    MOVENET_FLOAT32 = 0,
    MOVENET_FLOAT16 = 1, /* IEEE half precision */
    MOVENET_INT8 = 2     /* number = scale * (stored - zero_point), in float32 */
} movenet_type;

/* What the numbers of heatmap and center are.
 *
 * At most `ceiling`, a cell at distance d of a point scores at most ceiling / (d + 1.8): cells farther than the best
 * score allows need not be read. MOVENET_ANY has no ceiling, so every cell is read.
 */
typedef enum movenet_values {
    MOVENET_ANY = 0,           /* any finite numbers, compared as they are */
    MOVENET_PROBABILITIES = 1, /* after the sigmoid: a number above 1 is read as 1 */
    MOVENET_LOGITS = 2         /* before it: a finite number v is read as 1 / (1 + exp(-v)), computed in float64 and
                                  rounded to float32, but only where v can win */
} movenet_values;

/* One head, read in place: number (image, channel, y, x) is the element at
 * image * image_step + channel * channel_step + y * row_step + x * column_step of `data`, which must be aligned to the
 * size of an element. Steps are counted in elements and may have any sign. */
typedef struct movenet_tensor {
    const void* data;
    int64_t image_step;
    int64_t channel_step;
    int64_t row_step;
    int64_t column_step;
    int32_t type;       /* a movenet_type */
    int32_t zero_point; /* of MOVENET_INT8: -128 .. 127; otherwise not read */
    float scale;        /* of MOVENET_INT8: finite and above 0; otherwise not read */
} movenet_tensor;

typedef struct movenet_heads {
    int32_t images;    /* N, at least 1 */
    int32_t keypoints; /* K, 1 .. MOVENET_MAX_KEYPOINTS */
    int32_t grid;      /* G, cells along a side, 1 .. MOVENET_MAX_GRID */
    int32_t values;    /* a movenet_values, of heatmap and center */
    movenet_tensor heatmap;
    movenet_tensor center;
    movenet_tensor reg;
    movenet_tensor offset;
} movenet_heads;

typedef enum movenet_status {
    MOVENET_OK = 0,
    MOVENET_NULL_POINTER = 1, /* heads, a tensor's data or points */
    MOVENET_BAD_IMAGES = 2,   /* or count */
    MOVENET_BAD_KEYPOINTS = 3,
    MOVENET_BAD_GRID = 4,
    MOVENET_BAD_VALUES = 5,
    MOVENET_BAD_TYPE = 6,
    MOVENET_BAD_STEP = 7, /* the steps lead beyond any address */
    MOVENET_BAD_SCALE = 8,
    MOVENET_MISALIGNED = 9
} movenet_status;

/* A tensor without gaps, [N, channels, grid, grid] or [N, grid, grid, channels]. Other layouts are made from these:
 * for an ncnn::Mat, `channel_step = mat.cstep`; for MOVENET_INT8, `scale` and `zero_point`. */
movenet_tensor movenet_nchw(const void* data, movenet_type type, int32_t channels, int32_t grid) MOVENET_NOEXCEPT;
movenet_tensor movenet_nhwc(const void* data, movenet_type type, int32_t channels, int32_t grid) MOVENET_NOEXCEPT;

/* Decodes all images of `heads` and writes `points`, N x K x 3 floats: x, y, score of each keypoint; x and y are shares
 * of the network's square input, 0 at its left and top edge, 1 at its right and bottom. `points` must not overlap the
 * heads. How much memory there is behind a pointer is the caller's to get right.
 *
 * Allocates nothing, keeps no state, throws nothing: any number of threads may decode at once.
 * On any status but MOVENET_OK `points` is left untouched.
 */
movenet_status movenet_decode(const movenet_heads* heads, float* points) MOVENET_NOEXCEPT;

/* The same for `count` heads in memory of their own, such as the frames of several cameras; their sizes may differ. The
 * points of one follow those of the one before. On any status but MOVENET_OK of one of them all points are untouched.
 */
movenet_status movenet_decode_frames(const movenet_heads* frames, int32_t count, float* points) MOVENET_NOEXCEPT;

/* One line of English for a status; never NULL, never freed. */
const char* movenet_status_message(movenet_status status) MOVENET_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* MOVENET_POSTPROCESS_H */
