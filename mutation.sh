#!/usr/bin/env bash
# Mutation tests: changes the code of a folder in small ways, one at a time, and asks whether a test notices.   ./mutation.sh [folder...]
#
# Folders: Entries, Flow, Memcache/Protocol; without one, all three. Reports: artifacts/mutation/<folder>/reports. The last lines are the scores;
# fails when one is below the threshold of test/CascadeCache.Tests/stryker-config.json. Each mutant meets the folder's own unit tests, those that it
# can reach. Left out, because they would run for every mutant, are the explorer's thousands of runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

limit_seconds="${MUTATION_LIMIT_SECONDS:-3600}"
results="$PWD/artifacts/mutation"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# Milliseconds for which the analysis of the projects waits for "dotnet --info": a busy machine needs more than the ten seconds of the default.
export DOTNET_INFO_WAIT_TIME="${DOTNET_INFO_WAIT_TIME:-120000}"

folders=("$@")
if [ "${#folders[@]}" -eq 0 ]; then
    folders=(Entries Memcache/Protocol Flow)
fi

filter_of() {
    case "$1" in
        Entries) echo 'FullyQualifiedName~CascadeCache.Tests.Entries|FullyQualifiedName~HostileEntryTests' ;;
        Memcache/Protocol) echo 'FullyQualifiedName~CascadeCache.Tests.Memcache.Protocol' ;;
        Flow) echo 'FullyQualifiedName~CascadeCache.Tests.Flow&FullyQualifiedName!~ExplorerTests' ;;
        *) return 1 ;;
    esac
}

for folder in "${folders[@]}"; do
    if ! filter_of "$folder" >/dev/null; then
        echo "No mutation tests for \"$folder\". Folders: Entries, Flow, Memcache/Protocol."
        exit 2
    fi
done

# macOS has no timeout; there the runner's own limits have to do.
with_limit() {
    if command -v timeout >/dev/null; then timeout --kill-after=10 "$limit_seconds" "$@"; else "$@"; fi
}

dotnet tool restore

status=0 lines=()
for folder in "${folders[@]}"; do
    name="${folder/\//-}"
    output="$results/$name"
    rm -rf "$output"
    mkdir -p "$output"
    echo "== $folder"
    code=0
    (cd test/CascadeCache.Tests && with_limit dotnet stryker --skip-version-check --output "$output" --mutate "$folder/**/*.cs" \
        --test-case-filter "$(filter_of "$folder")") </dev/null 2>&1 | tee "$output/log.txt" || code=$?

    score="$(sed -n 's/.*final mutation score is \([0-9.]*\) %.*/\1 %/p' "$output/log.txt")"
    lines+=("$folder: ${score:-no score, exit code $code}")
    if [ "$code" -ne 0 ] || [ -z "$score" ]; then
        status=1
    fi
done

printf '%s\n' "${lines[@]}"
exit "$status"
