{{/*
A whole component from its table (see _pod.tpl): account, volume, workload, Service, disruption budget. Beside what a pod reads:
  namespace         where, when not in the release's own
  kind              Deployment, or StatefulSet where never two may run: it starts a pod only when the last one is surely gone
  replicas          1 when absent; one at a time is stopped before the next is started, since two would be two writers
*/}}
{{- define "memesnipe.component" -}}
{{- $uses := prepend (.uses | default list) "common" -}}
{{- $it := merge (dict "uses" $uses "image" (.image | default "runtime")) . -}}
{{ include "memesnipe.account" $it }}
{{- if and .state (ne .state "scratch") .root.Values.persistence.enabled (not .borrowed) }}
---
{{ include "memesnipe.claim" $it }}
{{- end }}
---
{{ include "memesnipe.workload" $it }}
---
{{ include "memesnipe.serviceObject" $it }}
---
{{ include "memesnipe.budget" $it }}
{{- end }}

{{- define "memesnipe.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "memesnipe.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{/* Kept on uninstall: what happened to money is not Helm's to delete. */}}
{{- define "memesnipe.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "memesnipe.metadata" (merge (dict "object" .state) .) | nindent 2 }}
  annotations:
    helm.sh/resource-policy: keep
spec:
  accessModes: [{{ .root.Values.persistence.accessMode }}]
  {{- with .root.Values.persistence.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ index .root.Values.persistence.sizes .state }}
{{- end }}

{{- define "memesnipe.workload" -}}
{{- $replicas := .replicas | default 1 | int -}}
apiVersion: apps/v1
kind: {{ .kind | default "Deployment" }}
metadata:
  {{- include "memesnipe.metadata" . | nindent 2 }}
spec:
  replicas: {{ $replicas }}
  revisionHistoryLimit: 3
  {{- if eq (.kind | default "Deployment") "StatefulSet" }}
  serviceName: memesnipe-{{ .name }}
  podManagementPolicy: Parallel  {{- /* else a pod that never got ready is never replaced, not even by the upgrade that mends it */}}
  {{- else if .rolls }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  {{- else }}
  strategy: {type: Recreate}
  {{- end }}
  selector:
    matchLabels:
      {{- include "memesnipe.selector" . | nindent 6 }}
  template:
    {{- include "memesnipe.pod" (merge (dict "spread" (gt $replicas 1)) .) | nindent 4 }}
{{- end }}

{{- define "memesnipe.serviceObject" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "memesnipe.metadata" . | nindent 2 }}
  {{- if not (or .probePort .unmetered) }}
    memesnipe.io/metrics: "true"
  {{- end }}
spec:
  type: ClusterIP
  selector:
    {{- include "memesnipe.selector" . | nindent 4 }}
  ports:
    {{- if not (or .probePort .unmetered) }}
    - {name: metrics, port: 8081, targetPort: 8081}
    {{- end }}
    {{- range $name, $port := .ports }}
    - {name: {{ $name }}, port: {{ $port }}, targetPort: {{ $port }}}
    {{- end }}
{{- end }}

{{/* One pod at a time may be evicted, and a pod that is not ready always: nobody's node waits for us. */}}
{{- define "memesnipe.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "memesnipe.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "memesnipe.selector" . | nindent 6 }}
{{- end }}
