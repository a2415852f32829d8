/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cyclic redundancy checks of 32 bits. CRC-32C (Castagnoli), RFC 3720 appendix B.4, is what
 * tfevents and TensorFlow checkpoints use; CRC-32 (Ethernet), RFC 1952, is what zip uses. Software
 * tables, one path.
 */
#ifndef TARE_SRC_BASE_CRC32C_H
#define TARE_SRC_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Start with crc 0; give the result back to go on with more bytes. */
uint32_t tare_crc32c(uint32_t crc, const void *data, size_t bytes);
uint32_t tare_crc32(uint32_t crc, const void *data, size_t bytes);
/* TensorFlow's rotation and offset, so that a CRC may be stored among the bytes it covers. */
uint32_t tare_crc32c_mask(uint32_t crc);

#endif
