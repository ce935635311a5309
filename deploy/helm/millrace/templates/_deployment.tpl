{{/* The Deployment of a role: root and role. They differ in their settings, resources and ports alone. */}}
{{- define "millrace.deployment" -}}
{{- $root := .root -}}
{{- $role := .role -}}
{{- $own := get $root.Values $role -}}
{{- $scales := and (hasKey $own "autoscaling") ($own.autoscaling | default dict).enabled -}}
{{- $port := ternary "http" "metrics" (eq $role "api") -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "millrace.fullname" $root }}-{{ $role }}
  labels:
    {{- include "millrace.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $role }}
spec:
  {{- if not $scales }}
  replicas: {{ $own.replicaCount }}
  {{- end }}
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "millrace.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ $role }}
  template:
    metadata:
      labels:
        {{- with $own.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- include "millrace.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ $role }}
        {{- /* What the stores beside it do not have. */}}
        app.kubernetes.io/part-of: millrace
      annotations:
        {{- /* A change of settings starts pods anew. */}}
        checksum/settings: {{ include "millrace.settings" $root | sha256sum }}
        {{- if $root.Values.secrets.create }}
        checksum/secrets: {{ toJson $root.Values.secrets.data | sha256sum }}
        {{- end }}
        {{- with $own.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "millrace.serviceAccountName" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml $root.Values.podSecurityContext | nindent 8 }}
      terminationGracePeriodSeconds: {{ include "millrace.graceSeconds" $root }}
      containers:
        - name: {{ $role }}
          image: {{ include "millrace.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          securityContext:
            {{- toYaml $root.Values.securityContext | nindent 12 }}
          envFrom:
            - configMapRef:
                name: {{ include "millrace.fullname" $root }}
          env:
            - name: ROLE
              value: {{ $role }}
            {{- range $name, $value := $own.env }}
            - name: {{ $name }}
              value: {{ include "millrace.text" $value | quote }}
            {{- end }}
            {{- include "millrace.secretEnv" . | trim | nindent 12 }}
          ports:
            {{- if eq $role "api" }}
            - name: http
              containerPort: 8500
            {{- end }}
            - name: metrics
              containerPort: 9090
          {{- /* Alive is enough for liveness: a store that is away is no reason to start a process anew, which waits for it. */}}
          startupProbe:
            httpGet:
              path: /health/ready
              port: {{ $port }}
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: {{ $root.Values.probes.startupFailureThreshold }}
          livenessProbe:
            httpGet:
              path: /health/live
              port: {{ $port }}
            periodSeconds: {{ $root.Values.probes.livenessPeriodSeconds }}
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet:
              path: /health/ready
              port: {{ $port }}
            periodSeconds: {{ $root.Values.probes.readinessPeriodSeconds }}
            timeoutSeconds: 5
          {{- if $root.Values.preStopSeconds }}
          lifecycle:
            preStop:
              exec:
                command: [sleep, {{ $root.Values.preStopSeconds | toString | quote }}]
          {{- end }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          volumeMounts:
            - name: data
              mountPath: /data
            - name: temporary
              mountPath: /tmp
            {{- if $root.Values.storage.persistentVolume.enabled }}
            {{- /* Over the shared folder, since a browser that starts from a network's disk starts slowly. */}}
            - name: temporary
              mountPath: /data/chromium
              subPath: chromium
            {{- end }}
      volumes:
        - name: temporary
          emptyDir:
            sizeLimit: {{ $root.Values.storage.temporary.sizeLimit }}
        - name: data
          {{- if $root.Values.storage.persistentVolume.enabled }}
          persistentVolumeClaim:
            claimName: {{ include "millrace.claimName" $root }}
          {{- else }}
          emptyDir:
            sizeLimit: {{ $root.Values.storage.temporary.sizeLimit }}
          {{- end }}
      {{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
      {{- with get $own $key }}
      {{ $key }}:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
{{- end -}}
