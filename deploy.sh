#!/bin/sh
# Thin: docker compose on this host, Helm where a context of kubectl is named.
#   ./deploy.sh deploy            build and start, or upgrade
#   ./deploy.sh status            every service and its health
#   ./deploy.sh logs [service]    follow the logs
#   ./deploy.sh test              is what runs there well? exit code 0: yes
# MEMESNIPE_CONTEXT=NAME ./deploy.sh …   the same in that cluster (MEMESNIPE_VALUES=FILE: values for Helm)
set -eu
case ${MEMESNIPE_VALUES:-} in "" | /*) ;; *) MEMESNIPE_VALUES=$PWD/$MEMESNIPE_VALUES ;; esac
cd "$(dirname "$0")"

CONTEXT=${MEMESNIPE_CONTEXT:-}
NAMESPACE=${MEMESNIPE_NAMESPACE:-memesnipe}

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "${0##*/}" >&2
  exit 2
}

helm_() { helm --kube-context "$CONTEXT" --namespace "$NAMESPACE" "$@"; }
kubectl_() { kubectl --context "$CONTEXT" --namespace "$NAMESPACE" "$@"; }

on_this_host() {
  case $1 in
    deploy)
      [ -f .env ] || { echo "deploy.sh: .env is missing: cp .env.example .env, then look through it" >&2; exit 1; }
      docker compose build --parallel
      docker compose up -d --wait --wait-timeout "${WAIT_S:-300}"
      ;;
    status) docker compose ps --all ;;
    logs) shift; docker compose logs --follow --tail 200 "$@" ;;
    test)
      docker compose config --quiet
      ill=$(docker compose ps --all --format '{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}' |
        awk '!($2 == "running" && ($3 == "healthy" || NF == 3)) && !($1 ~ /^(setup|cli)$/ && $2 == "exited" && $NF == "0")')
      [ -n "$(docker compose ps --quiet)" ] || { echo "deploy.sh: nothing runs" >&2; exit 1; }
      [ -z "$ill" ] || { echo "deploy.sh: not well: $ill" >&2; exit 1; }
      echo "all services are well"
      ;;
    *) usage ;;
  esac
}

in_a_cluster() {
  case $1 in
    deploy)
      helm_ upgrade --install memesnipe charts/memesnipe --create-namespace --wait --timeout "${WAIT_S:-900}s" \
        ${MEMESNIPE_VALUES:+--values "$MEMESNIPE_VALUES"}
      ;;
    status)
      kubectl_ get pods --all-namespaces --selector app.kubernetes.io/part-of=memesnipe
      kubectl_ get strategies,allocations,riskpolicies --all-namespaces
      ;;
    logs)
      shift
      if [ $# -eq 0 ]; then
        kubectl_ logs --follow --tail 200 --max-log-requests 40 --prefix --selector app.kubernetes.io/part-of=memesnipe
      else
        kubectl_ logs --follow --tail 200 --selector "app.kubernetes.io/component=$(echo "$1" | tr _ -)"
      fi
      ;;
    test) helm_ test memesnipe ;;
    *) usage ;;
  esac
}

[ $# -gt 0 ] || usage
if [ -n "$CONTEXT" ]; then in_a_cluster "$@"; else on_this_host "$@"; fi
