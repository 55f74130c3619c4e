package main

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	helmlint "helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

type values = map[string]interface{}

// What an operator sets, and what must come of it: the kinds of the objects, or a refusal that says these words.
var installs = []struct {
	name    string
	set     values
	kinds   string
	refused string
	// Text that must be in the objects.
	says []string
}{
	{
		name:  "one program, nothing set",
		set:   values{},
		kinds: "ConfigMap, Service, Service, StatefulSet",
		says:  []string{"UPKI_RA_URL: https://pki-upki.plant.svc:8000", `args: ["start"]`, "image: upki:0.1.0"},
	},
	{
		name: "three RAs on PostgreSQL",
		set: values{
			"replicas": 3, "name": "pki.plant.lan", "sans": []interface{}{"10.0.0.9", "pki"},
			"secret":   values{"databaseUrl": "postgres://upki:secret@db/upki", "seed": "s"},
			"settings": values{"UPKI_RA_PROFILE": "webapp"},
			"service":  values{"type": "LoadBalancer", "acmePort": 443, "annotations": values{"a": "b"}},
			"storage":  values{"className": "fast"}, "nodeSelector": values{"disk": "ssd"},
			"imagePullSecrets": []interface{}{values{"name": "registry"}},
			"tolerations":      []interface{}{values{"operator": "Exists"}},
			"image":            values{"repository": "registry.plant.lan/upki", "tag": "1"},
		},
		kinds: "ConfigMap, NetworkPolicy, PodDisruptionBudget, Secret, Service, Service, Service, StatefulSet, StatefulSet",
		says: []string{
			"UPKI_RA_URL: https://pki.plant.lan:443", `UPKI_RA_SANS: "10.0.0.9,pki"`, "replicas: 3", "storageClassName: fast",
			"image: registry.plant.lan/upki:1", `UPKI_RA_PROFILE: "webapp"`, "value: pki-upki-ca", "type: LoadBalancer",
			"seed: cw==",
		},
	},
	{
		name:  "replicas with a secret of the operator's, without a network policy",
		set:   values{"replicas": 2, "secret": values{"existing": "mine"}, "networkPolicy": false},
		kinds: "ConfigMap, PodDisruptionBudget, Service, Service, Service, StatefulSet, StatefulSet",
		says:  []string{"secretName: mine"},
	},
	{name: "replicas without a database", set: values{"replicas": 2}, refused: "set secret.databaseUrl"},
	{name: "a value that is none", set: values{"replica": 2}, refused: "replica"},
	{name: "a setting that is no text", set: values{"settings": values{"UPKI_RA_DNS_PERSIST": true}}, refused: "UPKI_RA_DNS_PERSIST"},
	{name: "fewer than no replicas", set: values{"replicas": -1}, refused: "replicas"},
	{name: "a name that is none", set: values{"name": "https://pki"}, refused: "name"},
}

// Lints the chart as `helm lint --strict` does, renders it as `helm install` does, and reads what comes out as the API server would.
func helmChart(path string) (string, error) {
	loaded, err := loader.Load(path)
	if err != nil {
		return "", err
	}
	for _, install := range installs {
		if install.refused == "" {
			if err := lintChart(path, install.set); err != nil {
				return "", fmt.Errorf("%s: %w", install.name, err)
			}
		}
		text, err := render(loaded, install.set)
		if install.refused != "" {
			if err == nil || !strings.Contains(err.Error(), install.refused) {
				return "", fmt.Errorf("%s: is not refused with %q: %v", install.name, install.refused, err)
			}
			continue
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", install.name, err)
		}
		kinds, err := objects([]byte(text))
		if err != nil {
			return "", fmt.Errorf("%s: %w\n%s", install.name, err, text)
		}
		sort.Strings(kinds)
		if got := strings.Join(kinds, ", "); got != install.kinds {
			return "", fmt.Errorf("%s: makes %s", install.name, got)
		}
		for _, words := range install.says {
			if !strings.Contains(text, words) {
				return "", fmt.Errorf("%s: does not say %q\n%s", install.name, words, text)
			}
		}
	}
	return fmt.Sprintf("%d installs of %s", len(installs), loaded.Name()), nil
}

func lintChart(path string, set values) error {
	linter := helmlint.All(path, set, "plant", true)
	for _, message := range linter.Messages {
		if message.Severity > support.InfoSev {
			return message
		}
	}
	return nil
}

func render(loaded *chart.Chart, set values) (string, error) {
	release := chartutil.ReleaseOptions{Name: "pki", Namespace: "plant", IsInstall: true}
	merged, err := chartutil.ToRenderValues(loaded, set, release, nil)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(loaded, merged)
	if err != nil {
		return "", err
	}
	var names []string
	for name := range files {
		if filepath.Ext(name) == ".yaml" && strings.TrimSpace(files[name]) != "" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var texts []string
	for _, name := range names {
		texts = append(texts, strings.TrimSpace(files[name]))
	}
	return strings.Join(texts, "\n---\n"), nil
}
