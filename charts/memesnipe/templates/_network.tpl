{{/* Rules of NetworkPolicies that more than one policy has. A peer names namespace AND pod: labels alone could be worn by anyone. */}}

{{/* (root, namespace, name): one component of ours as a list of one peer. */}}
{{- define "memesnipe.peer" -}}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ .namespace | default .root.Release.Namespace }}}
  podSelector:
    matchLabels: {app.kubernetes.io/name: memesnipe, app.kubernetes.io/component: {{ .name }}}
{{- end }}

{{- define "memesnipe.egress.dns" -}}
- to:
    {{- if .Values.networkPolicy.dnsTo }}
    {{- toYaml .Values.networkPolicy.dnsTo | nindent 4 }}
    {{- else }}
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: kube-system}
    {{- end }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{- define "memesnipe.egress.redis" -}}
{{- if .Values.redis.enabled -}}
- to:
    {{- include "memesnipe.peer" (dict "root" . "name" "redis") | nindent 4 }}
  ports: [{protocol: TCP, port: 6379}]
{{- else -}}
{{ include "memesnipe.egress.any" (dict "to" .Values.redis.to "ports" (list (include "memesnipe.redisPort" . | int))) }}
{{- end }}
{{- end }}

{{/* (to, ports): peers, or anywhere when there are none. */}}
{{- define "memesnipe.egress.any" -}}
- ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* (to, ports, except): peers, or the internet without what lies inside when there are none. */}}
{{- define "memesnipe.egress.internet" -}}
{{- if .to -}}
{{ include "memesnipe.egress.any" . }}
{{- else -}}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: {{ .except | toJson }}}
    - ipBlock: {cidr: "::/0", except: ["::1/128", "64:ff9b::/96", "fc00::/7", "fe80::/10"]}
  ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- end }}

{{/* The chain and the aggregator: the localnet, or outside. */}}
{{- define "memesnipe.egress.chain" -}}
{{- if .Values.localnet.enabled -}}
- to:
    {{- include "memesnipe.peer" (dict "root" . "name" "localnet") | nindent 4 }}
  ports: [{protocol: TCP, port: 8899}]
{{- else -}}
{{ include "memesnipe.egress.internet" .Values.networkPolicy.internet }}
{{- end }}
{{- end }}

{{/* Where notifications go. */}}
{{- define "memesnipe.egress.messages" -}}
{{ include "memesnipe.egress.internet" (dict "to" .Values.notifications.to "ports" .Values.notifications.ports "except" .Values.networkPolicy.internet.except) }}
{{- end }}

{{/* Where traces go. */}}
{{- define "memesnipe.egress.traces" -}}
{{- $ports := .Values.tracing.ports | default (list (include "memesnipe.tracesPort" .)) -}}
{{ include "memesnipe.egress.internet" (dict "to" .Values.tracing.to "ports" $ports "except" .Values.networkPolicy.internet.except) }}
{{- end }}

{{- define "memesnipe.tracesPort" -}}
{{- $url := urlParse .Values.tracing.url -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end }}

{{- define "memesnipe.egress.ledger" -}}
{{- if not (include "memesnipe.sqlite" .) -}}
{{ include "memesnipe.egress.any" (dict "to" .Values.ledger.to "ports" (list .Values.ledger.port)) }}
{{- end }}
{{- end }}

{{- define "memesnipe.egress.signer" -}}
{{- if include "memesnipe.live" . -}}
- to:
    {{- include "memesnipe.peer" (dict "root" . "name" "signer" "namespace" .Values.signer.namespace) | nindent 4 }}
  ports: [{protocol: TCP, port: 8091}]
{{- end }}
{{- end }}

{{/* The signer's one way out, where Vault holds its key: no name server, which would be another. */}}
{{- define "memesnipe.egress.vault" -}}
{{- with .Values.signer.vault -}}
{{- if .url -}}
- to:
    {{- if .to }}
    {{- toYaml .to | nindent 4 }}
    {{- else }}
    - ipBlock: {cidr: "{{ .address }}/{{ ternary "128" "32" (contains ":" .address) }}"}
    {{- end }}
  ports: [{protocol: TCP, port: {{ include "memesnipe.vaultPort" . }}}]
{{- end }}
{{- end }}
{{- end }}

{{- define "memesnipe.egress.apiServer" -}}
{{ include "memesnipe.egress.any" .Values.networkPolicy.apiServer }}
{{- end }}

{{/* Whoever scrapes, for a component that shows metrics; nothing when nobody does. */}}
{{- define "memesnipe.ingress.metrics" -}}
{{- with .Values.monitoring.namespace -}}
- from:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . }}}
  ports: [{protocol: TCP, port: 8081}]
{{- end }}
{{- end }}

{{/* (root, name, namespace, egress: groups, ingress: YAML): the policy of one component, both ways, beside the default deny. */}}
{{- define "memesnipe.policy" -}}
{{- $root := .root -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "memesnipe.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels: {app.kubernetes.io/name: memesnipe, app.kubernetes.io/component: {{ .name }}}
  policyTypes: [Ingress, Egress]
  {{- with .ingress }}
  ingress:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if .egress }}
  egress:
    {{- range .egress }}
    {{- with include (printf "memesnipe.egress.%s" .) $root }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
