#!/bin/sh
# precompile_header.sh COMPILER ARGUMENTS: a compiler launcher for precompiled headers.
# GCC writes different bytes each time, and a file that takes the header would be a miss in
# ccache after each. So ccache compares FILE.gch.sum instead: the hash of what was compiled.
set -eu
output=
previous=
for argument in "$@"; do
  if [ "$previous" = -o ]; then output=$argument; fi
  previous=$argument
done
case $output in
  *.gch) ;;
  *) exec "$@" ;;
esac
# The old one goes first: the compiler and ccache would take it for an input.
rm -f "$output" "$output.sum"
"$@" -E -P -dD
# Without the build's own path, so that two trees can share what ccache has (CCACHE_BASEDIR).
sed "s|$PWD/||g" "$output" | sha256sum >"$output.sum"
rm "$output"
exec "$@"
