{{- define "portcullis.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "portcullis.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "portcullis.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "portcullis.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "portcullis.selector" -}}
app.kubernetes.io/name: {{ include "portcullis.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "portcullis.labels" -}}
{{ include "portcullis.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "portcullis.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "portcullis.fullname" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "portcullis.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{/* Whether several gates know the same. */}}
{{- define "portcullis.isShared" -}}
{{- if and .Values.store.database.existingSecret .Values.store.blobs.url }}yes{{ end }}
{{- end }}

{{- define "portcullis.assertSound" -}}
{{- if and (or (gt (int .Values.replicaCount) 1) .Values.autoscaling.enabled) (not (include "portcullis.isShared" .)) }}
{{- fail "more than one gate takes store.database.existingSecret and store.blobs.url: otherwise none knows what the others saw" }}
{{- end }}
{{- if and (not .Values.policy.files) (not .Values.policy.existingConfigMap) }}
{{- fail "name a policy: policy.files (by file name), or policy.existingConfigMap" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) }}
{{- fail "ingress.enabled takes ingress.host" }}
{{- end }}
{{- if and .Values.config.console (not .Values.console.enabled) }}
{{- fail "config.console takes console.enabled: otherwise nobody could reach it" }}
{{- end }}
{{- if and .Values.console.enabled (not .Values.console.publicUrl) }}
{{- fail "console.enabled takes console.publicUrl, where browsers find it" }}
{{- end }}
{{- if and .Values.console.ingress.enabled (not (and .Values.console.enabled .Values.console.ingress.host)) }}
{{- fail "console.ingress.enabled takes console.enabled and console.ingress.host" }}
{{- end }}
{{- if and .Values.notify.existingSecret .Values.config.notify }}
{{- fail "name webhooks in notify.existingSecret or in config.notify, not in both" }}
{{- end }}
{{- end }}

{{/* What the console takes from the values, beside what is in config.console. */}}
{{- define "portcullis.console" -}}
listen: 0.0.0.0:8081
public_url: {{ .Values.console.publicUrl | quote }}
{{- if .Values.console.clientSecret.existingSecret }}
oidc: { client_secret_file: /etc/portcullis/secrets/console-client }
{{- end }}
{{- if .Values.console.tls.existingSecret }}
tls: { cert: /etc/portcullis/console-tls/tls.crt, key: /etc/portcullis/console-tls/tls.key }
{{- end }}
{{- end }}

{{/* Whether single keys of Secrets are files of the gate. */}}
{{- define "portcullis.hasSecrets" -}}
{{- if or .Values.store.database.existingSecret .Values.upstreamAuth.existingSecret (and .Values.console.enabled .Values.console.clientSecret.existingSecret) }}yes{{ end }}
{{- end }}

{{- define "portcullis.ingressSpec" -}}
{{- with .ingress.className }}
ingressClassName: {{ . }}
{{- end }}
{{- with .ingress.tlsSecret }}
tls:
  - hosts: [{{ $.ingress.host | quote }}]
    secretName: {{ . }}
{{- end }}
rules:
  - host: {{ .ingress.host | quote }}
    http:
      paths:
        - path: /
          pathType: Prefix
          backend:
            service:
              name: {{ .service }}
              port: { name: {{ .port }} }
{{- end }}

{{- define "portcullis.peers" -}}
{{- range . }}
- to:
    - ipBlock:
        cidr: {{ .cidr }}
        {{- with .except }}
        except: {{- toYaml . | nindent 10 }}
        {{- end }}
  ports:
    {{- range .ports }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end }}
{{- end }}
