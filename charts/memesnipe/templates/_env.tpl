{{/*
Environment, in groups that a component names under `uses`. Each gives YAML: variable -> text, or where the text is.
They are called with the component's table: (root, name, ...).
*/}}

{{/* What every service reads. */}}
{{- define "memesnipe.env.common" -}}
PAPER_TRADING_MODE: {{ .root.Values.paperTradingMode | quote }}
MEMESNIPE_DATA_DIR: /var/lib/memesnipe
MEMESNIPE_HEALTH_HOST: "0.0.0.0"
MEMESNIPE_HEALTH_PORT: "8081"
MEMESNIPE_LOG_LEVEL: {{ .root.Values.logLevel }}
MEMESNIPE_SEED: {{ .root.Values.seed | int64 | quote }}
{{- end }}

{{/* Each service is a Redis user of its own. */}}
{{- define "memesnipe.env.redis" -}}
MEMESNIPE_REDIS_URL: {secretKeyRef: {name: memesnipe-redis-{{ .redisUser | default .name }}, key: url}}
{{- end }}

{{- define "memesnipe.env.rpc" -}}
{{- if .root.Values.localnet.enabled -}}
MEMESNIPE_RPC_URL: http://{{ include "memesnipe.localnetAddress" .root }}
{{- else -}}
MEMESNIPE_RPC_URL: {{ include "memesnipe.chainValue" (list .root "rpcUrl") }}
{{- end }}
{{- end }}

{{- define "memesnipe.env.ws" -}}
{{- if .root.Values.localnet.enabled -}}
MEMESNIPE_WS_URL: ws://{{ include "memesnipe.localnetAddress" .root }}
{{- else -}}
MEMESNIPE_WS_URL: {{ include "memesnipe.chainValue" (list .root "wsUrl") }}
{{- end }}
{{- end }}

{{- define "memesnipe.env.jupiter" -}}
{{- if .root.Values.localnet.enabled -}}
MEMESNIPE_JUPITER_URL: http://{{ include "memesnipe.localnetAddress" .root }}
{{- else -}}
MEMESNIPE_JUPITER_URL: {{ .root.Values.chain.jupiterUrl | quote }}
{{- if .root.Values.chain.secretKeys.jupiterApiKey }}
MEMESNIPE_JUPITER_API_KEY: {{ include "memesnipe.chainSecret" (list .root "jupiterApiKey") }}
{{- end }}
{{- end }}
{{- end }}

{{/* More ways into a block, and the key for the RPC host: wallet_guard's alone. */}}
{{- define "memesnipe.env.landing" -}}
{{- if not .root.Values.localnet.enabled -}}
MEMESNIPE_JITO_URL: {{ .root.Values.chain.jitoUrl | quote }}
MEMESNIPE_SENDER_URL: {{ .root.Values.chain.senderUrl | quote }}
{{- if .root.Values.chain.secretKeys.heliusApiKey }}
MEMESNIPE_HELIUS_API_KEY: {{ include "memesnipe.chainSecret" (list .root "heliusApiKey") }}
{{- end }}
{{- end }}
{{- end }}

{{/* The wallet's address, where one is known. */}}
{{- define "memesnipe.env.wallet" -}}
{{- if include "memesnipe.wallet" .root -}}
MEMESNIPE_WALLET_PUBKEY: {{ include "memesnipe.walletAddress" .root }}
{{- end }}
{{- end }}

{{- define "memesnipe.env.ledger" -}}
{{- with .root.Values.ledger.existingSecret -}}
DATABASE_URL: {secretKeyRef: {name: {{ . }}, key: {{ $.root.Values.ledger.key }}}}
{{- end }}
{{- end }}

{{/* (root, key): a URL as text, or where the secret one is. */}}
{{- define "memesnipe.chainValue" -}}
{{- $root := index . 0 -}}
{{- $key := index . 1 -}}
{{- if index $root.Values.chain.secretKeys $key -}}
{{ include "memesnipe.chainSecret" . }}
{{- else -}}
{{ index $root.Values.chain $key | quote }}
{{- end }}
{{- end }}

{{- define "memesnipe.chainSecret" -}}
{{- $chain := (index . 0).Values.chain -}}
{secretKeyRef: {name: {{ $chain.existingSecret }}, key: {{ index $chain.secretKeys (index . 1) }}}}
{{- end }}

{{- define "memesnipe.walletAddress" -}}
{{- if .Values.localnet.enabled -}}
{configMapKeyRef: {name: memesnipe-wallet, key: pubkey}}
{{- else -}}
{{ .Values.wallet.pubkey }}
{{- end }}
{{- end }}

{{/* The component's table -> a list of env entries; `settings` of the values win. */}}
{{- define "memesnipe.env" -}}
{{- $all := dict -}}
{{- range .uses -}}
{{- $all = merge $all (include (printf "memesnipe.env.%s" .) $ | fromYaml) -}}
{{- end -}}
{{- $all = mergeOverwrite $all (.env | default dict) (.values.settings | default dict) -}}
{{- range $name, $value := $all }}
- name: {{ $name }}
  {{- if kindIs "map" $value }}
  valueFrom:
    {{- toYaml $value | nindent 4 }}
  {{- else }}
  value: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- end }}
