/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First values of variables: every initialiser of TensorFlow 1.
 *
 *     uniform             low .. high
 *     normal              mean + deviation n                  n standard normal
 *     truncated normal    the same, redrawn beyond two deviations
 *     variance scaling    variance s = scale / max(1, fan), fan of the inputs, outputs or their
 * mean uniform within sqrt(3 s); normal of deviation sqrt(s); truncated normal of deviation sqrt(s)
 * / .8796, so that what is left has deviation sqrt(s) orthogonal          gain Q, where A = Q R, A
 * normal, and the diagonal of R is positive identity            gain on the diagonal
 *
 * Numbers are drawn in double from the variable's own stream and rounded to its dtype.
 *
 * Source: TensorFlow r1.15, python/ops/init_ops.py.
 */
#include "session/initialize.h"

#include <math.h>

#include "array/shape.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "kernel/draw.h"
#include "kernel/slices.h"

/* Standard deviation of a standard normal that is redrawn beyond two deviations. */
#define TRUNCATED_DEVIATION .87962566103423978

enum { CHUNK = 256, SLICE_CHUNKS = 16 }; /* CHUNK: numbers drawn at a time, on the stack */

/* One first value on its way. */
typedef struct initial {
    const tare_graph *graph;
    const tare_node *node; /* whose initialiser it is: for a shadow, the variable it stands for */
    const tare_initializer *initializer;
    tare_array *into;
    tare_random random;
    tare_pool *pool;
    tare_error *error;
} initial;

typedef tare_status (*initial_function)(const initial *initial);

static tare_status refuse(const initial *i, tare_status status, const char *got, const char *need) {
    return tare_fail_at(i->error, status, "initializer", i->node->name, got, need);
}

static tare_status refuse_number(const initial *i, const char *what, double got, const char *need) {
    char number[TARE_NUMBER_TEXT], text[TARE_NUMBER_TEXT + 64];
    tare_print(text, sizeof text, "%s %s", what, tare_double_text(number, got));
    return refuse(i, TARE_ERROR_ARGUMENT, text, need);
}

static bool is_floating(tare_dtype dtype) {
    return dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64 || dtype == TARE_BFLOAT16;
}

static tare_status need_floating(const initial *i) {
    const tare_dtype dtype = tare_array_dtype(i->into);
    if (is_floating(dtype)) return TARE_OK;
    return refuse(i, TARE_ERROR_TYPE, tare_dtype_name(dtype), "a floating dtype to draw numbers");
}

/* Writes numbers to elements first .. first + count - 1, rounded to the dtype. */
static void store(tare_array *into, int64_t first, int64_t count, const double *numbers) {
    const tare_dtype dtype = tare_array_dtype(into);
    if (dtype == TARE_FLOAT32) {
        float *data = (float *)tare_array_data(into) + first;
        for (int64_t i = 0; i < count; i++) data[i] = (float)numbers[i];
    } else if (dtype == TARE_FLOAT64) {
        double *data = (double *)tare_array_data(into) + first;
        for (int64_t i = 0; i < count; i++) data[i] = numbers[i];
    } else {
        for (int64_t i = 0; i < count; i++) tare_array_set_number(into, first + i, numbers[i]);
    }
}

/* All elements of one value, made a chunk at a time: drawn, or (is_fixed) all of them a. */
typedef struct filling {
    const initial *initial;
    bool is_fixed, whole;
    tare_draw which;
    double a, b;
    int64_t total, chunks, slices;
} filling;

static void fill_chunk(const filling *f, int64_t first, int64_t count) {
    double numbers[CHUNK];
    if (f->is_fixed)
        for (int64_t k = 0; k < count; k++) numbers[k] = f->a;
    else
        tare_draw_numbers(f->which, &f->initial->random, first, count, f->a, f->b, numbers);
    if (f->whole)
        for (int64_t k = 0; k < count; k++) numbers[k] = floor(numbers[k]);
    store(f->initial->into, first, count, numbers);
}

static void fill_slice(void *context, int64_t slice) {
    const filling *f = context;
    const int64_t end = tare_slice_begin(f->chunks, f->slices, slice + 1);
    for (int64_t c = tare_slice_begin(f->chunks, f->slices, slice); c < end; c++)
        fill_chunk(f, c * CHUNK, tare_least(f->total - c * CHUNK, CHUNK));
}

static void fill_all(filling f) {
    f.total = tare_array_count(f.initial->into);
    f.chunks = tare_quotient_up(f.total, CHUNK);
    f.slices = tare_slice_count(f.chunks, 1, SLICE_CHUNKS);
    tare_pool_run(f.initial->pool, f.slices, fill_slice, &f);
}

static void fill(const initial *i, double value) {
    fill_all((filling){.initial = i, .is_fixed = true, .a = value});
}

static void draw(const initial *i, tare_draw which, double a, double b) {
    const bool whole = !is_floating(tare_array_dtype(i->into));
    fill_all((filling){.initial = i, .whole = whole, .which = which, .a = a, .b = b});
}

/* ------------------------------------------------------------------------- fixed values */

static tare_status set_zeros(const initial *i) {
    fill(i, 0);
    return TARE_OK;
}

static tare_status set_ones(const initial *i) {
    fill(i, 1);
    return TARE_OK;
}

/* From an array: numbers in order, the last one repeated to the end, as in tf.constant. */
static tare_status set_from_array(const initial *i, const tare_array *array) {
    const int64_t given = tare_array_count(array), total = tare_array_count(i->into);
    if (given > total || (given == 0 && total > 0)) {
        char got[64], need[64];
        tare_print(got, sizeof got, "%lld numbers", (long long)given);
        tare_print(need, sizeof need, "%s%lld", given > 0 ? "at most " : "1 to ", (long long)total);
        return refuse(i, TARE_ERROR_SHAPE, got, need);
    }
    for (int64_t k = 0; k < total; k++)
        tare_array_set_number(i->into, k, tare_array_number(array, k < given ? k : given - 1));
    return TARE_OK;
}

static tare_status set_constant(const initial *i) {
    if (i->initializer->array) return set_from_array(i, i->initializer->array);
    fill(i, i->initializer->a);
    return TARE_OK;
}

static tare_status set_identity(const initial *i) {
    const tare_shape shape = tare_array_shape(i->into);
    if (shape.rank != 2) {
        char text[TARE_SHAPE_TEXT];
        return refuse(i, TARE_ERROR_SHAPE, tare_shape_text(text, shape),
                      "a matrix for an identity");
    }
    fill(i, 0);
    const int64_t rows = shape.extents[0], columns = shape.extents[1];
    for (int64_t k = 0; k < rows && k < columns; k++)
        tare_array_set_number(i->into, k * columns + k, i->initializer->a);
    return TARE_OK;
}

/* ------------------------------------------------------------------------- drawn values */

static tare_status set_uniform(const initial *i) {
    const double low = i->initializer->a, high = i->initializer->b;
    if (!(low <= high)) return refuse_number(i, "high end", high, "one not below the low end");
    draw(i, TARE_DRAW_UNIFORM, low, high);
    return TARE_OK;
}

static tare_status set_normal_by(const initial *i, tare_draw which) {
    TARE_TRY(need_floating(i));
    const double deviation = i->initializer->b;
    if (!(deviation >= 0)) return refuse_number(i, "deviation", deviation, "0 or more");
    draw(i, which, i->initializer->a, deviation);
    return TARE_OK;
}

static tare_status set_normal(const initial *i) { return set_normal_by(i, TARE_DRAW_NORMAL); }

static tare_status set_truncated_normal(const initial *i) {
    return set_normal_by(i, TARE_DRAW_TRUNCATED);
}

void tare_initializer_fans(tare_shape shape, double *fan_in, double *fan_out) {
    *fan_in = *fan_out = 1;
    if (shape.rank == 1) *fan_in = *fan_out = (double)shape.extents[0];
    if (shape.rank < 2) return;
    double window = 1;
    for (int axis = 0; axis < shape.rank - 2; axis++) window *= (double)shape.extents[axis];
    *fan_in = window * (double)shape.extents[shape.rank - 2];
    *fan_out = window * (double)shape.extents[shape.rank - 1];
}

static double fan_of(tare_shape shape, tare_fan which) {
    double in, out;
    tare_initializer_fans(shape, &in, &out);
    return which == TARE_FAN_IN ? in : which == TARE_FAN_OUT ? out : (in + out) / 2;
}

static tare_status scale_variance(const initial *i, double scale, tare_fan which,
                                  tare_distribution distribution) {
    TARE_TRY(need_floating(i));
    if (!(scale > 0)) return refuse_number(i, "scale", scale, "more than 0");
    const double fan = fan_of(tare_array_shape(i->into), which);
    const double variance = scale / (fan > 1 ? fan : 1);
    if (distribution == TARE_DISTRIBUTION_UNIFORM) {
        const double limit = sqrt(3 * variance);
        draw(i, TARE_DRAW_UNIFORM, -limit, limit);
    } else if (distribution == TARE_DISTRIBUTION_UNTRUNCATED_NORMAL) {
        draw(i, TARE_DRAW_NORMAL, 0, sqrt(variance));
    } else {
        draw(i, TARE_DRAW_TRUNCATED, 0, sqrt(variance) / TRUNCATED_DEVIATION);
    }
    return TARE_OK;
}

static tare_status set_variance_scaling(const initial *i) {
    const tare_initializer *initializer = i->initializer;
    return scale_variance(i, initializer->a, initializer->fan, initializer->distribution);
}

static tare_status set_default(const initial *i) {
    if (!is_floating(tare_array_dtype(i->into))) return set_zeros(i);
    return scale_variance(i, 1, TARE_FAN_AVERAGE, TARE_DISTRIBUTION_UNIFORM);
}

/* ------------------------------------------------------------------- orthogonal matrices */

static double dot(const double *a, const double *b, int64_t count) {
    double sums[4] = {0, 0, 0, 0};
    int64_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (int k = 0; k < 4; k++) sums[k] += a[i + k] * b[i + k];
    for (; i < count; i++) sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/*
 * Makes `count` vectors of `length` numbers orthonormal, each by taking away its share of those
 * before it, twice (Giraud, Langou and Rozloznik 2005: "twice is enough"). The lengths divided by
 * are the diagonal of R, so they are positive and no sign need be corrected afterwards.
 */
static void orthonormalize(double *vectors, int64_t count, int64_t length) {
    for (int64_t j = 0; j < count; j++) {
        double *v = vectors + j * length;
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t k = 0; k < j; k++) {
                const double *q = vectors + k * length, share = dot(q, v, length);
                for (int64_t n = 0; n < length; n++) v[n] -= share * q[n];
            }
        }
        const double norm = sqrt(dot(v, v, length));
        for (int64_t n = 0; n < length; n++) v[n] /= norm;
    }
}

/* vectors: the rows of the matrix when there are fewer of them, else its columns. */
static void store_matrix(const initial *i, const double *vectors, int64_t rows, int64_t columns) {
    const double gain = i->initializer->a;
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t column = 0; column < columns; column++) {
            const int64_t at = rows < columns ? row * columns + column : column * rows + row;
            const double number = gain * vectors[at];
            store(i->into, row * columns + column, 1, &number);
        }
    }
}

static tare_status set_orthogonal(const initial *i) {
    TARE_TRY(need_floating(i));
    const tare_shape shape = tare_array_shape(i->into);
    if (shape.rank < 2) {
        char text[TARE_SHAPE_TEXT];
        return refuse(i, TARE_ERROR_SHAPE, tare_shape_text(text, shape),
                      "two dimensions or more for an orthogonal matrix");
    }
    const int64_t total = tare_array_count(i->into), columns = shape.extents[shape.rank - 1];
    if (total == 0) return TARE_OK;
    const int64_t rows = total / columns;
    const tare_allocator *allocator = tare_graph_allocator(i->graph);
    double *vectors = tare_allocate_array(allocator, total, sizeof *vectors);
    if (!vectors) return tare_fail_memory(i->error);
    tare_random_fill_normal(&i->random, 0, total, 0, 1, vectors);
    if (rows < columns)
        orthonormalize(vectors, rows, columns);
    else
        orthonormalize(vectors, columns, rows);
    store_matrix(i, vectors, rows, columns);
    tare_release(allocator, vectors, (size_t)total * sizeof *vectors);
    return TARE_OK;
}

/* ----------------------------------------------------------------------------- choosing */

static const initial_function functions[] = {
    [TARE_INITIALIZER_DEFAULT] = set_default,
    [TARE_INITIALIZER_ZEROS] = set_zeros,
    [TARE_INITIALIZER_ONES] = set_ones,
    [TARE_INITIALIZER_CONSTANT] = set_constant,
    [TARE_INITIALIZER_RANDOM_UNIFORM] = set_uniform,
    [TARE_INITIALIZER_RANDOM_NORMAL] = set_normal,
    [TARE_INITIALIZER_TRUNCATED_NORMAL] = set_truncated_normal,
    [TARE_INITIALIZER_VARIANCE_SCALING] = set_variance_scaling,
    [TARE_INITIALIZER_ORTHOGONAL] = set_orthogonal,
    [TARE_INITIALIZER_IDENTITY] = set_identity,
};

static const tare_initializer *initializer_of(const tare_node *variable) {
    return &((const tare_variable_node_options *)variable->options)->initializer;
}

/* The variable whose initialiser counts: that of a shadow is its source's, and so on. */
static tare_status follow(const tare_node **variable, tare_error *error) {
    while (initializer_of(*variable)->kind == TARE_INITIALIZER_VARIABLE) {
        const tare_node *source = tare_tensor_node(initializer_of(*variable)->variable);
        if (!source || !(source->def->flags & TARE_OP_VARIABLE) || source->id >= (*variable)->id)
            return tare_fail_at(error, TARE_ERROR_ARGUMENT, "initializer", (*variable)->name,
                                source ? source->name : "no tensor", "a variable made before it");
        if (!tare_shape_same(source->outputs[0].shape, (*variable)->outputs[0].shape)) {
            char got[TARE_SHAPE_TEXT], need[TARE_SHAPE_TEXT];
            return tare_fail_at(error, TARE_ERROR_SHAPE, "initializer", (*variable)->name,
                                tare_shape_text(got, source->outputs[0].shape),
                                tare_shape_text(need, (*variable)->outputs[0].shape));
        }
        *variable = source;
    }
    return TARE_OK;
}

tare_status tare_initial_value(const tare_graph *graph, const tare_node *variable, tare_pool *pool,
                               tare_array *into, tare_error *error) {
    TARE_TRY(follow(&variable, error));
    const tare_initializer *initializer = initializer_of(variable);
    const initial job = {
        .graph = graph,
        .node = variable,
        .initializer = initializer,
        .into = into,
        .random = {.key =
                       initializer->seed ? tare_random_key(initializer->seed, 0) : variable->seed},
        .pool = pool,
        .error = error,
    };
    const size_t kind = (size_t)initializer->kind;
    if (kind >= sizeof functions / sizeof *functions || !functions[kind])
        return refuse(&job, TARE_ERROR_ARGUMENT, "an unknown kind of initializer",
                      "one of tare_initializer_kind");
    return functions[kind](&job);
}
