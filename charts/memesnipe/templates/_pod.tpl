{{/*
A pod of the chart, from a component's table:
  root, name        where we are, and the component
  image             entry of .Values.images
  values            the component's block of the values: resources, settings, perhaps nodeSelector and tolerations
  args              of the image's entrypoint
  uses, env         groups of _env.tpl, and variables of its own
  files             path -> list of "secret/NAME" or "configMap/NAME", mounted there read-only
  claims            path -> name of a volume claim, mounted there read-only
  state, stateAt    volume of persistence.sizes, mounted at /var/lib/memesnipe or there; "scratch": an empty one
  hosts             address -> name, for the pod's hosts file
  ports             name -> number, beside health
  probePort         where /healthz and /readyz are, when not 8081
  token             true: it talks to the API server
  near, prefers     component whose node it must share, or shares where it can
  spread            true: its pods go to different nodes where they can
  graceS            seconds from SIGTERM to SIGKILL
  job               true: it ends, so no probes
*/}}
{{- define "memesnipe.pod" -}}
metadata:
  labels:
    {{- include "memesnipe.selector" . | nindent 4 }}
    app.kubernetes.io/part-of: memesnipe
  {{- with include "memesnipe.podAnnotations" . }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  {{- include "memesnipe.podSpec" . | nindent 2 }}
  {{- if .job }}
  restartPolicy: Never
  {{- end }}
  containers:
    - name: {{ .name }}
      image: {{ include "memesnipe.image" (dict "root" .root "image" (index .root.Values.images .image)) }}
      imagePullPolicy: {{ .root.Values.images.pullPolicy }}
      args: {{ .args | toJson }}
      {{- with include "memesnipe.env" . | trim }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      {{- if not .job }}
      ports:
        {{- if not .probePort }}
        - {name: health, containerPort: 8081}
        {{- end }}
        {{- range $name, $port := .ports }}
        - {name: {{ $name }}, containerPort: {{ $port }}}
        {{- end }}
      {{- include "memesnipe.probes" (.probePort | default "health") | nindent 6 }}
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        {{- include "memesnipe.containerSecurity" . | nindent 8 }}
      volumeMounts:
        {{- include "memesnipe.mounts" . | nindent 8 }}
  volumes:
    {{- include "memesnipe.volumes" . | nindent 4 }}
{{- end }}

{{/* What every pod of the chart has, whatever runs in it. */}}
{{- define "memesnipe.podSpec" -}}
{{- $pods := .root.Values.pods -}}
serviceAccountName: {{ .account | default (printf "memesnipe-%s" .name) }}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .graceS | default 30 }}
{{- with .hosts }}
hostAliases:
  {{- range $address, $name := . }}
  - {ip: {{ $address | quote }}, hostnames: [{{ $name }}]}
  {{- end }}
{{- end }}
{{- with $pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .values.nodeSelector | default $pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations | default $pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .near .prefers }}
affinity:
  podAffinity:
    {{- with .near }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "memesnipe.selector" (dict "root" $.root "name" .) | nindent 12 }}
    {{- end }}
    {{- with .prefers }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "memesnipe.selector" (dict "root" $.root "name" .) | nindent 14 }}
    {{- end }}
{{- end }}
{{- if .spread }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "memesnipe.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* A changed ConfigMap of ours rolls its pods; what is in the environment does so by itself. */}}
{{- define "memesnipe.podAnnotations" -}}
{{- $all := deepCopy .root.Values.pods.annotations -}}
{{- with .config }}{{ $_ := set $all "checksum/config" (sha256sum .) }}{{ end -}}
{{- with $all -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "memesnipe.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* A port's name or number. /healthz: the loop turns. /readyz: it takes work. A start may take as long as a migration does. */}}
{{- define "memesnipe.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: {{ . }}}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{- define "memesnipe.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- with .state }}
- {name: state, mountPath: {{ $.stateAt | default "/var/lib/memesnipe" }}}
{{- end }}
{{- range $path, $from := merge (dict) (.files | default dict) (.claims | default dict) }}
- {name: {{ base $path }}, mountPath: {{ $path }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "memesnipe.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 32Mi}
{{- with .state }}
- name: state
  {{- if eq . "scratch" }}
  emptyDir: {sizeLimit: 256Mi}
  {{- else if $.root.Values.persistence.enabled }}
  persistentVolumeClaim: {claimName: memesnipe-{{ . }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ index $.root.Values.persistence.sizes . }}}
  {{- end }}
{{- end }}
{{- range $path, $claim := .claims }}
- name: {{ base $path }}
  persistentVolumeClaim: {claimName: {{ $claim }}}
{{- end }}
{{- range $path, $from := .files }}
- name: {{ base $path }}
  projected:
    defaultMode: 0440
    sources:
      {{- range $from }}
      - {{ splitList "/" . | first }}: {name: {{ splitList "/" . | last }}}
      {{- end }}
{{- end }}
{{- end }}
