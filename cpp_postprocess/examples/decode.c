/* Decodes the heads of one image in plain C: a person in the middle, one keypoint up and left of it. */
#include <movenet/postprocess.h>
#include <stdio.h>

enum { KEYPOINTS = 1, GRID = 8, CELLS = GRID * GRID };

int main(void) {
    /* In an application these four are the network's outputs. */
    static float heatmap[KEYPOINTS * CELLS], center[CELLS], reg[2 * KEYPOINTS * CELLS], offset[2 * KEYPOINTS * CELLS];
    center[4 * GRID + 4] = 0.9f;           /* the person's center is cell x = 4, y = 4 */
    reg[0 * CELLS + 4 * GRID + 4] = -2.0f; /* its keypoint is about 2 cells to the left ... */
    reg[1 * CELLS + 4 * GRID + 4] = -1.0f; /* ... and 1 up */
    heatmap[3 * GRID + 2] = 0.8f;
    offset[0 * CELLS + 3 * GRID + 2] = 0.25f;

    const movenet_heads heads = {
        .images = 1,
        .keypoints = KEYPOINTS,
        .grid = GRID,
        .values = MOVENET_PROBABILITIES,
        .heatmap = movenet_nchw(heatmap, MOVENET_FLOAT32, KEYPOINTS, GRID),
        .center = movenet_nchw(center, MOVENET_FLOAT32, 1, GRID),
        .reg = movenet_nchw(reg, MOVENET_FLOAT32, 2 * KEYPOINTS, GRID),
        .offset = movenet_nchw(offset, MOVENET_FLOAT32, 2 * KEYPOINTS, GRID),
    };
    float points[KEYPOINTS][3];
    const movenet_status status = movenet_decode(&heads, &points[0][0]);
    if (status != MOVENET_OK) {
        fprintf(stderr, "decode: %s\n", movenet_status_message(status));
        return 1;
    }
    for (int k = 0; k < KEYPOINTS; ++k) {
        printf("%d: x %.5f y %.5f score %.2f\n", k, points[k][0], points[k][1], points[k][2]);
    }
    return 0; /* printed: 0: x 0.28125 y 0.37500 score 0.80 */
}
