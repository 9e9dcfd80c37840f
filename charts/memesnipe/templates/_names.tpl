{{/* Names, labels, addresses: what several files must spell alike. */}}

{{/* (root, name): what selects a component's pods; never changes between releases. */}}
{{- define "memesnipe.selector" -}}
app.kubernetes.io/name: memesnipe
app.kubernetes.io/component: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* (root, name): labels of every object. */}}
{{- define "memesnipe.labels" -}}
{{ include "memesnipe.selector" . }}
app.kubernetes.io/part-of: memesnipe
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: memesnipe-{{ .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* (root, name, namespace?, object?): metadata without annotations; `object` where it is not named after its component. */}}
{{- define "memesnipe.metadata" -}}
name: memesnipe-{{ .object | default .name }}
namespace: {{ .namespace | default .root.Release.Namespace }}
labels:
  {{- include "memesnipe.labels" . | nindent 2 }}
{{- end }}

{{/* (root, image): a reference without a registry, by digest where one is given. */}}
{{- define "memesnipe.image" -}}
{{ .image.repository }}{{ if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* root: whether live trading is allowed, and with it whether there is a signer. "" is no. */}}
{{- define "memesnipe.live" -}}
{{- if not .Values.paperTradingMode }}true{{ end }}
{{- end }}

{{/* root: host:port of Redis. */}}
{{- define "memesnipe.redisAddress" -}}
{{ ternary (printf "memesnipe-redis.%s.svc:6379" .Release.Namespace) .Values.redis.address .Values.redis.enabled }}
{{- end }}

{{- define "memesnipe.redisPort" -}}
{{ include "memesnipe.redisAddress" . | splitList ":" | last }}
{{- end }}

{{/* root: host:port of the localnet. */}}
{{- define "memesnipe.localnetAddress" -}}
memesnipe-localnet.{{ .Release.Namespace }}.svc:8899
{{- end }}

{{/* root: whether an address of the wallet will be known. "" is no. */}}
{{- define "memesnipe.wallet" -}}
{{- if or .Values.localnet.enabled .Values.wallet.pubkey }}true{{ end }}
{{- end }}

{{/* root: the Secret with the wallet: yours, or the one that setup makes for the localnet, worth nothing anywhere else. */}}
{{- define "memesnipe.walletSecret" -}}
{{ ternary "memesnipe-wallet" .Values.wallet.existingSecret .Values.localnet.enabled }}
{{- end }}

{{/* root: whether the ledger is a file that position_manager and the dashboard share. "" is no. */}}
{{- define "memesnipe.sqlite" -}}
{{- if not .Values.ledger.existingSecret }}true{{ end }}
{{- end }}
