{{- define "kongur.name" -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "kongur.labels" -}}
app.kubernetes.io/name: kongur
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
