#!/usr/bin/env bash
# The check for any CI, as plain shell: BASE is the branch a change goes to, ROWS a file of metric rows.
#
#   BASE=main ROWS=rows.jsonl OUT=out docs/ci/check.sh
#
# Exit codes are those of `promptreg check`. In OUT: check.txt, check.md, junit.xml, report.html.
set -euo pipefail
base="${BASE:-main}"
rows="${ROWS:-}"
out="${OUT:-promptreg-out}"
mkdir -p "$out"

# Whatever the depth of the checkout: the check needs the base, the common history and the tags, and
# all of it costs less than all tags without it.
depth=()
if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
  depth=(--unshallow)
fi
git fetch --quiet "${depth[@]}" --tags origin "+refs/heads/$base:refs/remotes/origin/$base"

promptreg metrics pull || echo "no shared rows" >&2
if [ -n "$rows" ]; then
  promptreg metrics log --from-jsonl "$rows"
fi

code=0
promptreg check --metrics --base "origin/$base" --also text="$out/check.txt" \
  --also markdown="$out/check.md" --also junit="$out/junit.xml" || code=$?
case "$code" in
  0 | 1)
    promptreg report -o "$out/report.html" || echo "no report" >&2
    ;;
esac
exit "$code"
