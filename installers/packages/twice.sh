#!/bin/bash
# Makes the packages of the commit twice, in two clean clones at different
# places, the second time with nothing of the first one's compiled parts, and
# compares the sums. Prints one SAME line.
set -euo pipefail

commit=$(git rev-parse HEAD)
top=$(git rev-parse --show-toplevel)
place=$(mktemp -d)
# The module cache is shared and read-only; compiled parts are not shared.
trap 'rm -rf "$place"' EXIT

make_in() { # make_in <folder> <folder of compiled parts, or nothing>
	git clone --quiet "$top" "$place/$1"
	git -C "$place/$1" checkout --quiet --detach "$commit"
	(cd "$place/$1" && if [ -n "$2" ]; then export GOCACHE=$2; fi && make packages)
}

make_in one ''
make_in another/place/than/one "$place/cache"
if ! diff "$place/one/dist/SHA256SUMS" "$place/another/place/than/one/dist/SHA256SUMS"; then
	echo "two builds of $commit differ" >&2
	exit 1
fi
echo "SAME commit=${commit:0:12} files=$(wc -l <"$place/one/dist/SHA256SUMS") differing=0"
