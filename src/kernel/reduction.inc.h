/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reduction for one element type; included by reduction.c with
 *     NUMBER, LANE, WIDE    the element, what columns are reduced in, what their results merge in
 *     NAMED(f)              the name of f here
 *     START                 the value of nothing
 *     STEP(lane, v)         one more element
 *     MERGE(a, b)           two partial results
 *     FINISH(w, divisor)    the result
 */

/* rows of width numbers, stride apart, into wide[width]. */
static void NAMED(columns)(const void *from, int64_t rows, int64_t stride, int64_t width,
                           void *into) {
    const NUMBER *x = from;
    WIDE *wide = into;
    LANE lanes[TILE];
    for (int64_t j = 0; j < width; j++) wide[j] = (WIDE)(START);
    for (int64_t i = 0; i < rows; i += COLUMN_ROWS) {
        const int64_t end = i + COLUMN_ROWS < rows ? i + COLUMN_ROWS : rows;
        for (int64_t j = 0; j < width; j++) lanes[j] = (LANE)(START);
        for (int64_t r = i; r < end; r++) {
            const NUMBER *row = x + r * stride;
            for (int64_t j = 0; j < width; j++) lanes[j] = STEP(lanes[j], row[j]);
        }
        for (int64_t j = 0; j < width; j++) wide[j] = MERGE(wide[j], (WIDE)lanes[j]);
    }
}

/* Few numbers altogether: column by column. */
static void NAMED(few)(const void *from, int64_t rows, int64_t inner, void *into) {
    const NUMBER *x = from;
    WIDE *wide = into;
    for (int64_t j = 0; j < inner; j++) {
        WIDE result = (WIDE)(START);
        for (int64_t r = 0; r < rows; r++)
            result = MERGE(result, (WIDE)STEP((LANE)(START), x[r * inner + j]));
        wide[j] = result;
    }
}

static void NAMED(merge)(void *into, const void *from, int64_t count) {
    WIDE *a = into;
    const WIDE *b = from;
    for (int64_t j = 0; j < count; j++) a[j] = MERGE(a[j], b[j]);
}

static void NAMED(finish)(const void *from, void *to, int64_t count, double divisor) {
    const WIDE *wide = from;
    NUMBER *y = to;
    (void)divisor;
    for (int64_t j = 0; j < count; j++) y[j] = (NUMBER)(FINISH(wide[j], divisor));
}

static const tare_reduction_kernel NAMED(kernel) = {NAMED(columns), NAMED(few),   NAMED(merge),
                                                    NAMED(finish),  sizeof(WIDE), sizeof(NUMBER)};

#undef NUMBER
#undef LANE
#undef WIDE
#undef NAMED
#undef START
#undef STEP
#undef MERGE
#undef FINISH
