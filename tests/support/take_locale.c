/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into every test: takes the environment's locale before main, as a host program may have
 * done. The library must read and print numbers the same whatever it is.
 */
#include <locale.h>

__attribute__((constructor)) static void take_locale(void) { setlocale(LC_ALL, ""); }
