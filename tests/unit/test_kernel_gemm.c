/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: the fast ones of every instruction set against plain loops in double. */
#include "kernel_check.h"

#include "kernel/gemm_kernel.h"

/* Operands and results of one product. Numbers between a row's end and the next row are NaN and
 * must stay. */
typedef struct product {
    tare_gemm gemm;
    int64_t a_count, b_count, c_count;
    float *a, *b, *bias, *c_before;
} product;

static int64_t stored(int64_t rows, int64_t columns, int64_t stride) {
    return rows > 0 && columns > 0 ? (rows - 1) * stride + columns : 0;
}

static float *random_matrix(uint64_t seed, int64_t rows, int64_t columns, int64_t stride) {
    float *matrix = check_array(stored(rows, columns, stride));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            matrix[i * stride + j] = (float)check_number(seed, i * columns + j);
    return matrix;
}

/* gap: how much longer a stored row is than it must be. */
static product make_product(int64_t m, int64_t n, int64_t k, int transposes, int64_t gap, bool bias,
                            bool accumulate) {
    product p = {.gemm = {.m = m, .n = n, .k = k, .accumulate = accumulate}};
    p.gemm.transpose_a = transposes & 1;
    p.gemm.transpose_b = transposes & 2;
    const int64_t a_rows = p.gemm.transpose_a ? k : m, a_columns = p.gemm.transpose_a ? m : k;
    const int64_t b_rows = p.gemm.transpose_b ? n : k, b_columns = p.gemm.transpose_b ? k : n;
    p.gemm.lda = a_columns + gap;
    p.gemm.ldb = b_columns + gap;
    p.gemm.ldc = n + gap;
    p.a_count = stored(a_rows, a_columns, p.gemm.lda);
    p.b_count = stored(b_rows, b_columns, p.gemm.ldb);
    p.c_count = stored(m, n, p.gemm.ldc);
    p.a = random_matrix(1, a_rows, a_columns, p.gemm.lda);
    p.b = random_matrix(2, b_rows, b_columns, p.gemm.ldb);
    p.bias = bias ? check_random(3, n) : NULL;
    p.c_before = accumulate ? random_matrix(4, m, n, p.gemm.ldc) : check_array(p.c_count);
    return p;
}

static void free_product(product *p) {
    check_release(p->a);
    check_release(p->b);
    if (p->bias) check_release(p->bias);
    check_release(p->c_before);
}

static void multiply(const tare_gemm_kernel *kernel, const product *p, tare_pool *pool, float *c) {
    memcpy(c, p->c_before, (size_t)p->c_count * sizeof *c);
    void *scratch = check_scratch(tare_gemm_scratch_with(kernel, &p->gemm));
    float *a = check_exact_copy(p->a, p->a_count), *b = check_exact_copy(p->b, p->b_count);
    tare_gemm_f32_with(kernel, &p->gemm, a, b, p->bias, c, scratch, pool);
    free(a);
    free(b);
    free(scratch);
}

/*
 * Compares with the reference. A sum of t terms made in float32 in any order is off by at most t
 * epsilon / 2 times the sum of the terms' magnitudes; t counts the products, the bias, the old C
 * and the joining of partial sums.
 */
static void compare(const product *p, const float *got) {
    const tare_gemm *gemm = &p->gemm;
    const double unit = ldexp(1, -24) * ((double)gemm->k + 8);
    for (int64_t i = 0; i < gemm->m; i++) {
        for (int64_t j = 0; j < gemm->n; j++) {
            const int64_t at = i * gemm->ldc + j;
            double sum = 0, size = 0;
            for (int64_t s = 0; s < gemm->k; s++) {
                const double a = p->a[gemm->transpose_a ? s * gemm->lda + i : i * gemm->lda + s];
                const double b = p->b[gemm->transpose_b ? j * gemm->ldb + s : s * gemm->ldb + j];
                sum += a * b;
                size += fabs(a * b);
            }
            const double extra =
                (p->bias ? p->bias[j] : 0) + (gemm->accumulate ? (double)p->c_before[at] : 0);
            sum += extra;
            size += fabs(extra);
            if (!(fabs(got[at] - sum) <= unit * size))
                fail_msg("m %ld n %ld k %ld transposes %d%d, at %ld %ld: got %.9g, not %.9g",
                         (long)gemm->m, (long)gemm->n, (long)gemm->k, gemm->transpose_a,
                         gemm->transpose_b, (long)i, (long)j, (double)got[at], sum);
        }
        for (int64_t gap = gemm->n; i + 1 < gemm->m && gemm->n > 0 && gap < gemm->ldc; gap++)
            assert_true(isnan(got[i * gemm->ldc + gap]));
    }
}

static void check_product(const tare_gemm_kernel *kernel, int64_t m, int64_t n, int64_t k,
                          int transposes, int64_t gap, bool bias, bool accumulate) {
    product p = make_product(m, n, k, transposes, gap, bias, accumulate);
    float *c = check_array(p.c_count);
    multiply(kernel, &p, NULL, c);
    compare(&p, c);
    check_release(c);
    free_product(&p);
}

static void check_all_forms(const tare_gemm_kernel *kernel, int64_t m, int64_t n, int64_t k) {
    for (int transposes = 0; transposes < 4; transposes++) {
        check_product(kernel, m, n, k, transposes, 0, false, false);
        check_product(kernel, m, n, k, transposes, 3, true, false);
        check_product(kernel, m, n, k, transposes, 1, false, true);
    }
}

/* Runs a check with every table that this processor can use. */
static void for_each_kernel(void (*check)(const tare_gemm_kernel *kernel)) {
    int found = 0;
    for (int isa = TARE_ISA_BASELINE; isa <= TARE_ISA_AVX512; isa++) {
        const tare_gemm_kernel *kernel = tare_gemm_kernel_of((tare_isa)isa);
        if (!kernel) continue;
#if defined(__aarch64__)
        assert_int_equal(kernel->isa, TARE_ISA_BASELINE); /* what is above it is for bytes */
#else
        assert_int_equal(kernel->isa, isa);
#endif
        check(kernel);
        found++;
    }
    assert_true(found >= 1);
    assert_int_equal(found, 1 + (int)tare_isa_supported());
}

static void check_small_extents(const tare_gemm_kernel *kernel) {
    static const int64_t extents[] = {0, 1, 2, 3, 5, 8, 13};
    const int count = (int)(sizeof extents / sizeof *extents);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            for (int s = 0; s < count; s++)
                check_all_forms(kernel, extents[i], extents[j], extents[s]);
}
static void agrees_with_plain_loops_for_small_extents(void **state) {
    (void)state;
    for_each_kernel(check_small_extents);
}

/* Around the tile of every instruction set: rows 6, 8, 14; widths 4, 8, 16, 32. */
static void check_around_tiles(const tare_gemm_kernel *kernel) {
    static const int64_t rows[] = {4, 6, 7, 9, 14, 15, 28, 29},
                         columns[] = {4, 7, 9, 15, 16, 17, 31, 32, 33, 65};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
            check_all_forms(kernel, rows[i], columns[j], 19);
}
static void agrees_around_the_edges_of_tiles(void **state) {
    (void)state;
    for_each_kernel(check_around_tiles);
}

static void check_blocks(const tare_gemm_kernel *kernel) {
    check_all_forms(kernel, 33, 70, 1030);  /* three blocks of k */
    check_all_forms(kernel, 1100, 17, 9);   /* two of m */
    check_all_forms(kernel, 17, 1100, 9);   /* two of n */
    check_all_forms(kernel, 1050, 1030, 3); /* two of both */
    check_all_forms(kernel, 128, 10, 256);
    check_all_forms(kernel, 16, 70, 1024); /* rows of A far apart */
    check_all_forms(kernel, 256, 70, 16);  /* steps of its transpose */
}
static void agrees_over_several_blocks(void **state) {
    (void)state;
    for_each_kernel(check_blocks);
}

static void check_vectors(const tare_gemm_kernel *kernel) {
    check_all_forms(kernel, 1, 300, 70);
    check_all_forms(kernel, 300, 1, 70);
    check_all_forms(kernel, 1, 1, 1000);
    check_all_forms(kernel, 1, 2500, 201);
    check_all_forms(kernel, 2500, 1, 201);
}
static void agrees_for_rows_and_columns(void **state) {
    (void)state;
    for_each_kernel(check_vectors);
}

static void check_threads(const tare_gemm_kernel *kernel) {
    static const int64_t shapes[][3] = {{128, 256, 784}, {784, 256, 128}, {256, 10, 128},
                                        {1, 4000, 500},  {4000, 1, 500},  {100, 1100, 60},
                                        {16, 300, 700}};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int transposes = 0; transposes < 4; transposes++) {
            product p =
                make_product(shapes[s][0], shapes[s][1], shapes[s][2], transposes, 0, false, false);
            float *alone = check_array(p.c_count), *shared = check_array(p.c_count);
            multiply(kernel, &p, NULL, alone);
            for (int pool = 0; pool < CHECK_POOLS; pool++) {
                multiply(kernel, &p, pools[pool], shared);
                assert_true(check_same_bits(alone, shared, p.c_count));
            }
            check_release(alone);
            check_release(shared);
            free_product(&p);
        }
    }
    check_free_pools(pools);
}
static void has_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    for_each_kernel(check_threads);
}

/* An ending and B packed before, against the product with a pass behind it. */
static void check_riders(const tare_gemm_kernel *kernel, const product *p, tare_pool *pool) {
    const tare_gemm *gemm = &p->gemm;
    float *apart = check_array(p->c_count), *addend = check_random(5, p->c_count);
    const tare_ending ending = {addend, -0.5f, 2};
    multiply(kernel, p, pool, apart);
    for (int64_t i = 0; i < gemm->m; i++)
        for (int64_t j = 0; j < gemm->n; j++) {
            const int64_t at = i * gemm->ldc + j;
            apart[at] = tare_clamp(&ending, apart[at] + addend[at]);
        }
    float *packed = check_scratch(tare_gemm_packed_with(kernel, gemm) * (int64_t)sizeof(float));
    void *scratch = check_scratch(tare_gemm_scratch_with(kernel, gemm));
    for (int packs = 0; packs < 2; packs++) {
        float *c = check_array(p->c_count);
        tare_gemm_riders riders = {.ending = &ending};
        if (packs && tare_gemm_packed_with(kernel, gemm) > 0) {
            tare_gemm_pack_f32_with(kernel, gemm, p->b, packed, pool);
            riders.packed = packed;
        }
        memcpy(c, p->c_before, (size_t)p->c_count * sizeof *c);
        tare_gemm_riding_f32_with(kernel, gemm, p->a, riders.packed ? NULL : p->b, p->bias, c,
                                  &riders, scratch, pool);
        assert_true(check_same_bits(apart, c, p->c_count));
        check_release(c);
    }
    free(scratch);
    free(packed);
    check_release(addend);
    check_release(apart);
}

static void check_riding(const tare_gemm_kernel *kernel) {
    static const int64_t shapes[][3] = {{128, 256, 784}, {70, 33, 1030}, {9, 70, 20},
                                        {3, 4, 5},       {1, 60, 40},    {60, 1, 40},
                                        {8, 8, 0},       {0, 5, 4},      {20, 1100, 3}};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int form = 0; form < 8; form++) {
            product p = make_product(shapes[s][0], shapes[s][1], shapes[s][2], form % 4, form / 4,
                                     form % 2 == 0, form == 3);
            check_riders(kernel, &p, pools[form % CHECK_POOLS]);
            free_product(&p);
        }
    check_free_pools(pools);
}
static void riders_compute_what_a_pass_behind_the_product_does(void **state) {
    (void)state;
    for_each_kernel(check_riding);
}

static void check_not_finite(const tare_gemm_kernel *kernel) {
    product p = make_product(20, 40, 30, 0, 0, false, false);
    p.a[3 * 30 + 7] = NAN;
    p.b[11 * 40 + 39] = INFINITY;
    float *c = check_array(p.c_count);
    multiply(kernel, &p, NULL, c);
    for (int64_t i = 0; i < 20; i++)
        for (int64_t j = 0; j < 40; j++) {
            const float value = c[i * 40 + j];
            if (i == 3)
                assert_true(isnan(value));
            else
                assert_int_equal(isinf(value) != 0, j == 39);
        }
    check_release(c);
    free_product(&p);
}
static void keeps_nan_and_infinity_where_they_belong(void **state) {
    (void)state;
    for_each_kernel(check_not_finite);
}

static void default_kernel_is_the_machines_best(void **state) {
    (void)state;
    product p = make_product(50, 60, 70, 0, 0, true, false);
    float *c = check_array(p.c_count), *same = check_array(p.c_count);
    void *scratch = check_scratch(tare_gemm_scratch(&p.gemm));
    tare_gemm_f32(&p.gemm, p.a, p.b, p.bias, c, scratch, NULL);
    compare(&p, c);
    multiply(tare_gemm_kernel_of(tare_isa_used()), &p, NULL, same);
    assert_true(check_same_bits(c, same, p.c_count));
    free(scratch);
    check_release(c);
    check_release(same);
    free_product(&p);
}

static void reference_agrees_with_sums_in_double(void **state) {
    (void)state;
    for (int transposes = 0; transposes < 4; transposes++) {
        product p = make_product(7, 9, 21, transposes, 2, transposes == 1, transposes == 2);
        float *c = check_array(p.c_count);
        memcpy(c, p.c_before, (size_t)p.c_count * sizeof *c);
        tare_gemm_reference_f32(&p.gemm, p.a, p.b, p.bias, c);
        compare(&p, c);
        check_release(c);
        free_product(&p);
    }
}

static void reference_in_double_and_integers(void **state) {
    (void)state;
    const tare_gemm gemm = {
        .m = 2, .n = 2, .k = 3, .transpose_b = true, .lda = 3, .ldb = 3, .ldc = 2};
    const double a[] = {1, 2, 3, 4, 5, 6}, b[] = {1e-9, 0.5, 2, -1, 1, 0.25}, bias[] = {10, 20};
    double c[4];
    tare_gemm_reference_f64(&gemm, a, b, bias, c);
    assert_true(c[0] == 1e-9 + 1 + 6 + 10 && c[1] == -1 + 2 + 0.75 + 20);
    assert_true(c[2] == 4e-9 + 2.5 + 12 + 10 && c[3] == -4 + 5 + 1.5 + 20);
    const int32_t i[] = {INT32_MAX, 2, 3, 4, 5, 6}, j[] = {1, 1, 1, 2, 0, -1};
    int32_t k[4] = {1, 1, 1, 1};
    tare_gemm adding = gemm;
    adding.accumulate = true;
    tare_gemm_reference_i32(&adding, i, j, NULL, k);
    assert_int_equal(k[0], INT32_MIN + 5); /* wraps around */
    assert_int_equal(k[1], -2 - 3 + 1);
    assert_int_equal(k[2], 16);
    assert_int_equal(k[3], 3);
}

static void scratch_is_bounded_and_nothing_for_tiny_products(void **state) {
    (void)state;
    const tare_gemm tiny = {.m = 2, .n = 1, .k = 1, .lda = 1, .ldb = 1, .ldc = 1};
    assert_int_equal(tare_gemm_scratch(&tiny), 0);
    const int64_t large = 100000;
    const tare_gemm huge = {
        .m = large, .n = large, .k = large, .lda = large, .ldb = large, .ldc = large};
    assert_true(tare_gemm_scratch(&huge) > 0);
    assert_true(tare_gemm_scratch(&huge) <= 8 << 20);
}

static void instruction_sets_have_names(void **state) {
    (void)state;
#if defined(__aarch64__)
    assert_string_equal(tare_isa_name(TARE_ISA_BASELINE), "neon");
    assert_string_equal(tare_isa_name(TARE_ISA_DOTPROD), "dotprod");
#else
    assert_string_equal(tare_isa_name(TARE_ISA_BASELINE), "baseline");
    assert_string_equal(tare_isa_name(TARE_ISA_AVX2), "avx2");
    assert_string_equal(tare_isa_name(TARE_ISA_AVX512), "avx512");
#endif
    assert_true(tare_isa_used() <= tare_isa_supported());
    assert_int_equal(tare_isa_used(), tare_isa_used());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruction_sets_have_names),
        cmocka_unit_test(reference_agrees_with_sums_in_double),
        cmocka_unit_test(reference_in_double_and_integers),
        cmocka_unit_test(agrees_with_plain_loops_for_small_extents),
        cmocka_unit_test(agrees_around_the_edges_of_tiles),
        cmocka_unit_test(agrees_over_several_blocks),
        cmocka_unit_test(agrees_for_rows_and_columns),
        cmocka_unit_test(has_the_same_bits_for_every_thread_count),
        cmocka_unit_test(riders_compute_what_a_pass_behind_the_product_does),
        cmocka_unit_test(keeps_nan_and_infinity_where_they_belong),
        cmocka_unit_test(default_kernel_is_the_machines_best),
        cmocka_unit_test(scratch_is_bounded_and_nothing_for_tiny_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
