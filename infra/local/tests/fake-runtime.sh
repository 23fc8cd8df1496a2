#!/bin/bash
# A Lambda runtime of a few lines, for tests of the Runtime API: the event's text says what it does.

address=${AWS_LAMBDA_RUNTIME_API}
api=/2018-06-01/runtime

call() { # method, path, body: the whole answer into $answer
    exec 3<>"/dev/tcp/${address%:*}/${address#*:}" || exit 9
    printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "$api$2" "$address" "${#3}" "$3" >&3
    answer=$(cat <&3)
    exec 3>&-
}

header() { # name in lower case
    printf '%s' "$answer" | tr -d '\r' | sed -n "s/^$1: //ip" | head -n 1
}

case ${START-} in
error)
    call POST /init/error '{"errorMessage":"TABLE_NAME is not set","errorType":"Missing"}'
    exit 1
    ;;
exit)
    echo "nothing works today" >&2
    exit 3
    ;;
esac

while true; do
    call GET /invocation/next ""
    id=$(header lambda-runtime-aws-request-id)
    [ -n "$id" ] || exit 8
    event=${answer#*$'\r\n\r\n'}
    case $event in
    *fail*) call POST "/invocation/$id/error" '{"errorMessage":"it is broken","errorType":"Broken"}' ;;
    *crash*)
        echo "dying of $event" >&2
        exit 7
        ;;
    *hang*) exec sleep 600 ;;
    *stray*)
        call POST "/invocation/another/response" '{}'
        stray=$(printf '%s' "$answer" | head -n 1 | cut -d ' ' -f 2)
        call POST "/invocation/$id/response" "{\"stray\":$stray}"
        ;;
    *meet*)
        folder=$(printf '%s' "$event" | sed 's/.*"meet":"\([^"]*\)".*/\1/')
        touch "$folder/$$"
        until [ "$(ls "$folder" | wc -l)" -ge 2 ]; do sleep 0.02; done
        call POST "/invocation/$id/response" "{\"pid\":$$}"
        ;;
    *)
        left=$(($(header lambda-runtime-deadline-ms) - $(date +%s%3N)))
        call POST "/invocation/$id/response" "{\"event\":$event,\"pid\":$$,\"table\":\"${TABLE_NAME-}\",\"extra\":\"${EXTRA-}\",\"inherited\":\"${CARGO_MANIFEST_DIR-none}\",\"arn\":\"$(header lambda-runtime-invoked-function-arn)\",\"left_ms\":$left}"
        ;;
    esac
done
