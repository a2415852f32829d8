/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an array, for the folders to the right. */
#ifndef TARE_SRC_ARRAY_ARRAY_H
#define TARE_SRC_ARRAY_ARRAY_H

#include <tare/array.h>

struct tare_array {
    void *data; /* aligned to 64 bytes when own */
    tare_dtype dtype;
    tare_shape shape;
    int64_t count;
    size_t bytes;
    int32_t references; /* accessed atomically */
    bool owns_data;
    tare_allocator allocator; /* of this struct and of data */
};

/* A header without numbers of its own over memory that somebody else keeps (session's arena); data
 * may be set later. */
tare_status tare_array_view(tare_dtype dtype, tare_shape shape, void *data,
                            const tare_allocator *allocator, tare_array **array);

#endif
