/* Prints x, y and score of every keypoint of recorded heads: int32 images, keypoints, grid; then the float32 maps. */
#include <movenet/postprocess.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    int32_t size[3];
    FILE* file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file || fread(size, sizeof size, 1, file) != 1) return 2;
    const int32_t images = size[0], k = size[1], grid = size[2];
    const size_t cells = (size_t)images * grid * grid, numbers = (5 * (size_t)k + 1) * cells;
    float *maps = malloc(numbers * sizeof *maps), *points = malloc(3 * sizeof *points * images * k);
    if (!maps || !points || fread(maps, sizeof *maps, numbers, file) != numbers) return 2;
    const movenet_tensor heatmap = movenet_nchw(maps, MOVENET_FLOAT32, k, grid);
    const movenet_tensor center = movenet_nchw(maps + k * cells, MOVENET_FLOAT32, 1, grid);
    const movenet_tensor reg = movenet_nchw(maps + (k + 1) * cells, MOVENET_FLOAT32, 2 * k, grid);
    const movenet_tensor offset = movenet_nchw(maps + (3 * k + 1) * cells, MOVENET_FLOAT32, 2 * k, grid);
    const movenet_heads heads = {images, k, grid, MOVENET_PROBABILITIES, heatmap, center, reg, offset};
    const movenet_status status = movenet_decode(&heads, points);
    if (status != MOVENET_OK) return fprintf(stderr, "%s\n", movenet_status_message(status)), 1;
    for (float* p = points; p < points + 3 * images * k; p += 3) printf("%.9g %.9g %.9g\n", p[0], p[1], p[2]);
}
