// Where the rows of a head in a block of a cache start; see ck_cache_t.
CK_INLINE char *L(cache_block)(const ck_cache_t *cache, int64_t block, int64_t head) {
    const int64_t scale_size = cache->type == CK_I8 ? sizeof(float) : 0;
    const int64_t row_size = cache->head_dim * L(element_size)(cache->type) + scale_size;
    return (char *)cache->elements + (block * cache->kv_heads + head) * cache->block_size * row_size;
}
