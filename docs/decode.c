/* Prints x, y and score of all keypoints of recorded heads: decode FILE (int32 images, keypoints, grid; float32 maps).
 */
#include <movenet/postprocess.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    int32_t size[3] = {0, 0, 0};
    FILE* file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file || fread(size, sizeof size, 1, file) != 1) return 2;
    const int32_t images = size[0], keypoints = size[1], grid = size[2];
    const size_t cells = (size_t)images * grid * grid, numbers = (5 * (size_t)keypoints + 1) * cells;
    float *maps = malloc(numbers * sizeof *maps), *points = malloc(3 * sizeof *points * images * keypoints);
    if (!maps || !points || fread(maps, sizeof *maps, numbers, file) != numbers) return 2;
    const movenet_heads heads = {
        images,
        keypoints,
        grid,
        MOVENET_PROBABILITIES,
        movenet_nchw(maps, MOVENET_FLOAT32, keypoints, grid),
        movenet_nchw(maps + keypoints * cells, MOVENET_FLOAT32, 1, grid),
        movenet_nchw(maps + (keypoints + 1) * cells, MOVENET_FLOAT32, 2 * keypoints, grid),
        movenet_nchw(maps + (3 * keypoints + 1) * cells, MOVENET_FLOAT32, 2 * keypoints, grid)};
    const movenet_status status = movenet_decode(&heads, points);
    if (status != MOVENET_OK) return fprintf(stderr, "%s\n", movenet_status_message(status)), 1;
    for (float* p = points; p < points + 3 * images * keypoints; p += 3) printf("%.9g %.9g %.9g\n", p[0], p[1], p[2]);
    return 0;
}
