{{- define "upki.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "upki.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Given the root and the part: one, ca or ra. */}}
{{- define "upki.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "upki.name" -}}
{{- .Values.name | default (printf "%s.%s.svc" (include "upki.fullname" .) .Release.Namespace) }}
{{- end }}

{{- define "upki.secret" -}}
{{- .Values.secret.existing | default (include "upki.fullname" .) }}
{{- end }}

{{- define "upki.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* What all pods have: given the root. */}}
{{- define "upki.pod" -}}
automountServiceAccountToken: false
terminationGracePeriodSeconds: 20
securityContext: { runAsUser: 1000, runAsNonRoot: true, fsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "upki.container" -}}
image: {{ include "upki.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom: [{ configMapRef: { name: {{ include "upki.fullname" . }} } }]
resources: {{ toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "upki.probes" -}}
startupProbe: { httpGet: { path: /api/v1/public/health, port: acme, scheme: HTTPS }, failureThreshold: 60, periodSeconds: 2 }
livenessProbe: { httpGet: { path: /api/v1/public/health, port: acme, scheme: HTTPS }, timeoutSeconds: 5 }
readinessProbe: { httpGet: { path: "/api/v1/public/health?ready=1", port: acme, scheme: HTTPS }, timeoutSeconds: 5, periodSeconds: 5 }
{{- end }}

{{- /* Given the root and the size. */}}
{{- define "upki.claim" -}}
{{- $root := index . 0 -}}
- metadata: { name: data }
  spec:
    accessModes: [ReadWriteOnce]
    {{- with $root.Values.storage.className }}
    storageClassName: {{ . }}
    {{- end }}
    resources: { requests: { storage: {{ index . 1 }} } }
{{- end }}
