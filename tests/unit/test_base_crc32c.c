/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the checksums: published vectors, every length and split, bit by bit. */
#include "base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_crc32c_gives_the_numbers_of_rfc_3720(void **state) {
    (void)state;
    unsigned char bytes[48];
    memset(bytes, 0, 32);
    assert_int_equal(tare_crc32c(0, bytes, 32), 0x8a9136aa);
    memset(bytes, 0xFF, 32);
    assert_int_equal(tare_crc32c(0, bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)i;
    assert_int_equal(tare_crc32c(0, bytes, 32), 0x46dd794e);
    for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)(31 - i);
    assert_int_equal(tare_crc32c(0, bytes, 32), 0x113fdb5c);
    static const unsigned char read_command[48] = {
        0x01, 0xc0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 4, 0,
        0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(tare_crc32c(0, read_command, 48), 0xd9963a56);
}

static void test_both_give_the_check_values_of_their_catalogue(void **state) {
    (void)state;
    assert_int_equal(tare_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(tare_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(tare_crc32c(0, "", 0), 0);
    assert_int_equal(tare_crc32(0, "", 0), 0);
}

static uint32_t bit_by_bit(uint32_t polynomial, const unsigned char *bytes, size_t count) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
    }
    return ~crc;
}

static void test_every_length_start_and_split_agrees_with_the_definition(void **state) {
    (void)state;
    unsigned char bytes[160];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(seed >> 24);
    }
    for (size_t start = 0; start < 9; start++) {
        for (size_t count = 0; count < 150; count++) {
            const unsigned char *at = bytes + start;
            const uint32_t c = bit_by_bit(0x82f63b78, at, count);
            const uint32_t e = bit_by_bit(0xedb88320, at, count);
            assert_int_equal(tare_crc32c(0, at, count), c);
            assert_int_equal(tare_crc32(0, at, count), e);
            const size_t half = count / 3;
            assert_int_equal(tare_crc32c(tare_crc32c(0, at, half), at + half, count - half), c);
            assert_int_equal(tare_crc32(tare_crc32(0, at, half), at + half, count - half), e);
        }
    }
}

static void test_the_mask_is_tensorflow_s(void **state) {
    (void)state;
    /* A record's length, 62 bytes, and its checksum, from an events file that TensorFlow wrote. */
    static const unsigned char length[8] = {62, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(tare_crc32c_mask(tare_crc32c(0, length, sizeof length)), 0xe740d2d9);
    assert_int_equal(tare_crc32c_mask(0), 0xa282ead8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c_gives_the_numbers_of_rfc_3720),
        cmocka_unit_test(test_both_give_the_check_values_of_their_catalogue),
        cmocka_unit_test(test_every_length_start_and_split_agrees_with_the_definition),
        cmocka_unit_test(test_the_mask_is_tensorflow_s),
    };
    return cmocka_run_group_tests_name("checksums", tests, NULL, NULL);
}
