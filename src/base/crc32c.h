/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), RFC 3720 appendix B.4: what tfevents and TensorFlow checkpoints use.
 * Software tables, one path. */
#ifndef TARE_SRC_BASE_CRC32C_H
#define TARE_SRC_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t tare_crc32c(uint32_t crc, const void *data, size_t bytes); /* start with crc 0 */
uint32_t tare_crc32c_mask(uint32_t crc); /* TensorFlow's rotation and offset */

#endif
