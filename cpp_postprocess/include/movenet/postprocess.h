/* Turns the network's four output maps into keypoints: the C interface of the movenet decoder.
 *
 * The maps are those of one picture, flat float32, row-major, for K keypoints on a G x G grid of cells:
 *
 *     heatmap  [K, G, G]    how likely each cell is to hold each keypoint
 *     center   [G, G]       how likely each cell is to be a person's center
 *     reg      [2K, G, G]   x0, y0, x1, y1, ...: from the center cell to each keypoint, in cells
 *     offset   [2K, G, G]   x0, y0, x1, y1, ...: from the keypoint's cell to its exact place, in cells
 *
 * The rule, every step in IEEE float32 and in the order written (none fused, none reordered):
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

/* The largest sizes that movenet_decode takes: beyond them no real network goes, and indices could overflow. */
#define MOVENET_MAX_KEYPOINTS 4096
#define MOVENET_MAX_GRID 4096

typedef struct movenet_sizes {
    int32_t keypoints; /* K, 1 .. MOVENET_MAX_KEYPOINTS */
    int32_t grid;      /* G, cells along a side, 1 .. MOVENET_MAX_GRID */
} movenet_sizes;

typedef enum movenet_status {
    MOVENET_OK = 0,
    MOVENET_NULL_POINTER = 1, /* one of the arrays is NULL */
    MOVENET_BAD_KEYPOINTS = 2,
    MOVENET_BAD_GRID = 3
} movenet_status;

/* Decodes one picture's maps.
 *
 * Reads the four maps (sizes above, each aligned as float is) and writes `points`, K x 3 floats: x, y, score of each
 * keypoint; x and y are shares of the network's square input, 0 at its left and top edge, 1 at its right and bottom.
 * `points` must not overlap the maps.
 *
 * Allocates nothing, keeps no state, throws nothing: any number of threads may decode at once.
 * On any status but MOVENET_OK `points` is left untouched.
 */
movenet_status movenet_decode(movenet_sizes sizes, const float* heatmap, const float* center, const float* reg,
                              const float* offset, float* points) MOVENET_NOEXCEPT;

/* One line of English for a status; never NULL, never freed. */
const char* movenet_status_message(movenet_status status) MOVENET_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* MOVENET_POSTPROCESS_H */
