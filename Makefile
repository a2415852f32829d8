# SPDX-License-Identifier: Apache-2.0
# Short names for what the scripts and CMake do.
PREFIX ?= /usr/local

.PHONY: all demo check bench install format clean
all:
	cmake --preset release >/dev/null
	cmake --build build/release
demo:
	tools/demo
check:
	tools/check
bench:
	tools/bench
install: all
	cmake --install build/release --prefix $(PREFIX)
format:
	git ls-files -co --exclude-standard '*.c' '*.h' '*.cpp' | xargs $$(command -v clang-format-14 || command -v clang-format) -i
clean:
	rm -rf build
