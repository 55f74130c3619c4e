// Reads deployment files as strictly as the programs they are written for: Kubernetes objects by their API types with no
// unknown field, compose files by the compose loader, container files by BuildKit's parser and linter, the chart by Helm's.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		what, err := lint(path)
		if err != nil {
			failed = true
			fmt.Printf("%s: FAILED: %v\n", path, err)
			continue
		}
		fmt.Printf("%s: ok, %s\n", path, what)
	}
	if failed || len(os.Args) == 1 {
		os.Exit(1)
	}
}

func lint(path string) (string, error) {
	switch {
	case strings.HasSuffix(path, "Containerfile"):
		return containerFile(path)
	case filepath.Base(filepath.Dir(path)) == "helm":
		return helmChart(path)
	case filepath.Base(filepath.Dir(path)) == "compose":
		return composeFile(path)
	default:
		return manifests(path)
	}
}

func manifests(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	kinds, err := objects(text)
	return strings.Join(kinds, ", "), err
}

// The kinds of the objects in a file of YAML documents, each read by its API type.
func objects(text []byte) ([]string, error) {
	types := runtime.NewScheme()
	if err := scheme.AddToScheme(types); err != nil {
		return nil, err
	}
	if err := cmv1.AddToScheme(types); err != nil {
		return nil, err
	}
	decoder := serializer.NewCodecFactory(types, serializer.EnableStrict).UniversalDeserializer()
	var kinds []string
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		_, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, kind.Kind)
	}
	return kinds, nil
}

func composeFile(path string) (string, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithResolvedPaths(true), cli.WithInterpolation(true))
	if err != nil {
		return "", err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return "", err
	}
	return strings.Join(project.ServiceNames(), ", "), nil
}

func containerFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return "", err
	}
	var warnings []string
	rules := linter.New(&linter.Config{Warn: func(name, _, _, message string, _ []parser.Range) {
		warnings = append(warnings, name+": "+message)
	}})
	stages, _, err := instructions.Parse(parsed.AST, rules)
	if err != nil {
		return "", err
	}
	if len(warnings) > 0 {
		return "", fmt.Errorf("%s", strings.Join(warnings, "; "))
	}
	return fmt.Sprintf("%d stages", len(stages)), nil
}
