#!/usr/bin/env bash
# Builds everything once and runs every test project:   ./test.sh [project name filter]
#
# Needs the .NET SDK; memcached and node are installed from the system's packages when they are missing. A test whose server is missing skips;
# with CASCADECACHE_FORBID_SKIPS=1 it fails, and so does this script. Reports: artifacts/test-results/*.trx.
# The last line is the sum over all reports: "N passed, N failed, N skipped".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

filter="${1:-}"
results="$PWD/artifacts/test-results"
limit_seconds=600
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# What cannot be installed is left out: the tests that need it skip, or fail, and say why.
install_packages() {
    echo "Installing: $*"
    if command -v apt-get >/dev/null; then
        as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -q && apt-get install -y -q --no-install-recommends "$@"' install "$@"
    elif command -v dnf >/dev/null; then
        as_root dnf install -y "$@"
    elif command -v apk >/dev/null; then
        as_root apk add --no-cache "$@"
    elif command -v brew >/dev/null; then
        brew install "$@"
    else
        return 1
    fi
}

missing=()
command -v memcached >/dev/null || missing+=(memcached)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
if [ "${#missing[@]}" -gt 0 ]; then
    install_packages "${missing[@]}" >&2 || echo "Could not install: ${missing[*]}" >&2
fi

# macOS has no timeout; there the runner's own limits have to do.
with_limit() {
    if command -v timeout >/dev/null; then timeout --kill-after=10 "$limit_seconds" "$@"; else "$@"; fi
}

# The number of an attribute of the report's <Counters> element.
counter() {
    tr '\n' ' ' <"$1" | sed -n "s/.*<Counters[^>]* $2=\"\([0-9]*\)\".*/\1/p"
}

dotnet restore --locked-mode
dotnet build --no-restore --configuration Release

rm -rf "$results"
mkdir -p "$results"
projects=0 passed=0 failed=0 skipped=0 broken=()

while IFS= read -r project; do
    name="$(basename "$project" .csproj)"
    if [[ "$name" != *"$filter"* ]]; then
        continue
    fi

    projects=$((projects + 1))
    echo "== $name"
    code=0
    with_limit dotnet test --project "$project" --no-build --configuration Release \
        --results-directory "$results" --report-trx --report-trx-filename "$name.trx" </dev/null || code=$?

    report="$results/$name.trx"
    if [ ! -s "$report" ] || [ -z "$(counter "$report" total)" ]; then
        broken+=("$name: no report, exit code $code")
        continue
    fi

    total="$(counter "$report" total)"
    ok="$(counter "$report" passed)"
    bad="$(counter "$report" failed)"
    passed=$((passed + ok))
    failed=$((failed + bad))
    skipped=$((skipped + total - ok - bad))
    # 8 is the runner's code for a project of which no test ran: none is there, or all were skipped.
    if [ "$code" -ne 0 ] && [ "$code" -ne 8 ] && [ "$bad" -eq 0 ]; then
        broken+=("$name: exit code $code without a failed test")
    fi
done < <(find test -name '*.Tests.csproj' | LC_ALL=C sort)

status=0
for line in ${broken[@]+"${broken[@]}"}; do
    echo "$line"
    status=1
done
if [ "$failed" -gt 0 ]; then
    status=1
fi
if [ "${CASCADECACHE_FORBID_SKIPS:-}" = 1 ] && [ "$skipped" -gt 0 ]; then
    echo "Skipped tests are not allowed here."
    status=1
fi
if [ "$projects" -eq 0 ]; then
    echo "No test project has \"$filter\" in its name."
    status=1
fi

echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
