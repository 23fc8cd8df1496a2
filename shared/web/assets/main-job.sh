#!/bin/sh
# CTDT: trọn một hồ sơ bằng curl, trên `ctdt dev` / the main job with curl, on `ctdt dev`.
#   sh main-job.sh http://127.0.0.1:8080 ban-quet.png
# Needs curl, grep, sed, sha256sum. Writes ban-sao.pdf.
set -eu
CTDT=${1:-http://127.0.0.1:8080}
SCAN=${2:?the scan: a PDF, JPEG, PNG or TIFF}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# The token of a sample person: token clerk
token() {
  tr '{' '\n' < "$WORK/people" | grep "\"key\":\"$1\"" | sed 's/.*"token":"\([^"]*\)".*/\1/'
}
# The first identifier of a kind in the last answer: id case
id() { grep -o "$1_[0-9a-z]\{26\}" "$WORK/body" | head -n 1; }
# The value of a member of the last answer: value state
value() { sed "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/" "$WORK/body"; }
# The ETag of the last answer.
etag() { tr -d '\r' < "$WORK/head" | sed -n 's/^etag: //Ip'; }

# One call: call WHO METHOD PATH [BODY [ETAG]]. A POST gets a fresh Idempotency-Key.
call() {
  who=$1 method=$2 path=$3 body=${4:-} version=${5:-}
  set -- -sS -X "$method" -D "$WORK/head" -o "$WORK/body" -w '%{http_code}' -H "Authorization: Bearer $(token "$who")"
  [ "$method" != POST ] || set -- "$@" -H "Idempotency-Key: $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
  [ -z "$version" ] || set -- "$@" -H "If-Match: $version"
  [ -z "$body" ] || set -- "$@" -H 'Content-Type: application/json' -d "$body"
  status=$(curl "$@" "$CTDT$path")
  echo "$status $method $path"
  [ "$status" -lt 400 ] || { cat "$WORK/body" >&2; exit 1; }
}
# Follows a session until it has ended: until_done WHO SESSION
until_done() {
  while :; do
    call "$1" GET "/v1/sign-sessions/$2"
    case $(value state) in done) return ;; failed|expired|cancelled) exit 1 ;; esac
    sleep 1
  done
}
case $SCAN in
  *.pdf) TYPE=application/pdf ;; *.png) TYPE=image/png ;; *.tif|*.tiff) TYPE=image/tiff ;; *) TYPE=image/jpeg ;;
esac
curl -sS -o "$WORK/people" "$CTDT/v1/sandbox/personas"

# 1 · đặt lịch / book
call portal GET '/v1/units?q=x%C3%A3%20m%E1%BA%ABu'; UNIT=$(id unit)
call portal GET "/v1/units/$UNIT/slots"; START=$(grep -o '"start":"[^"]*"' "$WORK/body" | sed -n 's/"start":"\(.*\)"/\1/p' | head -n 1)
ACCOUNT=$(grep -o 'act_[0-9a-z]\{26\}' "$WORK/people" | head -n 1)
call portal POST /v1/appointments "{\"unit_id\":\"$UNIT\",\"start\":\"$START\",\"account\":{\"id\":\"$ACCOUNT\"},\"originals\":[{\"type_id\":\"diploma\",\"title\":\"Bằng tốt nghiệp\",\"pages\":1}]}"
# 2 · tiếp nhận / receive
call clerk POST /v1/cases "{\"appointment_id\":\"$(id apt)\",\"basis\":\"paper_original\"}"; CASE=$(id case)
# 3 · kiểm tra bản chính / the six grounds
call clerk PUT "/v1/cases/$CASE/checklist" '{"grounds":{"22.1":false,"22.2":false,"22.3":false,"22.4":false,"22.5":false,"22.6":false},"confirmed":true}' "$(etag)"
# 4 · bản quét / the scan
SHA256=$(sha256sum "$SCAN" | cut -d ' ' -f 1)
call clerk POST /v1/uploads "{\"filename\":\"ban-quet\",\"content_type\":\"$TYPE\",\"size\":$(wc -c < "$SCAN"),\"sha256\":\"$SHA256\"}"; UPLOAD=$(id upl)
PUT=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$WORK/body")
# The signed headers exactly as the answer names them.
sed 's/.*"headers":{\([^}]*\)}.*/\1/' "$WORK/body" | sed 's/","/\n/g' | sed 's/^"//; s/"$//; s/":"/: /' | grep -iv '^content-length' > "$WORK/headers"
curl -sS --fail -X PUT -H "@$WORK/headers" --data-binary "@$SCAN" "$PUT"
call clerk POST "/v1/uploads/$UPLOAD/complete" '{}'; PAGES=$(value pages)
# 5 · bản sao / the copy
call clerk GET "/v1/cases/$CASE"
call clerk POST "/v1/cases/$CASE/copies" "{\"type_id\":\"diploma\",\"title\":\"Bằng tốt nghiệp\",\"pages\":$PAGES,\"upload_ids\":[\"$UPLOAD\"]}" "$(etag)"; COPY=$(id copy)
# 6 · lời chứng, phí, trình / wording, fee, submit
call clerk PUT "/v1/copies/$COPY/attestation" '{"template_id":"default","placement":"auto"}' "$(etag)"
call clerk GET "/v1/fees?pages=$PAGES"; FEE=$(value fee_vnd)
call clerk GET /v1/sandbox/clock; NOW=$(value now)
call clerk GET "/v1/cases/$CASE"
call clerk POST "/v1/cases/$CASE/fee" "{\"receipt_no\":\"BL-1\",\"amount_vnd\":$FEE,\"paid_at\":\"$NOW\"}" "$(etag)"
call clerk POST "/v1/cases/$CASE/submit" '{}' "$(etag)"
# 7 · lãnh đạo mở, ký trên điện thoại / the leader opens it and signs on the phone
call leader GET "/v1/copies/$COPY/preview.pdf"
call leader POST /v1/sign-sessions "{\"purpose\":\"leader_sign\",\"copy_ids\":[\"$COPY\"],\"method\":\"sim\"}"; SESSION=$(id sgn)
LEADER=$(tr '{' '\n' < "$WORK/people" | grep '"key":"leader"')
PHONE=$(echo "$LEADER" | sed 's/.*"phone":"\([^"]*\)".*/\1/') PIN=$(echo "$LEADER" | sed 's/.*"pin":"\([^"]*\)".*/\1/')
call leader POST "/v1/sandbox/phones/$PHONE/confirm" "{\"pin\":\"$PIN\"}"
until_done leader "$SESSION"
# 8 · cấp số, đóng dấu / number and seal
call seal_keeper POST /v1/sign-sessions "{\"purpose\":\"seal\",\"copy_ids\":[\"$COPY\"],\"method\":\"agency_key\"}"
until_done seal_keeper "$(id sgn)"
# 9 · lấy tệp / the file
call clerk GET "/v1/copies/$COPY"; echo "    $(sed 's/.*"number_text":"\([^"]*\)".*/\1/' "$WORK/body")"
call clerk GET "/v1/copies/$COPY/file"
curl -sS --fail -o ban-sao.pdf "$(tr -d '\r' < "$WORK/head" | sed -n 's/^location: //Ip')"
# 10 · kiểm tra / the check
curl -sS -H 'Content-Type: application/pdf' --data-binary @ban-sao.pdf -o "$WORK/body" "$CTDT/v1/verifications"
grep -o '"verdict":"[a-z]*"' "$WORK/body" | head -n 1
grep -q '"verdict":"valid"' "$WORK/body"
