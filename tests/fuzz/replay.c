/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a fuzzer's target without a fuzzer: each file as it is, then with a few bytes changed, the
 * same ones in every run.
 *
 *     replay TIMES FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { MOST_BYTES = 1 << 20, MOST_CHANGES = 6 };

static uint32_t drawn(uint64_t *random) {
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*random >> 33);
}

/* Another byte, a flipped bit, or a small number where an offset may be. */
static void change(unsigned char *bytes, size_t size, uint64_t *random) {
    const uint32_t changes = 1 + drawn(random) % MOST_CHANGES;
    for (uint32_t i = 0; i < changes; i++) {
        const size_t at = drawn(random) % size;
        const uint32_t how = drawn(random) % 3;
        if (how == 0) bytes[at] = (unsigned char)drawn(random);
        if (how == 1) bytes[at] ^= (unsigned char)(1U << drawn(random) % 8);
        if (how == 2) bytes[at] = (unsigned char)(drawn(random) % 3 - 1);
    }
}

static int replay(const char *path, int times) {
    static unsigned char bytes[MOST_BYTES], changed[MOST_BYTES];
    FILE *file = fopen(path, "rb");
    uint64_t random = 20150211;
    if (file == NULL) return 1;
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (size == 0) return 1;
    (void)LLVMFuzzerTestOneInput(bytes, size);
    for (int i = 0; i < times; i++) {
        memcpy(changed, bytes, size);
        change(changed, size, &random);
        (void)LLVMFuzzerTestOneInput(changed, size);
    }
    return 0;
}

int main(int count, char **words) {
    int failed = count < 3;
    for (int i = 2; i < count; i++) failed |= replay(words[i], atoi(words[1]));
    printf("%d files\n", count - 2);
    return failed;
}
