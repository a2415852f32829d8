/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that their receiver frees, without knowing by which allocator they were made. */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

typedef struct text_block {
    tare_allocator allocator;
    size_t bytes; /* of the whole block */
    char text[];
} text_block;

char *tare_text_hand_out(tare_text *text) {
    const tare_allocator allocator = text->allocator ? *text->allocator : tare_default_allocator;
    const size_t bytes = sizeof(text_block) + text->length + 1;
    text_block *block = text->failed ? NULL : tare_allocate(&allocator, bytes);
    if (block) {
        block->allocator = allocator;
        block->bytes = bytes;
        memcpy(block->text, text->length ? text->data : "", text->length + 1);
    }
    tare_text_clear(text);
    return block ? block->text : NULL;
}

void tare_text_free(char *text) {
    if (!text) return;
    text_block *block = (text_block *)(void *)(text - offsetof(text_block, text));
    const tare_allocator allocator = block->allocator;
    tare_release(&allocator, block, block->bytes);
}
