/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers in files, on any machine and at any address. */
#ifndef TARE_SRC_BASE_BYTES_H
#define TARE_SRC_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t tare_get_16(const unsigned char *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t tare_get_32(const unsigned char *at) {
    return tare_get_16(at) | (uint32_t)tare_get_16(at + 2) << 16;
}

static inline uint64_t tare_get_64(const unsigned char *at) {
    return tare_get_32(at) | (uint64_t)tare_get_32(at + 4) << 32;
}

/* Each returns the address behind what it put. */
static inline unsigned char *tare_put_16(unsigned char *at, uint16_t value) {
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
    return at + 2;
}

static inline unsigned char *tare_put_32(unsigned char *at, uint32_t value) {
    return tare_put_16(tare_put_16(at, (uint16_t)value), (uint16_t)(value >> 16));
}

static inline unsigned char *tare_put_64(unsigned char *at, uint64_t value) {
    return tare_put_32(tare_put_32(at, (uint32_t)value), (uint32_t)(value >> 32));
}

#endif
