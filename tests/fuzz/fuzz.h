/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef FUZZ_H_INCLUDED
#define FUZZ_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

/* A fuzz target is a file that defines this, in libFuzzer's terms: data is on
 * the heap and exactly size bytes long, so that a sanitizer sees a read beyond
 * its end; the result is 0.  With --enable-fuzzing libFuzzer calls it, else
 * main.c does, with the samples. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
