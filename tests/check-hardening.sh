#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# check-hardening.sh BUILD: what the compiler and the linker made of the
# hardening flags, in the command, the module and their objects in folder BUILD
# (gcc or clang, optimised, no sanitizers).  First it builds a program without
# any and fails if that goes unnoticed.

set -u

build=${1:?"usage: check-hardening.sh BUILD"}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM
faults=$scratch/faults

_fault()
{
  echo "$1" >>"$faults"
}

# FILE: a program or a module.
_check_linked()
{
  readelf -hlW "$1" >"$scratch/segments" && readelf -dW "$1" >"$scratch/dynamic" &&
    readelf --dyn-syms -W "$1" >"$scratch/symbols" || { _fault "$1: cannot be read"; return; }
  grep -q 'Type: *DYN' "$scratch/segments" || _fault "$1: not position independent"
  grep -q GNU_RELRO "$scratch/segments" || _fault "$1: relocations stay writable"
  grep -q 'GNU_STACK.* RW ' "$scratch/segments" || _fault "$1: the stack is executable"
  grep -qE 'BIND_NOW|Flags:.* NOW' "$scratch/dynamic" || _fault "$1: symbols are bound late"
  grep -q TEXTREL "$scratch/dynamic" && _fault "$1: relocations in the text"
  grep -q __stack_chk_fail "$scratch/symbols" || _fault "$1: no stack protector"
  grep -qE ' __[a-z]+_chk@' "$scratch/symbols" || _fault "$1: no checks of the C library"
}

# FILE: an object.  The C library's start files need not have it, so that programs do not show it.
_check_object()
{
  case $(uname -m) in
    x86_64) readelf -nW "$1" 2>/dev/null | grep -q 'IBT, SHSTK' || _fault "$1: no control-flow protection" ;;
  esac
}

_plant()
{
  printf '#include <stdio.h>\nint main(int n, char **v) { char b[9]; return n > 1 && sprintf(b, "%%s", v[1]); }\n' \
    >"$scratch/plain.c"
  ${CC:-cc} -O1 -c -U_FORTIFY_SOURCE -fno-stack-protector -fcf-protection=none -fno-pie -o "$scratch/plain.o" \
    "$scratch/plain.c" &&
    ${CC:-cc} -no-pie -Wl,-z,norelro -Wl,-z,lazy -Wl,-z,execstack -o "$scratch/plain" "$scratch/plain.o" 2>/dev/null
}

: >"$faults"
_plant || { echo "check-hardening: cannot build a plain program"; exit 99; }
_check_linked "$scratch/plain"
_check_object "$scratch/plain.o"
wanted=6
case $(uname -m) in x86_64) wanted=7 ;; esac
if test "$(wc -l <"$faults")" != $wanted
then
  echo "check-hardening: a plain program has $wanted faults, found were:"
  cat "$faults"
  exit 1
fi

: >"$faults"
_check_linked "$build/port-knock"
test ! -e "$build/.libs/libport-knock.so" || _check_linked "$build/.libs/libport-knock.so"
find "$build/modules" -name '*.o' >"$scratch/objects"
test -s "$scratch/objects" || _fault "$build: no objects"
while read -r object
do
  _check_object "$object"
done <"$scratch/objects"
cat "$faults"
test ! -s "$faults"
