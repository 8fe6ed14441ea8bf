# Sourced by run, which sets `work`: how steps run, and how the local stack is started for them.
# shellcheck shell=bash

current=start
times=()
stack_pid=
declare -A beside_pids=()

# took NAME SECONDS PROCESSOR_SECONDS
took() {
    times+=("$(printf '%5d %9d  %s' "$2" "$3" "$1")")
    printf -- '--- %s s, %s s of processor time\n' "$2" "$3"
}

# cpu VARIABLE: sets it to the seconds of processor time of all commands of this shell that have ended.
cpu() {
    # `times` in a pipe or in $() would be another shell's.
    local file=$work/times.$BASHPID
    times >"$file"
    printf -v "$1" '%s' "$(awk -F '[ms ]+' 'NR == 2 { printf "%d", $1 * 60 + $2 + $3 * 60 + $4 }' "$file")"
}

# cpu_of_steps VARIABLE: the same without what ran beside the steps.
cpu_of_steps() {
    local all beside
    cpu all
    beside=$(find "$work" -maxdepth 1 -name '*.done' -exec cat {} + | awk '{ sum += $3 } END { print sum + 0 }')
    printf -v "$1" '%s' $((all - beside))
}

# step NAME COMMAND...: runs it.
step() {
    local name
    for name in "${!beside_pids[@]}"; do
        if [ -e "$work/$name.done" ] && ! grep -q '^0 ' "$work/$name.done"; then finish "$name"; fi
    done
    current=$1
    local began=$SECONDS before after
    printf '\n=== %s\n' "$1"
    cpu_of_steps before
    "${@:2}"
    cpu_of_steps after
    took "$1" $((SECONDS - began)) $((after - before))
}

# beside NAME NICENESS COMMAND...: starts it beside the steps that follow, in a process group of its own.
beside() {
    set -m
    (
        # The trap sees no arguments when a command in a function has failed.
        name=$1 began=$SECONDS
        trap 'status=$?; cpu used; echo "$status $((SECONDS - began)) $used" >"$work/$name.end"; mv "$work/$name.end" "$work/$name.done"' EXIT
        renice -n "$2" -p "$BASHPID" >/dev/null
        "${@:3}"
    ) >"$work/$1.log" 2>&1 </dev/null &
    beside_pids[$1]=$!
    set +m
}

# finish NAME: waits for it and shows what it printed.
finish() {
    current=$1
    local began=$SECONDS status=1 seconds=0 used=0
    wait "${beside_pids[$1]}" || true
    # What it started and did not stop.
    kill -TERM -- "-${beside_pids[$1]}" 2>/dev/null || true
    unset "beside_pids[$1]"
    read -r status seconds used <"$work/$1.done" || true
    printf '\n=== %s, beside the steps above (waited %d s for it)\n' "$1" $((SECONDS - began))
    cat "$work/$1.log"
    took "$1, beside others" "$seconds" "$used"
    [ "$status" = 0 ]
}

# after NAME: waits, beside others, for something that runs beside others.
after() {
    until [ -e "$work/$1.done" ]; do
        # One that was killed leaves no such file.
        kill -0 "${beside_pids[$1]}" 2>/dev/null || [ -e "$work/$1.done" ] || { echo "$1 was killed" >&2; return 1; }
        sleep 0.5
    done
    grep -q '^0 ' "$work/$1.done" || { echo "$1 failed:"; cat "$work/$1.log"; return 1; }
}

cleanup() {
    local status=$?
    [ "$status" = 0 ] || printf '\nfailed: %s\n' "$current"
    [ -z "$stack_pid" ] || kill -INT "$stack_pid" 2>/dev/null || true
    local pid
    for pid in "${beside_pids[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
}
trap cleanup EXIT

stop_stack() {
    [ -z "$stack_pid" ] || { kill -INT "$stack_pid"; wait "$stack_pid" || true; }
    stack_pid=
}

# start_stack PORT OPTION...: starts a fresh local stack and waits until it is ready.
start_stack() {
    stop_stack
    cargo run --quiet --locked -- --port "$@" >"$work/stack-$1.log" 2>"$work/stack-$1.err" &
    stack_pid=$!
    # Cargo may wait until another step has compiled.
    for _ in $(seq 3000); do
        grep -q '^listening on' "$work/stack-$1.log" && return
        sleep 0.1
    done
    cat "$work/stack-$1.err"
    return 1
}
