// How the processor's tiles are used: two by two, with four sums.

#ifndef CK_TILE
#define CK_TILE
enum { CK_SUM_00, CK_SUM_01, CK_SUM_10, CK_SUM_11, CK_ROWS_0, CK_ROWS_1, CK_WEIGHTS_0, CK_WEIGHTS_1 };
enum { CK_TILE_ROWS = 16, CK_TILE_BYTES = 64 };
#endif

// Until _tile_release, for `height` rows.
static void L(configure_tiles)(int64_t height) {
    struct {
        uint8_t palette, start, unused[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } tiles = {.palette = 1};
    for (int i = CK_SUM_00; i <= CK_WEIGHTS_1; i++) {
        tiles.bytes[i] = CK_TILE_BYTES;
        tiles.rows[i] = i < CK_WEIGHTS_0 ? (uint8_t)height : CK_TILE_ROWS;
    }
    _tile_loadconfig(&tiles);
}

CK_INLINE void L(clear_sums)(void) {
    _tile_zero(CK_SUM_00);
    _tile_zero(CK_SUM_01);
    _tile_zero(CK_SUM_10);
    _tile_zero(CK_SUM_11);
}
