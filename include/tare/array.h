/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Arrays: numbers with a dtype and a shape, aligned to 64 bytes, C order, counted by reference.
 */
#ifndef TARE_ARRAY_H
#define TARE_ARRAY_H

#include <tare/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of numbers. The values are fixed. TARE_DTYPE_NONE stands for "not given". */
typedef enum tare_dtype {
    TARE_DTYPE_NONE = 0,
    TARE_FLOAT32 = 1,
    TARE_FLOAT64 = 2,
    TARE_INT32 = 3,
    TARE_INT64 = 4,
    TARE_UINT8 = 5,
    TARE_BOOL = 6,
    TARE_INT8 = 7,
    TARE_BFLOAT16 = 8
} tare_dtype;

/** "float32", as NumPy and TensorFlow spell it; "none" for TARE_DTYPE_NONE and for a number that is
 * none. */
TARE_API const char *tare_dtype_name(tare_dtype dtype);
/** The dtype of that name; TARE_DTYPE_NONE when there is none. */
TARE_API tare_dtype tare_dtype_named(const char *name);
/** Bytes of one element; 0 for TARE_DTYPE_NONE. */
TARE_API size_t tare_dtype_size(tare_dtype dtype);

/** An extent that is not known when the graph is built, TensorFlow's None. */
#define TARE_ANY          (-1)
#define TARE_UNKNOWN_RANK (-1)

/** Extents of up to eight dimensions; rank 0 is a scalar, TARE_UNKNOWN_RANK means that not even the
 * rank is known. */
typedef struct tare_shape {
    int32_t rank;
    int64_t extents[TARE_MAX_RANK];
} tare_shape;

/** A shape from its extents: TARE_SHAPE(TARE_ANY, 784). TARE_SCALAR has none; TARE_ANY_SHAPE
 * promises nothing. */
#ifdef __cplusplus
} /* extern "C" */
static inline tare_shape tare_shape_from(std::initializer_list<int64_t> extents) {
    tare_shape shape = {};
    for (int64_t extent : extents)
        if (shape.rank < TARE_MAX_RANK) shape.extents[shape.rank++] = extent;
    return shape;
}
static inline tare_shape tare_shape_any() {
    tare_shape shape = {};
    shape.rank = TARE_UNKNOWN_RANK;
    return shape;
}
extern "C" {
#define TARE_SHAPE(...) tare_shape_from({__VA_ARGS__})
#define TARE_SCALAR     tare_shape()
#define TARE_ANY_SHAPE  tare_shape_any()
#else
#define TARE_SHAPE(...)                                                                            \
    ((tare_shape){.rank = (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),           \
                  .extents = {__VA_ARGS__}})
#define TARE_SCALAR    ((tare_shape){.rank = 0})
#define TARE_ANY_SHAPE ((tare_shape){.rank = TARE_UNKNOWN_RANK})
#endif

/** An array. Whoever holds a reference may read; only the sole holder may write. */
typedef struct tare_array tare_array;

/**
 * A new array of zeros; the caller holds its one reference.
 * allocator: NULL for the C library's; copied, so it need not outlive the call.
 * Errors  shape with an unknown or negative extent; more than 2^62 bytes; no memory. *array is NULL
 * then.
 */
TARE_API tare_status tare_array_new(tare_dtype dtype, tare_shape shape,
                                    const tare_allocator *allocator, tare_array **array);
/** A new array with a copy of the numbers at data (as many as the shape says, C order). */
TARE_API tare_status tare_array_copy_of(tare_dtype dtype, tare_shape shape, const void *data,
                                        tare_array **array);
/**
 * A new array over memory of the caller's, which must outlive it and is not freed with it; data
 * aligned to its type.
 */
TARE_API tare_status tare_array_over(tare_dtype dtype, tare_shape shape, void *data,
                                     tare_array **array);
/** A scalar array of float32. */
TARE_API tare_array *tare_array_float(float value);
/** A scalar array of bool. */
TARE_API tare_array *tare_array_bool(bool value);
/** Another reference to the same array; returns it. NULL gives NULL. */
TARE_API tare_array *tare_array_retain(tare_array *array);
/** Gives one reference back; the last one frees. NULL is allowed. */
TARE_API void tare_array_free(tare_array *array);

TARE_API tare_dtype tare_array_dtype(const tare_array *array);
TARE_API tare_shape tare_array_shape(const tare_array *array);
/** Number of elements; 0 for NULL. */
TARE_API int64_t tare_array_count(const tare_array *array);
/** Bytes of all elements. */
TARE_API size_t tare_array_bytes(const tare_array *array);
/** The numbers, C order; NULL for NULL. For a scalar or an empty array still a valid address. */
TARE_API void *tare_array_data(tare_array *array);
TARE_API const void *tare_array_const_data(const tare_array *array);
/** Element i in C order as a double (bool as 0 or 1); NaN when there is no such element. */
TARE_API double tare_array_number(const tare_array *array, int64_t i);
/**
 * Sets element i, rounded to the array's dtype (to the nearest, ties to even); false when there is
 * no such element. Whole numbers hold at the ends of their range, NaN becomes 0; any number but 0
 * is true.
 */
TARE_API bool tare_array_set_number(tare_array *array, int64_t i, double value);

/**
 * Reads a .npy file of one array (format 1.0 to 3.0, C or Fortran order, little-endian, the dtypes
 * above but bfloat16). No size is believed before it is compared with the file's.
 * Errors  TARE_ERROR_FILE; TARE_ERROR_FORMAT with the place in the file; TARE_ERROR_UNSUPPORTED
 *         (Python objects, big-endian numbers, other dtypes, more than eight dimensions);
 *         TARE_ERROR_MEMORY. *array is NULL then.
 */
TARE_API tare_status tare_npy_read(const char *path, tare_array **array, tare_error *error);
/**
 * Writes a .npy file (1.0, C order), beside the target and renamed over it: whoever reads sees the
 * old file or the whole new one.
 * Errors  TARE_ERROR_FILE; TARE_ERROR_UNSUPPORTED (bfloat16, which NumPy does not have).
 */
TARE_API tare_status tare_npy_write(const char *path, const tare_array *array, tare_error *error);

/** The arrays of an .npz file by name. Owned by the caller. */
typedef struct tare_npz tare_npz;
/**
 * Opens an .npz file (zip of .npy, stored or deflated, zip64 too) and reads its directory, whose
 * sizes are checked against the file's. Members that are no .npy are passed over. Deflated members
 * need a build with zlib.
 * Errors  TARE_ERROR_FILE; TARE_ERROR_FORMAT with the place in the file; TARE_ERROR_MEMORY. *npz is
 *         NULL then.
 */
TARE_API tare_status tare_npz_open(const char *path, tare_npz **npz, tare_error *error);
TARE_API size_t tare_npz_count(const tare_npz *npz);
/** Name of member i without ".npy"; NULL beyond the last. */
TARE_API const char *tare_npz_name(const tare_npz *npz, size_t i);
/**
 * Reads one member; the caller holds the array's one reference. Checks its CRC-32.
 * Errors  those of tare_npy_read; TARE_ERROR_NAME when there is no such array;
 *         TARE_ERROR_UNSUPPORTED also when the member is encrypted or packed in another way.
 */
TARE_API tare_status tare_npz_read(tare_npz *npz, const char *name, tare_array **array,
                                   tare_error *error);
TARE_API void tare_npz_close(tare_npz *npz);
/**
 * Writes an .npz file of count arrays, stored without compression, beside the target and renamed
 * over it. Equal arrays make equal files.
 * Errors  TARE_ERROR_ARGUMENT; TARE_ERROR_NAME (a name given twice); those of tare_npy_write.
 */
TARE_API tare_status tare_npz_write(const char *path, size_t count, const char *const *names,
                                    const tare_array *const *arrays, tare_error *error);

#ifdef __cplusplus
}
#endif

#endif
